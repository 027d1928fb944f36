"""How a person learns of a run's progress: a display in a terminal, else lines."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tap_cxone.progress.summary import summary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import TextIO

    from tap_cxone.progress.tracker import Progress

_PULSE_SECONDS = 1


def is_for_display(out: TextIO, err: TextIO, environment: Mapping[str, str]) -> bool:
    """Tell whether a display may be drawn on `err`.

    Messages in the same terminal and a display would garble each other.
    """
    if environment.get("NO_COLOR") or environment.get("TERM", "dumb") == "dumb":
        return False
    return err.isatty() and not out.isatty()


@contextmanager
def shown(progress: Progress, *, alive: bool) -> Iterator[None]:
    """Show progress inside the block, and a summary at its end, however that comes.

    Args:
        progress: What to show.
        alive: Whether its clock goes on by itself, so that something can be shown in between.
    """
    if alive and is_for_display(sys.stdout, sys.stderr, os.environ):
        # Its library takes long to load, and few see it.
        from tap_cxone.progress.live_table import Display

        progress.silence()
        display = Display(progress)
        try:
            with display:
                yield
        finally:
            progress.end()
            display.summarise()
        return
    try:
        with pulse(progress) if alive else _still():
            yield
    finally:
        progress.end()
        for line in summary(progress.standings()):
            progress.log.info(line)


@contextmanager
def pulse(progress: Progress) -> Iterator[None]:
    """Let progress say what it has to, every second, from a thread of its own.

    The others may be waiting for an answer, which nothing can interrupt to say so.
    """
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(_PULSE_SECONDS):
            progress.beat()

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def _still() -> Iterator[None]:
    yield
