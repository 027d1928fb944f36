"""Scheduled reports: the windows that runs are ordered for."""

from __future__ import annotations

import pytest

from tests.support.ids import readable
from tests.support.requests import json_body, submits
from tests.support.scheduled_reports import (
    SCHEDULES,
    STREAM,
    emitted_bookmarks,
    figures,
    long,
    report_settings,
    run_days,
    run_reports,
    set_time,
    sums,
    whole,
)


def test_run_of_each_window_covers_whole_utc_days(sim, clock):
    """Each run is ordered over whole UTC days, its end not included, and with nothing else."""
    assert whole(run_reports(report_settings(sim, 2), clock), sim, 2)

    (own,) = sim.schedules
    assert [seen.path for seen in submits(sim)] == [f"{SCHEDULES}/{own.id}/runs"] * 2
    assert [json_body(seen) for seen in submits(sim)] == [
        {
            "dateRange": {
                "type": "absolute",
                "start": f"2026-03-{day}T00:00:00Z",
                "end": f"2026-03-{day}T23:59:59.999Z",
            }
        }
        for day in (15, 16)
    ]


@pytest.mark.parametrize("start", ["2026-03-15T13:14:15Z", "2026-03-15T23:59:59+00:00"])
def test_whole_days(sim, clock, start):
    """A start inside a day reads that day, an end inside a day does not."""
    config = report_settings(sim, start_date=start, end_date="2026-03-17T23:58:59Z")

    out = run_reports(config, clock)

    assert whole(out, sim, 2)
    assert run_days(sim) == [(15, 16), (16, 17)]
    assert out.bookmark(STREAM) == "2026-03-17T00:00:00+00:00"


def test_windows_of_several_days(sim, clock):
    """A window of several days is one run; the last one has what days are left."""
    out = run_reports(report_settings(sim, 5, own={"window_days": 2}), clock)

    assert whole(out, sim, 5, window=2)
    assert run_days(sim) == [(15, 17), (17, 19), (19, 20)]


@pytest.mark.parametrize(
    ("start", "end", "time", "asked"),
    [
        (15, None, "04:59:59", []),
        (15, None, "05:00:00", [(15, 20)]),
        (12, None, "04:59:59", [(12, 15)]),
        (17, None, "05:00:00", [(17, 20)]),
        (15, 18, "12:00:00", [(15, 18)]),
        (14, 18, "12:00:00", [(14, 15), (15, 18)]),
    ],
    ids=readable,
)
def test_windows_of_the_calendar(sim, clock, start, end, time, asked):  # noqa: PLR0913, PLR0917
    """Windows of five days end at every fifth day; one that is not over waits, but for end_date."""
    set_time(clock, time)
    config = long(sim, 1, 5, start_date=f"2026-03-{start}", end_date=end and f"2026-03-{end}")

    out = run_reports(config, clock)

    assert out.error is None
    assert run_days(sim) == asked
    assert out.bookmark(STREAM) == (f"2026-03-{asked[-1][1]}T00:00:00+00:00" if asked else None)


@pytest.mark.some(3)
@pytest.mark.parametrize(
    ("time", "hour", "last"),
    [
        ("04:59:59", 5, 19),
        ("05:00:00", 5, 20),
        ("00:00:00", 5, 19),
        ("23:59:59", 5, 20),
        ("02:59:59", 3, 19),
        ("03:00:00", 3, 20),
        ("00:00:00", 0, 20),
        ("06:29:59", 6.5, 19),
        ("06:30:00", 6.5, 20),
        ("04:59:59", 29, 18),
        ("05:00:00", 29, 19),
    ],
)
def test_only_when_final(sim, clock, time, hour, last):
    """A day is requested from its hour of the next day on, to the second."""
    set_time(clock, time)

    out = run_reports(report_settings(sim, own={"settle_hour_utc": hour}, end_date=None), clock)

    assert out.error is None
    assert run_days(sim)[-1] == (last - 1, last)
    assert out.bookmark(STREAM) == f"2026-03-{last}T00:00:00+00:00"


@pytest.mark.ci
def test_figures_that_come_late(simulate, clock):
    """What is read is final, whether a run begins half an hour too early or just in time."""
    sim = simulate(rows_of={"report:agent": 60})
    records, state = [], None
    for time in ("04:30:00", "04:59:40", "05:30:00", "23:00:00"):
        set_time(clock, time)
        out = run_reports(report_settings(sim, end_date=None), clock, state=state)
        assert out.error is None
        records += out.records(STREAM)
        state = out.state

    assert figures(records) == sums(sim, 5)
    assert run_days(sim) == [(day, day + 1) for day in range(15, 20)]


def test_late_figures_would_show(simulate, clock):
    """The test before tells something: figures that are read too early are others."""
    sim = simulate(rows_of={"report:agent": 60})
    set_time(clock, "04:30:00")

    out = run_reports(report_settings(sim, end_date=None, own={"settle_hour_utc": 0}), clock)

    assert figures(out.records(STREAM)) != sums(sim, 5)


def test_looking_back(simulate, clock):
    """With lookback_days the last days are read again; rows and bookmark stay what they are."""
    sim = simulate()
    first = run_reports(report_settings(sim, 3), clock)

    second = run_reports(report_settings(sim, 4, lookback_days=2), clock, state=first.state)

    assert run_days(sim)[3:] == [(16, 17), (17, 18), (18, 19)]
    assert figures([*first.records(STREAM), *second.records(STREAM)]) == sums(sim, 4)
    assert emitted_bookmarks(second) == sorted(emitted_bookmarks(second))
