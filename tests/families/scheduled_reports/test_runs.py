"""Scheduled reports: runs that fail, are lost or expire."""

from __future__ import annotations

import pytest

from tap_cxone.errors import JobFailed
from tap_cxone.simulator import Fault
from tests.support.expectations import failure
from tests.support.scheduled_reports import (
    cancellations,
    report_settings,
    run_reports,
    whole,
)


@pytest.mark.parametrize("fate", ["job-failed", "job-lost"])
def test_run_that_ended_is_not_cancelled(sim, clock, fate):
    """A run that gives nothing is left as it is: only one whose time is up is cancelled."""
    sim.faults.add(Fault("run", fate))

    out = run_reports(report_settings(sim), clock)

    assert isinstance(failure(out), JobFailed)
    assert cancellations(sim) == []


@pytest.mark.parametrize("after", [0, 1])
def test_result_that_is_gone_is_made_again(simulate, clock, after):
    """A result that is gone when its pages are read is made again."""
    sim = simulate(page_size_reports=2)
    sim.faults.add(Fault("page", "status", status=404, after=after))

    out = run_reports(report_settings(sim), clock)

    assert whole(out, sim)


@pytest.mark.parametrize("key", ["runId", "id"])
def test_run_id_of_either_name_is_read(simulate, clock, key):
    """A run's id may have either name."""
    sim = simulate(run_id_key=key)

    assert whole(run_reports(report_settings(sim), clock), sim)
