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

from tap_cxone.progress.snapshot import format_duration
from tap_cxone.progress.summary import HEADERS, summary_cells

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from types import TracebackType

    from tap_cxone.progress.snapshot import StreamSnapshot
    from tap_cxone.progress.tracker import Progress

_FRAMES_PER_SECOND = 4
_OTHER_LINES = 4  # of a display: its titles, its counts, and one of the log
_COLOURS = {"complete": "green", "stopped": "yellow", "failed": "red", "interrupted": "red"}


class LiveDisplay:
    """Lines of the log, and below them how far each stream has come."""

    def __init__(self, progress: Progress, console: Console | None = None) -> None:
        """Draw `progress` on standard error."""
        self._progress = progress
        self._console = console or Console(stderr=True)
        self._live = Live(
            console=self._console,
            get_renderable=self._render_table,
            refresh_per_second=_FRAMES_PER_SECOND,
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
            handler.setStream(_ConsoleStream(self._console))
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

    def print_summary(self) -> None:
        """Print what became of every stream."""
        snapshots = self._progress.snapshots()
        none_quarantined = not any(snapshot.quarantined for snapshot in snapshots)
        hidden = {"quarantined"} if none_quarantined else set()  # room is scarce
        table = _new_table(header for header in HEADERS if header not in hidden)
        for snapshot in snapshots:
            row = dict(zip(HEADERS, summary_cells(snapshot), strict=True))
            name = Text(row.pop("stream"), no_wrap=True, overflow="ellipsis")
            outcome = Text(row.pop("outcome"), _COLOURS.get(snapshot.outcome, ""))
            numbers = (text for header, text in row.items() if header not in hidden)
            table.add_row(name, outcome, *numbers)
        if table.rows:
            self._console.print(table)

    def _render_table(self) -> Table:
        now = self._progress.clock.now()
        table = _new_table(("stream", "windows", "rows", "rows/s", "left", "for"))
        table.columns[0].no_wrap = True
        table.add_column("now")  # the only one that may be cut
        snapshots = self._progress.snapshots()
        for snapshot in self._visible_snapshots(snapshots):
            table.add_row(*_live_cells(snapshot, now))
        return table

    def _visible_snapshots(self, snapshots: list[StreamSnapshot]) -> Iterable[StreamSnapshot]:
        """Return all, if the terminal is high enough, else those that something is done for."""
        if len(snapshots) + _OTHER_LINES <= self._console.height:
            return snapshots
        return [snapshot for snapshot in snapshots if snapshot.outcome == "running"]


def _live_cells(snapshot: StreamSnapshot, now: datetime) -> list[str | Text]:
    rate, eta, activity = snapshot.rate(now), snapshot.eta(now), snapshot.activity
    started = snapshot.outcome != "not begun"
    quota_eta = (
        f"{snapshot.quota_eta:%d %b %H:%M}"
        if snapshot.quota_eta and snapshot.outcome != "complete"
        else ""
    )
    return [
        snapshot.stream,
        snapshot.windows_done if started else "",
        f"{snapshot.rows:,}" if started else "",
        f"{rate:,.0f}" if rate else "",
        quota_eta or (format_duration(eta) if eta else ""),
        format_duration(now - activity.started_at if activity else snapshot.duration)
        if started
        else "",
        Text(
            activity.description if activity else snapshot.outcome,
            _COLOURS.get(snapshot.outcome, "" if started else "dim"),
            no_wrap=True,
            overflow="ellipsis",
        ),
    ]


def _new_table(headers: Iterable[str]) -> Table:
    """Return a table of texts and, where they are none, numbers."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for header in headers:
        is_text = header in {"stream", "outcome"}
        # In a narrow terminal names are cut, but no number is.
        is_name = header == "stream"
        justify: Literal["left", "right"] = "left" if is_text else "right"
        table.add_column(header, no_wrap=not is_name, justify=justify)
    return table


class _ConsoleStream:
    """A file whose lines appear above the drawing."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, text: str) -> int:
        self._console.print(text, end="", soft_wrap=True, markup=False, highlight=False)
        return len(text)

    def flush(self) -> None:
        """Do nothing: every line is drawn at once."""
