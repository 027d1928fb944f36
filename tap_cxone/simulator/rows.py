"""Generated rows of the tenant: a pure function of seed, source and instant."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from random import Random
from typing import TYPE_CHECKING, Any

from tap_cxone.simulator.jsontext import cell

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from tap_cxone.simulator.options import CommonOptions

    Row = dict[str, Any]
    RowFactory = Callable[[Random, datetime], list[Row]]

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RowSource:
    """One kind of row.

    Attributes:
        name: The name in the options.
        make_rows: Returns the rows of one event.
        columns: The columns of its file.
        rows_per_event: Number of rows of one event.
    """

    name: str
    make_rows: RowFactory
    columns: tuple[str, ...]
    rows_per_event: int

    @classmethod
    def from_factory(cls, name: str, make_rows: RowFactory) -> RowSource:
        """Return a source with the columns of its first row."""
        rows = make_rows(Random(0), datetime(2000, 1, 1, tzinfo=UTC))  # noqa: S311
        return cls(name, make_rows, tuple(rows[0]), len(rows))


@dataclass(frozen=True, slots=True)
class Event:
    """Event with one or more rows.

    Attributes:
        instant: The instant that the API's date filter uses.
        visible_at: When its rows become visible.
        rng: Random generator of the values of its rows.
    """

    instant: datetime
    visible_at: datetime
    rng: Random


@dataclass(frozen=True, slots=True)
class View:
    """Filter and time zone of a query.

    Attributes:
        zone: The zone of local times, for sources that have them.
        allowed_values: The allowed values by column, in CSV spelling. Other columns may have any
            value. Null is never allowed.
    """

    zone: tzinfo = UTC
    allowed_values: Mapping[str, Collection[str]] = field(default_factory=dict)

    def matches(self, row: Row) -> bool:
        """Return True if the view contains the row."""
        return all(
            row.get(column) is not None and cell(row[column]) in texts
            for column, texts in self.allowed_values.items()
        )


ALL = View()


class RowGenerator:
    """Generates the rows of all sources of a family; it stores no rows."""

    def __init__(
        self, options: CommonOptions, sources: Mapping[str, RowSource], lateness: timedelta
    ) -> None:
        """Create a generator; rows become visible at most `lateness` after their event."""
        self._options = options
        self._sources = sources
        self._lateness = lateness

    def columns(self, name: str) -> tuple[str, ...]:
        """Return the columns of a source's file."""
        source = self._sources[name]
        missing = self._options.missing_columns.get(source.name, ())
        present = [column for column in source.columns if column not in missing]
        return (*present, *self._options.extra_columns.get(source.name, ()))

    def rows(
        self,
        name: str,
        start: datetime,
        end: datetime,
        seen_at: datetime,
        view: View = ALL,
    ) -> Iterator[Row]:
        """Yield the rows with an instant in `[start, end)` that are visible at `seen_at`."""
        source, columns = self._sources[name], self.columns(name)
        extra = self._options.extra_columns.get(source.name, ())
        for event in self._events(source, start, end):
            if event.visible_at <= seen_at:
                for row in source.make_rows(event.rng, event.instant.astimezone(view.zone)):
                    full_row = row | {column: _extra(event.rng) for column in extra}
                    if view.matches(row):
                        yield {column: full_row[column] for column in columns}

    def _events(self, source: RowSource, start: datetime, end: datetime) -> Iterator[Event]:
        """Yield the events of `[start, end)`, in order."""
        per_day = self._options.rows_of.get(source.name, self._options.rows_per_day)
        slots = -(-per_day // source.rows_per_event)
        day = start.date()
        while midnight(day) < end:
            events = (self._event(source, midnight(day), slot, slots) for slot in range(slots))
            yield from (event for event in events if start <= event.instant < end)
            day += _DAY

    def _event(self, source: RowSource, day: datetime, slot: int, slots: int) -> Event:
        """Return the event of one of a day's equal slots, at a random instant within it."""
        rng = Random(f"{self._options.seed}/{source.name}/{day.date()}/{slot}")  # noqa: S311
        width = _DAY.total_seconds() * 1000 / slots
        instant = day + timedelta(milliseconds=int((slot + rng.random()) * width))
        return Event(instant, instant + rng.random() * self._lateness, rng)


def midnight(day: date | datetime) -> datetime:
    """Return the start of a day in UTC; an instant is only converted to UTC."""
    if not isinstance(day, datetime):
        return datetime.combine(day, time(), UTC)
    return day.astimezone(UTC) if day.tzinfo else day.replace(tzinfo=UTC)


def _extra(rng: Random) -> str:
    """Return a value of an undocumented column."""
    return rng.choice(["", "yes", "no", f"{rng.randrange(1000):04d}", "später, vielleicht"])
