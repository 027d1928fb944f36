"""Contract of every family with jobs: polls, statuses, failed jobs and time-outs."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta

import pytest

from tap_cxone.errors import JobFailed, JobTimeout
from tap_cxone.simulator import Fault
from tests.contract.scenes import (
    assert_complete,
    assert_nothing_emitted,
    pending_ids,
    run_scene,
    run_until_killed,
    scenes_that_can,
    scenes_that_cannot,
)
from tests.support.expectations import failure
from tests.support.scene import Ability

POLLED = (Ability.JOBS, Ability.PENDING_JOBS)
INTERVAL = timedelta(seconds=16)
TIMEOUT = timedelta(minutes=20)
UNUSABLE = pytest.mark.parametrize(
    "end", ["job-failed", "job-cancelled", "job-expired", "job-lost"]
)


@pytest.mark.some(2)
@scenes_that_can(*POLLED)
def test_polls_grow_apart_until_the_job_times_out(simulate, clock, scene):
    """Polls begin one interval after the submit, grow to a few intervals, and end in time."""
    sim = simulate(**scene.options)
    sim.faults.add(Fault(scene.submits[-1], "job-stuck", times=9))
    timing = scene.timing(
        poll_interval_seconds=INTERVAL.total_seconds(), job_timeout_minutes=TIMEOUT.seconds / 60
    )

    out = run_scene(scene, sim, clock, **timing)

    first = scene.sent(sim, "poll")[0].path
    polls = [seen.at for seen in scene.sent(sim, "poll") if seen.path == first]
    gaps = [b - a for a, b in itertools.pairwise([scene.sent(sim, "submit")[0].at, *polls])]
    assert isinstance(failure(out), JobTimeout)
    assert gaps[0] == INTERVAL
    assert gaps[:-1] == sorted(gaps[:-1])  # the last one ends at the time-out
    assert max(gaps) == scene.poll_growth * INTERVAL
    assert TIMEOUT <= sum(gaps, timedelta()) < TIMEOUT + max(gaps)


@pytest.mark.some(2)
@scenes_that_can(*POLLED)
def test_job_that_times_out_names_the_setting_in_force(simulate, clock, scene):
    """The error has the full path of the time-out that applies to the family."""
    sim = simulate(**scene.options)
    sim.faults.add(Fault(scene.submits[-1], "job-stuck", times=9))

    out = run_scene(scene, sim, clock, **scene.timing(job_timeout_minutes=5))

    assert f" {scene.timing_setting('job_timeout_minutes')}" in str(failure(out))
    assert_nothing_emitted(scene, out)


@pytest.mark.promise("pending-jobs")
@scenes_that_cannot(Ability.CANCEL, *POLLED)
def test_timed_out_job_of_an_api_without_cancel_stays_pending(simulate, clock, scene):
    """A job that cannot be cancelled is in the state, and no request tries to end it."""
    sim = simulate(**scene.options)
    sim.faults.add(Fault(scene.submits[-1], "job-stuck"))

    out = run_scene(scene, sim, clock, **scene.timing(job_timeout_minutes=5))

    assert isinstance(failure(out), JobTimeout)
    assert pending_ids(scene, out)
    assert not [seen for seen in sim.requests if seen.method == "DELETE"]


@pytest.mark.ci
@scenes_that_can(Ability.CANCEL)
def test_timed_out_job_is_cancelled(simulate, clock, scene):
    """Jobs whose time is up are cancelled and forgotten; the next run submits the window again."""
    sim = simulate(rows_per_day=4, **scene.options)
    sim.faults.add(Fault(scene.submits[-1], "job-stuck", times=2))

    first = run_scene(scene, sim, clock, **scene.timing(job_timeout_minutes=5))
    cancelled = [seen.path for seen in scene.sent(sim, "cancel")]
    polled = dict.fromkeys(seen.path for seen in scene.sent(sim, "poll"))
    second = run_scene(scene, sim, clock, state=first.state)

    assert isinstance(failure(first), JobTimeout)
    assert cancelled == list(polled)
    assert pending_ids(scene, first) == []
    assert_complete(scene, sim, second)


@pytest.mark.promise("pending-jobs")
@pytest.mark.some(2)
@scenes_that_can(*POLLED)
def test_unknown_status_word_is_polled_on_with_one_warning(simulate, clock, caplog, scene):
    """A status word that is not known counts as running; one warning shows it."""
    sim = simulate(rows_per_day=4, **scene.options)
    body = json.dumps(scene.unknown_status)
    sim.faults.add(Fault("poll", "status", status=200, body=body, times=2))

    out = run_scene(scene, sim, clock)

    assert caplog.text.count("tap-cxone does not know the status in") == 1
    assert "hibernating" in caplog.text
    assert_complete(scene, sim, out)


@pytest.mark.some(9)
@UNUSABLE
@scenes_that_can(*POLLED)
def test_pending_job_without_a_file_is_submitted_again(simulate, clock, scene, end):
    """A job of an earlier run that gives no file is submitted again in the run that finds out."""
    sim = simulate(rows_per_day=4, **scene.options)
    first = run_until_killed(scene, sim, clock)
    sim.faults.add(Fault("poll", end))

    second = run_scene(scene, sim, clock, state=first.state)

    assert_complete(scene, sim, second)
    assert len(scene.sent(sim, "submit")) == scene.windows + 1


@UNUSABLE
@pytest.mark.some(9)
@scenes_that_can(*POLLED)
def test_job_without_a_file_is_submitted_again_by_the_next_run(simulate, clock, scene, end):
    """A job that gives no file ends the stream after one submit; the next run submits it again."""
    sim = simulate(rows_per_day=4, **scene.options)
    sim.faults.add(Fault(scene.submits[-1], end))

    first = run_scene(scene, sim, clock)
    second = run_scene(scene, sim, clock, state=first.state)

    assert isinstance(failure(first), JobFailed)
    assert_nothing_emitted(scene, first)
    assert_complete(scene, sim, second)
    assert len(scene.sent(sim, "submit")) == scene.windows + 1


@pytest.mark.promise("isolated-failures")
@pytest.mark.some(5)
@scenes_that_can(Ability.JOBS)
def test_failed_job_shows_the_reason_of_the_api(simulate, clock, scene):
    """The error of a failed job has the API's words, without a secret among them."""
    sim = simulate(**scene.options)
    secret = scene.settings(sim.url)[scene.credentials[1]]
    sim.faults.add(Fault(scene.submits[-1], "job-failed", body=f"Out of paper for {secret}"))

    out = run_scene(scene, sim, clock)

    assert isinstance(failure(out), JobFailed)
    assert "Out of paper for ***" in str(failure(out))
