"""Data extraction: time between submits, and one job at a time."""

from __future__ import annotations

import asyncio
import itertools
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tap_cxone.http.send_timing import SendTiming
from tests.support.data_extraction import extraction_settings, run_extraction
from tests.support.requests import polls, submits
from tests.support.run import run_tap

if TYPE_CHECKING:
    from datetime import datetime

    from tests.support.run import FakeClock


@pytest.mark.ci
@pytest.mark.promise("shared-limits")
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_spacing_over_all_streams(simulate, clock, mode):
    """Two submits are 30 seconds apart, whichever streams they are for."""
    sim = simulate(rows_per_day=1, job_seconds=3)
    config = extraction_settings(sim, mode=mode, window_days=1)

    run_tap(config, clock=clock)

    times = [post.at for post in submits(sim)]
    gaps = {after - at for at, after in itertools.pairwise(times)}
    assert len(times) == 6
    assert min(gaps) == timedelta(seconds=30)
    assert sim.limit_violations == 0


@pytest.fixture
def _jobs_take_time(monkeypatch):
    """Move the clock to the end of each synchronous job, once its request was sent."""
    was_sent, record_sent = threading.Event(), SendTiming.sent

    def record_and_tell(timing: SendTiming) -> None:
        record_sent(timing)
        was_sent.set()

    async def let_time_pass(instant: datetime, clock: FakeClock) -> None:
        await asyncio.to_thread(was_sent.wait, 10)
        was_sent.clear()
        clock.instant = max(clock.instant, instant)

    monkeypatch.setattr(SendTiming, "sent", record_and_tell)
    monkeypatch.setattr("tap_cxone.simulator.data_extraction.routes.wait_until", let_time_pass)


@pytest.mark.ci
@pytest.mark.promise("shared-limits")
@pytest.mark.usefixtures("_jobs_take_time")
def test_synchronous_submits_arrive_at_most_30_5_seconds_apart(simulate, clock):
    """A response that comes when the job is done delays the next submit by half a second."""
    sim = simulate(rows_per_day=1, job_seconds=20)

    run_tap(extraction_settings(sim, mode="sync", window_days=1), clock=clock)

    times = [post.at for post in submits(sim)]
    gaps = [(after - at).total_seconds() for at, after in itertools.pairwise(times)]
    assert len(gaps) == 5
    assert 30 <= min(gaps) <= max(gaps) <= 30.5
    assert sim.limit_violations == 0


@pytest.mark.promise("shared-limits")
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_spacing_over_runs(simulate, clock, mode):
    """A run that follows at once waits for the rest of the 30 seconds, whatever its streams."""
    sim = simulate(job_seconds=3)
    first = run_extraction(extraction_settings(sim, mode=mode), clock)

    second = run_extraction(
        extraction_settings(sim, mode=mode), clock, stream="qm_questions", state=first.state
    )

    assert second.error is None
    one, two = (post.at for post in submits(sim))
    assert two - one == timedelta(seconds=30)
    assert sim.limit_violations == 0


def test_spacing_over_runs_later(sim, clock):
    """A run that follows later does not wait."""
    first = run_extraction(extraction_settings(sim), clock)
    clock.sleep(timedelta(minutes=1))
    clock.slept.clear()

    run_extraction(extraction_settings(sim), clock, stream="qm_questions", state=first.state)

    assert clock.slept == []


def test_request_spacing_seconds(simulate, clock):
    """The spacing is a setting."""
    sim = simulate(rows_per_day=1, spacing_seconds=7)

    run_extraction(extraction_settings(sim, request_spacing_seconds=7, window_days=1), clock)

    one, two = (post.at for post in submits(sim))
    assert two - one == timedelta(seconds=7)


def test_extraction_polls_follow_the_poll_interval(simulate, clock):
    """Polls follow the poll interval, not the 30 seconds between submits."""
    sim = simulate(job_polls=3)

    run_extraction(extraction_settings(sim, mode="async") | {"poll_interval_seconds": 2}, clock)

    times = [sim.jobs[0].submitted_at, *(poll.at for poll in polls(sim))]
    gaps = [after - at for at, after in itertools.pairwise(times)]
    assert len(gaps) == 4
    assert timedelta(seconds=2) <= min(gaps) <= max(gaps) < timedelta(seconds=30)


@pytest.mark.ci
@pytest.mark.promise("shared-limits")
def test_one_active_call(simulate, clock):
    """No submit is made while a job of any stream is running."""
    sim = simulate(rows_per_day=1, job_seconds=90)

    out = run_tap(extraction_settings(sim, mode="async", window_days=1), clock=clock)

    jobs = sim.jobs
    assert out.error is None
    assert len(jobs) == 6
    for job, following in itertools.pairwise(jobs):
        assert job.ready_at is not None
        assert following.submitted_at >= job.ready_at
    assert sim.limit_violations == 0
