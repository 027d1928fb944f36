"""Readings → bars of rows per day; lengths are per cent of the drawing's width."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tap_cxone.report.coverage import day_window
from tap_cxone.report.streams import length_in_days, single_day
from tap_cxone.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from tap_cxone.report.streams import Commit


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
    is_average: bool
    x: float = 0
    width: float = 0

    @property
    def rows_per_day(self) -> float:
        """Return the rows of a day, those set aside too."""
        return (self.rows + self.quarantined) / (
            length_in_days(self.window) if self.is_average else 1
        )

    @property
    def quarantined_share(self) -> float:
        """Return which part of the rows was set aside."""
        return self.quarantined / max(1, self.rows + self.quarantined)


@dataclass(frozen=True, slots=True)
class BarChart:
    """A drawing of rows per day.

    Attributes:
        bars: In the order of time.
        span: From its left edge to its right one.
        most: The rows a day at its upper edge.
    """

    bars: tuple[Bar, ...]
    span: Window
    max_rows_per_day: float

    @property
    def first(self) -> date:
        """Return the first day."""
        return self.span.start.astimezone(UTC).date()

    @property
    def last(self) -> date:
        """Return the last day, which the span touches still."""
        return (self.span.end - datetime.resolution).astimezone(UTC).date()


def draw_bars(commits: Iterable[Commit]) -> BarChart | None:
    """Draw rows per day; None if there is nothing to draw.

    Windows within a day are added up. A longer one is drawn over all its days, as high as they are
    on average: which of its days had how many is not known.
    """
    by_day: dict[date, Bar] = {}
    longer_bars: list[Bar] = []
    for commit in commits:
        day = single_day(commit)
        if day is not None:
            so_far = by_day.get(day, Bar(day_window(day), 0, 0, is_average=False))
            quarantined = so_far.quarantined + commit.quarantined
            by_day[day] = replace(so_far, rows=so_far.rows + commit.rows, quarantined=quarantined)
        elif commit.window is not None:
            mean = length_in_days(commit.window) > 1
            longer_bars.append(Bar(commit.window, commit.rows, commit.quarantined, mean))
    bars = sorted([*by_day.values(), *longer_bars], key=lambda bar: bar.window.start)
    if not bars:
        return None
    span = Window(bars[0].window.start, max(bar.window.end for bar in bars))
    placed = (
        replace(
            bar,
            x=_percent_of_width(span, bar.window.start),
            width=100 * _fraction_of(bar.window, span),
        )
        for bar in bars
    )
    return BarChart(tuple(placed), span, max(bar.rows_per_day for bar in bars))


def _percent_of_width(span: Window, instant: datetime) -> float:
    return 100 * ((instant - span.start) / (span.end - span.start))


def _fraction_of(inner: Window, outer: Window) -> float:
    return (inner.end - inner.start) / (outer.end - outer.start)
