"""Contract of every family: a state of another tenant or login is refused before any request."""

from __future__ import annotations

import pytest

from tap_cxone.errors import StateError
from tests.contract.scenes import EVERY_SCENE, run_scene


@pytest.mark.promise("own-state")
@EVERY_SCENE
def test_state_of_another_login_is_refused_before_any_request(simulate, clock, scene):
    """Another access key or application ends the run with exit 2, and nothing is requested."""
    sim = simulate(rows_per_day=4, **scene.options)
    first = run_scene(scene, sim, clock)
    requests = len(sim.requests)
    login = {name: f"another-{name}" for name in scene.credentials}

    second = run_scene(scene, sim, clock, state=first.state, **login)

    assert isinstance(second.error, StateError)
    assert second.error.exit_code == 2
    assert second.messages == []
    assert len(sim.requests) == requests


@pytest.mark.promise("own-state")
@EVERY_SCENE
def test_state_of_another_host_is_refused_before_any_request(simulate, clock, scene):
    """The state of one host, such as another region, is not read at another one."""
    first = run_scene(scene, simulate(rows_per_day=4, **scene.options), clock)
    other = simulate(rows_per_day=4, **scene.options)

    second = run_scene(scene, other, clock, state=first.state)

    assert isinstance(second.error, StateError)
    assert scene.family in str(second.error)
    assert other.requests == []
