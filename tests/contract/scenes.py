"""Every scene of the contract, by what its API can do, and one run of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.families import TapWithTrial
from tests.contract.trial.scene import SCENES as TRIAL_SCENES
from tests.support.run import Killed, run_tap
from tests.support.scene import differences
from tests.support.scenes import FAMILY_SCENES

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator
    from tests.support.clocks import OnceActingClock
    from tests.support.run import FakeClock, Output
    from tests.support.scene import Ability, Scene

CONTRACT_SCENES = (
    *FAMILY_SCENES,
    *(replace(scene, tap_class=TapWithTrial) for scene in TRIAL_SCENES),
)
EVERY_SCENE = pytest.mark.parametrize("scene", CONTRACT_SCENES, ids=lambda scene: scene.name)


def scenes_that_can(*abilities: Ability) -> pytest.MarkDecorator:
    """Return the mark that runs a test with each scene whose API can do all of these."""
    return _with([scene for scene in CONTRACT_SCENES if scene.can(*abilities)])


def scenes_that_cannot(lacking: Ability, *abilities: Ability) -> pytest.MarkDecorator:
    """Return the mark that runs a test with each scene whose API lacks one of the abilities.

    Args:
        lacking: What the API cannot do.
        *abilities: What it must be able to do, so that the test makes sense.
    """
    return _with([s for s in CONTRACT_SCENES if not s.can(lacking) and s.can(*abilities)])


def _with(scenes: list[Scene]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("scene", scenes, ids=[scene.name for scene in scenes])


def run_scene(
    scene: Scene,
    sim: Simulator,
    clock: FakeClock,
    *,
    state: dict[str, Any] | None = None,
    **changes: Any,
) -> Output:
    """Run the stream of a scene over its windows.

    Args:
        scene: The scene.
        sim: The simulator.
        clock: The clock of both.
        state: The state to start from.
        **changes: Changes of the settings.
    """
    return run_tap(
        scene.settings(sim.url, **changes),
        clock=clock,
        state=state,
        catalog=scene.catalog,
        tap_class=scene.tap_class,
    )


def run_until_killed(scene: Scene, sim: Simulator, clock: OnceActingClock) -> Output:
    """Run a scene, and kill the process while it waits for its first job."""

    def kill() -> None:
        raise Killed

    clock.action = kill
    out = run_scene(scene, sim, clock)
    assert isinstance(out.error, Killed)
    assert pending_ids(scene, out)
    return out


def assert_complete(scene: Scene, sim: Simulator, *outs: Output) -> None:
    """Assert that runs, one after the other, gave every row, and that the last one ended well."""
    records = [record for out in outs for record in out.records(scene.stream)]
    assert outs[-1].error is None, outs[-1].error
    assert differences(scene.whole_truth(sim), records, scene) == []
    assert len({scene.key_of(record) for record in records}) == len(records)
    assert outs[-1].bookmark(scene.stream) == scene.bookmark
    assert pending_ids(scene, outs[-1]) == []


def assert_nothing_emitted(scene: Scene, out: Output) -> None:
    """Assert that no record of a failed run left, and that the bookmark did not move."""
    assert out.records(scene.stream) == []
    assert not out.states or out.bookmark(scene.stream) is None


def pending_ids(scene: Scene, out: Output) -> list[str]:
    """Return the IDs of the pending jobs in the last state."""
    stream = out.state["bookmarks"][scene.stream] if out.states else {}
    return [job["id"] for job in stream.get("pending_jobs", ())]


def requested_ids(scene: Scene, sim: Simulator) -> set[str]:
    """Return the last segments of the paths of all polls."""
    return {part for seen in scene.sent(sim, "poll") for part in seen.path.split("/")}
