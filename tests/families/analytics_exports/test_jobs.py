"""Analytics exports: jobs that fail, hang or have an unknown status."""

from __future__ import annotations

import pytest

from tap_cxone.errors import JobFailed
from tap_cxone.simulator import Fault
from tests.support.analytics_exports import (
    STREAM,
    conversation_ids,
    expected_conversations,
    export_settings,
    run_exports,
)
from tests.support.expectations import failure
from tests.support.requests import submits


@pytest.mark.promise("isolated-failures")
def test_export_that_fails_ends_its_stream_only(sim, clock):
    """A job that fails ends its stream in the API's words; other streams continue."""
    sim.faults.add(Fault("submit", "job-failed", body="The tenant's store is closed"))
    own = {"exports": [{"name": "voice_calls", "filter": "type eq 'voice'"}]}

    out = run_exports(export_settings(sim, own=own), clock, STREAM, "voice_calls", "quarantine")

    assert isinstance(failure(out), JobFailed)
    assert "The tenant's store is closed" in str(failure(out))
    assert sim.analytics_exports[0].id in str(failure(out))
    assert out.records(STREAM) == []
    assert out.bookmark("voice_calls") == "2026-03-16T00:00:00+00:00"
    assert out.bookmark(STREAM) is None


def test_failed_job_ahead_keeps_what_was_committed(sim, clock):
    """What was committed before a job failed stays; the jobs after it are taken up later."""
    sim.faults.add(Fault("submit", "job-failed", after=1))
    first = run_exports(export_settings(sim, 3), clock)
    assert isinstance(failure(first), JobFailed)
    assert first.bookmark(STREAM) == "2026-03-16T00:00:00+00:00"

    second = run_exports(export_settings(sim, 3), clock, state=first.state)

    assert second.error is None
    assert {*conversation_ids(first), *conversation_ids(second)} == {
        r["id"] for r in expected_conversations(sim, 3)
    }
    assert len(submits(sim)) == 4


@pytest.mark.ci
@pytest.mark.parametrize("case", ["upper", "title"])
def test_status_in_other_letters(simulate, clock, case):
    """However the API spells its words, they mean the same."""
    sim = simulate(status_case=case)

    assert run_exports(export_settings(sim), clock).error is None
