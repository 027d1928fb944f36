"""Data extraction: the synchronous and the polled endpoint."""

from __future__ import annotations

import pytest

from tap_cxone.errors import NotFound
from tests.support.data_extraction import (
    ASYNC,
    SYNC,
    expected_workflow_ids,
    extraction_settings,
    run_extraction,
    workflow_ids,
)
from tests.support.expectations import failure
from tests.support.requests import submits
from tests.support.run import run_tap


def test_auto_begins_with_sync(sim, clock):
    """Mode auto, the default, asks the synchronous endpoint."""
    run_extraction(extraction_settings(sim), clock)

    assert [post.path for post in submits(sim)] == [SYNC]


@pytest.mark.parametrize("answer", ["404", "405"])
def test_auto_without_a_sync_endpoint(simulate, clock, answer):
    """A tenant without the synchronous endpoint is asked once, then asynchronously."""
    sim = simulate(sync_response=answer)

    out = run_extraction(extraction_settings(sim, window_days=1), clock)

    assert workflow_ids(out) == expected_workflow_ids(sim)
    assert [post.path for post in submits(sim)] == [SYNC, ASYNC, ASYNC]


def test_no_sync_endpoint_concerns_every_stream(simulate, clock):
    """What one stream learned of the tenant, the others need not try."""
    sim = simulate(sync_response="404")

    run_tap(extraction_settings(sim), clock=clock)

    assert [post.path for post in submits(sim)] == [SYNC, ASYNC, ASYNC, ASYNC]


@pytest.mark.ci
def test_no_sync_endpoint_is_remembered(simulate, clock):
    """The next run does not try the synchronous endpoint again, whatever the stream."""
    sim = simulate(sync_response="404")
    first = run_extraction(extraction_settings(sim), clock)
    before = len(submits(sim))

    run_extraction(extraction_settings(sim), clock, stream="qm_questions", state=first.state)

    assert [post.path for post in submits(sim)[before:]] == [ASYNC]


def test_no_sync_endpoint_is_remembered_when_killed(simulate, clock):
    """The first STATE, right after the submit, holds it already."""
    sim = simulate(sync_response="404")
    first = run_extraction(extraction_settings(sim), clock, cut_after=2)

    run_extraction(extraction_settings(sim), clock, state=first.state)

    assert [post.path for post in submits(sim)] == [SYNC, ASYNC]


def test_sync_without_a_sync_endpoint(simulate, clock):
    """Mode sync does not change the endpoint; the error names the setting."""
    sim = simulate(sync_response="404")

    out = run_extraction(extraction_settings(sim, mode="sync"), clock)

    assert isinstance(failure(out), NotFound)
    assert "data_extraction.mode" in str(failure(out))
    assert [post.path for post in submits(sim)] == [SYNC]


def test_mode_async_never_uses_the_sync_endpoint(sim, clock):
    """Mode async never uses the synchronous endpoint."""
    run_extraction(extraction_settings(sim, mode="async"), clock)

    assert [post.path for post in submits(sim)] == [ASYNC]
