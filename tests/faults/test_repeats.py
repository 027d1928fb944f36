"""How often something that fails is asked for again."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest

from tap_cxone.simulator import Fault
from tap_cxone.simulator.faults import Family
from tests.faults.scenes import READS, SCENES, SUBMITS
from tests.running import run_tap

PLACES = [(scene, place) for scene in SCENES for place in (*READS[scene], *SUBMITS.get(scene, ()))]


@pytest.mark.some(3)
@pytest.mark.parametrize(("scene", "place"), PLACES)
def test_as_often_as_said(simulate, clock, scene, place):
    """Whatever is down is tried `max_retries` times more, not that often again by who needs it."""
    about = SCENES[scene]
    sim = simulate(**{"rows_per_day": 4, **about.options})
    sim.faults.add(Fault(place, "status", status=503, times=99))
    (act,) = sim.faults._acts

    out = run_tap(about.settings(sim.url, max_retries=2), clock=clock, only=about.stream)

    assert out.error is not None
    assert act.struck == 3


TIMEOUT = {family: timedelta(minutes=30) for family in get_args(Family)}
TIMEOUT["scheduled_reports"] = timedelta(minutes=45)
# A data download that is told to wait asks for what is left of its quota, with the same login.
WAITS = [place for place in PLACES if place != ("download", "token")]


@pytest.mark.some(3)
@pytest.mark.parametrize(("scene", "place"), WAITS)
def test_as_long_as_said(simulate, clock, scene, place):
    """Whatever says 'wait' for ever is waited for as long as a job, not that long again."""
    about = SCENES[scene]
    sim = simulate(**{"rows_per_day": 4, **about.options})
    sim.faults.add(Fault(place, "status", status=429, times=999))

    out = run_tap(about.settings(sim.url), clock=clock, only=about.stream)

    assert "job_timeout_minutes" in str(out.error) or "max_retries" in str(out.error)
    assert sum(clock.slept, timedelta()) < 1.1 * TIMEOUT[about.family]
