from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tap_cxone.simulator import Fault


def test_one_job_at_a_time(sim_call):
    """While a job runs, a submit is refused with a text that says to wait."""
    sim = sim_call(job_seconds=60)
    sim.submit()
    sim.clock.turn(seconds=31)
    response = sim.submit()

    assert response.status_code == 403
    assert "Another request is running" in response.json()["message"]
    assert sim.simulator.limit_violations == 1


def test_submits_are_spaced(sim_call):
    """A submit less than 30 s after the last accepted one is refused."""
    sim = sim_call(job_seconds=1)
    sim.submit()
    sim.clock.turn(seconds=29.9)
    response = sim.submit()
    assert response.status_code == 403
    assert "Too many requests" in response.json()["message"]
    assert sim.simulator.limit_violations == 1

    sim.clock.turn(seconds=0.1)
    assert sim.submit().status_code == 202


def test_both_submits_share_the_spacing(sim):
    """A synchronous submit counts for an asynchronous one."""
    sim.sync()

    assert sim.submit().status_code == 403


def test_speed_shortens_the_spacing(sim_call):
    """At ten times the speed 3 s are enough."""
    sim = sim_call(speed=10)
    sim.submit()

    sim.clock.turn(seconds=3)
    assert sim.submit().status_code == 202


def test_simulator_does_not_space_polls(sim):
    """Polls and lists are free."""
    job_id = sim.submit().json()

    assert {sim.poll(job_id).status_code for _ in range(5)} == {200}
    assert {sim.jobs().status_code for _ in range(5)} == {200}
    assert sim.simulator.limit_violations == 0


def test_missing_permission_is_another_403(sim_call):
    """A forbidden entity is refused without a word of waiting, and not as a broken limit."""
    sim = sim_call(forbidden=frozenset({"qm-workflows"}))
    response = sim.submit()

    assert response.status_code == 403
    assert "permission" in response.json()["message"]
    assert "wait" not in response.json()["message"]
    assert sim.simulator.limit_violations == 0


def test_sync_holds_the_tenant_until_it_is_answered(sim):
    """While a synchronous submit waits for its answer, no other job may start."""
    assert sim.token
    sim.simulator.faults.add(Fault("sync", "stall", seconds=0.3))
    with ThreadPoolExecutor() as pool:
        first = pool.submit(sim.sync)
        while not sim.simulator.jobs:
            pass
        sim.clock.turn(seconds=31)
        second = sim.submit()

    assert "Another request is running" in second.json()["message"]
    assert first.result().status_code == 200
    assert sim.submit().status_code == 202
