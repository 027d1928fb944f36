"""State histories of contacts and agents: rows, pages, unfinished days, and their label."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tap_cxone.families.reporting.period_tables import AGGREGATES, HISTORIES
from tap_cxone.families.reporting.settings import BUILT_IN_STREAMS
from tap_cxone.families.reporting.tables import DIMENSIONS
from tap_cxone.tap import TapCXone
from tests.support.reporting import (
    CONTACTS,
    date_ranges,
    lists_of,
    reporting_settings,
    run_reporting,
)
from tests.support.scene import fits, snake

FIRST = datetime(2026, 3, 19, tzinfo=UTC)
EACH_HISTORY = pytest.mark.parametrize("table", HISTORIES, ids=lambda table: table.name)


@pytest.mark.parametrize("generation", ["new", "old"])
@EACH_HISTORY
def test_history_is_complete_in_pages(simulate, clock, table, generation):
    """Every state of a day and a half comes once, with its values, in either generation."""
    sim = simulate(rows_per_day=24, reporting_generation=generation)
    config = reporting_settings(sim, {"page_size": 7}, start_date=FIRST.isoformat())

    out = run_reporting(config, clock, table.name)

    end = clock.now() - timedelta(minutes=30)
    wanted = [
        {snake(name): value for name, value in row.items()}
        for row in sim.expected_rows(table.path[1:], FIRST, end)
    ]
    found = out.records(table.name)
    assert out.error is None
    assert len(lists_of(sim, table.path)) > 2
    assert len(found) == len(wanted)
    by_key = {tuple(str(r[name]) for name in table.primary_keys): r for r in found}
    for state in wanted:
        record = by_key[tuple(str(state[name]) for name in table.primary_keys)]
        assert [name for name in state if not fits(state[name], record[name])] == []


@pytest.mark.ci
@EACH_HISTORY
def test_unfinished_day_of_a_history_is_read_again(sim, clock, table):
    """A window may end within a day; the next run reads that day from its midnight."""
    config = reporting_settings(sim, start_date=FIRST.isoformat())
    first = run_reporting(config, clock, table.name)
    clock.instant += timedelta(hours=1)

    run_reporting(config, clock, table.name, state=first.state)

    assert first.bookmark(table.name) == "2026-03-20T11:30:00+00:00"
    assert date_ranges(sim, table.path) == [
        ("2026-03-19T00:00:00Z", "2026-03-20T00:00:00Z"),
        ("2026-03-20T00:00:00Z", "2026-03-20T11:30:00Z"),
        ("2026-03-20T00:00:00Z", "2026-03-20T12:30:00Z"),
    ]


@EACH_HISTORY
def test_history_without_states_moves_the_bookmark(simulate, clock, table):
    """204 without a body is a window without states."""
    sim = simulate(rows_per_day=0)

    out = run_reporting(reporting_settings(sim), clock, table.name)

    assert {seen.status for seen in lists_of(sim, table.path)} == {204}
    assert out.bookmark(table.name) == "2026-03-20T11:30:00+00:00"


def test_test_command_labels_histories_as_documented_only(sim, clock):
    """`--test` names the streams that no public client uses apart from the others."""
    tap = TapCXone(config=reporting_settings(sim), clock=clock)

    labels = [c.detail for c in tap.connection_checks() if c.check == "evidence"]

    names = ", ".join(sorted(table.name for table in HISTORIES))
    assert f"documented by NICE only, not tried on a live tenant ({names})" in labels


def test_catalog_selects_neither_histories_nor_wfm(sim):
    """A new catalog selects contacts, dimension tables and aggregates."""
    catalog = TapCXone(config=reporting_settings(sim)).catalog_dict

    selected = {
        stream["tap_stream_id"]
        for stream in catalog["streams"]
        for item in stream["metadata"]
        if not item["breadcrumb"] and item["metadata"]["selected-by-default"]
    }
    assert selected & set(BUILT_IN_STREAMS) == {
        CONTACTS,
        *(table.name for table in (*DIMENSIONS, *AGGREGATES)),
    }
