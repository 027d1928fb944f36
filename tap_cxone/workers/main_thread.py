"""Run callables from worker threads on the main thread."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_cxone.signals import SignalHandler

_WAIT_SECONDS = 1  # on Windows a signal does not interrupt a wait

_T = TypeVar("_T")


class ExecutorClosed(Exception):
    """The executor is closed because the run has ended."""


class MainThreadExecutor:
    """An executor that runs tasks of all threads on the thread that created it.

    Tasks change the SDK's state and write messages. The main thread runs them between two records
    (`run_pending`) or while it waits (`wait_until`), where no message is incomplete. So STATE is
    consistent, lines never interleave, and only one thread uses the SDK's objects.
    """

    def __init__(self, signals: SignalHandler) -> None:
        """Create an executor for the calling thread."""
        self._signals = signals
        self._owner = threading.get_ident()
        self._tasks: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._wake_event = threading.Event()
        self._closed = False

    def call(self, task: Callable[[], _T]) -> _T:
        """Run a task on the main thread; return its result or raise its error.

        Raises:
            ExecutorClosed: The run has ended.
        """
        if threading.get_ident() == self._owner:
            return task()
        try:
            return self._enqueue(task).result()
        except CancelledError:
            raise ExecutorClosed from None

    def post(self, task: Callable[[], object]) -> None:
        """Run a task on the main thread without waiting; errors of a worker's task are dropped.

        Use it only for tasks that a later task repeats. For example, if STATE cannot be written,
        the next commit writes it or raises.
        """
        if threading.get_ident() == self._owner:
            task()
        else:
            self._enqueue(task)

    def _enqueue(self, task: Callable[[], _T]) -> Future[_T]:
        future: Future[_T] = Future()
        self._tasks.append((future, task))
        self.wake()
        if self._closed:  # checked last: `close` sets the flag before it empties the queue
            future.cancel()
        return future

    def wake(self) -> None:
        """Wake the main thread if it is waiting."""
        self._wake_event.set()

    def run_pending(self) -> None:
        """Run the queued tasks."""
        while self._tasks:
            future, task = self._tasks.popleft()
            try:
                future.set_result(task())
            except BaseException as error:
                future.set_exception(error)
                # A closed pipe or a signal ends the run, not only the calling worker.
                if isinstance(error, BrokenPipeError) or not isinstance(error, Exception):
                    raise

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Run tasks until `condition` is true; the thread that makes it true calls `wake`.

        Tasks that were queued before the condition became true have run when this returns.

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
        """Reject new tasks and cancel the queued ones."""
        self._closed = True
        while self._tasks:
            self._tasks.popleft()[0].cancel()
