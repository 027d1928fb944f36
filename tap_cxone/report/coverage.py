"""Days covered by committed windows.

All functions are pure. Days are UTC days.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

from msgspec import Struct

from tap_cxone.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_DAY = timedelta(days=1)


class DayState(StrEnum):
    """State of a day: how much of it was committed.

    A day is failed if it was requested and no run has committed any of it.
    """

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_REQUESTED = "not requested"


class Month(Struct, frozen=True):
    """State of each day of a month, by date, from its first day to its last."""

    days: Mapping[date, DayState]

    @property
    def first(self) -> date:
        """Return the first day."""
        return next(iter(self.days))

    @property
    def weeks(self) -> Iterator[Sequence[date | None]]:
        """Yield the weeks from Monday to Sunday; None stands for a day of another month."""
        cells: list[date | None] = [*[None] * self.first.weekday(), *self.days]
        cells += [None] * (-len(cells) % 7)
        return (cells[begin : begin + 7] for begin in range(0, len(cells), 7))


def merge_windows(windows: Iterable[Window]) -> list[Window]:
    """Return the smallest list of windows that covers the same time, in order."""
    result: list[Window] = []
    for window in sorted(windows, key=lambda window: window.start):
        if result and window.start <= result[-1].end:
            result[-1] = Window(result[-1].start, max(result[-1].end, window.end))
        else:
            result.append(window)
    return result


def day_window(day: date) -> Window:
    """Return a day as a window."""
    start = datetime.combine(day, time(), UTC)
    return Window(start, start + _DAY)


def days_of(window: Window) -> Iterator[date]:
    """Yield the days that a window touches."""
    day = window.start.astimezone(UTC).date()
    while day_window(day).start < window.end:
        yield day
        day += _DAY


def covers(inner: Window, outer: Window) -> bool:
    """Return True if `outer` covers all of `inner`."""
    return outer.start <= inner.start and inner.end <= outer.end


def day_states(
    requested: Iterable[Window], committed: Iterable[Window], skipped: Iterable[Window] = ()
) -> dict[date, DayState]:
    """Return the state of each requested day, in order."""
    result = {
        day: DayState.FAILED for window in merge_windows(requested) for day in days_of(window)
    }
    result |= {day: DayState.SKIPPED for window in skipped for day in days_of(window)}
    for window in merge_windows(committed):
        for day in days_of(window):
            result[day] = DayState.COMPLETE if covers(day_window(day), window) else DayState.PARTIAL
    return dict(sorted(result.items()))


def months(states: Mapping[date, DayState], last: date) -> list[Month]:
    """Return the months from the first day of `states` to that of `last`, newest first."""
    if not states:
        return []
    day, all_days = min(states).replace(day=1), []
    while (day.year, day.month) <= (last.year, last.month):
        all_days.append(day)
        day += _DAY
    return [
        Month({day: states.get(day, DayState.NOT_REQUESTED) for day in group})
        for _, group in groupby(all_days, key=lambda day: (day.year, day.month))
    ][::-1]


def count_states(states: Iterable[DayState]) -> dict[DayState, int]:
    """Return the number of days in each state, including zeros."""
    counts = Counter(states)
    return {state: counts[state] for state in DayState}
