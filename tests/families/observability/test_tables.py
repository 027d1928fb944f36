"""Observability: selected tables, and their alternative names."""

from __future__ import annotations

from typing import Any

import pytest

from tap_cxone.errors import NotFound, PermissionDenied
from tap_cxone.simulator import Fault
from tap_cxone.tap import TapCXone
from tests.support.expectations import failure
from tests.support.ids import readable
from tests.support.observability import (
    AQ,
    AS,
    DAYS,
    GR,
    KB,
    OFFLINE,
    OTHER_GR,
    PATHS,
    cells,
    named,
    run_tables,
    submitted_tables,
    table_settings,
)
from tests.support.requests import submits
from tests.support.run import without_owner


def by_default(config: dict[str, Any]) -> set[str]:
    """Return the tables that are selected by default."""
    streams = TapCXone(config=config).streams
    return {name for name in PATHS if streams[name].selected}


def test_all_tables_by_default():
    """Without `tables` all four are selected."""
    assert by_default(OFFLINE) == {KB, AS, AQ, GR}


@pytest.mark.parametrize(
    ("paths", "streams"),
    [
        (["Copilot/KBTable"], {KB}),
        (["Copilot/AQTable", "Copilot/ASTable"], {AQ, AS}),
        (["AutopilotKnowledge/GRTable"], {GR}),
        (["autopilot/GRTable"], {GR}),
        (["autopilot/GRTable", "AutopilotKnowledge/GRTable"], {GR}),
    ],
    ids=readable,
)
def test_tables_limit_what_is_selected(paths, streams):
    """`tables` says which are selected by default; the others stay in the catalog."""
    config = {**OFFLINE, "observability": {"tables": paths}}

    assert by_default(config) == streams
    assert TapCXone(config=config).streams.keys() >= PATHS.keys()


def test_no_tables_without_an_application():
    """Without an application the tables are in the catalog, but not selected."""
    config = {name: OFFLINE[name] for name in ("access_key_id", "access_key_secret")}

    assert by_default(config) == set()


def test_table_selected_by_a_catalog_is_read_against_tables(sim, clock):
    """A table that a catalog selects is read although `tables` omits it."""
    out = run_tables(table_settings(sim, tables=["Copilot/KBTable"]), clock, AQ)

    assert out.counts().keys() == {AQ}


def test_other_table_name_is_tried_once_after_404(simulate, clock):
    """Where the first name of the table is not found the second is tried, once in a run."""
    sim = simulate(gr_namespace="autopilot")

    out = run_tables(table_settings(sim, window_days=1), clock, GR)

    assert out.error is None
    assert cells(out.records(GR)) == [named(row) for row in sim.expected_rows(PATHS[GR], *DAYS)]
    assert submitted_tables(sim) == [PATHS[GR], OTHER_GR, OTHER_GR]


@pytest.mark.parametrize("status", [400, 403, 405])
def test_table_name_refused_in_another_way_is_followed_by_the_other(simulate, clock, status):
    """The second name is tried also after a 400 for an unknown table, a 403 and a 405."""
    sim = simulate(gr_namespace="autopilot", missing_table=status)

    out = run_tables(table_settings(sim), clock, GR)

    assert out.error is None
    assert submitted_tables(sim) == [PATHS[GR], OTHER_GR]


def test_table_name_refused_for_a_permission_is_the_error(sim, clock):
    """A missing permission for one name is shown, although the other does not exist."""
    sim.faults.add(Fault("submit", "status", status=403), Fault("submit", "status", status=404))

    out = run_tables(table_settings(sim), clock, GR)

    assert isinstance(failure(out), PermissionDenied)
    assert len(submits(sim)) == 2


def test_first_of_two_table_names_is_tried_first(sim, clock):
    """Where both names are found the first is used."""
    run_tables(table_settings(sim, window_days=1), clock, GR)

    assert submitted_tables(sim) == [PATHS[GR], PATHS[GR]]


def test_table_name_not_found_costs_no_export(simulate, clock):
    """The submit that was answered 404 does not count: three exports are left."""
    sim = simulate(gr_namespace="autopilot")

    out = run_tables(
        table_settings(sim, window_days=1) | {"start_date": "2026-03-15T00:00:00Z"}, clock, GR
    )

    assert sim.exports == 3
    assert out.bookmark(GR) == "2026-03-18T00:00:00+00:00"


@pytest.mark.ci
def test_table_name_found_is_remembered(simulate, clock):
    """The next run begins with the name that was found."""
    sim = simulate(gr_namespace="autopilot")
    first = run_tables(table_settings(sim), clock, GR)

    run_tables(
        table_settings(sim, overlap_days=0) | {"end_date": "2026-03-19T00:00:00Z"},
        clock,
        GR,
        state=first.state,
    )

    assert submitted_tables(sim) == [PATHS[GR], OTHER_GR, OTHER_GR]


def test_table_name_that_is_gone_leads_to_the_other(simulate, clock):
    """Where the name of earlier runs is not found any more the other is tried."""
    first = run_tables(table_settings(simulate(gr_namespace="autopilot")), clock, GR)
    sim = simulate(gr_namespace="AutopilotKnowledge")

    out = run_tables(
        table_settings(sim, overlap_days=0) | {"end_date": "2026-03-19T00:00:00Z"},
        clock,
        GR,
        state=without_owner(first.state),
    )

    assert out.error is None
    assert submitted_tables(sim) == [OTHER_GR, PATHS[GR]]
    assert len(out.records(GR)) == 12


@pytest.mark.parametrize("path", [PATHS[GR], OTHER_GR])
def test_either_name_in_tables(sim, clock, path):
    """`tables` may name either; the one it names is tried first."""
    out = run_tables(table_settings(sim, tables=[path]), clock, GR)

    assert out.error is None
    assert len(out.records(GR)) == 24
    assert submitted_tables(sim) == [path]


@pytest.mark.parametrize(
    ("path", "other"), [(PATHS[GR], OTHER_GR), (OTHER_GR, PATHS[GR])], ids=["first", "second"]
)
def test_table_name_of_the_settings_leads_to_the_other(simulate, clock, path, other):
    """Where the name that `tables` gives is not found the other is tried, either way."""
    sim = simulate(gr_namespace=other.partition("/")[0])

    out = run_tables(table_settings(sim, tables=[path], window_days=1), clock, GR)

    assert out.error is None
    assert len(out.records(GR)) == 24
    assert submitted_tables(sim) == [path, other, other]


def test_no_such_table(sim, clock):
    """Where no name of a table is found its stream fails and names it; the others continue."""
    answer = Fault("submit", "status", status=404, times=2)
    sim.faults.add(answer)

    out = run_tables(table_settings(sim), clock, GR, KB)

    assert isinstance(failure(out, GR), NotFound)
    assert "GRTable" in str(failure(out, GR))
    assert len(out.records(KB)) == 24
