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
        return f"{_format_instant(self.start)} to {_format_instant(self.end)}"


def _format_instant(instant: datetime) -> str:
    text = instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text.removesuffix(':00').removesuffix('T00:00')}Z"


def midnight(instant: datetime, *, days: int = 0, zone: tzinfo = UTC) -> datetime:
    """Return, in UTC, the midnight before `instant` in `zone`, moved by whole local days.

    A local day has 23, 24 or 25 hours; the calendar is moved, not the clock.
    """
    day = instant.astimezone(zone).date() + timedelta(days=days)
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def calendar_windows(  # noqa: PLR0913 (as many as a plan has)
    start: datetime,
    range_end: datetime,
    *,
    max_days: int,
    zone: tzinfo = UTC,
    pending: Iterable[Window] = (),
    include_partial: bool = False,
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
    pending_by_start = {window.start: window for window in pending}
    window_start, last_midnight = midnight(start, zone=zone), midnight(range_end, zone=zone)
    while window_start < last_midnight:
        day_number = window_start.astimezone(zone).toordinal()
        window_end = midnight(window_start, days=max_days - day_number % max_days, zone=zone)
        if window_end > last_midnight and not include_partial:
            return
        window = pending_by_start.pop(window_start, None) or Window(
            window_start, min(window_end, last_midnight)
        )
        yield window
        window_start = window.end


def daily_windows(
    start: datetime,
    range_end: datetime,
    *,
    max_days: int,
    zone: tzinfo = UTC,
    pending: Iterable[Window] = (),
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
    pending_by_start = {window.start: window for window in pending}
    position = start
    while position < range_end:
        window_start = midnight(position, zone=zone)
        window_end = min(midnight(window_start, days=max_days, zone=zone), range_end)
        window = pending_by_start.pop(window_start, None) or Window(window_start, window_end)
        yield window
        position = window.end
