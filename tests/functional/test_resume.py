"""A run that was killed, and the run after it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.errors import AmbiguousSubmit, StreamsFailed
from tap_cxone.simulator import Fault
from tests.conftest import settings_for
from tests.support.examples import csv_jobs
from tests.support.requests import submits
from tests.support.run import Killed, run_tap, select
from tests.support.streams import run_stream

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator
    from tests.support.run import FakeClock, Output

STREAM = "qm_workflows"
FAILED = '{"jobStatus": {"id": "ours", "status": "FAILED", "result": {"errorMessage": "Sorry"}}}'


def three_days(sim: Simulator, mode: str) -> dict[str, Any]:
    """Return settings for three windows that do not depend on the time of the run."""
    return settings_for(
        sim,
        start_date="2026-03-15T00:00:00Z",
        end_date="2026-03-18T00:00:00Z",
        poll_interval_seconds=25,
        own={"mode": mode, "window_days": 1, "overlap_days": 0},
    )


def merged(*runs: Output) -> dict[str, dict[str, Any]]:
    """Merge the records of some runs by key, the later over the earlier, as a target does."""
    return {record["workflow_id"]: record for run in runs for record in run.records(STREAM)}


def last_state(out: Output) -> dict[str, Any] | None:
    """Return the last state that left, None if none did."""
    return out.states[-1] if out.states else None


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_extraction_run_killed_after_any_line_gives_the_same_rows(simulate, clock, mode):
    """Killed after any line: a new run with the last STATE gives, merged, the undisturbed rows."""
    undisturbed = run_stream(three_days(simulate(rows_per_day=2), mode), clock)
    assert undisturbed.counts() == {STREAM: 6}
    for lines in range(1, len(undisturbed.messages)):
        sim = simulate(rows_per_day=2)
        config = three_days(sim, mode)
        catalog = select(config, STREAM)

        first = run_tap(config, clock=clock, catalog=catalog, cut_after=lines)
        second = run_tap(config, clock=clock, catalog=catalog, state=last_state(first))

        assert isinstance(first.error, Killed)
        assert len(first.messages) == lines
        assert second.error is None
        assert merged(first, second) == merged(undisturbed)
        assert second.bookmark(STREAM) == undisturbed.bookmark(STREAM)
        again = set(merged(first)) & set(merged(second))
        assert len(again) <= 2  # at most one window comes again
        # A job that left a STATE is never submitted a second time.
        assert len(submits(sim)) <= (4 if mode == "sync" or lines == 1 else 3)
        assert sim.limit_violations == 0


@pytest.mark.ci
def test_extraction_run_killed_repeatedly_gives_the_same_rows(simulate, clock):
    """However often it is killed, each run continues where the last emitted STATE ends."""
    sim = simulate(rows_per_day=2)
    config = three_days(sim, "async")
    config[csv_jobs.FAMILY]["overlap_days"] = 0
    runs = [run_stream(config, clock, cut_after=5)]
    while isinstance(runs[-1].error, Killed):
        runs.append(run_stream(config, clock, cut_after=5, state=last_state(runs[-1])))
        assert len(runs) < 10

    truth = sim.expected_rows("qm-workflows", sim.jobs[0].spec.start, sim.jobs[-1].spec.end)
    assert runs[-1].error is None
    assert merged(*runs).keys() == {row["Workflow ID"] for row in truth}
    assert len(submits(sim)) == 3


@pytest.mark.ci
def test_killed_run_of_all_streams_is_completed(simulate, clock):
    """Complete streams are requested again for the day of their bookmark and the one before."""
    sim = simulate(rows_per_day=2)
    config = settings_for(sim, start_date="2026-03-01T00:00:00Z")
    config[csv_jobs.FAMILY] = {"mode": "async"}
    undisturbed = run_tap(config, clock=clock)
    lines = [m.get("stream") for m in undisturbed.messages].index("recording_interaction_metadata")

    first = run_tap(config, clock=clock, cut_after=lines + 4)
    before = len(submits(sim))
    second = run_tap(config, clock=clock, state=last_state(first))

    assert second.error is None
    asked = [json.loads(seen.body)["startDate"] for seen in submits(sim)[before:]]
    assert asked == ["2026-03-19", "2026-03-19", "2026-03-15"]


def interrupted(sim: Simulator, clock: FakeClock) -> Output:
    """Kill a run right after the STATE that holds its first job."""
    out = run_stream(three_days(sim, "async"), clock, cut_after=2)
    assert len(sim.jobs) == 1
    assert out.state["bookmarks"][STREAM]["pending_jobs"]
    return out


@pytest.mark.promise("pending-jobs")
def test_pending_job_is_resumed_hours_later(simulate, clock):
    """The file of a job is kept for a day: a run hours later still takes it up."""
    sim = simulate(rows_per_day=2)
    first = interrupted(sim, clock)
    clock.sleep(timedelta(hours=20))

    second = run_stream(three_days(sim, "async"), clock, state=first.state)

    assert second.counts() == {STREAM: 6}
    assert len(submits(sim)) == 3


def test_pending_job_of_the_newest_window_is_read_to_the_present(simulate, clock):
    """A job whose window ended inside a day is taken up, and that day read again to the present."""
    sim = simulate(rows_per_day=48)
    config = settings_for(sim, start_date="2026-03-20T00:00:00Z")
    config[csv_jobs.FAMILY] = {"mode": "async"}
    first = run_stream(config, clock, cut_after=2)
    clock.sleep(timedelta(hours=6))

    second = run_stream(config, clock, state=first.state)

    assert len(submits(sim)) == 2
    ends = list(dict.fromkeys(r["_window_end"] for r in second.records(STREAM)))
    assert ends[0] == "2026-03-20T11:30:00+00:00"
    assert second.bookmark(STREAM) == "2026-03-20T17:30:00+00:00"
    truth = sim.expected_rows(
        "qm-workflows", clock.now().date(), clock.now(), sim.jobs[-1].ready_at
    )
    assert merged(second).keys() == {row["Workflow ID"] for row in truth}


def another_version(simulate, clock):
    """Interrupt a run with a job of one version of the entity; continue with another version."""
    sim = simulate(rows_per_day=2)
    first = interrupted(sim, clock)
    config = three_days(sim, "async")
    config[csv_jobs.FAMILY]["entities"] = [{"name": STREAM, "version": "3"}]
    clock.sleep(timedelta(minutes=5))
    return sim, run_stream(config, clock, state=first.state)


@pytest.mark.promise("pending-jobs")
def test_job_of_another_request_is_in_no_state(simulate, clock):
    """It is deleted too, since no run would resume it."""
    sim, second = another_version(simulate, clock)

    states = [state["bookmarks"][STREAM] for state in second.states[1:]]  # first what was given
    pending = {job["id"] for state in states for job in state.get("pending_jobs", [])}
    assert pending == {job.id for job in sim.jobs[1:]}


@pytest.mark.ci
def test_stuck_job_stays_for_the_next_run(simulate, clock):
    """A job whose time is up ends the stream; it stays in STATE and the next run takes it up."""
    sim = simulate(rows_per_day=2, job_seconds=600)
    first = run_stream(three_days(sim, "async") | {"job_timeout_minutes": 2}, clock)
    assert isinstance(first.error, StreamsFailed)

    second = run_stream(three_days(sim, "async"), clock, state=first.state)

    assert second.error is None
    assert second.counts() == {STREAM: 6}
    assert len(submits(sim)) == 3


# Submits whose answer was lost


def test_job_found_in_the_list_is_in_state_before_its_poll(simulate, clock):
    """The job that the list gave is in a STATE before its first poll."""
    sim = simulate(rows_per_day=2)
    sim.faults.add(Fault("async", "reply-lost"))

    out = run_stream(three_days(sim, "async"), clock, cut_after=2)

    (pending,) = out.state["bookmarks"][STREAM]["pending_jobs"]
    assert pending["id"] == sim.jobs[0].id
    assert not [seen for seen in sim.requests if sim.jobs[0].id in seen.path]


@pytest.mark.promise("no-double-submit")
@pytest.mark.parametrize("status", [408, 500, 502, 504])
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_failed_submit_that_made_a_job_adopts_it(simulate, clock, mode, status):
    """A submit whose answer was an error of the server may have made a job: it is taken up."""
    sim = simulate(rows_per_day=2)
    sim.faults.add(
        Fault("list", "status", status=200, body='{"jobs": []}'),
        Fault("list", "status", status=200, body='{"jobs": [{"id": "ours", "status": "RUNNING"}]}'),
        Fault(mode, "status", status=status),
        Fault("poll", "status", status=200, body=FAILED),
    )

    run_stream(three_days(sim, mode), clock)

    assert len(submits(sim)) == 1
    assert sim.requests[-1].path.endswith("/jobs/ours")


@pytest.mark.promise("no-double-submit")
@pytest.mark.parametrize("lists", [0, 1])
@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_submit_lost_without_listing_is_not_repeated(simulate, clock, mode, status, lists):
    """Where the list is not to be had, before or after, the stream fails: no second submit."""
    sim = simulate(rows_per_day=2)
    sim.faults.add(
        Fault("list", "status", status=status, times=99, after=lists, body="Not for you"),
        Fault(mode, "reply-lost"),
    )

    out = run_stream(three_days(sim, mode), clock)

    assert isinstance(out.error, StreamsFailed)
    assert isinstance(out.error.failures[STREAM], AmbiguousSubmit)
    assert "list" in str(out.error)
    assert len(submits(sim)) == 1


def test_without_a_list_extraction_works(simulate, clock):
    """The list is needed only when an answer was lost."""
    sim = simulate(rows_per_day=2)
    sim.faults.add(Fault("list", "status", status=403, times=99, body="Not for you"))

    out = run_stream(three_days(sim, "async"), clock)

    assert out.error is None
    assert out.counts() == {STREAM: 6}


@pytest.mark.promise("pending-jobs")
def test_jobs_that_were_there_before_are_not_ours(simulate, clock):
    """The job of a lost submit is the one that was not in the list before it."""
    sim = simulate(rows_per_day=2)
    run_stream(three_days(sim, "async"), clock)  # three older jobs
    clock.sleep(timedelta(minutes=1))
    sim.faults.add(Fault("async", "reply-lost"))

    out = run_stream(three_days(sim, "async"), clock, cut_after=2)

    (pending,) = out.state["bookmarks"][STREAM]["pending_jobs"]
    assert pending["id"] == sim.jobs[3].id


@pytest.mark.promise("no-double-submit")
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_two_submits_lost_in_a_row_are_looked_up_each(simulate, clock, mode):
    """Each submit is settled by itself."""
    sim = simulate(rows_per_day=2)
    sim.faults.add(Fault(mode, "reply-lost", times=2))

    out = run_stream(three_days(sim, mode), clock)

    assert out.error is None
    assert out.counts() == {STREAM: 6}
    assert len(sim.jobs) == 3
