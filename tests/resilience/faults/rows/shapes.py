"""Rows for JSON of another shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.families.data_download.scene import ZONELESS
from tests.resilience.faults.answers import DEEP, EXACT, HUGE, says
from tests.resilience.faults.outcomes import APPLICATION, KEY, NO_ACCESS, SPENT, UNLISTED
from tests.resilience.faults.play import Exact, Fails, Row
from tests.resilience.faults.scenes import SUBMITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.simulator.faults import FaultPoint

UNKNOWN = Exact(warns=("tap-cxone does not know the status in", "Please report the status"))
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
SHAPES: dict[tuple[str, FaultPoint], Exact | Fails] = {
    ("sync", "token"): Fails((NO_ACCESS,), (KEY,)),
    ("sync", "list"): EXACT,
    ("async", "poll"): UNKNOWN,
    ("observability", "token"): Fails((NO_ACCESS,), (APPLICATION,)),
    ("observability", "poll"): UNKNOWN,
    ("analytics", "token"): Fails((NO_ACCESS,), (APPLICATION,)),
    ("analytics", "list"): EXACT,
    ("analytics", "poll"): UNKNOWN,
    ("download", "token"): Fails((NO_ACCESS,), (APPLICATION,)),
    ("download", "me"): Fails(*ZONELESS),
    ("download", "catalogue"): Fails(("has no list",), ("base_url",)),
    ("download", "page"): Fails(("no list 'data'",), ("base_url",)),
    ("reports", "token"): Fails((NO_ACCESS,), (APPLICATION,)),
    ("reports", "list"): Fails(("has no list",), ("base_url",)),
    ("reports", "poll"): UNKNOWN,
    ("reports", "page"): EXACT,
}
LISTS = {("download", "catalogue"), ("reports", "list")}  # where a list is an answer
TANGLED = {
    "nested deeply": DEEP,
    "huge exponent": f'{{"odd": {HUGE}}}',
    "NaN": '{"odd": NaN}',
    "5000 digits": f'{{"odd": {"1" * 5000}}}',
    "NUL": b'{"odd": "\0"}',
    "no text": b"\xff\xfe\x00\xd8",
    "no UTF-8": b'{"odd": "\xff"}',
}


def shape_rows() -> Iterator[Row]:
    """Yield rows for JSON that is not what was requested, and for what is hardly JSON."""
    for (scene, place), must in SHAPES.items():
        for label, odd in ODD.items():
            if label == "list" and (scene, place) in LISTS:
                continue
            yield Row(f"{place} {label}", scene, says(place, odd), must)
        for label, text in TANGLED.items():
            yield Row(f"{place} {label}", scene, says(place, text), EXACT)
    for scene, places in SUBMITS.items():
        for place in places:
            must = SPENT if (scene, place) in UNLISTED else EXACT
            for label in ("nested deeply", "huge exponent"):
                yield Row(f"{place} {label}", scene, says(place, TANGLED[label]), must)
