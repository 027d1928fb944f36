"""Figures of agents, teams and skills: windows, keys, late figures, and spellings of values."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest

from tap_cxone.errors import ConfigError
from tap_cxone.families.reporting.fields import seconds_of
from tap_cxone.families.reporting.period_tables import AGGREGATES
from tap_cxone.simulator import Fault
from tap_cxone.tap import TapCXone
from tests.support.expectations import failure
from tests.support.reporting import (
    date_ranges,
    listed_as,
    lists_of,
    reporting_settings,
    run_reporting,
)
from tests.support.scene import snake

AGENTS = "agents_performance"
BERLIN = "Europe/Berlin"
PATH = "/agents/performance"
DAY = timedelta(days=1)
FIRST = datetime(2026, 3, 18, tzinfo=UTC)
NAMES = [table.name for table in AGGREGATES]
EACH_STREAM = pytest.mark.parametrize("table", AGGREGATES, ids=lambda table: table.name)


def figures_of_window(sim, table, day=FIRST, length=DAY):
    """Return the figures of a window as records, by the first part of their key."""
    rows = sim.expected_rows(table.path[1:], day, day + length)
    records = [{snake(name): value for name, value in row.items()} for row in rows]
    return {record[table.primary_keys[0]]: record for record in records}


# Windows


@EACH_STREAM
def test_figures_are_requested_by_days_that_are_over(sim, clock, table):
    """Each window is a day of UTC, and the present day is not read."""
    run_reporting(reporting_settings(sim), clock, table.name)

    assert date_ranges(sim, table.path) == [
        ("2026-03-18T00:00:00Z", "2026-03-19T00:00:00Z"),
        ("2026-03-19T00:00:00Z", "2026-03-20T00:00:00Z"),
    ]


@EACH_STREAM
def test_figures_have_the_window_in_their_key(sim, clock, table):
    """A row of each day has a key of its own, and the figures of that day."""
    out = run_reporting(reporting_settings(sim), clock, table.name)

    days = [FIRST, FIRST + DAY]
    for day in days:
        found = [r for r in out.records(table.name) if r["_window_start"] == day.isoformat()]
        wanted = figures_of_window(sim, table, day)
        assert {r[table.primary_keys[0]]: r for r in found}.keys() == wanted.keys()
        for record in found:
            assert record.items() >= wanted[record[table.primary_keys[0]]].items()
    (schema,) = out.of("SCHEMA", table.name)
    assert schema["key_properties"] == [table.primary_keys[0], "_window_start"]


@EACH_STREAM
def test_figures_are_requested_by_days_of_the_configured_zone(sim, clock, table):
    """With `timezone` a window is a day of that zone, and so is a plain `start_date`."""
    config = reporting_settings(sim, timezone=BERLIN, start_date="2026-03-18")

    out = run_reporting(config, clock, table.name)

    assert out.error is None
    assert date_ranges(sim, table.path) == [
        ("2026-03-17T23:00:00Z", "2026-03-18T23:00:00Z"),
        ("2026-03-18T23:00:00Z", "2026-03-19T23:00:00Z"),
    ]


@pytest.mark.ci
def test_other_zone_of_days_after_the_bookmark_stops_the_figures(sim, clock):
    """Days of two zones would overlap by hours, so nothing is read; the error has the choice."""
    first = run_reporting(reporting_settings(sim), clock, AGENTS)
    before = len(lists_of(sim, PATH))
    config = reporting_settings(sim, timezone=BERLIN)

    second = run_reporting(config, clock, AGENTS, state=first.state)

    assert isinstance(failure(second), ConfigError)
    assert "were those of UTC and are those of Europe/Berlin now" in str(failure(second))
    assert len(lists_of(sim, PATH)) == before


@pytest.mark.parametrize(
    ("settle", "end"), [(30, "2026-03-20T11:30:00Z"), (15, "2026-03-20T11:45:00Z")], ids=str
)
def test_quarter_hours_end_on_the_grid_after_they_settled(sim, clock, settle, end):
    """With windows of 15 minutes, the last one ends `settle_minutes` ago on a quarter."""
    clock.instant += timedelta(minutes=7)
    own = {"window_minutes": 15, "settle_minutes": settle}
    config = reporting_settings(sim, own, start_date="2026-03-20T10:52:00Z")

    out = run_reporting(config, clock, AGENTS)

    ranges = date_ranges(sim, PATH)
    assert out.error is None
    assert ranges[0] == ("2026-03-20T10:45:00Z", "2026-03-20T11:00:00Z")
    assert ranges[-1][1] == end
    assert sim.limit_violations == 0


@pytest.mark.ci
def test_next_run_reads_the_last_windows_again(sim, clock):
    """The windows of the last `lookback_minutes` before the bookmark are read again."""
    own = {"window_minutes": 15, "lookback_minutes": 30}
    config = reporting_settings(sim, own, start_date="2026-03-20T08:00:00Z")
    first = run_reporting(config, clock, AGENTS)
    before = len(lists_of(sim, PATH))
    clock.instant += timedelta(minutes=15)

    run_reporting(config, clock, AGENTS, state=first.state)

    starts = [seen.query["startDate"] for seen in lists_of(sim, PATH)[before:]]
    assert first.bookmark(AGENTS) == "2026-03-20T11:30:00+00:00"
    assert starts == [f"2026-03-20T11:{minute}:00Z" for minute in ("00", "15", "30")]


def test_figures_that_came_late_replace_those_of_the_day(sim, clock):
    """A contact that ends later counts in the next run, under the same key."""
    config = reporting_settings(sim, start_date="2026-03-19T00:00:00Z")
    first = run_reporting(config, clock, AGENTS)
    contact = sim.expected_rows("contacts_completed", FIRST + DAY, FIRST + 2 * DAY)[0]
    sim.contacts.change(contact, clock.now(), acwSeconds=contact["acwSeconds"] + 1000)

    second = run_reporting(config, clock, AGENTS, state=first.state)

    was, now = (
        {(r["agent_id"], r["_window_start"]): r["acw_time"] for r in out.records(AGENTS)}
        for out in (first, second)
    )
    key = (contact["agentId"], (FIRST + DAY).isoformat())
    assert now == {**was, key: was[key] + 1000}


def test_day_that_is_skipped_is_not_cut(sim, clock):
    """A window that a skipped range covers in part is read whole."""
    skipped = {"from": "2026-03-18T06:00:00Z", "to": "2026-03-20T00:00:00Z"}
    entry = {"stream": AGENTS, **skipped, "why": "moved"}

    run_reporting(reporting_settings(sim, skip_windows=[entry]), clock, AGENTS)

    assert date_ranges(sim, PATH) == [("2026-03-18T00:00:00Z", "2026-03-19T00:00:00Z")]


def test_other_window_minutes_after_the_bookmark_are_reported(sim, clock, caplog):
    """Rows that sum up windows of another length get a warning that names the setting."""
    first = run_reporting(reporting_settings(sim), clock, AGENTS)
    clock.instant += timedelta(hours=1)
    own = {"window_minutes": 480}

    with caplog.at_level(logging.WARNING):
        run_reporting(reporting_settings(sim, own), clock, AGENTS, state=first.state)

    assert "reporting.window_minutes changed after the bookmark" in caplog.text


@pytest.mark.parametrize(
    ("setting", "value"), [("window_minutes", 50), ("settle_minutes", 14)], ids=str
)
def test_invalid_setting_of_figures_is_named(sim, setting, value):
    """A window off the grid, or figures that cannot be ready, are an error before any request."""
    with pytest.raises(ConfigError, match=rf"reporting\.{setting}"):
        TapCXone(config=reporting_settings(sim, {setting: value}))

    assert sim.requests == []


# Values


@pytest.mark.parametrize("durations", ["iso", "seconds"])
@pytest.mark.parametrize("generation", ["new", "old"])
@EACH_STREAM
def test_figures_of_any_spelling_are_numbers(simulate, clock, table, generation, durations):
    """ISO durations, seconds, and texts such as `"1,234.5"` and `"False"` become the same."""
    sim = simulate(reporting_generation=generation, reporting_durations=durations)

    out = run_reporting(reporting_settings(sim), clock, table.name)

    wanted = figures_of_window(sim, table)
    days = [r for r in out.records(table.name) if r["_window_start"] == FIRST.isoformat()]
    assert out.error is None
    assert {r[table.primary_keys[0]]: r for r in days}.keys() == wanted.keys()
    for record in days:
        assert record.items() >= wanted[record[table.primary_keys[0]]].items()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("PT1H2M3.5S", 3723.5),
        ("PT0S", 0),
        ("P1DT1S", 86_401),
        ("-PT5S", -5),
        ("1,234.5", "1,234.5"),
        ("Pending", "Pending"),
        (12.5, 12.5),
        (None, None),
    ],
    ids=str,
)
def test_duration_is_a_number_of_seconds(value, seconds):
    """Only an ISO 8601 duration is changed; the reader of rows converts all other values."""
    assert seconds_of(value) == seconds


def test_duration_that_is_no_duration_is_quarantined(sim, clock):
    """A figure of another kind fails its row only, and the reason names the column."""
    rows = [{"agentId": 1, "loginTime": "Pending"}, {"agentId": 2, "loginTime": "PT5S"}]
    sim.faults.add(listed_as({"agentPerformance": rows}))
    config = reporting_settings(sim, max_invalid_ratio=0.5, start_date="2026-03-19T00:00:00Z")

    out = run_reporting(config, clock, AGENTS, "quarantine")

    assert [(r["agent_id"], r["login_time"]) for r in out.records(AGENTS)] == [(2, 5)]
    (invalid,) = out.records("quarantine")
    assert "login_time" in invalid["reason"]


def test_figures_with_one_key_that_differ_fail_the_window(sim, clock):
    """Two rows of an agent in one window are never reduced to one of them."""
    rows = [{"agentId": 1, "refused": 1}, {"agentId": 1, "refused": 2}]
    sim.faults.add(*[listed_as({"agentPerformance": rows})] * 2)

    out = run_reporting(reporting_settings(sim), clock, AGENTS)

    assert out.records(AGENTS) == []
    assert "have the same key (agent_id, _window_start)" in str(out.error)
    assert "set reporting.api_version to a version that sends one" in str(out.error)


# Responses


@pytest.mark.parametrize(("failures", "outcome"), [(1, "complete"), (2, "failed")])
def test_figures_of_a_408_are_requested_once_more(sim, clock, failures, outcome):
    """A list without pages cannot be halved: it is requested again once, and then it fails."""
    config = reporting_settings(sim, start_date="2026-03-19T00:00:00Z")
    sim.faults.add(Fault("page", "status", status=408, times=failures))

    out = run_reporting(config, clock, AGENTS)

    assert (out.error is None) == (outcome == "complete")
    assert len(lists_of(sim, PATH)) == 2
    assert bool(out.records(AGENTS)) == (outcome == "complete")


@EACH_STREAM
def test_window_without_figures_moves_the_bookmark(simulate, clock, table):
    """204 without a body is a window without rows."""
    sim = simulate(rows_of={"contacts_completed": 0})

    out = run_reporting(reporting_settings(sim), clock, table.name)

    assert {seen.status for seen in lists_of(sim, table.path)} == {204}
    assert out.counts() == {}
    assert out.bookmark(table.name) == "2026-03-20T00:00:00+00:00"


@EACH_STREAM
def test_refused_figures_show_the_text_of_the_header(simulate, clock, table):
    """The text of a refusal is in the error, also if only `icStatusDescription` has it."""
    sim = simulate(reporting_errors="header", forbidden=frozenset({table.path[1:]}))

    out = run_reporting(reporting_settings(sim), clock, table.name)

    assert "The security profile does not allow this request" in str(out.error)


def test_service_levels_are_read_in_pages(sim, clock):
    """The list with pages is read to its announced end."""
    config = reporting_settings(sim, {"page_size": 4}, start_date="2026-03-19T00:00:00Z")

    out = run_reporting(config, clock, "skills_sla_summary")

    assert [seen.query["skip"] for seen in lists_of(sim, "/skills/sla-summary")] == ["0", "4"]
    assert len(out.records("skills_sla_summary")) == 6


@pytest.mark.parametrize("page_size", [1, 2], ids=["full page", "short page"])
def test_list_that_ignores_paging_ends(sim, clock, page_size):
    """A page that comes again without a total is the whole list, or an error if it is full."""
    body = {"serviceLevelSummaries": [{"SkillId": 501, "TotalContacts": 2}]}
    sim.faults.add(*[listed_as(body)] * 2)
    config = reporting_settings(sim, {"page_size": page_size}, start_date="2026-03-19T00:00:00Z")

    out = run_reporting(config, clock, "skills_sla_summary")

    if page_size == 1:
        assert "Raise reporting.page_size" in str(out.error)
    else:
        assert out.error is None
    assert len(out.records("skills_sla_summary")) == page_size - 1


def test_figures_after_a_failed_window_are_resumed(sim, clock):
    """A run that failed in its second day leaves the first one committed."""
    sim.faults.add(Fault("page", "status", status=400, after=1))
    first = run_reporting(reporting_settings(sim), clock, AGENTS)

    second = run_reporting(
        reporting_settings(sim, {"lookback_minutes": 0}), clock, AGENTS, state=first.state
    )

    assert first.error is not None
    assert {r["_window_start"] for r in first.records(AGENTS)} == {FIRST.isoformat()}
    assert {r["_window_start"] for r in second.records(AGENTS)} == {(FIRST + DAY).isoformat()}
