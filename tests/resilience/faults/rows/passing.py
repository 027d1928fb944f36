"""Rows for faults of reading requests that one more attempt repairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.resilience.faults.answers import EXACT, once
from tests.resilience.faults.outcomes import PASSING
from tests.resilience.faults.play import Row
from tests.resilience.faults.scenes import READS

if TYPE_CHECKING:
    from collections.abc import Iterator


def passing_rows() -> Iterator[Row]:
    """Yield a row for each passing fault at each point that reads."""
    for scene, places in READS.items():
        for place in places:
            for label, how in PASSING.items():
                yield Row(f"{place} {label}", scene, once(place, **how), EXACT)
            if place != "download":
                half = once(place, "malformed-json")
                yield Row(f"{place} half the JSON", scene, half, EXACT)
                yield Row(f"{place} empty", scene, once(place, "empty"), EXACT)
            if place != "token":
                yield Row(f"{place} 401", scene, once(place, status=401), EXACT)
