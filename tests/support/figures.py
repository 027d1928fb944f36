"""Figures of generated rows."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from random import Random
from statistics import fmean
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MONDAY = datetime(2026, 3, 16, tzinfo=UTC)
SEEDS = range(500)


def average_by(
    rows: Iterable[dict[str, Any]], key: str, value: Callable[[dict[str, Any]], float]
) -> dict[Any, float]:
    """Return the average of a value by the column `key`."""
    groups: dict[Any, list[float]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(value(row))
    return {name: fmean(values) for name, values in groups.items()}


def seeded(seed: int) -> Random:
    """Return the generator of an event."""
    return Random(seed)  # noqa: S311
