"""Time-outs: which setting ends a wait, and that the message names that setting in full."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.errors import JobTimeout, Throttled, Unavailable
from tap_cxone.simulator import Fault
from tap_cxone.tap import TapCXone
from tests.resilience.faults.scenes import SCENES
from tests.support.expectations import failure
from tests.support.run import run_tap
from tests.support.scene import Ability

if TYPE_CHECKING:
    from pathlib import Path


MINUTE = timedelta(minutes=1)
JOB = "job_timeout_minutes"
THROTTLE = "throttle_timeout_minutes"
SUBMITS = {
    scene.name: scene.submits[-1]
    for scene in SCENES.values()
    if scene.can(Ability.PENDING_JOBS) and not scene.file_in_json
}
"""Scenes whose jobs are polled, and the points at which they are submitted."""
COMMON = [name for name in SUBMITS if not SCENES[name].own_timing]
"""Those to which the common settings of time-outs apply."""


def fail(simulate, clock, scene: str, fault: Fault, **changes: Any) -> tuple[Exception, timedelta]:
    """Run a scene with a fault that does not pass; return the error and the time it took."""
    about = SCENES[scene]
    sim = simulate(**{"rows_per_day": 4, **about.options})
    sim.faults.add(fault)
    began = clock.now()
    out = run_tap(about.settings(sim.url, **changes), clock=clock, only=about.stream)
    return failure(out), clock.now() - began


@pytest.mark.parametrize("scene", SUBMITS)
def test_job_timeout_names_the_setting_of_all_families(simulate, clock, scene):
    """A job that does not end is given up after the time-out in force, which the message names."""
    about = SCENES[scene]
    stuck = Fault(SUBMITS[scene], "job-stuck", times=99)

    changes = {JOB: 60, THROTTLE: 1} | about.timing(**{JOB: 7})
    error, took = fail(simulate, clock, scene, stuck, **changes)

    tries = 2 if about.can(Ability.CANCEL) else 1  # a job that was cancelled is tried once more
    assert isinstance(error, JobTimeout)
    assert f"Raise {about.timing_setting(JOB)} or narrow" in str(error)
    assert tries * 7 * MINUTE <= took < tries * 12 * MINUTE


@pytest.mark.parametrize("scene", SUBMITS)
def test_throttled_submit_names_the_throttle_setting(simulate, clock, scene):
    """A submit that is throttled is repeated until throttle_timeout_minutes, not for a job."""
    own = SCENES[scene].timing(**{JOB: 90})
    throttled = Fault(SUBMITS[scene], "status", status=429, times=999)

    error, took = fail(simulate, clock, scene, throttled, **{JOB: 90, THROTTLE: 12} | own)

    assert isinstance(error, Throttled)
    assert f"after 0:12:00 ({THROTTLE})" in str(error)
    assert JOB not in str(error)
    assert 6 * MINUTE < took <= 12 * MINUTE


@pytest.mark.parametrize(
    ("scene", "place"),
    [("async", "token"), ("analytics", "list"), ("async", "poll"), ("reports", "list")],
)
def test_throttled_request_names_the_throttle_setting(simulate, clock, scene, place):
    """So are a login, the list that a submit needs, and a poll."""
    throttled = Fault(place, "status", status=429, times=999)

    error, took = fail(simulate, clock, scene, throttled, **{JOB: 90, THROTTLE: 12})

    assert isinstance(error, Throttled)
    assert f"still throttled after 0:12:00 ({THROTTLE})" in str(error)
    assert took <= 14 * MINUTE


@pytest.mark.parametrize(("scene", "place"), [("async", "poll"), *SUBMITS.items()])
def test_requested_wait_beyond_the_throttle_timeout_names_both(simulate, clock, scene, place):
    """A wait that the API requests and the setting forbids is given up with the real numbers."""
    wait = (("Retry-After", "3600"),)
    throttled = Fault(place, "status", status=429, headers=wait, times=99)

    error, took = fail(simulate, clock, scene, throttled, **{JOB: 90, THROTTLE: 12})

    assert took < MINUTE
    text = f"after 0:00:00 the API requests a wait of 1:00:00, and 0:12:00 ({THROTTLE}) are allowed"
    assert text in str(error)


def test_requested_wait_within_the_throttle_timeout_is_waited_for(simulate, clock):
    """An hour that the API requests is waited for if throttle_timeout_minutes allows it."""
    sim = simulate(rows_per_day=4)
    sim.faults.add(Fault("poll", "status", status=429, headers=(("Retry-After", "3600"),)))
    began, about = clock.now(), SCENES["async"]

    out = run_tap(
        about.settings(sim.url, **{JOB: 90, THROTTLE: 70}), clock=clock, only=about.stream
    )

    assert out.error is None
    assert clock.now() - began >= 60 * MINUTE


def test_retries_that_last_too_long_name_the_throttle_setting(simulate, clock):
    """An unavailable server that asks to wait longer than that is given up at once."""
    down = Fault("poll", "status", status=503, headers=(("Retry-After", "3600"),), times=99)

    error, took = fail(simulate, clock, "async", down, **{JOB: 90, THROTTLE: 12})

    assert isinstance(error, Unavailable)
    assert f"tried once in 0:12:00 ({THROTTLE})" in str(error)
    assert took < MINUTE


@pytest.mark.ci
def test_throttle_timeout_does_not_end_a_job(simulate, clock):
    """A job may run longer than throttle_timeout_minutes."""
    about = SCENES["async"]
    sim = simulate(rows_per_day=4, **{**about.options, "job_seconds": 20 * 60})

    out = run_tap(about.settings(sim.url, **{THROTTLE: 1}), clock=clock, only=about.stream)

    assert out.error is None
    assert out.records(about.stream)


@pytest.mark.ci
@pytest.mark.parametrize("scene", COMMON)
def test_waiting_for_another_process_names_the_throttle_setting(
    simulate, clock, tmp_path: Path, scene
):
    """A slot that another process keeps is waited for until throttle_timeout_minutes."""
    about = SCENES[scene]
    sim = simulate(**{"rows_per_day": 4, **about.options})
    path = tmp_path / "journal.db"
    config = about.settings(sim.url, journal=str(path), **{JOB: 90, THROTTLE: 12})
    slots = TapCXone(config=config).streams[about.stream].family.slots  # type: ignore[attr-defined]
    held = [slots.try_acquire() for _ in range(slots.slot_count)]
    began = clock.now()

    out = run_tap(config, clock=clock, only=about.stream)

    assert all(held)
    assert isinstance(failure(out), Throttled)
    assert f"for 0:12:00 ({THROTTLE}; lock={slots.locks})" in str(failure(out))
    assert 12 * MINUTE <= clock.now() - began < 14 * MINUTE
