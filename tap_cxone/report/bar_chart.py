"""Bars of rows per day, computed from window commits.

Lengths are per cent of the drawing's width.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from tap_cxone.report.coverage import day_window
from tap_cxone.report.streams import length_in_days, single_day
from tap_cxone.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from tap_cxone.report.streams import Commit


class Bar(Struct, frozen=True):
    """Rows over a period: of one day, or of a window's days on average.

    Attributes:
        window: The period.
        rows: Number of emitted rows.
        quarantined: Number of quarantined rows.
        is_average: True if `rows_per_day` is an average over several days.
        x: Left edge, in per cent.
        width: Width, in per cent.
    """

    window: Window
    rows: int
    quarantined: int
    is_average: bool
    x: float = 0
    width: float = 0

    @property
    def rows_per_day(self) -> float:
        """Return the rows per day, including quarantined ones."""
        return (self.rows + self.quarantined) / (
            length_in_days(self.window) if self.is_average else 1
        )

    @property
    def quarantined_share(self) -> float:
        """Return the share of quarantined rows, from 0 to 1."""
        return self.quarantined / max(1, self.rows + self.quarantined)


class BarChart(Struct, frozen=True):
    """Bar chart of rows per day.

    Attributes:
        bars: The bars in chronological order.
        span: The period from the left edge to the right edge.
        max_rows_per_day: The rows per day at the upper edge.
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
        """Return the last day that the span touches."""
        return (self.span.end - datetime.resolution).astimezone(UTC).date()


def draw_bars(commits: Iterable[Commit]) -> BarChart | None:
    """Return the bar chart of the commits; None if there is nothing to draw.

    Windows within a day are added up. A longer window is drawn over all its days at their average,
    because the log does not hold the rows of each day.
    """
    bars = _bars(commits)
    if not bars:
        return None
    span = Window(bars[0].window.start, max(bar.window.end for bar in bars))
    drawn = (
        structs.replace(
            bar,
            x=_percent_of_width(span, bar.window.start),
            width=100 * _fraction_of(bar.window, span),
        )
        for bar in bars
    )
    return BarChart(tuple(drawn), span, max(bar.rows_per_day for bar in bars))


def _bars(commits: Iterable[Commit]) -> list[Bar]:
    """Return the bars of the commits in chronological order, without their positions."""
    by_day: dict[date, Bar] = {}
    longer_bars: list[Bar] = []
    for commit in commits:
        day = single_day(commit)
        if day is not None:
            bar = by_day.get(day, Bar(day_window(day), 0, 0, is_average=False))
            by_day[day] = structs.replace(
                bar,
                rows=bar.rows + commit.rows,
                quarantined=bar.quarantined + commit.quarantined,
            )
        elif commit.window is not None:
            is_average = length_in_days(commit.window) > 1
            longer_bars.append(Bar(commit.window, commit.rows, commit.quarantined, is_average))
    return sorted([*by_day.values(), *longer_bars], key=lambda bar: bar.window.start)


def _percent_of_width(span: Window, instant: datetime) -> float:
    return 100 * ((instant - span.start) / (span.end - span.start))


def _fraction_of(inner: Window, outer: Window) -> float:
    return (inner.end - inner.start) / (outer.end - outer.start)
