"""Data extraction: a 403 that says wait, and missing permissions."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta

import pytest

from tap_cxone.errors import PermissionDenied, Throttled
from tap_cxone.simulator import Fault
from tests.support.data_extraction import (
    expected_workflow_ids,
    extraction_settings,
    run_extraction,
    workflow_ids,
)
from tests.support.expectations import failure
from tests.support.requests import submits

WAIT = '{"message": "Please wait and try again later"}'


@pytest.mark.parametrize(
    "words",
    [
        "Please wait and try again later",
        "Another request is running",
        "Too many requests",
    ],
)
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_403_that_throttles_is_retried(sim, clock, mode, words):
    """A 403 whose words say 'wait' is waited out."""
    body = json.dumps({"message": words})
    sim.faults.add(Fault(mode, "status", status=403, times=3, body=body))

    out = run_extraction(extraction_settings(sim, mode=mode), clock)

    assert out.error is None
    assert workflow_ids(out) == expected_workflow_ids(sim)
    assert len(submits(sim)) == 4
    times = [post.at for post in submits(sim)]
    waits = [after - at for at, after in itertools.pairwise(times)]
    assert min(waits) >= timedelta(seconds=15)


@pytest.mark.parametrize(("place", "path"), [("list", "/jobs"), ("poll", "/jobs/")])
def test_403_that_throttles_a_poll_or_listing_is_retried(sim, clock, place, path):
    """So is one to the list of jobs or to a poll: it is not a missing permission."""
    sim.faults.add(Fault(place, "status", status=403, times=2, body=WAIT))

    out = run_extraction(extraction_settings(sim, mode="async"), clock)

    reads = [seen for seen in sim.requests if seen.method == "GET" and path in seen.path]
    assert workflow_ids(out) == expected_workflow_ids(sim)
    assert [seen.status for seen in reads][:3] == [403, 403, 200]
    assert len(submits(sim)) == 1


def test_403_that_always_throttles_ends_after_the_throttle_timeout(sim, clock):
    """It is given up after throttle_timeout_minutes, with the API's words and the setting."""
    sim.faults.add(Fault("submit", "status", status=403, times=999, body=WAIT))
    began = clock.now()

    out = run_extraction(extraction_settings(sim) | {"throttle_timeout_minutes": 10}, clock)

    assert isinstance(failure(out), Throttled)
    assert "try again later" in str(failure(out))
    assert "throttle_timeout_minutes" in str(failure(out))
    assert timedelta(minutes=5) <= clock.now() - began <= timedelta(minutes=11)


def test_extraction_waits_for_the_job_of_another_client(simulate, clock):
    """While another client's job is running the tap waits, then reads everything."""
    sim = simulate(job_seconds=120)
    config = extraction_settings(sim, mode="async")
    run_extraction(config, clock, cut_after=2)  # another client, gone without a trace

    out = run_extraction(config, clock)

    assert out.error is None
    assert workflow_ids(out) == expected_workflow_ids(sim)


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize(
    ("stream", "permission"),
    [
        ("qm_workflows", "QM Tools > Data Extraction APIs > QM Workflow API"),
        ("qm_questions", "QM Tools > Data Extraction APIs > QM Workflow API"),
        (
            "recording_interaction_metadata",
            "Search & Playback > APIs > Extract Interaction Metadata",
        ),
    ],
)
def test_403_without_permission(simulate, clock, mode, stream, permission):
    """Any other 403 is a missing permission: the one that the entity needs is named, at once."""
    entity = stream.replace("_", "-")
    sim = simulate(forbidden=frozenset({entity}))

    out = run_extraction(extraction_settings(sim, mode=mode), clock, stream=stream)

    assert isinstance(failure(out, stream), PermissionDenied)
    assert permission in str(failure(out, stream))
    assert f"no permission to extract {entity}" in str(failure(out, stream))
    assert len(submits(sim)) == 1
