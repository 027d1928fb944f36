"""Contract of every family: whole runs, discovery, `--test` and `--plan`."""

from __future__ import annotations

import pytest

from tap_cxone.simulator import Credentials
from tests.contract.scenes import EVERY_SCENE, assert_complete, run_scene
from tests.support.scene import WINDOWS

KEYS = (Credentials.ACCESS_KEY_SECRET, Credentials.CLIENT_SECRET)


@pytest.mark.promise("state-follows-records")
@EVERY_SCENE
def test_family_with_rows_emits_each_once(simulate, clock, scene):
    """Two windows with rows give exactly the rows of the API, and the bookmark is at their end."""
    sim = simulate(rows_per_day=4, **scene.options)

    out = run_scene(scene, sim, clock)

    assert_complete(scene, sim, out)
    assert out.records(scene.stream)
    assert len(scene.sent(sim, "submit")) == WINDOWS * bool(scene.submits)
    assert sim.limit_violations == 0


@EVERY_SCENE
def test_family_without_rows_moves_the_bookmark(simulate, clock, scene):
    """Two windows without a row give no record, and the bookmark is at their end."""
    sim = simulate(**{**scene.options, "rows_per_day": 0})

    out = run_scene(scene, sim, clock)

    assert_complete(scene, sim, out)
    assert out.records(scene.stream) == []
