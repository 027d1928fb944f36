"""Rows for faults in the second window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.resilience.faults.answers import once
from tests.resilience.faults.outcomes import AGAIN, NOT_ACCEPTED, TWICE
from tests.resilience.faults.play import ALWAYS, Fails, Row, Stops

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.simulator.faults import FaultPoint


def second_window_rows() -> Iterator[Row]:
    """Yield rows for faults that strike when one window is complete."""
    refused: dict[str, Any] = {"times": ALWAYS, "status": 400}
    for scene in ("sync", "async", "observability", "analytics"):
        must = Fails(("400",), NOT_ACCEPTED if scene == "analytics" else AGAIN, done=1)
        yield Row("second file 400", scene, once("download", after=1, **refused), must)
        text = once("download", "bytes", times=ALWAYS, after=1, body=b"\xff")
        yield Row("second file no text", scene, text, Fails(("not UTF-8",), TWICE, done=1))
    submits: dict[str, FaultPoint] = {"sync": "sync", "async": "async", "observability": "submit"}
    for scene, place in submits.items():
        faults = once(place, after=1, **refused)
        yield Row("second submit 400", scene, faults, Fails(("400",), NOT_ACCEPTED, done=1))
    lost = once("submit", "reply-lost", after=1)
    must = Fails(("submit",), ("counts as spent",), done=1)
    yield Row("second submit lost", "observability", lost, must)
    faults = once("page", after=2, **refused)
    yield Row("second page 400", "download", faults, Fails(("400",), NOT_ACCEPTED, done=1))
    faults = once("run", after=1, **refused)
    yield Row("second run 400", "reports", faults, Fails(("400",), NOT_ACCEPTED, done=1))
    spent = once("submit", status=400, body='{"message": "Too many exports per 24 hours"}', after=1)
    stops = Stops(("the export quota is used up",), done=1)
    yield Row("second submit quota", "observability", spent, stops)
