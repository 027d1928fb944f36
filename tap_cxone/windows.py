"""Date windows: consecutive time ranges of exports."""

from __future__ import annotations

from collections import deque
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Self, TypeAlias

from msgspec import Struct
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo


_DAY = timedelta(days=1)


class Window(Struct, frozen=True):
    """A half-open time range `[start, end)` of instants in UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Validate that `start` is before `end` and has a time zone; raise ValueError if not."""
        if self.start.tzinfo is None or not self.start < self.end:
            msg = f"not a window: {self.start} to {self.end}"
            raise ValueError(msg)

    def overlaps(self, other: Window) -> bool:
        """Return True if some instant is in both windows."""
        return self.start < other.end and other.start < self.end

    def __str__(self) -> str:
        """Return both ends; zero seconds and a zero time of day are omitted."""
        return f"{_format_instant(self.start)} to {_format_instant(self.end)}"


class Snapshot(Window, frozen=True):
    """The result of a job without a date range, as of the instant that is both its ends."""

    @override
    def __post_init__(self) -> None:
        """Validate that both ends are one instant with a time zone; raise ValueError if not."""
        if self.start.tzinfo is None or self.start != self.end:
            msg = f"not a snapshot: {self.start} to {self.end}"
            raise ValueError(msg)

    @classmethod
    def at(cls, instant: datetime) -> Self:
        """Return the snapshot of an instant."""
        return cls(instant, instant)

    @override
    def __str__(self) -> str:
        """Return the instant."""
        return f"snapshot of {_format_instant(self.start)}"


def window_between(start: datetime, end: datetime) -> Window:
    """Return the window of a time range, or the snapshot of an instant."""
    return Snapshot.at(start) if start == end else Window(start, end)


def _format_instant(instant: datetime) -> str:
    text = instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text.removesuffix(':00').removesuffix('T00:00')}Z"


def midnight(instant: datetime, *, days: int = 0, zone: tzinfo = UTC) -> datetime:
    """Return the last midnight of `zone` up to `instant`, moved by `days` local days, in UTC.

    Local days are added on the calendar, because a local day has 23, 24 or 25 hours.
    """
    day = instant.astimezone(zone).date() + timedelta(days=days)
    return local_midnight(day, zone)


