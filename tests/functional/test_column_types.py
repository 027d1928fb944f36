"""Types of a catalog, columns whose type changes, and columns that vanish."""

from __future__ import annotations

import copy

import pytest

from tap_cxone.errors import ConfigError, DriftError
from tests.support.examples import csv_jobs
from tests.support.expectations import audit_events, failure, warnings_logged
from tests.support.run import run_tap, select, whole_catalog
from tests.support.titles import (
    FIRST_DAY,
    PAYROLL,
    as_text,
    last_properties,
    payroll_settings,
    run_titles,
    serve_texts,
    title_values,
)

HOURS = {"columns": {"Hours": "number"}}


@pytest.fixture
def sim(simulate):
    return simulate(job_seconds=0)


@pytest.fixture
def audit_log(tmp_path):
    return tmp_path / "audit.jsonl"


def with_catalog_types(catalog, **changed):
    """Return a catalog with other properties, as Meltano's extra `schema` makes it."""
    catalog = copy.deepcopy(catalog)
    (entry,) = [s for s in catalog["streams"] if s["tap_stream_id"] == PAYROLL]
    found = entry["schema"]["properties"]
    for name, keywords in changed.items():
        found[name] = {**found.get(name, {}), **keywords}
    return catalog


# Types of a catalog


@pytest.mark.ci
@pytest.mark.parametrize(
    ("keywords", "cell", "value"),
    [
        ({"type": ["integer", "null"]}, "38", 38),
        ({"type": ["number", "null"]}, "37.5", 37.5),
        ({"type": ["boolean", "null"]}, "false", False),
        ({"type": ["string", "null"], "format": "date"}, "2026-03-10", "2026-03-10"),
        ({"type": ["string", "null"]}, "038", "038"),
    ],
    ids=["integer", "number", "boolean", "date", "string"],
)
def test_type_of_a_catalog_is_honoured(sim, clock, keywords, cell, value):
    """Values have the type that the catalog gives their column."""
    catalog = with_catalog_types(
        select(payroll_settings(sim, 1, FIRST_DAY), PAYROLL), hours=keywords
    )

    out = run_titles(sim, clock, (["Hours"], [cell]), catalog=catalog)

    assert out.error is None
    assert title_values(out) == [{"hours": value}]
    assert last_properties(out)["hours"]["type"] == keywords["type"]


@pytest.mark.parametrize(
    ("keywords", "cell", "value"),
    [
        ({"type": "integer"}, "", None),
        ({"type": ["string", "null"], "maxLength": 2}, "seven", "seven"),
        ({"type": ["string", "null"], "enum": ["a"]}, "b", "b"),
        ({"type": ["number", "null"], "maximum": 5, "multipleOf": 1}, "7.5", 7.5),
    ],
    ids=["no null", "maxLength", "enum", "maximum"],
)
def test_limit_of_a_catalog_that_values_may_violate_is_not_in_the_schema(
    sim, clock, keywords, cell, value
):
    """A target validates against SCHEMA, so it has only what the tap itself checks."""
    settings = payroll_settings(sim, 1, FIRST_DAY)
    catalog = with_catalog_types(select(settings, PAYROLL), hours={**keywords, "title": "Own"})

    out = run_titles(sim, clock, (["Hours", "Other"], [cell, "x"]), catalog=catalog)

    (record,) = out.records(PAYROLL)
    found = last_properties(out)["hours"]
    assert record["hours"] == value
    assert "null" in found["type"]
    assert found["title"] == "Own"
    assert not {"maxLength", "enum", "maximum", "multipleOf"} & found.keys()


def test_type_of_a_catalog_replaces_that_of_the_settings(sim, clock):
    """The same of a column that the settings declare with another type."""
    catalog = select(payroll_settings(sim, 1, FIRST_DAY, entity=HOURS), PAYROLL)
    catalog = with_catalog_types(catalog, hours={"type": ["string", "null"]})

    out = run_titles(sim, clock, (["Hours"], ["07.5"]), catalog=catalog, entity=HOURS)

    assert title_values(out) == [{"hours": "07.5"}]


