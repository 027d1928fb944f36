"""Merged time ranges: the committed time of a stream, time to read, time to exclude."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Self

from msgspec import Struct

from tap_cxone.clock import parse_instant
from tap_cxone.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_INTERVALS = 40
"""Most intervals that are kept: beyond it the shortest ones are forgotten, and read again."""


class TimeRanges(Struct, frozen=True):
    """Half-open intervals in UTC; no two touch.

    Attributes:
        intervals: The intervals in order of time.
    """

    intervals: tuple[Window, ...] = ()

    @classmethod
    def of(cls, windows: Iterable[Window]) -> Self:
        """Return the time of windows in any order; windows that overlap or touch are merged."""
        merged: list[Window] = []
        for window in sorted(windows, key=lambda window: window.start):
            if merged and window.start <= merged[-1].end:
                last = merged.pop()
                merged.append(Window(last.start, max(last.end, window.end)))
            else:
                merged.append(window)
        return cls(tuple(merged))

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """Return the time that `format` wrote.

        Raises:
            ValueError: A text is no interval.
        """
        return cls.of(_parse(text) for text in texts)

    def format(self) -> list[str]:
        """Return each interval as `start/end`; midnights of UTC are dates."""
        return [f"{compact(i.start)}/{compact(i.end)}" for i in self.intervals]

    def add(self, *windows: Window) -> Self:
        """Return the time with further windows."""
        return self.of((*self.intervals, *windows))

    def subtract(self, other: TimeRanges) -> Self:
        """Return the time without the time of `other`."""
        rest = (other.missing(interval) for interval in self.intervals)
        return self.of(window for windows in rest for window in windows)

    def missing(self, window: Window) -> list[Window]:
        """Return the parts of a time range outside these ranges, in order of time."""
        inside = [interval for interval in self.intervals if interval.overlaps(window)]
        edges = [window.start, *(at for i in inside for at in (i.start, i.end)), window.end]
        starts_and_ends = zip(edges[::2], edges[1::2], strict=True)
        return [Window(start, end) for start, end in starts_and_ends if start < end]

    def within(self, start: datetime | None, end: datetime) -> Self:
        """Return the part of the time from `start`, or from its begin, to `end`."""
        clipped = ((max(i.start, start or i.start), min(i.end, end)) for i in self.intervals)
        return self.of(Window(begin, until) for begin, until in clipped if begin < until)

    def overlaps(self, window: Window) -> bool:
        """Return True if some instant of a time range is in one of these ranges."""
        return any(interval.overlaps(window) for interval in self.intervals)

    def covers(self, window: Window) -> bool:
        """Return True if all of a time range is in these ranges."""
        return not self.missing(window)

    def bounded(self) -> Self:
        """Return the time without its shortest intervals, so that at most `MAX_INTERVALS` remain.

        The last interval stays, since the bookmark is its end.
        """
        *earlier, last = self.intervals or (None,)
        if last is None or len(earlier) < MAX_INTERVALS:
            return self
        longest = sorted(earlier, key=_length, reverse=True)[: MAX_INTERVALS - 1]
        return self.of([*longest, last])


def _length(window: Window) -> float:
    return (window.end - window.start).total_seconds()


def _parse(text: str) -> Window:
    start, end = text.split("/")
    return Window(parse_instant(start), parse_instant(end))


def compact(instant: datetime) -> str:
    """Return an instant as a short text: a midnight of UTC is a date."""
    in_utc = instant.astimezone(UTC)
    if in_utc.time() == time.min:
        return in_utc.date().isoformat()
    return in_utc.replace(tzinfo=None).isoformat(timespec="auto") + "Z"
