"""Show progress: a live table on a TTY, log lines otherwise.

Only functions import `rich`, because it loads slowly and few runs draw a table.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Self

from tap_cxone.progress.formatting import format_duration
from tap_cxone.progress.snapshot import HEADERS, summary_cells, summary_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from types import TracebackType
    from typing import TextIO

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from tap_cxone.progress.snapshot import StreamSnapshot
    from tap_cxone.progress.tracker import Progress

_HEARTBEAT_SECONDS = 1
_FRAMES_PER_SECOND = 4
_OTHER_LINES = 4  # lines of the table besides its rows: headers, rule and two blank lines
_COLOURS = {"complete": "green", "stopped": "yellow", "failed": "red", "interrupted": "red"}


def supports_live_display(out: TextIO, err: TextIO, environment: Mapping[str, str]) -> bool:
    """Return True if a live table may be drawn on `err`.

    `out` must not be a TTY: messages and a live table on one terminal would garble each other.
    """
    if environment.get("NO_COLOR") or environment.get("TERM", "dumb") == "dumb":
        return False
    return err.isatty() and not out.isatty()


@contextmanager
def show_progress(progress: Progress, *, real_time: bool) -> Iterator[None]:
    """Show progress inside the block, and a summary at its end, also after an error.

    Args:
        progress: The progress of all streams.
        real_time: Whether its clock runs by itself. Otherwise only the summary is shown.
    """
    if real_time and supports_live_display(sys.stdout, sys.stderr, os.environ):
        progress.disable_logging()
        display = LiveDisplay(progress)
        try:
            with display:
                yield
        finally:
            progress.finish()
            display.print_summary()
        return
    try:
        with log_heartbeats(progress) if real_time else _no_heartbeats():
            yield
    finally:
        progress.finish()
        for line in summary_lines(progress.snapshots()):
            progress.log.info(line)


@contextmanager
def log_heartbeats(progress: Progress) -> Iterator[None]:
    """Call the heartbeat of `progress` every second, on a daemon thread, inside the block.

    All other threads may be blocked in requests, and so unable to log.
    """
    stopped = threading.Event()

    def run() -> None:
        while not stopped.wait(_HEARTBEAT_SECONDS):
            progress.heartbeat()

    thread = threading.Thread(target=run, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


@contextmanager
def _no_heartbeats() -> Iterator[None]:
    yield


class LiveDisplay:
    """Log lines with a live table of all streams below them."""

    def __init__(self, progress: Progress, console: Console | None = None) -> None:
        """Create a display of `progress`, on standard error by default."""
        from rich.console import Console
        from rich.live import Live

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
        """Start to draw, and redirect log handlers so that lines appear above the table."""
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
        traceback: TracebackType | None,
    ) -> None:
        """Remove the table and restore the log handlers."""
        self._live.stop()
        for handler in self._handlers:
            handler.setStream(sys.stderr)

    def print_summary(self) -> None:
        """Print one row per stream with its outcome and counts."""
        from rich.text import Text

        snapshots = self._progress.snapshots()
        # A column of zeros takes width.
        hidden = {
            n for n in ("quarantined", "dropped") if not any(getattr(s, n) for s in snapshots)
        }
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
        table = _new_table(("stream", "windows", "rows", "rows/s", "eta", "elapsed"))
        table.columns[0].no_wrap = True
        table.add_column("activity")  # the only column that may be truncated
        snapshots = self._progress.snapshots()
        for snapshot in self._visible_snapshots(snapshots):
            table.add_row(*_live_cells(snapshot, now))
        return table

    def _visible_snapshots(self, snapshots: list[StreamSnapshot]) -> Iterable[StreamSnapshot]:
        """Return all snapshots if they fit the terminal's height, else those that run."""
        if len(snapshots) + _OTHER_LINES <= self._console.height:
            return snapshots
        return [snapshot for snapshot in snapshots if snapshot.outcome == "running"]


def _live_cells(snapshot: StreamSnapshot, now: datetime) -> list[str | Text]:
    from rich.text import Text

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
    """Return an empty table: `stream` and `outcome` are left-aligned, numbers right-aligned."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for header in headers:
        is_text = header in {"stream", "outcome"}
        # In a narrow terminal names are truncated, numbers never.
        is_name = header == "stream"
        justify: Literal["left", "right"] = "left" if is_text else "right"
        table.add_column(header, no_wrap=not is_name, justify=justify)
    return table


class _ConsoleStream:
    """Text stream that prints on a console, above its live table."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, text: str) -> int:
        self._console.print(text, end="", soft_wrap=True, markup=False, highlight=False)
        return len(text)

    def flush(self) -> None:
        """Do nothing: the console draws every line at once."""
