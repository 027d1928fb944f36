"""Data extraction: days that are not those of UTC, and days that are over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.data_extraction import STREAM, extraction_settings, run_extraction, workflow_ids
from tests.support.requests import submits
from tests.support.streams import submitted_dates

NIGHT = datetime(2026, 3, 17, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def open_settings(sim, **family):
    """Return settings from 16 March to the present."""
    return extraction_settings(sim, mode="async", **family) | {"end_date": None}


def nightly_runs(sim, clock, number, **family):
    """Run at 02:00 UTC in so many nights; return the output of each run."""
    runs, state = [], None
    for night in range(number):
        clock.instant = NIGHT + night * DAY
        out = run_extraction(open_settings(sim, **family), clock, state=state)
        assert out.error is None
        runs.append(out)
        state = out.state
    return runs


@pytest.mark.ci
@pytest.mark.some(3)
@pytest.mark.parametrize("zone", ["America/New_York", "Etc/GMT+12", "Asia/Tokyo", "UTC"])
@pytest.mark.parametrize("window_days", [1, 14])
def test_nightly_runs_over_days_of_another_zone_lose_no_row(simulate, clock, zone, window_days):
    """Whatever zone the days of the API are of, nightly runs give every row."""
    sim = simulate(day_zone=zone, rows_per_day=48, job_seconds=5)

    runs = nightly_runs(sim, clock, 4, window_days=window_days)

    first, last = datetime(2026, 3, 16, 15, tzinfo=UTC), NIGHT + 2 * DAY
    truth = {row["Workflow ID"] for row in sim.expected_rows("qm-workflows", first, last)}
    assert truth <= set().union(*map(workflow_ids, runs))


def test_overlap_of_none_is_the_day_of_the_bookmark(sim, clock):
    """With `overlap_days: 0` the next run begins with the day of the bookmark."""
    nightly_runs(sim, clock, 2, overlap_days=0)

    assert submitted_dates(sim) == [("2026-03-16", "2026-03-18"), ("2026-03-17", "2026-03-19")]


def test_overlap_reads_no_day_before_start_date(sim, clock):
    """Days before `start_date` are never requested."""
    nightly_runs(sim, clock, 2, overlap_days=7)

    assert submitted_dates(sim) == [("2026-03-16", "2026-03-18"), ("2026-03-16", "2026-03-19")]


def test_overlap_of_a_complete_backfill_requests_nothing(sim, clock):
    """Once `end_date` is reached no day is read again."""
    config = extraction_settings(sim, mode="async")
    first = run_extraction(config, clock)

    second = run_extraction(config, clock, state=first.state)

    assert second.error is None
    assert len(submits(sim)) == 1


def test_complete_days_only_is_one_request_per_day(sim, clock):
    """Each nightly run requests the day that is over, once, and no other."""
    runs = nightly_runs(sim, clock, 3, complete_days_only=True)

    assert submitted_dates(sim) == [
        ("2026-03-16", "2026-03-17"),
        ("2026-03-17", "2026-03-18"),
        ("2026-03-18", "2026-03-19"),
    ]
    assert runs[-1].bookmark(STREAM) == "2026-03-19T00:00:00+00:00"
    ids = [record["workflow_id"] for out in runs for record in out.records(STREAM)]
    assert len(ids) == len(set(ids)) == 36


@pytest.mark.parametrize(
    ("settle_minutes", "last"), [(119, "2026-03-17"), (121, "2026-03-16")], ids=["over", "not yet"]
)
def test_complete_days_only_waits_until_the_day_has_settled(sim, clock, settle_minutes, last):
    """A day is over once `settle_minutes` have passed since its end."""
    clock.instant = datetime(2026, 3, 18, 2, tzinfo=UTC)

    run_extraction(
        open_settings(sim, complete_days_only=True, settle_minutes=settle_minutes), clock
    )

    (_, end) = submitted_dates(sim)[-1]
    assert end == str(datetime.fromisoformat(last).date() + DAY)
