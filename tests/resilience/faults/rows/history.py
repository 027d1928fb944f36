"""Rows for faults while a gap, a reload or the newest days are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tests.resilience.faults.answers import EXACT, once
from tests.resilience.faults.outcomes import NOT_ACCEPTED, TWICE
from tests.resilience.faults.play import ALWAYS, Fails, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.simulator.faults import FaultPoint

HISTORIES: tuple[Literal["newest first", "gap", "reload"], ...] = ("newest first", "gap", "reload")
SUBMITS: dict[str, FaultPoint] = {
    "sync": "sync",
    "async": "async",
    "observability": "submit",
    "analytics": "submit",
    "reports": "run",
}


def history_rows() -> Iterator[Row]:
    """Yield rows for faults that strike the last window of what a run reads of the history."""
    for history in HISTORIES:
        done = int(history == "newest first")
        for scene, place in SUBMITS.items():
            refused = once(place, status=400, times=ALWAYS, after=done)
            must = Fails(("400",), NOT_ACCEPTED, done=done)
            yield Row(f"{history} submit 400", scene, refused, must, history=history)
        for scene in ("sync", "async", "observability", "analytics"):
            text = once("download", "bytes", times=ALWAYS, after=done, body=b"\xff")
            must = Fails(("not UTF-8",), TWICE, done=done)
            yield Row(f"{history} file no text", scene, text, must, history=history)
            cut = once("download", "truncated", after=done)
            yield Row(f"{history} file truncated", scene, cut, EXACT, history=history)
        refused = once("page", after=done + 1, status=400, times=ALWAYS)
        must = Fails(("400",), NOT_ACCEPTED, done=done)
        yield Row(f"{history} page 400", "download", refused, must, history=history)
