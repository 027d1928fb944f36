"""Signals, answered only where nothing is half done."""

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
    """Turn SIGINT and SIGTERM into `Interrupted`, but never inside a line or a submit.

    A signal that raised in the middle of a write would leave half a message before the next
    one. So a signal is only noted, and raised where a thread waits (`allowed`) or asks
    (`check`). A second signal does not wait.
    """

    def __init__(self) -> None:
        """Start with nothing noted and nothing allowed."""
        self._signal_number: int | None = None
        self._signal_arrived = threading.Event()
        self._interruptible_threads: set[int] = (
            set()
        )  # threads that nothing is lost of if they end now
        self._abandoned_threads: set[threading.Thread] = (
            set()
        )  # those that nobody waits for any more
        self._lock = threading.Lock()

    def install(self) -> None:
        """Take over SIGINT and SIGTERM; only the main thread of a process can."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda number, _frame: self.record(number))

    def record(self, signal_number: int) -> None:
        """Note a signal; raise at once if that is allowed now or one was noted before."""
        repeated, self._signal_number = self._signal_number is not None, signal_number
        self._signal_arrived.set()
        if repeated or self.is_interruptible(threading.get_ident()):
            self.raise_if_interrupted()

    def raise_if_interrupted(self) -> None:
        """Raise `Interrupted` if a signal was noted, `SystemExit` in a thread that was left."""
        if self._signal_number is not None:
            raise Interrupted(self._signal_number)
        if threading.current_thread() in self._abandoned_threads:
            raise SystemExit

    def wait(self, seconds: float) -> None:
        """Return after `seconds`; raise `Interrupted` when a signal arrives, in every thread."""
        with self.interruptible():
            if threading.current_thread() is threading.main_thread():
                time.sleep(seconds)  # a handler that runs in here raises out of it
            else:
                self._signal_arrived.wait(seconds)
        self.raise_if_interrupted()  # outside: nobody leaves this thread any more

    def is_interruptible(self, thread: int | None) -> bool:
        """Tell whether a thread is where a signal may end it."""
        return thread in self._interruptible_threads

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let a signal end this thread inside this block."""
        thread = threading.get_ident()
        was_interruptible = self.is_interruptible(thread)
        self._interruptible_threads.add(thread)
        try:
            self.raise_if_interrupted()
            yield
        finally:
            if not was_interruptible:
                with self._lock:  # it is left inside the block or not at all
                    self._interruptible_threads.discard(thread)

    def abandon(self, thread: threading.Thread) -> bool:
        """Leave a thread that may end now; tell whether it may. It does not get past a `check`."""
        with self._lock:
            if not self.is_interruptible(thread.ident):
                return False
            self._abandoned_threads.add(thread)
            return True
