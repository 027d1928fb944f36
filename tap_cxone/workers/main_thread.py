"""What only the main thread may do, done there whoever wants it."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_cxone.signals import SignalHandler

_WAIT_SECONDS = 1  # second; on Windows no signal is heard in the middle of a wait

_T = TypeVar("_T")


class ExecutorClosed(Exception):
    """The run has ended; nothing more is done for it."""


class MainThreadExecutor:
    """Changes the SDK's state and writes messages, for every thread, in the one that made it.

    A thread hands in an errand and the main thread runs it at the next place where nothing is half
    done: between rows (`serve`), or while it waits itself (`wait`). So STATE is whole, a line is
    never cut by another, and nobody else touches what the SDK keeps.
    """

    def __init__(self, signals: SignalHandler) -> None:
        """Belong to the thread that makes it."""
        self._signals = signals
        self._owner = threading.get_ident()
        self._tasks: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._wake_event = threading.Event()
        self._closed = False

    def call(self, task: Callable[[], _T]) -> _T:
        """Have an errand run, and return what it returns, or raise what it raises.

        Raises:
            Closed: The run has ended.
        """
        if threading.get_ident() == self._owner:
            return task()
        try:
            return self._enqueue(task).result()
        except CancelledError:
            raise ExecutorClosed from None

    def post(self, task: Callable[[], object]) -> None:
        """Have an errand run, sooner or later; from a lane nobody learns what it raises.

        So it is for what a later errand does again: STATE that could not be written once is
        written with the next commit, or that raises.
        """
        if threading.get_ident() == self._owner:
            task()
        else:
            self._enqueue(task)

    def _enqueue(self, task: Callable[[], _T]) -> Future[_T]:
        future: Future[_T] = Future()
        self._tasks.append((future, task))
        self.wake()
        if self._closed:  # looked at last: whoever closes empties the desk after saying so
            future.cancel()
        return future

    def wake(self) -> None:
        """Wake the main thread where it waits."""
        self._wake_event.set()

    def run_pending(self) -> None:
        """Run the errands that were handed in."""
        while self._tasks:
            future, task = self._tasks.popleft()
            try:
                future.set_result(task())
            except BaseException as error:
                future.set_exception(error)
                # Nobody reads any more, or a signal: it concerns everybody.
                if isinstance(error, BrokenPipeError) or not isinstance(error, Exception):
                    raise

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Run errands until something is `ready`; whoever makes it so rings.

        What was handed in before it was ready has run when this returns.

        Raises:
            Interrupted: A signal arrived.
        """
        while True:
            self._wake_event.clear()
            met = condition()
            self.run_pending()
            if met:
                return
            with self._signals.interruptible():
                self._wake_event.wait(_WAIT_SECONDS)

    def close(self) -> None:
        """Take no further errand; those that were handed in are not run."""
        self._closed = True
        while self._tasks:
            self._tasks.popleft()[0].cancel()
