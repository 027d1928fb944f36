"""Which days the committed windows cover; pure, in UTC."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

from tap_cxone.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_DAY = timedelta(days=1)


class State(StrEnum):
    """How complete a day is."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    OPEN = "open"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Month:
    """A month of a stream; its days by date, from the first to the last of the month."""

    days: Mapping[date, State]

    @property
    def first(self) -> date:
        """Return its first day."""
        return next(iter(self.days))

    @property
    def weeks(self) -> Iterator[Sequence[date | None]]:
        """Yield its weeks from Monday to Sunday; None is a day of another month."""
        cells: list[date | None] = [*[None] * self.first.weekday(), *self.days]
        cells += [None] * (-len(cells) % 7)
        return (cells[begin : begin + 7] for begin in range(0, len(cells), 7))


def merged(windows: Iterable[Window]) -> list[Window]:
    """Return the fewest windows that cover the same, in order."""
    found: list[Window] = []
    for window in sorted(windows, key=lambda window: window.start):
        if found and window.start <= found[-1].end:
            found[-1] = Window(found[-1].start, max(found[-1].end, window.end))
        else:
            found.append(window)
    return found


def whole(day: date) -> Window:
    """Return a day as a window."""
    start = datetime.combine(day, time(), UTC)
    return Window(start, start + _DAY)


def days(window: Window) -> Iterator[date]:
    """Yield the days that a window touches."""
    day = window.start.astimezone(UTC).date()
    while whole(day).start < window.end:
        yield day
        day += _DAY


def within(inner: Window, outer: Window) -> bool:
    """Tell whether `outer` covers all of `inner`."""
    return outer.start <= inner.start and inner.end <= outer.end


def states(asked: Iterable[Window], committed: Iterable[Window]) -> dict[date, State]:
    """Return the state of each day that was asked for, in order."""
    found = {day: State.OPEN for window in merged(asked) for day in days(window)}
    for window in merged(committed):
        for day in days(window):
            found[day] = State.COMPLETE if within(whole(day), window) else State.PARTIAL
    return dict(sorted(found.items()))


def months(found: Mapping[date, State], last: date) -> list[Month]:
    """Return the months from the first day of `found` to that of `last`, the newest first."""
    if not found:
        return []
    day, every = min(found).replace(day=1), []
    while (day.year, day.month) <= (last.year, last.month):
        every.append(day)
        day += _DAY
    return [
        Month({day: found.get(day, State.NEVER) for day in group})
        for _, group in groupby(every, key=lambda day: (day.year, day.month))
    ][::-1]


def counted(found: Iterable[State]) -> dict[State, int]:
    """Return how many days are in each state, zeros too."""
    counts = Counter(found)
    return {state: counts[state] for state in State}
