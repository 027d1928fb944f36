"""Data extraction: jobs that fail, are cancelled or hang."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tap_cxone.errors import JobFailed, JobTimeout
from tap_cxone.simulator import Fault
from tests.support.data_extraction import (
    STREAM,
    expected_workflow_ids,
    extraction_settings,
    run_extraction,
    workflow_ids,
)
from tests.support.expectations import failure
from tests.support.requests import submits


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("field", ["errorMessage", "messageError"])
def test_failed_jobs(simulate, clock, mode, field):
    """A failed job ends the stream in the API's words, whichever field holds them."""
    sim = simulate(error_field=field)
    sim.faults.add(Fault("submit", "job-failed", body="Disk full on node 7"))

    out = run_extraction(extraction_settings(sim, mode=mode), clock)

    assert isinstance(failure(out), JobFailed)
    assert "Disk full on node 7" in str(failure(out))
    assert out.records(STREAM) == []
    assert out.bookmark(STREAM) is None


@pytest.mark.parametrize(
    ("fate", "word"), [("job-cancelled", "CANCELLED"), ("job-expired", "EXPIRED")]
)
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_jobs_without_a_file(simulate, clock, mode, fate, word):
    """A cancelled or expired job ends the stream and states it."""
    sim = simulate()
    sim.faults.add(Fault("submit", fate))

    out = run_extraction(extraction_settings(sim, mode=mode), clock)

    assert isinstance(failure(out), JobFailed)
    assert word in str(failure(out)).upper()
    assert len(submits(sim)) == 1


def test_failed_job_is_not_resumed(sim, clock):
    """A failed job is forgotten: the next run submits its window again."""
    sim.faults.add(Fault("async", "job-failed"))
    first = run_extraction(extraction_settings(sim, mode="async"), clock)
    clock.sleep(timedelta(minutes=1))

    second = run_extraction(extraction_settings(sim, mode="async"), clock, state=first.state)

    assert second.error is None
    assert workflow_ids(second) == expected_workflow_ids(sim)
    assert len(submits(sim)) == 2


def test_stuck_jobs(sim, clock):
    """A job that never ends is given up after job_timeout_minutes; the error names the setting."""
    sim.faults.add(Fault("async", "job-stuck"))
    began = clock.now()

    out = run_extraction(
        extraction_settings(sim, mode="async") | {"job_timeout_minutes": 10}, clock
    )

    assert isinstance(failure(out), JobTimeout)
    assert "job_timeout_minutes" in str(failure(out))
    assert sim.jobs[0].id in str(failure(out))
    waited = clock.now() - began
    assert timedelta(minutes=10) <= waited <= timedelta(minutes=11)
    assert len(submits(sim)) == 1
