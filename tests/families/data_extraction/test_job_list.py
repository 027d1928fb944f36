"""Data extraction: the list of jobs, which only serves to find the job of a lost submit."""

from __future__ import annotations

from typing import Any

import pytest

from tap_cxone.errors import AmbiguousSubmit
from tap_cxone.simulator import Fault
from tests.support.data_extraction import (
    expected_workflow_ids,
    extraction_settings,
    run_extraction,
    workflow_ids,
)
from tests.support.expectations import failure
from tests.support.requests import listings, submits
from tests.support.run import run_tap

FAILURES: dict[str, dict[str, Any]] = {
    **{str(status): {"status": status} for status in (400, 401, 403, 404, 405, 429, 500)},
    "redirect": {"status": 302, "headers": (("Location", "/elsewhere"),)},
    "page": {"kind": "html"},
    "reset": {"kind": "reset"},
}


def list_fault(how: dict[str, Any], **more: Any) -> Fault:
    """Return a fault of every request for the list."""
    return Fault("list", **{"kind": "status", "times": 999, **how, **more})


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("how", FAILURES.values(), ids=list(FAILURES))
def test_failing_job_list_delays_no_submit(sim, clock, mode, how):
    """The list is dispensable: whatever its request gives, the submit follows at once."""
    sim.faults.add(list_fault(how))
    began = clock.now()

    out = run_extraction(extraction_settings(sim, mode=mode), clock)

    assert out.error is None
    assert workflow_ids(out) == expected_workflow_ids(sim)
    assert submits(sim)[0].at == began


@pytest.mark.ci
def test_job_list_is_requested_once_per_run(simulate, clock):
    """All submits of all streams share one request for the list."""
    sim = simulate(rows_per_day=1, job_seconds=3)

    out = run_tap(extraction_settings(sim, mode="async", window_days=1), clock=clock)

    assert out.error is None
    assert len(submits(sim)) == 6
    assert len(listings(sim)) == 1


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_interval_that_counts_every_request_is_kept(simulate, clock, mode):
    """A tenant that counts each request for the 30 seconds gives every window all the same."""
    sim = simulate(rows_per_day=1, spacing_counts="requests")
    config = extraction_settings(sim, mode=mode, window_days=1)

    out = run_extraction(config, clock)

    assert out.error is None
    assert workflow_ids(out) == expected_workflow_ids(sim)
    assert len(sim.jobs) == 2


@pytest.mark.promise("no-double-submit")
@pytest.mark.parametrize("after", [0, 1, 2], ids=["first", "second", "third"])
def test_lost_submit_of_any_window_is_found_in_the_job_list(simulate, clock, after):
    """The job of a lost submit is adopted, though the list was requested before the first one."""
    sim = simulate(rows_per_day=1)
    sim.faults.add(Fault("async", "reply-lost", after=after))
    config = extraction_settings(sim, mode="async", window_days=1)

    out = run_extraction(config | {"start_date": "2026-03-15T00:00:00Z"}, clock)

    assert out.error is None
    assert len(sim.jobs) == 3


def test_lost_submit_without_a_job_list_ends_the_stream(sim, clock):
    """Without a list a lost submit cannot be settled, so the stream fails and says so."""
    sim.faults.add(list_fault({"status": 500}), Fault("async", "reply-lost"))

    out = run_extraction(extraction_settings(sim, mode="async"), clock)

    assert isinstance(failure(out), AmbiguousSubmit)
    assert "The next run submits the window again" in str(failure(out))
    assert len(submits(sim)) == 1


@pytest.mark.ci
def test_job_that_no_response_named_is_not_adopted(simulate, clock):
    """A job of this run that its response did not name is not taken for that of a lost submit."""
    sim = simulate(rows_per_day=1, sync_response="url")
    sim.faults.add(Fault("sync", "status", status=500, after=1))

    out = run_extraction(extraction_settings(sim, mode="sync", window_days=1), clock)

    assert out.error is None
    assert len(sim.jobs) == 2
    assert workflow_ids(out) == expected_workflow_ids(sim)
