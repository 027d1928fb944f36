"""Data extraction: jobs that fail, are cancelled or hang."""

from __future__ import annotations

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
from tests.support.streams import submitted_dates


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


@pytest.mark.parametrize("mode", ["auto", "sync", "async"])
@pytest.mark.parametrize(
    "reason", ["Execution limit exceeded", "query timed out", "the result is too large"], ids=str
)
def test_extraction_job_that_is_too_much_is_halved(simulate, clock, mode, reason):
    """A job that fails for its time or size is repeated with half the days, in each mode."""
    sim = simulate()
    sim.faults.add(Fault("submit", "job-failed", body=reason))

    out = run_extraction(extraction_settings(sim, mode=mode), clock)

    assert out.error is None
    assert submitted_dates(sim) == [
        ("2026-03-16", "2026-03-18"),
        ("2026-03-16", "2026-03-17"),
        ("2026-03-17", "2026-03-18"),
    ]
    assert workflow_ids(out) == expected_workflow_ids(sim)


@pytest.mark.parametrize("mode", ["auto", "sync", "async"])
def test_extraction_job_of_one_day_that_takes_too_long_is_repeated_once(simulate, clock, mode):
    """A time limit for one day leads to one more job of that day, and a second one is an error."""
    sim = simulate()
    sim.faults.add(Fault("submit", "job-failed", body="Execution limit exceeded", times=9))

    out = run_extraction(extraction_settings(sim, mode=mode, window_days=1), clock)

    assert isinstance(failure(out), JobTimeout)
    assert "2026-03-16Z to 2026-03-17Z" in str(failure(out))
    assert submitted_dates(sim) == [("2026-03-16", "2026-03-17")] * 2
