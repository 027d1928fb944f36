"""Readings → bars of rows per day; lengths are per cent of the drawing's width."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tap_cxone.report.coverage import whole
from tap_cxone.report.streams import length, of_one_day
from tap_cxone.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from tap_cxone.report.streams import Read


@dataclass(frozen=True, slots=True)
class Bar:
    """Rows over a stretch of time: of one day, or of a window's days on average.

    Attributes:
        window: The stretch.
        rows: How many left.
        quarantined: How many were set aside.
        mean: Whether `a_day` is an average over several days.
        x: Where it begins.
        width: How wide it is.
    """

    window: Window
    rows: int
    quarantined: int
    mean: bool
    x: float = 0
    width: float = 0

    @property
    def a_day(self) -> float:
        """Return the rows of a day, those set aside too."""
        return (self.rows + self.quarantined) / (length(self.window) if self.mean else 1)

    @property
    def aside(self) -> float:
        """Return which part of the rows was set aside."""
        return self.quarantined / max(1, self.rows + self.quarantined)


@dataclass(frozen=True, slots=True)
class Rows:
    """A drawing of rows per day.

    Attributes:
        bars: In the order of time.
        span: From its left edge to its right one.
        most: The rows a day at its upper edge.
    """

    bars: tuple[Bar, ...]
    span: Window
    most: float

    @property
    def first(self) -> date:
        """Return the first day."""
        return self.span.start.astimezone(UTC).date()

    @property
    def last(self) -> date:
        """Return the last day, which the span touches still."""
        return (self.span.end - datetime.resolution).astimezone(UTC).date()


def rows(reads: Iterable[Read]) -> Rows | None:
    """Draw rows per day; None if there is nothing to draw.

    Windows within a day are added up. A longer one is drawn over all its days, as high as they are
    on average: which of its days had how many is not known.
    """
    found: dict[date, Bar] = {}
    longer: list[Bar] = []
    for read in reads:
        day = of_one_day(read)
        if day is not None:
            so_far = found.get(day, Bar(whole(day), 0, 0, mean=False))
            aside = so_far.quarantined + read.quarantined
            found[day] = replace(so_far, rows=so_far.rows + read.rows, quarantined=aside)
        elif read.window is not None:
            mean = length(read.window) > 1
            longer.append(Bar(read.window, read.rows, read.quarantined, mean))
    bars = sorted([*found.values(), *longer], key=lambda bar: bar.window.start)
    if not bars:
        return None
    span = Window(bars[0].window.start, max(bar.window.end for bar in bars))
    placed = (
        replace(bar, x=_part(span, bar.window.start), width=100 * _share(bar.window, span))
        for bar in bars
    )
    return Rows(tuple(placed), span, max(bar.a_day for bar in bars))


def _part(span: Window, instant: datetime) -> float:
    return 100 * ((instant - span.start) / (span.end - span.start))


def _share(inner: Window, outer: Window) -> float:
    return (inner.end - inner.start) / (outer.end - outer.start)
