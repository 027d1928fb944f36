"""Observability: starts before the oldest instant that the API serves."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta

from tap_cxone.errors import ApiError, HistoryRefused
from tap_cxone.simulator import Fault
from tap_cxone.tap import TapCXone
from tests.support.expectations import failure
from tests.support.ids import readable
from tests.support.observability import (
    AQ,
    AS,
    DAY,
    KB,
    PATHS,
    months,
    quota_settings,
    run_tables,
    submitted_days,
    warnings_about,
)
from tests.support.requests import submits
from tests.support.run import offline_catalog


def test_start_before_the_limit_is_moved_with_one_warning(sim, clock, caplog):
    """A start too long ago is moved; one warning states requested and possible start."""
    out = run_tables(months(sim, "2025-02-01T00:00:00Z"), clock)

    (warning,) = warnings_about(caplog, "2025-02-01")
    assert out.error is None
    assert min(submitted_days(sim)) == "2025-11-21"
    assert "2025-11-21" in warning


def test_start_that_is_moved_back_before_the_limit_is_reported_once(sim, clock, caplog):
    """The run that reads the front warns and so does its plan; the next run has no gap."""
    first = run_tables(quota_settings(sim, "2026-03-18", exports_per_day=None), clock)
    clock.instant += DAY
    config = months(sim, "2025-02-01", exports_per_day=None)
    catalog = offline_catalog(KB)
    tap = TapCXone(config=config, clock=clock, catalog=catalog, state=first.state)
    (plan,) = tap.plans()

    second = run_tables(config, clock, state=first.state)
    (warning,) = warnings_about(caplog, "history limit")
    caplog.clear()
    run_tables(config, clock, state=second.state)

    assert "start 2025-02-01T00:00:00+00:00 is before the API's history limit" in warning
    assert "starting at 2025-11-2" in warning
    assert "start 2025-02-01 is before the API's history limit; older rows" in plan.advice[0]
    assert warnings_about(caplog, "history limit") == []


def test_one_warning_for_all_tables(sim, clock, caplog):
    """That is logged once, however many tables it concerns."""
    run_tables(months(sim, "2025-02-01T00:00:00Z"), clock, *PATHS)

    assert len(warnings_about(caplog, "2025-02-01")) == 1


def test_start_within_the_limit_is_requested_as_it_is(sim, clock, caplog):
    """A start that is not too long ago is requested as it is, without a word."""
    run_tables(months(sim, "2025-11-21T00:00:00Z"), clock)

    assert min(submitted_days(sim)) == "2025-11-21"
    assert warnings_about(caplog, "history limit") == []


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 6, 30, 12, tzinfo=UTC),
        datetime(2026, 6, 29, 0, 30, tzinfo=UTC),
        datetime(2026, 7, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2028, 6, 30, 12, tzinfo=UTC),
        datetime(2026, 1, 1, 6, tzinfo=UTC),
        datetime(2026, 3, 20, tzinfo=UTC),
    ],
    ids=readable,
)
def test_four_months_of_the_calendar(sim, clock, now):
    """The limit is one of the calendar, at the end of short months too; no whole day is lost."""
    clock.instant = now

    out = run_tables(months(sim, "2020-01-01T00:00:00Z"), clock)

    limit = now - relativedelta(months=4)
    first = datetime.fromisoformat(f"{min(submitted_days(sim))}T00:00:00+00:00")
    assert out.error is None
    assert limit <= first < limit + DAY
    assert out.bookmark(KB) is not None


def test_midnight_between_two_tables(sim, clock):
    """A run over midnight keeps the limit for every table, each at its own time."""
    clock.instant = datetime(2026, 3, 20, 23, 59, 56, tzinfo=UTC)

    out = run_tables(months(sim, "2025-02-01T00:00:00Z"), clock, KB, AS, AQ)

    assert out.error is None
    assert sim.exports == 3


def test_bookmark_before_the_limit_is_moved_and_logged(sim, clock, caplog):
    """A bookmark too long ago is moved too: the rows between are gone, and that is logged."""
    first = run_tables(quota_settings(sim, "2026-03-18T00:00:00Z"), clock)
    clock.instant += timedelta(days=200)

    second = run_tables(months(sim, "2026-03-18T00:00:00Z"), clock, state=first.state)

    (warning,) = warnings_about(caplog, "history limit")
    assert second.error is None
    assert "2026-03-20" in warning
    assert min(submitted_days(sim)[3:]) == "2026-06-07"
    assert "2026-06-07" in warning


def test_history_refused_by_the_api_moves_the_start(simulate, clock, caplog):
    """Where the API gives less than the setting, its own months are tried; no export is spent."""
    sim = simulate(history_months=2)

    out = run_tables(months(sim, "2025-12-01T00:00:00Z"), clock)

    (warning,) = warnings_about(caplog, "was refused")
    assert out.error is None
    assert submitted_days(sim)[:2] == ["2025-12-01", "2026-01-21"]
    assert "Set start_date to that day" in warning
    assert "more than 2 months ago without authorization" in warning
    assert sim.quota_violations == 0


def test_history_counted_in_another_way_is_tried_day_by_day(simulate, clock):
    """Where the API counts months otherwise, the start moves on by a day until it is accepted."""
    sim = simulate(days_per_month=29)

    out = run_tables(months(sim, "2025-02-01T00:00:00Z"), clock)

    days = submitted_days(sim)
    assert out.error is None
    assert days[:5] == ["2025-11-21", "2025-11-22", "2025-11-23", "2025-11-24", "2025-11-25"]
    assert sim.exports == 3
    assert sim.quota_violations == 0


def test_history_refused_to_one_table_is_known_to_the_others(simulate, clock):
    """The start that one table found is that of the others."""
    sim = simulate(days_per_month=29, exports_per_day=9)
    config = quota_settings(sim, "2025-02-01T00:00:00Z", exports_per_day=9, window_days=366)

    out = run_tables(config, clock, KB, AS)

    assert out.error is None
    assert submitted_days(sim)[-3:] == ["2025-11-24", "2025-11-25", "2025-11-25"]


def test_history_of_no_day_fails(sim, clock):
    """Where the API refuses every day, the stream fails in its words."""
    body = json.dumps({"message": "Export date range cannot be more than 4 months ago"})
    sim.faults.add(Fault("submit", "status", status=400, body=body, times=99))

    out = run_tables(quota_settings(sim, "2026-03-17T00:00:00Z", "2026-03-20T00:00:00Z"), clock)

    assert isinstance(failure(out), HistoryRefused)
    assert "start_date" in str(failure(out))
    assert len(submits(sim)) == 3


def test_history_without_a_setting_is_asked_for(simulate, clock):
    """With `history_months: null` a start of any age is asked for."""
    sim = simulate(history_months=None)
    config = quota_settings(sim, "2025-02-01T00:00:00Z", history_months=None, window_days=366)

    out = run_tables(config, clock)

    assert out.error is None
    assert submitted_days(sim) == ["2025-02-01", "2026-02-02"]


def test_history_limit_holds_without_a_quota(sim, clock):
    """A user without a quota still has the limit of the history, which is its own setting."""
    config = months(sim, "2025-02-01T00:00:00Z", exports_per_day=None)

    out = run_tables(config, clock)

    assert min(submitted_days(sim)) == "2025-11-21"
    assert out.error is None


@pytest.mark.parametrize("words", ["timeZone must be an IANA time zone", "Bad Request", ""])
def test_another_400(sim, clock, words):
    """A 400 that says neither fails the window in its words; nothing is spent."""
    body = json.dumps({"message": words, "statusCode": 400})
    sim.faults.add(Fault("submit", "status", status=400, body=body))

    out = run_tables(quota_settings(sim, "2026-03-17T00:00:00Z", "2026-03-18T00:00:00Z"), clock)

    assert type(failure(out)) is ApiError
    assert words in str(failure(out))
    assert "400" in str(failure(out))
    assert len(submits(sim)) == 1
    assert "submits" not in out.state["bookmarks"][KB]


def newest_first(sim):
    """Return settings whose history limit by months is later than that of the API by days."""
    settings = quota_settings(
        sim, "2025-10-01", None, exports_per_day=100, window_days=30, history_months=6
    )
    return {**settings, "backfill_order": "newest_first"}


def test_newest_first_exports_no_window_twice_after_refused_starts(simulate, clock):
    """The starts that are tried precede what was read, so the newest day is read once."""
    sim = simulate(exports_per_day=100)

    out = run_tables(newest_first(sim), clock)

    days = submitted_days(sim)
    assert out.error is None
    assert days == [
        "2026-02-28",
        "2026-01-29",
        "2025-12-30",
        "2025-11-30",
        "2025-10-31",
        "2025-11-21",
    ]


def test_newest_first_reads_new_days_once_before_a_refused_start(simulate, clock):
    """The next run reads what is new, and each start of the rest of history once."""
    sim = simulate(exports_per_day=100)
    out = run_tables(newest_first(sim), clock)
    clock.instant += DAY
    before = len(submits(sim))

    out = run_tables(newest_first(sim), clock, state=out.state)

    assert out.error is None
    assert submitted_days(sim)[before:] == ["2026-03-20", "2025-10-31"]


@pytest.mark.parametrize("order", ["oldest_first", "newest_first"], ids=lambda order: order)
def test_gap_that_is_refused_ends_the_stream_well(simulate, clock, caplog, order):
    """What can be read is committed, so the refused rest of history is one warning in each run."""
    sim = simulate(exports_per_day=100, history_months=1)
    config = quota_settings(sim, "2026-02-18", "2026-02-24", history_months=6, exports_per_day=100)
    config["backfill_order"] = "newest_first"
    out = run_tables(config, clock)
    caplog.clear()
    clock.instant += DAY

    second = run_tables({**config, "backfill_order": order}, clock, state=out.state)

    assert (out.error, second.error) == (None, None)
    assert len(warnings_about(caplog, "was refused")) == 1
