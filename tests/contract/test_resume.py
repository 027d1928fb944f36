"""Contract of every family with jobs: what the next run does with the jobs of a killed one."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tap_cxone.simulator import Fault
from tests.contract.scenes import (
    assert_complete,
    pending_ids,
    requested_ids,
    run_scene,
    run_until_killed,
    scenes_that_can,
    scenes_that_cannot,
)
from tests.support.run import without_owner
from tests.support.scene import Ability

RESUMABLE = (Ability.JOBS, Ability.PENDING_JOBS)


@pytest.mark.promise("pending-jobs")
@pytest.mark.promise("no-double-submit")
@scenes_that_can(*RESUMABLE)
def test_job_of_a_killed_run_is_resumed(simulate, clock, scene):
    """The next run polls the pending job, and submits only windows that have none."""
    sim = simulate(rows_per_day=4, **scene.options)
    first = run_until_killed(scene, sim, clock)

    second = run_scene(scene, sim, clock, state=first.state)

    assert_complete(scene, sim, second)
    assert set(pending_ids(scene, first)) <= requested_ids(scene, sim)
    assert len(scene.sent(sim, "submit")) == scene.windows


@scenes_that_cannot(Ability.PENDING_JOBS)
def test_run_of_an_api_that_names_no_job_stores_none(simulate, clock, scene):
    """Where no job has a name before its end, no state has a pending job."""
    sim = simulate(rows_per_day=4, **scene.options)

    out = run_scene(scene, sim, clock)

    assert_complete(scene, sim, out)
    assert not [s for s in out.states if s["bookmarks"].get(scene.stream, {}).get("pending_jobs")]


@pytest.mark.promise("pending-jobs")
@pytest.mark.some(2)
@scenes_that_can(*RESUMABLE)
def test_job_of_another_request_is_not_resumed(simulate, clock, scene):
    """With other settings for the same window, the pending job is never polled again."""
    sim = simulate(rows_per_day=4, **scene.options)
    first = run_until_killed(scene, sim, clock)
    polls, submits = len(scene.sent(sim, "poll")), len(scene.sent(sim, "submit"))

    run_scene(scene, sim, clock, state=first.state, **{scene.family: scene.other_request})

    later = {seen.path for seen in scene.sent(sim, "poll")[polls:]}
    assert not [path for path in later for job in pending_ids(scene, first) if job in path]
    assert len(scene.sent(sim, "submit")) - submits == scene.windows


@pytest.mark.promise("pending-jobs")
@scenes_that_can(*RESUMABLE)
def test_job_of_another_host_is_not_resumed(simulate, clock, scene):
    """A state that came from another host gives none of its jobs: no request names them."""
    first = run_until_killed(scene, simulate(rows_per_day=4, **scene.options), clock)
    other = simulate(rows_per_day=4, **scene.options)

    second = run_scene(scene, other, clock, state=without_owner(first.state))

    assert_complete(scene, other, second)
    assert not set(pending_ids(scene, first)) & requested_ids(scene, other)
    assert len(scene.sent(other, "submit")) == scene.windows


@pytest.mark.promise("pending-jobs")
@pytest.mark.some(2)
@scenes_that_can(*RESUMABLE)
def test_job_of_another_login_is_not_resumed(simulate, clock, scene):
    """At the same host, a job that was submitted with other credentials is never polled again."""
    sim = simulate(rows_per_day=4, **scene.options)
    first = run_until_killed(scene, sim, clock)
    clock.sleep(timedelta(minutes=5))  # the job has ended: no list of active jobs shows it
    polls = len(scene.sent(sim, "poll"))
    token = scene.sent(sim, "submit")[0].headers["authorization"].split()[1]
    accepted = json.dumps({"access_token": token, "expires_in": 3600})
    sim.faults.add(Fault("token", "status", status=200, body=accepted, times=9))

    state = without_owner(first.state)
    run_scene(scene, sim, clock, state=state, **{scene.credentials[0]: "another-tenant"})

    later = {seen.path for seen in scene.sent(sim, "poll")[polls:]}
    assert later
    assert not [path for path in later for job in pending_ids(scene, first) if job in path]


@pytest.mark.ci
@pytest.mark.promise("pending-jobs")
@pytest.mark.some(2)
@scenes_that_can(*RESUMABLE)
def test_job_whose_result_expired_is_replaced(simulate, clock, scene):
    """A pending job whose result the API no longer keeps is submitted again."""
    sim = simulate(rows_per_day=4, **scene.options)
    first = run_until_killed(scene, sim, clock)
    number = len(pending_ids(scene, first))
    clock.sleep(scene.result_life + timedelta(hours=1))

    second = run_scene(scene, sim, clock, state=first.state)

    assert_complete(scene, sim, second)
    assert len(scene.sent(sim, "submit")) == scene.windows + number
