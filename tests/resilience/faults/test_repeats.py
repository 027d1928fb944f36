"""How often something that fails is requested again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tap_cxone.simulator import Fault
from tests.resilience.faults.scenes import READS, SCENES, SUBMITS
from tests.support.run import run_tap

PLACES = [
    (scene, place)
    for scene in SCENES
    for place in (*READS[scene], *SUBMITS.get(scene, ()))
    if place not in SCENES[scene].dispensable  # the run completes without it
]


TIMEOUT = timedelta(minutes=30)
# A throttled data download requests the remaining quota, with the same login.
WAITS = [place for place in PLACES if place != ("download", "token")]


def run_with_lasting_status(simulate, clock, scene, place, status, **settings):
    """Run a scene in which a place answers with a status for ever; return why, and how often."""
    about = SCENES[scene]
    sim = simulate(**{"rows_per_day": 4, **about.options})
    sim.faults.add(Fault(place, "status", status=status, times=999))
    (act,) = sim.faults._script
    out = run_tap(about.settings(sim.url, **settings), clock=clock, only=about.stream)
    return out.error, act.applied


@pytest.mark.some(3)
@pytest.mark.parametrize(("scene", "place"), PLACES)
def test_unavailable_server_is_retried_max_retries_times(simulate, clock, scene, place):
    """Whatever is down is tried `max_retries` times more, not that often again by who needs it."""
    error, struck = run_with_lasting_status(simulate, clock, scene, place, 503, max_retries=2)

    assert error is not None
    assert struck == 3


@pytest.mark.some(3)
@pytest.mark.parametrize(("scene", "place"), WAITS)
def test_throttling_is_waited_out_for_the_throttle_timeout(simulate, clock, scene, place):
    """A throttled request is retried for `throttle_timeout_minutes`, and not for longer."""
    error, _ = run_with_lasting_status(simulate, clock, scene, place, 429)

    assert "throttle_timeout_minutes" in str(error) or "max_retries" in str(error)
    assert sum(clock.slept, timedelta()) < 1.1 * TIMEOUT
