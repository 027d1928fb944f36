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


class Interrupts:
    """Turn SIGINT and SIGTERM into `Interrupted`, but never inside a line or a submit.

    A signal that raised in the middle of a write would leave half a message before the next
    one. So a signal is only noted, and raised where a thread waits (`allowed`) or asks
    (`check`). A second signal does not wait.
    """

    def __init__(self) -> None:
        """Start with nothing noted and nothing allowed."""
        self._noted: int | None = None
        self._arrived = threading.Event()
        self._allowed: set[int] = set()  # threads that nothing is lost of if they end now
        self._left: set[threading.Thread] = set()  # those that nobody waits for any more
        self._lock = threading.Lock()

    def install(self) -> None:
        """Take over SIGINT and SIGTERM; only the main thread of a process can."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda number, _frame: self.note(number))

    def note(self, number: int) -> None:
        """Note a signal; raise at once if that is allowed now or one was noted before."""
        again, self._noted = self._noted is not None, number
        self._arrived.set()
        if again or self.may_end(threading.get_ident()):
            self.check()

    def check(self) -> None:
        """Raise `Interrupted` if a signal was noted, `SystemExit` in a thread that was left."""
        if self._noted is not None:
            raise Interrupted(self._noted)
        if threading.current_thread() in self._left:
            raise SystemExit

    def wait(self, seconds: float) -> None:
        """Return after `seconds`; raise `Interrupted` when a signal arrives, in every thread."""
        with self.allowed():
            if threading.current_thread() is threading.main_thread():
                time.sleep(seconds)  # a handler that runs in here raises out of it
            else:
                self._arrived.wait(seconds)
        self.check()  # outside: nobody leaves this thread any more

    def may_end(self, thread: int | None) -> bool:
        """Tell whether a thread is where a signal may end it."""
        return thread in self._allowed

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Let a signal end this thread inside this block."""
        thread = threading.get_ident()
        outer = self.may_end(thread)
        self._allowed.add(thread)
        try:
            self.check()
            yield
        finally:
            if not outer:
                with self._lock:  # it is left inside the block or not at all
                    self._allowed.discard(thread)

    def leave(self, thread: threading.Thread) -> bool:
        """Leave a thread that may end now; tell whether it may. It does not get past a `check`."""
        with self._lock:
            if not self.may_end(thread.ident):
                return False
            self._left.add(thread)
            return True
