"""What the tenant holds: a pure function of the seed, the entity and the instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import TYPE_CHECKING

from tap_cxone.simulator.data_extraction.entities import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.simulator.options import Options

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, of which one or more rows tell.

    Attributes:
        instant: When it happened; the API's date filter looks at it.
        visible_at: From when on its rows may be seen.
        dice: Where the values of its rows come from.
    """

    instant: datetime
    visible_at: datetime
    dice: Random


class Data:
    """The rows of every entity, without end and without memory."""

    def __init__(self, options: Options) -> None:
        """Hold what the options say."""
        self._options = options

    def columns(self, entity: str) -> tuple[str, ...]:
        """Return the header of an entity's file."""
        missing = self._options.missing_columns.get(entity, ())
        known = [column for column in ENTITIES[entity].columns if column not in missing]
        return (*known, *self._options.extra_columns.get(entity, ()))

    def rows(
        self, entity: str, start: datetime, end: datetime, seen_at: datetime
    ) -> Iterator[dict[str, str]]:
        """Yield the rows whose instant is in `[start, end)`, if they may be seen at `seen_at`."""
        columns = self.columns(entity)
        extra = self._options.extra_columns.get(entity, ())
        for event in self._events(entity, start, end):
            if event.visible_at <= seen_at:
                for row in ENTITIES[entity].write(event.dice, event.instant):
                    more = {column: _extra(event.dice) for column in extra}
                    whole = row | more
                    yield {column: whole[column] for column in columns}

    def file_rows(
        self, entity: str, start: date, end: date, seen_at: datetime | None
    ) -> Iterator[dict[str, str]]:
        """Yield the rows of a job from `start` to `end` that ended at `seen_at`."""
        last = midnight(end) + (_DAY if self._options.end_inclusive else timedelta(0))
        return self.rows(entity, midnight(start), last, seen_at or midnight(start))

    def _events(self, entity: str, start: datetime, end: datetime) -> Iterator[Event]:
        """Yield what happened in `[start, end)`, in order."""
        per_day = self._options.rows_of.get(entity, self._options.rows_per_day)
        slots = -(-per_day // ENTITIES[entity].rows_per_event)
        day = start.date()
        while midnight(day) < end:
            events = (self._event(entity, midnight(day), slot, slots) for slot in range(slots))
            yield from (event for event in events if start <= event.instant < end)
            day += _DAY

    def _event(self, entity: str, day: datetime, slot: int, slots: int) -> Event:
        """Return what happened in one of a day's equal slots, somewhere within it."""
        dice = Random(f"{self._options.seed}/{entity}/{day:%Y-%m-%d}/{slot}")  # noqa: S311
        width = _DAY.total_seconds() * 1000 / slots
        instant = day + timedelta(milliseconds=int((slot + dice.random()) * width))
        return Event(instant, instant + dice.random() * self._options.lateness, dice)


def midnight(day: date | datetime) -> datetime:
    """Return the instant at which a day begins in UTC; an instant is returned as it is."""
    if not isinstance(day, datetime):
        return datetime.combine(day, time(), UTC)
    return day.astimezone(UTC) if day.tzinfo else day.replace(tzinfo=UTC)


def _extra(dice: Random) -> str:
    """Return a value of a column that nobody told us about."""
    return dice.choice(["", "yes", "no", f"{dice.randrange(1000):04d}", "später, vielleicht"])