def local_midnight(day: date, zone: tzinfo) -> datetime:
    """Return the midnight at which a day of a zone begins, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def whole_days(window: Window, zone: tzinfo = UTC) -> Window:
    """Return a window with all of the days of a zone that it touches."""
    end = midnight(window.end, zone=zone)
    return Window(
        midnight(window.start, zone=zone),
        end if end == window.end else midnight(window.end, days=1, zone=zone),
    )


def calendar_windows(  # noqa: PLR0913 (all are independent parts of one rule)
    start: datetime,
    range_end: datetime,
    *,
    max_days: int,
    cuts: Iterable[datetime] = (),
    zone: tzinfo = UTC,
    pending: Iterable[Window] = (),
    include_partial: bool = False,
) -> Iterator[Window]:
    """Yield windows with boundaries fixed on the calendar, for rows that aggregate their window.

    A window ends at each day whose ordinal is a multiple of `max_days`, whatever the start is, and
    at each cut. Other boundaries would return the same days twice, under different keys. The last
    window is omitted while it is incomplete.

    Args:
        start: Any instant; its whole day is read. Only the first window may start between
            boundaries.
        range_end: End of the last window at the latest.
        max_days: Number of days of a full window.
        cuts: Further midnights at which earlier windows ended.
        zone: Time zone of the days.
        pending: Windows with a job from an earlier run, as in `daily_windows`. One with a cut
            inside is not used.
        include_partial: Whether to yield the incomplete last window too, because no run will
            ever read past `range_end`.
    """
    cuts = sorted(cuts)
    pending_by_start = {w.start: w for w in pending if not any(w.start < c < w.end for c in cuts)}
    window_start, last_midnight = midnight(start, zone=zone), midnight(range_end, zone=zone)
    while window_start < last_midnight:
        day_number = window_start.astimezone(zone).toordinal()
        boundary = midnight(window_start, days=max_days - day_number % max_days, zone=zone)
        window_end = min([boundary, *(cut for cut in cuts if cut > window_start)])
        if window_end > last_midnight and not include_partial:
            return
        window = pending_by_start.pop(window_start, None) or Window(
            window_start, min(window_end, last_midnight)
        )
        yield window
        window_start = window.end


def grid_windows(
    start: datetime,
    range_end: datetime,
    *,
    length: timedelta,
    step: timedelta,
    zone: tzinfo = UTC,
) -> Iterator[Window]:
    """Yield windows of one length, on a grid that begins at each midnight of a zone.

    A window ends at a midnight at the latest, unless its length is a number of whole days. So the
    last one of a local day of 23 or 25 hours may be shorter.

    Args:
        start: Any instant; the whole grid cell around it is read, at most a day.
        range_end: Instant up to which is read.
        length: Length of a window: a part of a day, or whole days.
        step: The last window may end at a multiple of this. If it equals `length`, an incomplete
            window is omitted.
        zone: Time zone of the midnights.
    """
    position, last = _on_grid(start, length, zone), _on_grid(range_end, step, zone)
    while position < last:
        window = Window(position, min(_grid_end(position, length, zone), last))
        yield window
        position = window.end


def _grid_end(position: datetime, length: timedelta, zone: tzinfo) -> datetime:
    day_end = midnight(position, days=max(1, length // _DAY), zone=zone)
    return day_end if length >= _DAY else min(position + length, day_end)


def _on_grid(instant: datetime, step: timedelta, zone: tzinfo) -> datetime:
    day = midnight(instant, zone=zone)
    return day if step >= _DAY else day + (instant - day) // step * step


class Overlap(Struct, frozen=True):
    """Days that are read again, because the days of an API may end later than those of UTC.

    Attributes:
        days: Number of days before the day that was read last.
        earliest: Instant before which no day is read again; None for no limit.
        extends_first_window: Whether the first window may be longer by these days.
    """

    days: int = 0
    earliest: datetime | None = None
    extends_first_window: bool = False

    def before(self, day: datetime, zone: tzinfo) -> datetime:
        """Return the start of the overlap before a local midnight."""
        start = midnight(day, days=-self.days, zone=zone)
        return start if self.earliest is None else min(day, max(start, self.earliest))


NO_OVERLAP = Overlap()


def daily_windows(  # noqa: PLR0913 (all are independent parts of one rule)
    start: datetime,
    range_end: datetime,
    *,
    max_days: int,
    zone: tzinfo = UTC,
    pending: Iterable[Window] = (),
    overlap: Overlap = NO_OVERLAP,
) -> Iterator[Window]:
    """Yield windows of whole days from the day of `start` to `range_end`.

    Args:
        start: Any instant; its whole day is read.
        range_end: End of the last window. Only the last window may end inside a day; the next run
            reads that day again.
        max_days: Maximum number of days of a window.
        zone: Time zone whose midnights are the boundaries.
        pending: Windows with a job from an earlier run. Each replaces the window with the same
            start. If it ends inside a day, the next window reads that day and `overlap` again.
        overlap: Days to read again.
    """
    pending_by_start = {window.start: window for window in pending}
    position, extra_days = start, overlap.days if overlap.extends_first_window else 0
    while position < range_end:
        window_start = midnight(position, zone=zone)
        if window_start < position and position != start:
            window_start = midnight(overlap.before(window_start, zone), zone=zone)
        window_end = midnight(window_start, days=max_days + extra_days, zone=zone)
        window = pending_by_start.pop(window_start, None) or Window(
            window_start, min(window_end, range_end)
        )
        yield window
        position, extra_days = window.end, 0


WindowAndUpcoming: TypeAlias = tuple[Window, tuple[Window, ...]]
"""A window with the windows after it for which jobs may be started ahead of time."""


def with_upcoming(windows: Iterable[Window], count: int) -> Iterator[WindowAndUpcoming]:
    """Yield each window with the next `count` windows after it.

    Only those windows are taken from the iterable in advance.
    """
    iterator = iter(windows)
    buffer: deque[Window] = deque()
    while True:
        buffer.extend(islice(iterator, count + 1 - len(buffer)))
        if not buffer:
            return
        window = buffer.popleft()
        yield window, tuple(buffer)


def windows_inside(windows: Iterable[Window], start: datetime, end: datetime) -> list[Window]:
    """Return the windows that lie between two instants."""
    return [window for window in windows if start <= window.start and window.end <= end]
