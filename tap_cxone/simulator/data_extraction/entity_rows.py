"""Rows of the entities; some become visible late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tap_cxone.simulator.data_extraction.entities import ENTITIES
from tap_cxone.simulator.rows import RowGenerator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from tap_cxone.simulator.data_extraction.options import DataExtractionOptions

_DAY = timedelta(days=1)
SOURCES = {name: entity.source for name, entity in ENTITIES.items()}


class EntityRows(RowGenerator):
    """Generator of the rows of all entities."""

    def __init__(self, options: DataExtractionOptions) -> None:
        """Create a generator."""
        super().__init__(options, SOURCES, options.lateness)
        self._end = _DAY if options.end_inclusive else timedelta(0)
        self._zone = ZoneInfo(options.day_zone)

    def file_rows(
        self, entity: str, start: date, end: date, seen_at: datetime
    ) -> Iterator[dict[str, str]]:
        """Yield the rows of a job from `start` to `end` that ended at `seen_at`."""
        first, last = self._midnight(start), self._midnight(end + self._end)
        return self.rows(entity, first, last, seen_at)

    def _midnight(self, day: date) -> datetime:
        """Return the start of a day of the API."""
        return datetime(day.year, day.month, day.day, tzinfo=self._zone).astimezone(UTC)
