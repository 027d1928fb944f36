"""Signal handling: SIGINT and SIGTERM interrupt a thread only where no data can be lost."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tap_cxone.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator


class SignalHandler:
    """Converts SIGINT and SIGTERM to `Interrupted`, but never during a write or a submit.

    An error raised during a write would truncate the message. So a signal is only recorded.
    It is raised where a thread waits (`interruptible`) or checks (`raise_if_interrupted`). A second
    signal is raised immediately.
    """

    def __init__(self) -> None:
        """Start without a recorded signal and without interruptible threads."""
        self._signal_number: int | None = None
        self._signal_arrived = threading.Event()
        self._interruptible_threads: set[int] = set()  # ending them now loses no data
        self._abandoned_threads: set[threading.Thread] = set()  # they end at their next check
        self._lock = threading.Lock()

    def install(self) -> None:
        """Install the handler of SIGINT and SIGTERM; outside the main thread this does nothing."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda number, _frame: self.record(number))

    def record(self, signal_number: int) -> None:
        """Record a signal; raise at once for a second signal or in an interruptible thread."""
        repeated, self._signal_number = self._signal_number is not None, signal_number
        self._signal_arrived.set()
        if repeated or self.is_interruptible(threading.get_ident()):
            self.raise_if_interrupted()

    def raise_if_interrupted(self) -> None:
        """Raise `Interrupted` after a signal; raise `SystemExit` in an abandoned thread."""
        if self._signal_number is not None:
            raise Interrupted(self._signal_number)
        if threading.current_thread() in self._abandoned_threads:
            raise SystemExit

    def wait(self, seconds: float) -> None:
        """Wait for `seconds`; raise `Interrupted` in every thread when a signal arrives."""
        with self.interruptible():
            if threading.current_thread() is threading.main_thread():
                time.sleep(seconds)  # the signal handler interrupts the sleep by raising
            else:
                self._signal_arrived.wait(seconds)
        self.raise_if_interrupted()  # outside the block: the thread can no longer be abandoned

    def is_interruptible(self, thread: int | None) -> bool:
        """Return True if the thread may be interrupted now."""
        return thread in self._interruptible_threads

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Make the current thread interruptible inside the block."""
        thread = threading.get_ident()
        was_interruptible = self.is_interruptible(thread)
        self._interruptible_threads.add(thread)
        try:
            self.raise_if_interrupted()
            yield
        finally:
            if not was_interruptible:
                with self._lock:  # `abandon` sees the thread either inside the block or after it
                    self._interruptible_threads.discard(thread)

    def abandon(self, thread: threading.Thread) -> bool:
        """Abandon a thread if it is interruptible; return True if it was.

        An abandoned thread ends at its next `raise_if_interrupted`.
        """
        with self._lock:
            if not self.is_interruptible(thread.ident):
                return False
            self._abandoned_threads.add(thread)
            return True
