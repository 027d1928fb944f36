"""Rows of the entities; some become visible late."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tap_cxone.simulator.data_extraction.entities import ENTITIES
from tap_cxone.simulator.rows import RowGenerator, midnight

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from tap_cxone.simulator.options import Options

_DAY = timedelta(days=1)
_SOURCES = {name: entity.source for name, entity in ENTITIES.items()}


class EntityRows(RowGenerator):
    """Generator of the rows of all entities."""

    def __init__(self, options: Options) -> None:
        """Create a generator."""
        super().__init__(options, _SOURCES, options.lateness)
        self._end = _DAY if options.end_inclusive else timedelta(0)

    def file_rows(
        self, entity: str, start: date, end: date, seen_at: datetime | None
    ) -> Iterator[dict[str, str]]:
        """Yield the rows of a job from `start` to `end` that ended at `seen_at`."""
        first = midnight(start)
        return self.rows(entity, first, midnight(end) + self._end, seen_at or first)
