"""Rows for JSON of another shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.resilience.faults.answers import DEEP, EXACT, HUGE, says
from tests.resilience.faults.outcomes import SPENT, UNLISTED
from tests.resilience.faults.play import Exact, Fails, Row
from tests.resilience.faults.scenes import SUBMITS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from tap_cxone.simulator.faults import FaultPoint

ODD: dict[str, Any] = {
    "null status": {"status": None, "state": None},
    "null id": {"id": None},
    "null list": {"entities": None, "jobs": None, "data": None},
    "null": None,
    "number": 5,
    "text": '"some"',
    "list": [],
    "unknown word": {"status": "Zombie", "state": "Zombie"},
    "lone surrogate": '{"odd": "\\ud800"}',
}
TANGLED = {
    "nested deeply": DEEP,
    "huge exponent": f'{{"odd": {HUGE}}}',
    "NaN": '{"odd": NaN}',
    "5000 digits": f'{{"odd": {"1" * 5000}}}',
    "NUL": b'{"odd": "\0"}',
    "no text": b"\xff\xfe\x00\xd8",
    "no UTF-8": b'{"odd": "\xff"}',
}


def shape_rows(
    scene: str, shapes: Mapping[FaultPoint, Exact | Fails], lists: Collection[str] = ()
) -> Iterator[Row]:
    """Yield rows for JSON that is not what was requested, and for what is hardly JSON.

    Args:
        scene: The scene.
        shapes: What comes of JSON of another shape, by the point of the response.
        lists: The points at which a list is an answer.
    """
    for place, must in shapes.items():
        for label, odd in ODD.items():
            if label == "list" and place in lists:
                continue
            yield Row(f"{place} {label}", scene, says(place, odd), must)
        for label, text in TANGLED.items():
            yield Row(f"{place} {label}", scene, says(place, text), EXACT)


def submit_shape_rows() -> Iterator[Row]:
    """Yield rows for what is hardly JSON in the response to a submit."""
    for scene, places in SUBMITS.items():
        for place in places:
            must = SPENT if (scene, place) in UNLISTED else EXACT
            for label in ("nested deeply", "huge exponent"):
                yield Row(f"{place} {label}", scene, says(place, TANGLED[label]), must)
