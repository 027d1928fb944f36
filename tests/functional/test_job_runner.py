"""Submit → wait → file, once, whatever happens in between."""

from __future__ import annotations

import itertools
import logging
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.errors import AmbiguousSubmit, StreamsFailed, Throttled, Unavailable
from tap_cxone.simulator import Fault
from tap_cxone.streams.job_stream import JobStream
from tap_cxone.tap import TapCXone
from tests.conftest import settings_for
from tests.support.expectations import failure
from tests.support.requests import polls, submits
from tests.support.run import offline_catalog, run_tap
from tests.support.streams import run_stream

if TYPE_CHECKING:
    from tap_cxone.simulator import RecordedRequest, Simulator

STREAM = "qm_workflows"
JOBS = "/data-extraction/v1/jobs"
PATIENCE = (
    20  # seconds until a thread that does not end is a failure; no passing test waits so long
)
MODES = pytest.mark.parametrize("mode", ["sync", "async"])


def job_settings(sim: Simulator, mode: str = "async", **changes: Any) -> dict[str, Any]:
    """Return settings for one window of one day with twelve rows."""
    short = {"start_date": "2026-03-18T00:00:00Z", "end_date": "2026-03-19T00:00:00Z"}
    return settings_for(sim, **short, own={"mode": mode}) | changes


def gaps(seen: list[RecordedRequest]) -> list[timedelta]:
    """Return the times between requests."""
    return [b.at - a.at for a, b in itertools.pairwise(seen)]


# Waiting


def test_job_pending_for_long_is_polled_at_once(simulate, clock):
    """A pending job of an earlier run is polled without waiting: its time has passed."""
    sim = simulate()
    first = run_stream(job_settings(sim), clock, cut_after=2)
    clock.sleep(timedelta(minutes=10))
    before = clock.now()

    run_stream(job_settings(sim), clock, state=first.state)

    assert polls(sim)[0].at == before


def test_worker_polls_only_jobs_in_an_emitted_state(sim, clock):
    """A worker does nothing with its job before the main thread has written the STATE with it."""
    tap = TapCXone(config=job_settings(sim), clock=clock, catalog=offline_catalog(STREAM))
    stream = tap.streams[STREAM]
    assert isinstance(stream, JobStream)
    source, (window,), executor = (
        stream.source(),
        stream.planned_workload().windows_without_job,
        stream.workers.main_thread,
    )

    def fetch() -> None:
        source.fetch(window, ()).close()

    worker = threading.Thread(target=fetch, daemon=True)
    worker.start()
    executor._wake_event.wait(PATIENCE)  # the main thread has something else to do, and then this
    worker.join(0.1)
    before = [*sim.jobs], polls(sim)
    while worker.is_alive():
        executor.run_pending()
        worker.join(0.01)

    assert [len(seen) for seen in before] == [1, 0]
    assert polls(sim)


def test_poll_that_fails_for_a_while_keeps_the_job(sim, clock):
    """Polls that fail for a while cost nothing but time."""
    sim.faults.add(
        Fault("poll", "status", status=500, times=2),
        Fault("poll", "reset"),
        Fault("poll", "status", status=429, headers=(("Retry-After", "60"),)),
    )

    out = run_stream(job_settings(sim), clock)

    assert out.counts() == {STREAM: 12}
    assert len(submits(sim)) == 1


def test_job_whose_polls_fail_stays_pending(sim, clock):
    """When polling is given up the job stays in STATE, and the next run takes it up."""
    sim.faults.add(Fault("poll", "status", status=500, times=3))

    first = run_stream(job_settings(sim, max_retries=2), clock)
    second = run_stream(job_settings(sim), clock, state=first.state)

    assert isinstance(failure(first), Unavailable)
    assert first.state["bookmarks"][STREAM]["pending_jobs"][0]["id"] == sim.jobs[0].id
    assert second.counts() == {STREAM: 12}
    assert len(submits(sim)) == 1


def test_success_without_a_link(sim, clock):
    """A job that succeeded without a link gave no file: it is not waited for."""
    body = '{"jobStatus": {"id": "j", "status": "SUCCEEDED", "result": null}}'
    sim.faults.add(Fault("poll", "status", status=200, body=body, times=99))

    out = run_stream(job_settings(sim), clock)

    assert "SUCCEEDED" in str(failure(out))
    assert out.bookmark(STREAM) is None


