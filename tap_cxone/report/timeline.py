"""Waits → a timeline by time of day; lengths are per cent of the drawing's width."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from tap_cxone.windows import midnight

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from tap_cxone.report.waits import Wait

_DAY = timedelta(days=1)
_TICKS = [
    *(timedelta(seconds=number) for number in (1, 2, 5, 10, 30)),
    *(timedelta(minutes=number) for number in (1, 2, 5, 10, 30)),
    *(timedelta(hours=number) for number in (1, 2, 3, 6)),
]
_MOST_TICKS = 6


@dataclass(frozen=True, slots=True)
class Piece:
    """What of a wait falls into one day.

    Attributes:
        wait: The wait.
        start: Where it begins, from when the tap wanted to ask, since midnight.
        asked: Where the API had accepted the job, since midnight.
        end: Where it ends, since midnight.
        lane: On which line of its day it stands, so that none covers another.
    """

    wait: Wait
    start: timedelta
    asked: timedelta
    end: timedelta
    lane: int = 0


@dataclass(frozen=True, slots=True)
class Lane:
    """One day of a timeline."""

    day: date
    pieces: tuple[Piece, ...]

    @property
    def lanes(self) -> int:
        """Return how many lines it needs."""
        return 1 + max(piece.lane for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Timeline:
    """The waits of one family by time of day.

    Attributes:
        lanes: Its days, the newest first.
        older: How many days more there are.
        start: The time of day at its left edge, since midnight.
        end: That at its right edge.
        step: From one mark to the next.
    """

    lanes: tuple[Lane, ...]
    older: int
    start: timedelta
    end: timedelta
    step: timedelta

    @property
    def ticks(self) -> list[timedelta]:
        """Return the times of day that are marked."""
        return [self.start + n * self.step for n in range((self.end - self.start) // self.step + 1)]

    def place(self, moment: timedelta) -> float:
        """Return where a time of day stands."""
        return 100 * ((moment - self.start) / (self.end - self.start))


def timeline(found: Sequence[Wait], most_days: int) -> Timeline:
    """Draw the waits of a family, of which there is at least one; the newest days only."""
    by_day: dict[date, list[Piece]] = defaultdict(list)
    for wait in found:
        for day, piece in _pieces(wait):
            by_day[day].append(piece)
    newest = sorted(by_day, reverse=True)
    shown = tuple(Lane(day, _stacked(by_day[day])) for day in newest[:most_days])
    pieces = [piece for lane in shown for piece in lane.pieces]
    first, last = min(piece.start for piece in pieces), max(piece.end for piece in pieces)
    step = next((s for s in _TICKS if (last - first) / s < _MOST_TICKS), _TICKS[-1])
    start = first // step * step
    end = max(-(-last // step) * step, start + step)
    return Timeline(shown, len(newest) - len(shown), start, end, step)


def _pieces(wait: Wait) -> Iterator[tuple[date, Piece]]:
    """Yield a wait cut at midnight."""
    begin = midnight(wait.wanted)
    while begin <= wait.ended:
        start, asked, end = (
            min(max(instant - begin, timedelta(0)), _DAY)
            for instant in (wait.wanted, wait.began, wait.ended)
        )
        if start < end or begin <= wait.wanted:
            yield begin.astimezone(UTC).date(), Piece(wait, start, asked, end)
        begin += _DAY


def _stacked(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Give each piece the first line that is free where it begins."""
    free: list[timedelta] = []
    placed = []
    for piece in sorted(pieces, key=lambda piece: piece.start):
        lane = next((n for n, end in enumerate(free) if end < piece.start), len(free))
        free[lane : lane + 1] = [piece.end]
        placed.append(replace(piece, lane=lane))
    return tuple(placed)
