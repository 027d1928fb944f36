"""Rows for faults while a gap, a reload or the newest days are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tests.resilience.faults.answers import EXACT, once
from tests.resilience.faults.outcomes import NOT_ACCEPTED, TWICE
from tests.resilience.faults.play import ALWAYS, Fails, Row
from tests.support.scene import Ability
from tests.support.scenes import FAMILY_SCENES, FILE_SCENES

if TYPE_CHECKING:
    from collections.abc import Iterator

HISTORIES: tuple[Literal["newest first", "gap", "reload"], ...] = ("newest first", "gap", "reload")
SUBMITS = {
    scene.name: scene.submits[-1]
    for scene in FAMILY_SCENES
    if scene.can(Ability.JOBS) and not scene.file_in_json
}


def history_rows() -> Iterator[Row]:
    """Yield rows for faults that strike the last window of what a run reads of the history."""
    for history in HISTORIES:
        done = int(history == "newest first")
        for scene, place in SUBMITS.items():
            refused = once(place, status=400, times=ALWAYS, after=done)
            must = Fails(("400",), NOT_ACCEPTED, done=done)
            yield Row(f"{history} submit 400", scene, refused, must, history=history)
        for scene in [about.name for about in FILE_SCENES]:
            text = once("download", "bytes", times=ALWAYS, after=done, body=b"\xff")
            must = Fails(("not UTF-8",), TWICE, done=done)
            yield Row(f"{history} file no text", scene, text, must, history=history)
            cut = once("download", "truncated", after=done)
            yield Row(f"{history} file truncated", scene, cut, EXACT, history=history)
