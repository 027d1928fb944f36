"""Data extraction: a 403 that says wait, and missing permissions."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta

import pytest

from tap_cxone.errors import PermissionDenied, StreamsFailed, Throttled
from tap_cxone.families.data_extraction.schemas import permission_of
from tap_cxone.simulator import Fault
from tests.docs.document import ROOT
from tests.support.data_extraction import (
    expected_workflow_ids,
    extraction_settings,
    run_extraction,
    workflow_ids,
)
from tests.support.expectations import failure
from tests.support.requests import listings, polls, submits
from tests.support.run import run_tap

WAIT = '{"message": "Please wait and try again later"}'


@pytest.mark.parametrize(
    "words",
    [
        "Please wait and try again later",
        "Another request is running",
        "Too many requests",
        "Service busy",
        "Concurrent extraction limit reached",
        "Only one job may be active at a time",
        "A job already exists for this tenant",
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


@pytest.mark.parametrize("place", ["list", "poll"])
def test_403_that_throttles_a_poll_or_listing_is_retried(sim, clock, place):
    """So is one to a poll, or to the list of jobs after a lost submit: it is no permission."""
    if place == "list":
        sim.faults.add(Fault("async", "reply-lost"))
    after = 1 if place == "list" else 0
    sim.faults.add(Fault(place, "status", status=403, times=2, body=WAIT, after=after))

    out = run_extraction(extraction_settings(sim, mode="async"), clock)

    reads = listings(sim) if place == "list" else polls(sim)
    assert workflow_ids(out) == expected_workflow_ids(sim)
    assert [seen.status for seen in reads][after:][:3] == [403, 403, 200]
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


@pytest.mark.parametrize(
    "words",
    [
        "You are not authorized to access this entity, contact your administrator and try again",
        "Unauthorized: no license for this entity. Please wait until it is granted",
        "Insufficient rights, try again later",
        "User has no access to the entity. Please wait",
        "Access denied, please try again later",
        "You lack the permission for this job, wait for your administrator",
        "You lack access to this entity, please wait and try again",
        "The token has no such scope, please wait",
    ],
    ids=[
        "not authorized",
        "licence",
        "rights",
        "access",
        "denied",
        "permission",
        "no access yet",
        "scope",
    ],
)
def test_403_of_permission_is_not_waited_out(sim, clock, words):
    """Words of permission win over a request to wait: the stream ends at once and names it."""
    body = json.dumps({"message": words})
    sim.faults.add(Fault("submit", "status", status=403, body=body, times=999))
    began = clock.now()

    out = run_extraction(extraction_settings(sim), clock)

    assert isinstance(failure(out), PermissionDenied)
    assert "QM Workflow API" in str(failure(out))
    assert clock.now() == began


@pytest.mark.parametrize("status", [400, 409, 423])
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_busy_api_is_waited_out_whatever_its_status(sim, clock, mode, status):
    """A 400, 409 or 423 that says that a job is in progress is throttling."""
    body = '{"message": "An extraction is in progress, please wait"}'
    sim.faults.add(Fault(mode, "status", status=status, times=2, body=body))

    out = run_extraction(extraction_settings(sim, mode=mode), clock)

    assert out.error is None
    assert workflow_ids(out) == expected_workflow_ids(sim)
    assert len(submits(sim)) == 3


def test_400_that_only_says_try_again_is_final(sim, clock):
    """A wrong value does not become right by waiting, whatever the API suggests."""
    body = '{"message": "Unknown version. Correct it and try again"}'
    sim.faults.add(Fault("submit", "status", status=400, times=999, body=body))

    out = run_extraction(extraction_settings(sim), clock)

    assert "Unknown version" in str(failure(out))
    assert len(submits(sim)) == 1


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_401_of_one_entity_is_a_missing_permission(sim, clock, mode):
    """A login that works elsewhere is no wrong key: the permission of the entity is named."""
    sim.faults.add(Fault("submit", "status", status=401, times=999))

    out = run_extraction(extraction_settings(sim, mode=mode), clock)

    assert isinstance(failure(out), PermissionDenied)
    assert "QM Workflow API" in str(failure(out))
    assert "access_key_secret" not in str(failure(out))


@pytest.mark.parametrize("status", [401, 500])
def test_401_of_the_first_entity_is_judged_when_others_work(sim, clock, status):
    """Without a list of jobs the next entity shows that the key is right."""
    sim.faults.add(
        Fault("list", "status", status=status, times=999),
        Fault("submit", "status", status=401, times=2),
    )

    out = run_tap(extraction_settings(sim, mode="sync"), clock=clock)

    assert isinstance(out.error, StreamsFailed)
    assert list(out.error.failures) == ["qm_questions"]
    assert isinstance(failure(out), PermissionDenied)
    assert "QM Workflow API" in str(out.error)
    assert "access_key_secret" not in str(out.error)


@pytest.mark.parametrize(
    "entity", ["qm-workflows", "recording-interaction-metadata", "wfm-payroll", "evaluator-notes"]
)
def test_page_names_the_permission_of_an_entity(entity):
    """The message of a 403 and the page on the setup of a tenant name the same permission."""
    page = (ROOT / "docs/tenant-setup.md").read_text("utf-8")

    assert f"| {permission_of(entity)} |" in page
