"""A run's progress, drawn in a terminal; loaded only for one."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any, Literal, Self

from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tap_cxone.progress.snapshot import rounded
from tap_cxone.progress.summary import TITLES, cells

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from types import TracebackType

    from tap_cxone.progress.snapshot import Standing
    from tap_cxone.progress.tracker import Progress

_FRAMES_A_SECOND = 4
_OTHER_LINES = 4  # of a display: its titles, its counts, and one of the log
_COLOURS = {"complete": "green", "stopped": "yellow", "failed": "red", "interrupted": "red"}


class Display:
    """Lines of the log, and below them how far each stream has come."""

    def __init__(self, progress: Progress, console: Console | None = None) -> None:
        """Draw `progress` on standard error."""
        self._progress = progress
        self._console = console or Console(stderr=True)
        self._live = Live(
            console=self._console,
            get_renderable=self._table,
            refresh_per_second=_FRAMES_A_SECOND,
            redirect_stdout=False,
            transient=True,
        )
        self._handlers: list[logging.StreamHandler[Any]] = []

    def __enter__(self) -> Self:
        """Begin to draw, with the log above."""
        self._handlers = [
            handler
            for handler in logging.getLogger().handlers
            if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr
        ]
        for handler in self._handlers:
            handler.setStream(_Above(self._console))
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Take the drawing away, and leave the log as it was."""
        self._live.stop()
        for handler in self._handlers:
            handler.setStream(sys.stderr)

    def summarise(self) -> None:
        """Print what became of every stream."""
        standings = self._progress.standings()
        none = not any(standing.quarantined for standing in standings)
        left_out = {"quarantined"} if none else set()  # room is scarce
        table = _aligned(title for title in TITLES if title not in left_out)
        for standing in standings:
            row = dict(zip(TITLES, cells(standing), strict=True))
            name = Text(row.pop("stream"), no_wrap=True, overflow="ellipsis")
            outcome = Text(row.pop("outcome"), _COLOURS.get(standing.outcome, ""))
            numbers = (text for title, text in row.items() if title not in left_out)
            table.add_row(name, outcome, *numbers)
        if table.rows:
            self._console.print(table)

    def _table(self) -> Table:
        now = self._progress.clock.now()
        table = _aligned(("stream", "windows", "rows", "rows/s", "left", "for"))
        table.columns[0].no_wrap = True
        table.add_column("now")  # the only one that may be cut
        standings = self._progress.standings()
        for one in self._fitting(standings):
            table.add_row(*_cells(one, now))
        return table

    def _fitting(self, standings: list[Standing]) -> Iterable[Standing]:
        """Return all, if the terminal is high enough, else those that something is done for."""
        if len(standings) + _OTHER_LINES <= self._console.height:
            return standings
        return [one for one in standings if one.outcome == "running"]


def _cells(one: Standing, now: datetime) -> list[str | Text]:
    rate, left, what = one.rate(now), one.left(now), one.activity
    begun = one.outcome != "not begun"
    ends = f"{one.finish:%d %b %H:%M}" if one.finish and one.outcome != "complete" else ""
    return [
        one.stream,
        one.done if begun else "",
        f"{one.rows:,}" if begun else "",
        f"{rate:,.0f}" if rate else "",
        ends or (rounded(left) if left else ""),
        rounded(now - what.since if what else one.took) if begun else "",
        Text(
            what.what if what else one.outcome,
            _COLOURS.get(one.outcome, "" if begun else "dim"),
            no_wrap=True,
            overflow="ellipsis",
        ),
    ]


def _aligned(titles: Iterable[str]) -> Table:
    """Return a table of texts and, where they are none, numbers."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for title in titles:
        text = title in {"stream", "outcome"}
        # In a narrow terminal names are cut, but no number is.
        name = title == "stream"
        justify: Literal["left", "right"] = "left" if text else "right"
        table.add_column(title, no_wrap=not name, justify=justify)
    return table


class _Above:
    """A file whose lines appear above the drawing."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, text: str) -> int:
        self._console.print(text, end="", soft_wrap=True, markup=False, highlight=False)
        return len(text)

    def flush(self) -> None:
        """Do nothing: every line is drawn at once."""
