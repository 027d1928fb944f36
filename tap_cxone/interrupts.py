"""Signals, answered only where nothing is half done."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tap_cxone.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator


class Interrupts:
    """Turn SIGINT and SIGTERM into `Interrupted`, but never inside a line or a submit.

    A signal that raised in the middle of a write would leave half a message before the next
    one. So a signal is only noted, and raised where the tap waits (`allowed`) or asks
    (`check`). A second signal does not wait.
    """

    def __init__(self) -> None:
        """Start with nothing noted and nothing allowed."""
        self._noted: int | None = None
        self._allowed = False

    def install(self) -> None:
        """Take over SIGINT and SIGTERM; only the main thread of a process can."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda number, _frame: self.note(number))

    def note(self, number: int) -> None:
        """Note a signal; raise at once if that is allowed now or one was noted before."""
        again, self._noted = self._noted is not None, number
        if self._allowed or again:
            self.check()

    def check(self) -> None:
        """Raise `Interrupted` if a signal was noted."""
        if self._noted is not None:
            raise Interrupted(self._noted)

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Let a signal raise at once inside this block."""
        before, self._allowed = self._allowed, True
        try:
            self.check()
            yield
        finally:
            self._allowed = before
