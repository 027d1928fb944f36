"""Scheduled reports: statuses of runs, and the time between polls."""

from __future__ import annotations

import itertools

import pytest

from tap_cxone.simulator import Fault
from tests.support.expectations import failure
from tests.support.ids import readable
from tests.support.requests import polls, submits
from tests.support.scheduled_reports import (
    MINUTE,
    QUEUES,
    SECOND,
    STREAM,
    answer,
    done,
    report_row,
    report_settings,
    run_reports,
    whole,
)


@pytest.mark.some(3)
@pytest.mark.parametrize(
    "words", [("QUEUED", "PROCESSING"), ("Pending", "Running"), (" queued ",)], ids=readable
)
@pytest.mark.parametrize("end", ["COMPLETED", "Completed", "completed"])
def test_states_in_any_spelling(simulate, clock, words, end):
    """The words for a state may be written in any way."""
    sim = simulate()
    answer(sim, "poll", *({"state": word} for word in words), {**done(report_row()), "state": end})

    out = run_reports(report_settings(sim), clock)

    assert out.error is None
    assert [r["agent_id"] for r in out.records(STREAM)] == ["007"]


@pytest.mark.ci
def test_report_state_unknown_for_too_long_is_shown_without_rows(sim, clock):
    """The error at the time-out shows the state and none of the rows beside it."""
    body = {"state": "hibernating", "data": [{"agentId": "007"}]}
    answer(sim, "poll", *[body] * 99)

    out = run_reports(report_settings(sim), clock)

    assert "hibernating" in str(failure(out))
    assert "007" not in str(failure(out))


@pytest.mark.parametrize("seconds", [1, 14, 15, 16, 200, 1700])
def test_polls(simulate, clock, seconds):
    """Polls are at least 15 s apart, grow apart to at most two minutes, and end with the run."""
    sim = simulate(job_seconds=seconds)

    out = run_reports(report_settings(sim), clock)

    times = [submits(sim)[0].at, *(seen.at for seen in polls(sim))]
    gaps = [later - sooner for sooner, later in itertools.pairwise(times)]
    assert whole(out, sim)
    assert min(gaps) >= 15 * SECOND
    assert max(gaps) <= 2 * MINUTE
    assert gaps == sorted(gaps)
    assert times[-1] - times[0] < seconds * SECOND + 2 * MINUTE
    assert seconds < 1000 or gaps[-1] == 2 * MINUTE


@pytest.mark.ci
def test_polls_of_later_runs(simulate, clock):
    """Polls stay apart when the time of one run tells when to look for the next."""
    sim = simulate(job_seconds=100)

    out = run_reports(report_settings(sim, 5, more=[QUEUES]), clock)

    assert out.error is None
    assert sim.fast_polls == 0


@pytest.mark.ci
def test_many_runs_wait_for_little_but_their_reports(simulate, clock):
    """Runs of 20 s, looked at 15 s apart at the soonest, take hardly longer than 20 s each."""
    sim = simulate(job_seconds=20)
    began = clock.now()

    assert run_reports(report_settings(sim, number=5, start_date="2026-01-29"), clock).error is None

    assert len(sim.report_runs) == 50
    assert clock.now() - began <= 1.1 * 50 * 20 * SECOND
    assert sim.fast_polls == 0


@pytest.mark.parametrize(
    "fault",
    [
        Fault("poll", "status", status=500),
        Fault("poll", "status", status=429, times=3),
        Fault("poll", "reset", times=2),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_polls_after_one_that_failed(simulate, clock, hasty, fault):
    """Polls stay apart also where one had to be repeated, and so came late."""
    sim = simulate(job_seconds=100)
    sim.faults.add(fault)

    assert whole(run_reports(report_settings(sim), clock), sim)
    assert sim.fast_polls == 0


def test_polls_after_a_damaged_file(simulate, clock, hasty):
    """Polls stay apart also where a damaged file needs a fresh link."""
    sim = simulate(report_result="csv")
    sim.faults.add(Fault("download", "malformed-csv"))

    assert whole(run_reports(report_settings(sim), clock), sim)
    assert sim.fast_polls == 0


def test_result_without_rows_is_polled_again(sim, clock):
    """A run that is said to be completed and shows no result is looked at again, not too soon."""
    answer(sim, "poll", {"state": "completed"}, times=2)

    out = run_reports(report_settings(sim), clock)

    gaps = [later.at - sooner.at for sooner, later in itertools.pairwise(polls(sim))]
    assert whole(out, sim)
    assert all(gap >= 15 * SECOND for gap in gaps)
