"""Rows for faults in the second window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.resilience.faults.answers import once
from tests.resilience.faults.outcomes import AGAIN, NOT_ACCEPTED, TWICE
from tests.resilience.faults.play import ALWAYS, Fails, Row
from tests.support.scene import Ability
from tests.support.scenes import CSV_SCENES, FILE_SCENES

if TYPE_CHECKING:
    from collections.abc import Iterator


def second_window_rows() -> Iterator[Row]:
    """Yield rows for faults that strike when one window is complete."""
    refused: dict[str, Any] = {"times": ALWAYS, "status": 400}
    for about in FILE_SCENES:
        scene, presigned = about.name, about.can(Ability.PRESIGNED_LINKS)
        must = Fails(("400",), AGAIN if presigned else NOT_ACCEPTED, done=1)
        yield Row("second file 400", scene, once("download", after=1, **refused), must)
        text = once("download", "bytes", times=ALWAYS, after=1, body=b"\xff")
        yield Row("second file no text", scene, text, Fails(("not UTF-8",), TWICE, done=1))
    for about in CSV_SCENES:
        faults = once(about.submits[-1], after=1, **refused)
        yield Row("second submit 400", about.name, faults, Fails(("400",), NOT_ACCEPTED, done=1))
