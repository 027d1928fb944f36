"""Scheduled reports: windows whose run exceeds the timeout are halved."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tap_cxone.errors import JobTimeout
from tap_cxone.simulator import Fault
from tests.support.expectations import failure
from tests.support.ids import readable
from tests.support.requests import submits
from tests.support.scheduled_reports import (
    MINUTE,
    OTHER,
    QUEUES,
    STREAM,
    Bounded,
    cancellations,
    figures,
    long,
    report_settings,
    run_days,
    run_reports,
    sums,
    until_done,
    whole,
)


def test_window_that_takes_too_long_is_halved(simulate, clock, caplog):
    """A run of more than 45 minutes is cancelled and tried with half its days, as a log says."""
    sim = simulate(long_report_days=2)

    out = run_reports(long(sim, 5, 5), clock)

    assert whole(out, sim, 5, window=2)
    assert run_days(sim) == [(15, 20), (15, 17), (17, 19), (19, 20)]
    assert sim.cancelled == [sim.report_runs[0].id]
    (ended,) = cancellations(sim)
    assert 45 * MINUTE <= ended.at - submits(sim)[0].at <= 47 * MINUTE
    (told,) = (r for r in caplog.records if "Retrying" in r.getMessage())
    assert told.levelno == logging.WARNING
    assert "window_days=2" in told.getMessage()
    assert "2026-03-15Z to 2026-03-20Z" in told.getMessage()


def test_fewer_days_are_remembered(simulate, clock):
    """The next run begins with the days that went well."""
    sim = simulate(long_report_days=2)
    state = run_reports(long(sim, 5, 5), clock).state
    del state["bookmarks"][STREAM]["replication_key_value"]

    second = run_reports(long(sim, 5, 5, start_date="2026-03-11"), clock, state=state)

    assert second.error is None
    assert run_days(sim)[4:] == [(11, 13), (13, 15), (15, 17), (17, 19), (19, 20)]
    assert len(sim.cancelled) == 1


def test_only_once_a_run(simulate, clock):
    """Half the days are tried once; if they are too many too, the stream fails and states it."""
    sim = simulate(long_report_days=1)

    out = run_reports(long(sim, 5, 5), clock)

    assert isinstance(failure(out), JobTimeout)
    assert "scheduled_reports.job_timeout_minutes" in str(failure(out))
    assert run_days(sim) == [(15, 20), (15, 17)]
    assert sim.cancelled == [one.id for one in sim.report_runs]
    assert out.records(STREAM) == []


def test_down_to_one_day(simulate, clock):
    """Over several runs the days become fewer until they are one."""
    sim = simulate(long_report_days=1)

    outs = until_done(sim, long(sim, 5, 5), clock, 5)

    assert [out.error is None for out in outs] == [False, True]
    assert figures(outs[-1].records(STREAM)) == sums(sim, 5)
    assert run_days(sim)[:3] == [(15, 20), (15, 17), (15, 16)]
    assert len(run_days(sim)) == 2 + 5


@pytest.mark.ci
def test_down_to_one_day_beside_another_report(simulate, clock):
    """Of two reports each has days of its own, which become fewer all the same."""
    sim = simulate(long_report_days=1)
    config = long(sim, 5, 5, more=[QUEUES])

    outs = until_done(sim, config, clock, 5)

    assert outs[-1].error is None
    assert figures([r for out in outs for r in out.records(STREAM)]) == sums(sim, 5)


@pytest.mark.ci
def test_days_stay_few_beside_another_report(simulate, clock):
    """Once the days of two reports are one, no run tries more of them again."""
    sim = simulate(long_report_days=1)
    outs = until_done(sim, long(sim, 2, 5, more=[QUEUES]), clock, 6)
    before = len(sim.cancelled)

    later = run_reports(long(sim, 5, 5, more=[QUEUES]), clock, state=outs[-1].state)

    assert later.error is None
    assert len(sim.cancelled) == before


def test_window_with_fewer_days_is_halved_from_those(simulate, clock):
    """Where fewer days are left than a window may have, it is those that are halved."""
    sim = simulate(long_report_days=1)

    out = run_reports(long(sim, 2, 5), clock)

    assert whole(out, sim, 2)
    assert run_days(sim) == [(15, 17), (15, 16), (16, 17)]


def test_one_day_that_times_out_once_is_tried_once_more(simulate, clock):
    """A run over one day that the tap cancels is repeated as it was, whatever window_days is."""
    sim = simulate()
    sim.faults.add(Fault("run", "job-stuck"))

    out = run_reports(long(sim, 1, 5), clock)

    assert whole(out, sim)
    assert run_days(sim) == [(15, 16), (15, 16)]
    assert len(sim.cancelled) == 1


@pytest.mark.parametrize(
    ("own", "minutes"), [({}, 45), ({"job_timeout_minutes": 7}, 7)], ids=readable
)
def test_one_day_that_times_out_twice_fails(simulate, clock, own, minutes):
    """Both runs over one day are cancelled when their time is up; the error states the remedy."""
    sim = simulate(job_seconds=31 * 60)
    sim.faults.add(Fault("run", "job-stuck", times=2))
    began = clock.now()

    out = run_reports(report_settings(sim, own=own, more=[QUEUES]), clock, STREAM)

    assert isinstance(failure(out), JobTimeout)
    assert all(
        w in str(failure(out))
        for w in (STREAM, "scheduled_reports.job_timeout_minutes", "cancelled")
    )
    assert sim.cancelled == [run.id for run in sim.report_runs]
    assert len(sim.cancelled) == 2
    assert clock.now() - began < 2 * (minutes + 3) * MINUTE
    assert "pending_jobs" not in out.state["bookmarks"][STREAM]


@pytest.mark.promise("isolated-failures")
def test_report_after_a_report_that_dies_is_read(simulate, clock):
    """A report whose run dies does not keep the next one from its rows."""
    sim = simulate()
    sim.faults.add(Fault("run", "job-stuck", times=2))

    out = run_reports(report_settings(sim, more=[QUEUES]), clock)

    assert isinstance(failure(out), JobTimeout)
    assert OTHER not in getattr(out.error, "failures", {})
    assert len(out.records(OTHER)) == 3


@pytest.mark.ci
@pytest.mark.parametrize("status", [404, 500])
def test_run_that_cannot_be_cancelled_is_given_up(simulate, clock, status):
    """A run whose time is up is given up in any case, and the error states that it was up."""
    sim = simulate()
    stuck = Fault("run", "job-stuck", times=2)
    sim.faults.add(stuck, Fault("cancel", "status", status=status, times=99))
    began = clock.now()

    out = run_reports(report_settings(sim), clock)

    assert "scheduled_reports.job_timeout_minutes" in str(failure(out))
    assert clock.now() - began < 120 * MINUTE


def test_run_that_hangs_ends_45_minutes_after_its_submit(simulate, clock, hasty):
    """A run that is dead ends 45 minutes after its order, however often it is taken up."""
    sim = simulate()
    sim.faults.add(Fault("run", "job-stuck"))
    state: dict[str, Any] | None = None
    ends = clock.now() + 46 * MINUTE
    for _ in range(3):  # a scheduler that allows 20 minutes
        stop = clock.now() + 20 * MINUTE
        state = run_reports(report_settings(sim), Bounded(clock, stop), state=state).state
        clock.instant = max(clock.instant, stop)

    assert clock.now() > ends
    assert sim.cancelled == [sim.report_runs[0].id]


def test_report_of_one_day_that_reaches_a_limit_is_tried_once_more(sim, clock):
    """A run of a report over one day that the engine ends is started once more."""
    sim.faults.add(Fault("run", "job-failed", body="Execution limit of 30 minutes reached"))

    out = run_reports(report_settings(sim), clock)

    assert out.error is None
    assert len(sim.report_runs) > 1