@pytest.mark.parametrize(
    "changed",
    [
        {"hours": {"type": ["object", "null"]}},
        {"hours": {"type": ["integer", "boolean", "null"]}},
        {"hours": {"type": [], "anyOf": [{"type": "string"}]}},
        {"_window_end": {"type": ["integer", "null"]}},
    ],
    ids=["object", "two", "any", "own"],
)
def test_type_of_a_catalog_that_no_value_has_is_refused(sim, clock, changed):
    """The run ends before a request; the message names the column and the setting `columns`."""
    config = payroll_settings(sim, 1, FIRST_DAY)
    catalog = with_catalog_types(select(config, PAYROLL), **changed)

    out = run_tap(config, clock=clock, catalog=catalog)

    assert isinstance(out.error, ConfigError)
    assert next(iter(changed)) in str(out.error)
    assert f"{csv_jobs.FAMILY}.entities, entry 'payroll', columns" in str(out.error)
    assert not sim.requests


def test_type_of_a_deselected_stream_is_not_judged(sim, clock):
    """A catalog may say anything of a stream that is not selected."""
    config = payroll_settings(sim, 1, FIRST_DAY)
    catalog = with_catalog_types(
        whole_catalog(config, "qm_workflows"), hours={"type": ["object", "null"]}
    )

    assert run_tap(config, clock=clock, catalog=catalog).error is None


@pytest.mark.ci
def test_catalog_discovered_without_state_does_not_swap_columns(sim, clock):
    """The title in a catalog says which column it means, whatever name discovery gave it."""
    header = ["Adherence", "Adherence %"]
    first = run_titles(sim, clock, (header, ["431", "91.5"]))
    entity = {"columns": {"Adherence %": "number"}}
    catalog = select(payroll_settings(sim, 1, 11, entity=entity), PAYROLL)

    out = run_titles(
        sim,
        clock,
        (header, ["431", "91.5"]),
        first_day=11,
        state=first.state,
        catalog=catalog,
        entity=entity,
    )

    assert title_values(out) == [{"adherence": "431", "adherence_2": 91.5}]
    assert last_properties(out)["adherence"]["type"] == ["string", "null"]


def test_type_of_a_catalog_without_a_title_is_not_that_of_a_blank_title(sim, clock):
    """A column of the catalog that has no title has nothing to do with a blank title of a file."""
    files = [(["", "Hours"], ["x", "1"])] * 2
    catalog = select(payroll_settings(sim, 2, FIRST_DAY), PAYROLL)
    catalog = with_catalog_types(catalog, hours={"type": ["integer", "null"]})

    out = run_titles(sim, clock, *files, catalog=catalog)

    assert title_values(out) == [{"column_e3b0c442": "x", "hours": 1}] * 2


# Columns that change their type


def run_retyped(sim, clock, policy, types=("number", "string"), **changes):
    """Run one window with a declared type, then one with another; return the second run.

    The catalog is discovered without a state, as Meltano does.
    """
    first, second = ({"columns": {"Hours": column_type}} for column_type in types)
    state = run_titles(sim, clock, (["Hours"], ["7.5"]), entity=first).state
    how = {"first_day": 11, "entity": second, "on_type_change": policy, **changes}
    catalog = select(payroll_settings(sim, 1, 11, entity=second), PAYROLL)
    return run_titles(sim, clock, (["Hours"], ["8.5"]), state=state, catalog=catalog, **how)


@pytest.mark.parametrize(
    ("policy", "types", "record"),
    [
        ("alter", ("number", "string"), {"hours": "8.5"}),
        ("alter", ("string", "number"), {"hours": 8.5}),
        ("new_column", ("number", "string"), {"hours_string": "8.5"}),
        ("new_column", ("string", "number"), {"hours_number": 8.5}),
        ("string", ("number", "string"), {"hours": "8.5"}),
        ("string", ("string", "number"), {"hours": "8.5"}),
    ],
    ids=["alter", "back", "new", "new_back", "text", "text_back"],
)
def test_retyped_column_follows_the_setting(sim, clock, policy, types, record):
    """`on_type_change` decides on the column and the type of a retyped column's values."""
    second = run_retyped(sim, clock, policy, types)

    ((name, value),) = record.items()
    assert second.error is None
    assert title_values(second) == [record]
    assert last_properties(second)[name]["type"] == [
        "string" if isinstance(value, str) else "number",
        "null",
    ]


@pytest.mark.parametrize("policy", ["alter", "new_column", "string"])
def test_retyped_column_is_a_warning_and_an_event(sim, clock, caplog, audit_log, policy):
    """The warning says what the common targets do, and the audit log has both types."""
    run_retyped(sim, clock, policy, audit_log_path=str(audit_log))

    (warning,) = [w for w in warnings_logged(caplog) if "was number and is string now" in w]
    assert ("target-postgres" in warning) == (policy != "new_column")
    (event,) = audit_events(audit_log, "column_retyped")
    assert (event["previous"], event["old"], event["new"]) == ("hours", "number", "string")
    assert event["column"] == ("hours_string" if policy == "new_column" else "hours")


