"""Facts → what there is of each stream; re-read windows count once, as read last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from tap_cxone.report.coverage import State, days, merged, states, within

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from tap_cxone.report.reading import Line
    from tap_cxone.windows import Window

_DAY = timedelta(days=1)
_ENDS = {"window_committed", "stream_failed", "stream_stopped"}


@dataclass(frozen=True, slots=True)
class Read:
    """A window's last reading, or one reading of a table without windows.

    Attributes:
        at: When it was committed.
        window: The window; None for a table that is read whole.
        rows: How many rows left.
        quarantined: How many were set aside.
        seconds: How long it took.
    """

    at: datetime
    window: Window | None
    rows: int
    quarantined: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream's past.

    Attributes:
        name: Its name.
        family: Its API.
        reads: The last reading of each window, in the order of the windows.
        tables: Every reading of it as a whole table, in order.
        days: The state of each day that was asked for, in order.
        last: What happened last: a commit, a failure, or an early end.
    """

    name: str
    family: str
    reads: tuple[Read, ...]
    tables: tuple[Read, ...]
    days: Mapping[date, State]
    last: Line | None

    @property
    def counting(self) -> tuple[Read, ...]:
        """Return the readings that make up what is there: of a table only the last."""
        return self.reads + self.tables[-1:]

    @property
    def rows(self) -> int:
        """Return how many rows left."""
        return sum(read.rows for read in self.counting)

    @property
    def quarantined(self) -> int:
        """Return how many rows were set aside."""
        return sum(read.quarantined for read in self.counting)

    @property
    def overlapping(self) -> bool:
        """Tell whether windows overlap, so that a row may count twice."""
        windows = [read.window for read in self.reads if read.window]
        return any(right.start < left.end for left, right in pairwise(windows))


def streams(lines: Iterable[Line]) -> list[Stream]:
    """Return every stream that has lines, by family and name; those without days come last."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        if line.stream is not None:
            found.setdefault(line.stream, []).append(line)
    every = [_stream(name, own) for name, own in found.items()]
    return sorted(every, key=lambda one: (not one.days, one.family, one.name))


def _stream(name: str, lines: Sequence[Line]) -> Stream:
    committed = [line for line in lines if line.event == "window_committed"]
    asked = {line.window for line in lines if line.window}
    return Stream(
        name=name,
        family=next((line.family for line in lines if line.family), ""),
        reads=_latest([line for line in committed if line.window]),
        tables=tuple(_read(line) for line in committed if not line.window),
        days=states(asked, (line.window for line in committed if line.window)),
        last=next((line for line in reversed(lines) if line.event in _ENDS), None),
    )


def _read(line: Line) -> Read:
    return Read(line.at, line.window, line.rows or 0, line.quarantined, line.seconds)


def _latest(lines: Iterable[Line]) -> tuple[Read, ...]:
    """Return the readings that no later ones replace."""
    found: list[Read] = []
    covered: list[Window] = []
    for read in map(_read, reversed(list(lines))):
        if read.window is None or any(within(read.window, later) for later in covered):
            continue
        found.append(read)
        covered = merged([*covered, read.window])
    return tuple(sorted(found, key=_begin))


def _begin(read: Read) -> datetime:
    return read.window.start if read.window else read.at


def last_day(found: Iterable[Stream]) -> date | None:
    """Return the last day that any stream asked for."""
    return max((day for stream in found for day in stream.days), default=None)


def of_one_day(read: Read) -> date | None:
    """Return the day that holds all of a reading's window; None if there is none."""
    touched = list(days(read.window)) if read.window and length(read.window) <= 1 else []
    return touched[0] if len(touched) == 1 else None


def length(window: Window) -> float:
    """Return how many days long a window is."""
    return (window.end - window.start) / _DAY
