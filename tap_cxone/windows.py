"""Date windows: which parts of time to ask for, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open interval `[start, end)` of instants, in UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Refuse an empty or a backward interval, and instants without a zone."""
        if self.start.tzinfo is None or not self.start < self.end:
            msg = f"not a window: {self.start} to {self.end}"
            raise ValueError(msg)

    def __str__(self) -> str:
        """Show both ends, without seconds where they are zero."""
        return f"{_short(self.start)} to {_short(self.end)}"


def _short(instant: datetime) -> str:
    text = instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text.removesuffix(':00').removesuffix('T00:00')}Z"


def midnight(instant: datetime, *, days: int = 0, zone: tzinfo = UTC) -> datetime:
    """Return, in UTC, the midnight before `instant` in `zone`, moved by whole local days.

    A local day has 23, 24 or 25 hours; the calendar is moved, not the clock.
    """
    day = instant.astimezone(zone).date() + timedelta(days=days)
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def plan_whole(  # noqa: PLR0913 (as many as a plan has)
    start: datetime,
    horizon: datetime,
    *,
    most: int,
    zone: tzinfo = UTC,
    asked: Iterable[Window] = (),
    closed: bool = False,
) -> Iterator[Window]:
    """Cut time into windows that the calendar fixes, for rows that sum up their window.

    A window ends at every `most`-th day of the calendar, whoever asks and whenever: cut in another
    way, the same days would come twice, under other keys. One that is not over is left for later.

    Args:
        start: Any instant; its whole day is read. Only the first window may begin inside of one.
        horizon: Where to end.
        most: How many days a window holds.
        zone: Whose days.
        asked: Windows that an earlier run asked for, as in `plan_days`.
        closed: Whether nothing will ever be read past the horizon: then the last days are read,
            though their window is not full.
    """
    given = {window.start: window for window in asked}
    begin, last = midnight(start, zone=zone), midnight(horizon, zone=zone)
    while begin < last:
        day = begin.astimezone(zone).toordinal()
        end = midnight(begin, days=most - day % most, zone=zone)
        if end > last and not closed:
            return
        window = given.pop(begin, None) or Window(begin, min(end, last))
        yield window
        begin = window.end


def plan_days(
    start: datetime,
    horizon: datetime,
    *,
    most: int,
    zone: tzinfo = UTC,
    asked: Iterable[Window] = (),
) -> Iterator[Window]:
    """Cut the time from the day of `start` to `horizon` into windows of whole days.

    Args:
        start: Any instant; its whole day is read.
        horizon: Where to end. Only a window that ends there may end inside a day, so that the
            next run reads that day again.
        most: The most days a window may hold.
        zone: Whose midnights windows begin at.
        asked: Windows that an earlier run asked for: each takes the place of the one that would
            begin where it begins. The day it ends in, if it ends inside one, is read again.
    """
    given = {window.start: window for window in asked}
    position = start
    while position < horizon:
        begin = midnight(position, zone=zone)
        end = min(midnight(begin, days=most, zone=zone), horizon)
        window = given.pop(begin, None) or Window(begin, end)
        yield window
        position = window.end