def test_retyped_column_that_moved_is_not_in_the_schema(sim, clock):
    """No SCHEMA gives the former column another type, although the catalog does."""
    second = run_retyped(sim, clock, "new_column")

    for message in second.of("SCHEMA", PAYROLL):
        assert "hours" not in message["schema"]["properties"]


@pytest.mark.parametrize("policy", ["new_column", "string"])
def test_retyped_column_stays_where_it_went(sim, clock, caplog, policy):
    """A later run goes on with the column that the change led to, and reports nothing."""
    second = run_retyped(sim, clock, policy)
    caplog.clear()
    third = run_titles(
        sim,
        clock,
        (["Hours"], ["9.5"]),
        first_day=12,
        state=second.state,
        entity={"columns": {"Hours": "string"}},
        on_type_change=policy,
    )

    assert title_values(third) == [dict.fromkeys(title_values(second)[0], "9.5")]
    assert not [w for w in warnings_logged(caplog) if "is string now" in w]


def test_retyped_column_that_must_not_change_fails_the_stream(sim, clock):
    """With `fail` nothing is emitted, and SCHEMA keeps the type that the target has."""
    second = run_retyped(sim, clock, "fail")

    assert isinstance(failure(second), DriftError)
    assert "set on_type_change to" in str(failure(second))
    assert title_values(second) == []
    assert last_properties(second)["hours"]["type"] == ["number", "null"]


def test_retyped_key_gets_no_new_column(sim, clock):
    """A column of the key cannot move; the message says so."""
    serve_texts(sim, '"Record ID"\r\n1\r\n', '"Record ID"\r\n2\r\n')
    first_entity, second_entity = ({"columns": {"Record ID": t}} for t in ("integer", "string"))
    config = payroll_settings(sim, 1, FIRST_DAY, entity=first_entity)
    first = run_tap(config, clock=clock, only=PAYROLL)
    config = payroll_settings(sim, 1, 11, entity=second_entity, on_type_change="new_column")

    second = run_tap(config, clock=clock, only=PAYROLL, state=first.state)

    assert "part of the key" in str(failure(second))


# Columns that vanish


def test_vanished_column_is_a_warning_and_an_event(sim, clock, caplog, audit_log):
    """A known column that a file lacks is reported once, with its name, and so is its next end."""
    full, less = (["Hours", "Team"], ["8", "A"]), (["Team"], ["A"])

    out = run_titles(sim, clock, full, less, less, full, less, audit_log_path=str(audit_log))

    found = [w for w in warnings_logged(caplog) if "lacks columns that earlier files had" in w]
    assert len(found) == 2
    assert all("hours" in warning and "team" not in warning for warning in found)
    assert [e["columns"] for e in audit_events(audit_log, "columns_absent")] == [["hours"]] * 2
    assert out.state["bookmarks"][PAYROLL]["absent_columns"] == ["hours"]


def test_vanished_column_is_reported_once_over_runs(sim, clock, caplog):
    """The next run does not report it again."""
    first = run_titles(sim, clock, (["Hours", "Team"], ["8", "A"]), (["Team"], ["A"]))
    caplog.clear()

    run_titles(sim, clock, (["Team"], ["A"]), first_day=12, state=first.state)

    assert not [w for w in warnings_logged(caplog) if "lacks columns" in w]


def test_empty_file_lacks_no_column(sim, clock, caplog):
    """A file without a header says nothing of columns."""
    serve_texts(sim, as_text(["Hours"], ["8"]), "", "")

    run_tap(payroll_settings(sim, 2, FIRST_DAY), clock=clock, only=PAYROLL)

    assert not [w for w in warnings_logged(caplog) if "lacks columns" in w]


def test_too_many_titles_fail_the_window(sim, clock, monkeypatch):
    """Beyond the bound a file with new titles fails its window, naming the settings."""
    monkeypatch.setattr("tap_cxone.streams.stream_columns.MAX_TITLES", 3)

    out = run_titles(sim, clock, (["A", "B"], ["1", "2"]), (["A", "C"], ["1", "3"]))

    assert isinstance(failure(out), DriftError)
    assert "schema_drift" in str(failure(out))
    assert title_values(out) == [{"a": "1", "b": "2"}]
