"""Scheduled reports: runs that fail, are lost or expire."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tap_cxone.errors import JobFailed
from tap_cxone.simulator import Fault
from tests.support.expectations import failure
from tests.support.requests import submits
from tests.support.scheduled_reports import (
    MINUTE,
    OTHER,
    QUEUES,
    STREAM,
    cancellations,
    report_settings,
    run_reports,
    until_done,
    whole,
)


@pytest.mark.promise("isolated-failures")
def test_a_failed_run(sim, clock):
    """A failed run ends its stream with the API's reason; others continue."""
    sim.faults.add(Fault("run", "job-failed", body="Too many rows: 1 000 001"))

    first = run_reports(report_settings(sim, more=[QUEUES]), clock)
    second = run_reports(report_settings(sim, more=[QUEUES]), clock, state=first.state)

    assert isinstance(failure(first), JobFailed)
    assert "Too many rows: 1 000 001" in str(failure(first))
    assert first.records(STREAM) == []
    assert len(first.records(OTHER)) == 3
    assert whole(second, sim)


@pytest.mark.parametrize("fate", ["job-failed", "job-lost"])
def test_a_run_that_ended_is_not_cancelled(sim, clock, fate):
    """A run that gives nothing is left as it is: only one whose time is up is cancelled."""
    sim.faults.add(Fault("run", fate))

    out = run_reports(report_settings(sim), clock)

    assert isinstance(failure(out), JobFailed)
    assert cancellations(sim) == []


@pytest.mark.parametrize("fate", ["job-failed", "job-cancelled", "job-expired", "job-lost"])
def test_pending_run_without_result_is_started_again(simulate, clock, fate):
    """A run of an earlier time that gives nothing is started again."""
    sim = simulate()
    cut = run_reports(report_settings(sim), clock, cut_after=3)
    sim.faults.add(Fault("poll", fate))
    clock.sleep(MINUTE)

    out = run_reports(report_settings(sim), clock, state=cut.state)

    assert cut.state["bookmarks"][STREAM]["pending_jobs"]
    assert whole(out, sim)
    assert len(submits(sim)) == 2


def test_a_lost_run(sim, clock):
    """A run that the API no longer knows is started again, by the next run at the latest."""
    sim.faults.add(Fault("run", "job-lost"))

    outs = until_done(sim, report_settings(sim), clock, 2)

    assert whole(outs[-1], sim)
    assert len(submits(sim)) == 2


@pytest.mark.parametrize("after", [0, 1])
def test_a_lost_result(simulate, clock, after):
    """A result that is gone when its pages are read is made again."""
    sim = simulate(page_size_reports=2)
    sim.faults.add(Fault("page", "status", status=404, after=after))

    out = run_reports(report_settings(sim), clock)

    assert whole(out, sim)


def test_results_that_expired(simulate, clock):
    """A pending run whose result is a day old is started again."""
    sim = simulate()
    cut = run_reports(report_settings(sim), clock, cut_after=3)
    clock.sleep(timedelta(hours=25))

    out = run_reports(report_settings(sim), clock, state=cut.state)

    assert whole(out, sim)
    assert len(sim.report_runs) == 2


@pytest.mark.parametrize("key", ["runId", "id"])
def test_the_id_of_a_run(simulate, clock, key):
    """A run's id may have either name."""
    sim = simulate(run_id_key=key)

    assert whole(run_reports(report_settings(sim), clock), sim)
