"""Data extraction: jobs that fail, are cancelled or hang."""

from __future__ import annotations

import pytest

from tap_cxone.errors import JobFailed
from tap_cxone.simulator import Fault
from tests.support.data_extraction import (
    STREAM,
    extraction_settings,
    run_extraction,
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
