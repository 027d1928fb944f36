"""Columns that are declared by the name that the tap gives a title."""

from __future__ import annotations

import copy
import json

import pytest

from tap_cxone.rows.titles import default_name
from tap_cxone.simulator import Fault
from tests.support.examples import json_jobs
from tests.support.run import select
from tests.support.titles import (
    FIRST_DAY,
    PAYROLL,
    last_properties,
    payroll_settings,
    run_titles,
    title_values,
)

LONG = "Share of the interactions that " * 3 + "an agent closed on the day"
NAMED = [
    (["Skill", "Skill"], "skill_2"),
    (["x", "%"], default_name("%")),
    (["x", "मात्रा"], default_name("मात्रा")),
    (["x", LONG], default_name(LONG)),
    (["x", "ctid"], "ctid_value"),
]
NAMES = pytest.mark.parametrize(
    ("header", "name"), NAMED, ids=["repeated", "sign", "script", "long", "reserved"]
)


@pytest.fixture
def sim(simulate):
    return simulate(job_seconds=0)


def retyped_catalog(catalog, name):
    """Return a catalog that gives a column a type, as Meltano's extra `schema` does."""
    catalog = copy.deepcopy(catalog)
    (entry,) = [s for s in catalog["streams"] if s["tap_stream_id"] == PAYROLL]
    found = entry["schema"]["properties"]
    found[name] = {**found.get(name, {}), "type": ["integer", "null"]}
    return catalog


@NAMES
def test_column_declared_by_the_name_of_its_title_is_typed(sim, clock, header, name):
    """A first run and a later one put the title's values into the declared column."""
    entity = {"columns": {name: "integer"}}
    first = run_titles(sim, clock, (header, ["a", "7"]), entity=entity)
    second = run_titles(
        sim, clock, (header, ["a", "8"]), first_day=11, entity=entity, state=first.state
    )

    found = [list(record.items())[-1] for record in title_values(first) + title_values(second)]
    assert sorted(found) == [(name, 7), (name, 8)]


@NAMES
def test_column_that_a_catalog_has_by_the_name_of_its_title_is_typed(sim, clock, header, name):
    """The same of a property without a title, without STATE and with it."""
    catalog = retyped_catalog(select(payroll_settings(sim, 1, FIRST_DAY), PAYROLL), name)
    first = run_titles(sim, clock, (header, ["a", "7"]), catalog=catalog)
    second = run_titles(
        sim, clock, (header, ["a", "8"]), first_day=11, catalog=catalog, state=first.state
    )

    found = [record[name] for record in title_values(first) + title_values(second)]
    assert found == [7, 8]


def test_column_of_a_repeated_title_has_the_type_that_its_catalog_gives(sim, clock):
    """The columns of one title are told apart in a catalog that was discovered with STATE."""
    header = ["Skill", "Skill"]
    first = run_titles(sim, clock, (header, ["a", "7"]))
    settings = payroll_settings(sim, 1, 11)
    catalog = retyped_catalog(select(settings, PAYROLL, state=first.state), "skill_2")

    second = run_titles(
        sim, clock, (header, ["b", "8"]), first_day=11, catalog=catalog, state=first.state
    )

    assert title_values(second) == [{"skill": "b", "skill_2": 8}]


@NAMES
def test_key_by_the_name_of_its_title_is_found(sim, clock, header, name):
    """A key may have the name of a repeated title, or of one without Latin letters."""
    out = run_titles(sim, clock, (header, ["a", "7"]), entity={"primary_keys": [name]})

    assert out.error is None
    assert [record[name] for record in out.records(PAYROLL)] == ["7"]


def test_title_that_resembles_a_declared_name_comes_before_a_repeated_one(sim, clock):
    """`Skill 2` has the column `skill_2` that the settings declare."""
    out = run_titles(
        sim,
        clock,
        (["Skill", "Skill", "Skill 2"], ["a", "b", "3"]),
        entity={"columns": {"skill_2": "integer"}},
    )

    assert title_values(out) == [{"skill": "a", "skill_3": "b", "skill_2": 3}]


@pytest.mark.parametrize(
    ("keys", "name"),
    [(("na!e", "na%e"), "na_e_2"), (("x", "%"), default_name("%"))],
    ids=["repeated", "sign"],
)
def test_column_of_json_declared_by_the_name_of_its_key_is_typed(sim, clock, keys, name):
    """The keys of objects are found like titles, also one that only a later object has."""
    objects = [{"id": "1", keys[0]: "a"}, {"id": "2", keys[0]: "b", keys[1]: 7}]
    sim.faults.add(Fault("download", "bytes", body=json.dumps(objects)))
    config = json_jobs.changed_export_settings(
        sim, required_fields=["id"], columns={name: "integer"}
    )

    out = json_jobs.run_exports(config, clock)

    assert [record[name] for record in out.records(json_jobs.STREAM)] == [None, 7]


def test_column_declared_by_a_retired_name_has_the_present_column(sim, clock):
    """A column that moved is typed where its values are now, if `columns` has its former name."""
    state = None
    for run, kind in enumerate(("number", "string")):
        state = run_titles(
            sim,
            clock,
            (["Hours"], ["7"]),
            first_day=10 + run,
            state=state,
            entity={"columns": {"Hours": kind}},
            on_type_change="new_column",
        ).state

    out = run_titles(
        sim,
        clock,
        (["Hours"], ["8"]),
        first_day=12,
        state=state,
        entity={"columns": {"hours": "string"}},
    )

    assert title_values(out) == [{"hours_string": "8"}]
    assert "hours_2" not in last_properties(out)
