"""A stream requests adjoining windows, from the bookmark to the requested end."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.conftest import settings_for
from tests.support.examples import csv_jobs
from tests.support.expectations import without_metadata
from tests.support.requests import submits
from tests.support.run import run_tap
from tests.support.streams import HORIZON, START, bookmarks, submitted_dates, typed_rows


def test_default_start(sim, clock, config):
    """Without start_date the first run reads the last 30 days."""
    del config["start_date"]

    run_tap(config, clock=clock, only="qm_workflows")

    assert submitted_dates(sim)[0][0] == "2026-02-18"
    assert submitted_dates(sim)[-1][1] == "2026-03-21"


def test_windows_adjoin(sim, clock, config):
    """Each request begins where the one before it ends, none longer than window_days."""
    config[csv_jobs.FAMILY]["window_days"] = 5

    run_tap(config, clock=clock, only="qm_workflows")

    assert submitted_dates(sim) == [
        ("2026-03-01", "2026-03-06"),
        ("2026-03-06", "2026-03-11"),
        ("2026-03-11", "2026-03-16"),
        ("2026-03-16", "2026-03-21"),
    ]


def test_start_date_within_a_day(sim, clock, config):
    """A start_date within a day reads that whole day: the API knows days only."""
    config["start_date"] = "2026-03-19T17:45:00Z"

    out = run_tap(config, clock=clock, only="qm_workflows")

    truth = sim.expected_rows("qm-workflows", date(2026, 3, 19), HORIZON)
    read = {record["workflow_id"] for record in out.records("qm_workflows")}
    starts = {record["_window_start"] for record in out.records("qm_workflows")}
    assert submitted_dates(sim) == [("2026-03-19", "2026-03-21")]
    assert starts == {"2026-03-19T00:00:00+00:00"}
    assert {row["Workflow ID"] for row in truth} <= read


def test_end_date(sim, clock, config):
    """An end_date ends the extraction: nothing after its day is requested."""
    config["end_date"] = "2026-03-10T00:00:00Z"

    out = run_tap(config, clock=clock, only="qm_workflows")

    truth = sim.expected_rows("qm-workflows", START, date(2026, 3, 10))
    assert submitted_dates(sim) == [("2026-03-01", "2026-03-10")]
    assert without_metadata(out.records("qm_workflows")) == typed_rows("qm-workflows", truth)
    assert out.bookmark("qm_workflows") == "2026-03-10T00:00:00+00:00"


def test_end_date_reached(sim, clock, config):
    """A run after end_date has been reached has no metrics and succeeds."""
    config["end_date"] = "2026-03-10T00:00:00Z"
    first = run_tap(config, clock=clock, only="qm_workflows")

    second = run_tap(config, clock=clock, only="qm_workflows", state=first.state)

    assert second.error is None
    assert len(submits(sim)) == 1
    assert second.bookmark("qm_workflows") == "2026-03-10T00:00:00+00:00"


def test_start_date_to_come(sim, clock, config):
    """A start_date that is not past has no metrics and succeeds."""
    config["start_date"] = "2026-03-20T11:45:00Z"

    out = run_tap(config, clock=clock, only="qm_workflows")

    assert out.error is None
    assert submits(sim) == []
    assert out.records("qm_workflows") == []


def test_newest_window(sim, clock, config):
    """The newest window ends 30 minutes ago, when the API shows every row."""
    out = run_tap(config, clock=clock, only="qm_workflows")

    assert out.bookmark("qm_workflows") == HORIZON.isoformat()


def test_settle_minutes(sim, clock, config):
    """How long ago the newest window ends is settle_minutes."""
    config[csv_jobs.FAMILY]["settle_minutes"] = 90

    out = run_tap(config, clock=clock, only="qm_workflows")

    assert out.bookmark("qm_workflows") == "2026-03-20T10:30:00+00:00"


def test_day_of_the_bookmark_is_read_again(sim, clock, config):
    """The next run asks again for the day of the bookmark and for one before it, and no other."""
    first = run_tap(config, clock=clock, only="qm_workflows")
    before = len(submits(sim))
    clock.sleep(timedelta(hours=3))

    second = run_tap(config, clock=clock, only="qm_workflows", state=first.state)

    starts = {record["_window_start"] for record in second.records("qm_workflows")}
    assert submitted_dates(sim)[before:] == [("2026-03-19", "2026-03-21")]
    assert starts == {"2026-03-19T00:00:00+00:00"}
    assert second.bookmark("qm_workflows") == (clock.instant - timedelta(minutes=30)).isoformat()


def test_second_run_adds_what_is_new(simulate, clock):
    """A second run gives every row that was not there before, and two days at most."""
    sim = simulate(rows_per_day=96)
    config = settings_for(sim, start_date="2026-03-19T00:00:00Z")
    first = run_tap(config, clock=clock, only="qm_workflows")
    clock.sleep(timedelta(hours=8))

    second = run_tap(config, clock=clock, only="qm_workflows", state=first.state)

    had = {record["workflow_id"] for record in first.records("qm_workflows")}
    got = {record["workflow_id"] for record in second.records("qm_workflows")}
    today = date(2026, 3, 19), date(2026, 3, 21), sim.jobs[-1].ready_at
    assert got == {row["Workflow ID"] for row in sim.expected_rows("qm-workflows", *today)}
    assert 25 <= len(got - had) <= 40


@pytest.mark.ci
def test_runs_around_the_clock_miss_no_late_row(simulate, clock):
    """Run after run, through two midnights, the union by key is every row that can be seen."""
    sim = simulate(rows_per_day=72)
    config = settings_for(sim, start_date="2026-03-20T00:00:00Z")
    union: dict[str, dict[str, Any]] = {}
    state = None
    hours = (3, 8, 0.8, 0.2, 0.2, 0.15, 0.2, 6, 17.4, 0.3, 0.3, 0.3)
    for step in hours:
        clock.sleep(timedelta(hours=step))
        out = run_tap(config, clock=clock, only="qm_workflows", state=state)
        assert out.error is None
        state = out.state
        union |= {record["workflow_id"]: record for record in out.records("qm_workflows")}

    truth = sim.expected_rows(
        "qm-workflows", date(2026, 3, 20), date(2026, 3, 23), sim.jobs[-1].ready_at
    )
    assert union.keys() == {row["Workflow ID"] for row in truth}
    assert typed_rows("qm-workflows", truth) == without_metadata(
        [union[row["Workflow ID"]] for row in truth],
    )
    assert sim.limit_violations == 0


def test_entity_lookback_reads_days_again(sim, clock, config):
    """With lookback_days the days before the bookmark are read again."""
    first = run_tap(config, clock=clock, only="qm_workflows")
    before = len(submits(sim))
    config["lookback_days"] = 3

    second = run_tap(config, clock=clock, only="qm_workflows", state=first.state)

    assert submitted_dates(sim)[before:] == [("2026-03-17", "2026-03-21")]
    truth = sim.expected_rows(
        "qm-workflows", date(2026, 3, 17), date(2026, 3, 21), sim.jobs[-1].ready_at
    )
    assert without_metadata(second.records("qm_workflows")) == typed_rows("qm-workflows", truth)


def test_lookback_never_moves_the_bookmark_back(sim, clock, config):
    """While older windows are read again, the bookmark stays where it was."""
    first = run_tap(config, clock=clock, only="qm_workflows")
    config["lookback_days"] = 4
    config[csv_jobs.FAMILY]["window_days"] = 1

    second = run_tap(config, clock=clock, only="qm_workflows", state=first.state)

    assert len(set(bookmarks(second, "qm_workflows"))) == 2
    assert min(filter(None, bookmarks(second, "qm_workflows"))) == HORIZON.isoformat()


def test_lookback_stops_at_the_start_date(sim, clock, config):
    """Looking back does not go beyond start_date."""
    first = run_tap(config, clock=clock, only="qm_workflows")
    before = len(submits(sim))
    config["lookback_days"] = 90

    run_tap(config, clock=clock, only="qm_workflows", state=first.state)

    assert submitted_dates(sim)[before][0] == "2026-03-01"
