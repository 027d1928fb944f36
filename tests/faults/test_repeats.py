"""How often something that fails is asked for again."""

from __future__ import annotations

import pytest

from tap_cxone.simulator import Fault
from tests.faults.scenes import READS, SCENES, SUBMITS
from tests.running import run_tap

PLACES = [(scene, place) for scene in SCENES for place in (*READS[scene], *SUBMITS.get(scene, ()))]


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
