"""Timeline of job waits by time of day.

Lengths are per cent of the drawing's width.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from tap_cxone.windows import midnight

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from tap_cxone.report.waits import JobWait

_DAY = timedelta(days=1)
_TICKS = [
    *(timedelta(seconds=number) for number in (1, 2, 5, 10, 30)),
    *(timedelta(minutes=number) for number in (1, 2, 5, 10, 30)),
    *(timedelta(hours=number) for number in (1, 2, 3, 6)),
]
_MAX_TICKS = 6


class WaitSegment(Struct, frozen=True):
    """The part of a wait that falls into one day.

    Attributes:
        wait: The wait.
        start: When the tap was ready to submit, since midnight.
        accepted: When the API accepted the job, since midnight.
        end: When the wait ended, since midnight.
        row: Row within the day; segments of a row do not overlap.
    """

    wait: JobWait
    start: timedelta
    accepted: timedelta
    end: timedelta
    row: int = 0


class TimelineDay(Struct, frozen=True):
    """One day of a timeline."""

    day: date
    segments: tuple[WaitSegment, ...]

    @property
    def row_count(self) -> int:
        """Return the number of rows."""
        return 1 + max(segment.row for segment in self.segments)


class Timeline(Struct, frozen=True):
    """The waits of one family by time of day.

    Attributes:
        days: The shown days, newest first.
        older: Number of omitted days.
        start: The time of day at the left edge, since midnight.
        end: The time of day at the right edge, since midnight.
        step: The distance between two ticks.
    """

    days: tuple[TimelineDay, ...]
    older: int
    start: timedelta
    end: timedelta
    step: timedelta

    @property
    def ticks(self) -> list[timedelta]:
        """Return the times of day of the ticks."""
        return [self.start + n * self.step for n in range((self.end - self.start) // self.step + 1)]

    def x_percent(self, moment: timedelta) -> float:
        """Return the horizontal position of a time of day, in per cent."""
        return 100 * ((moment - self.start) / (self.end - self.start))


def timeline(waits: Sequence[JobWait], max_days: int) -> Timeline:
    """Return the timeline of the newest `max_days` days; `waits` must not be empty."""
    by_day: dict[date, list[WaitSegment]] = defaultdict(list)
    for wait in waits:
        for day, segment in _split_at_midnight(wait):
            by_day[day].append(segment)
    days_newest_first = sorted(by_day, reverse=True)
    shown = tuple(
        TimelineDay(day, _assign_rows(by_day[day])) for day in days_newest_first[:max_days]
    )
    segments = [segment for day_row in shown for segment in day_row.segments]
    first, last = (
        min(segment.start for segment in segments),
        max(segment.end for segment in segments),
    )
    step = next((s for s in _TICKS if (last - first) / s < _MAX_TICKS), _TICKS[-1])
    start = first // step * step
    end = max(-(-last // step) * step, start + step)
    return Timeline(shown, len(days_newest_first) - len(shown), start, end, step)


def _split_at_midnight(wait: JobWait) -> Iterator[tuple[date, WaitSegment]]:
    """Yield the segments of a wait, split at midnight, each with its day."""
    begin = midnight(wait.ready_at)
    while begin <= wait.ended_at:
        start, accepted, end = (
            min(max(instant - begin, timedelta(0)), _DAY)
            for instant in (wait.ready_at, wait.started_at, wait.ended_at)
        )
        if start < end or begin <= wait.ready_at:
            yield begin.astimezone(UTC).date(), WaitSegment(wait, start, accepted, end)
        begin += _DAY


def _assign_rows(segments: Iterable[WaitSegment]) -> tuple[WaitSegment, ...]:
    """Return the segments with the first row that is free at their start."""
    row_ends: list[timedelta] = []
    placed = []
    for segment in sorted(segments, key=lambda segment: segment.start):
        row = next((n for n, end in enumerate(row_ends) if end < segment.start), len(row_ends))
        row_ends[row : row + 1] = [segment.end]
        placed.append(structs.replace(segment, row=row))
    return tuple(placed)
