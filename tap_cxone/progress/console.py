"""How a person learns of a run's progress: a display in a terminal, else lines."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tap_cxone.progress.summary import summary_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import TextIO

    from tap_cxone.progress.tracker import Progress

_HEARTBEAT_SECONDS = 1


def supports_live_display(out: TextIO, err: TextIO, environment: Mapping[str, str]) -> bool:
    """Tell whether a display may be drawn on `err`.

    Messages in the same terminal and a display would garble each other.
    """
    if environment.get("NO_COLOR") or environment.get("TERM", "dumb") == "dumb":
        return False
    return err.isatty() and not out.isatty()


@contextmanager
def show_progress(progress: Progress, *, real_time: bool) -> Iterator[None]:
    """Show progress inside the block, and a summary at its end, however that comes.

    Args:
        progress: What to show.
        alive: Whether its clock goes on by itself, so that something can be shown in between.
    """
    if real_time and supports_live_display(sys.stdout, sys.stderr, os.environ):
        # Its library takes long to load, and few see it.
        from tap_cxone.progress.live_table import LiveDisplay

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
    """Let progress say what it has to, every second, from a thread of its own.

    The others may be waiting for an answer, which nothing can interrupt to say so.
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