# Submitting


@MODES
def test_submit_waits_for_retry_after(sim, clock, mode):
    """A Retry-After of a refused submit is honoured to the second."""
    body = '{"message": "Too many requests"}'
    wait = (("Retry-After", "77"),)
    sim.faults.add(Fault(mode, "status", status=403, headers=wait, body=body))

    run_stream(job_settings(sim, mode), clock)

    assert gaps(submits(sim)) == [timedelta(seconds=77)]


def test_submit_that_is_throttled_logs_the_wait_as_a_duration(sim, clock, caplog):
    """The log line has whole seconds, as other durations have."""
    caplog.set_level(logging.INFO)
    wait = (("Retry-After", "77"),)
    sim.faults.add(Fault("async", "status", status=429, headers=wait))

    run_stream(job_settings(sim), clock)

    assert "throttled by the API; submitting again in 1:17 min" in caplog.text


def test_slot_held_by_another_client_delays_submits(simulate, clock):
    """While another client's job runs, the delays between submits grow until it has ended."""
    sim = simulate(job_seconds=400)
    run_stream(job_settings(sim), clock, cut_after=2)
    before = len(submits(sim))

    out = run_stream(job_settings(sim), clock)

    tries = gaps(submits(sim)[before:])
    assert out.counts() == {STREAM: 12}
    assert len(tries) < 12
    assert sim.limit_violations == len(tries)


def test_throttled_to_the_end(sim, clock):
    """The error of a submit that was throttled too long names other clients as the cause."""
    body = '{"message": "Another request is running"}'
    sim.faults.add(Fault("submit", "status", status=403, body=body, times=9999))

    out = run_stream(job_settings(sim, throttle_timeout_minutes=5), clock)

    assert isinstance(failure(out), Throttled)
    assert "Another request is running" in str(failure(out))
    assert "exporting" in str(failure(out))


def test_submit_lost_is_looked_up_repeatedly(sim, clock):
    """The job of a lost submit that is not in the list at once is found a little later."""
    sim.faults.add(
        Fault("list", "status", status=200, body='{"jobs": []}', times=2),
        Fault("async", "reply-lost"),
    )

    out = run_stream(job_settings(sim), clock)

    assert out.counts() == {STREAM: 12}
    assert len(submits(sim)) == len(sim.jobs) == 1


def test_two_new_jobs_in_the_list(sim, clock):
    """Two new jobs cannot be distinguished: the stream fails and names them."""
    body = '{"jobs": [{"id": "one", "status": "RUNNING"}, {"id": "two", "status": "RUNNING"}]}'
    sim.faults.add(
        Fault("list", "status", status=200, body='{"jobs": []}'),
        Fault("list", "status", status=200, body=body, times=9),
        Fault("async", "reply-lost"),
    )

    out = run_stream(job_settings(sim), clock)

    assert isinstance(failure(out), AmbiguousSubmit)
    assert "one, two" in str(failure(out))
    assert len(submits(sim)) == 1


@MODES
def test_submits_that_never_work(sim, clock, mode):
    """A submit that fails again and again is given up after max_retries."""
    sim.faults.add(Fault(mode, "status", status=500, times=99, body="Cannot start"))

    out = run_stream(job_settings(sim, mode, max_retries=2), clock)

    assert "Cannot start" in str(failure(out))
    assert len(submits(sim)) == 3
    assert sim.jobs == []


def test_slot_is_free_after_a_failure(sim, clock):
    """A stream that failed while its job ran does not keep the next ones from submitting."""
    sim.faults.add(Fault("async", "job-failed"))

    out = run_tap(job_settings(sim), clock=clock)

    assert isinstance(out.error, StreamsFailed)
    assert len(out.error.failures) == 1
    assert len(out.counts()) == 2
    assert sim.limit_violations == 0


def test_messages_name_the_window_and_the_job(sim, clock):
    """A failure is logged with entity, version, window and job."""
    sim.faults.add(Fault("poll", "job-failed", body="Out of paper"))

    out = run_stream(job_settings(sim), clock)

    message = str(failure(out))
    for part in ("qm-workflows", "version 4", "2026-03-18Z to 2026-03-19Z", sim.jobs[0].id):
        assert part in message
