"""Run tasks in order on one background thread."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_PENDING = 3  # tasks in flight; each holds the rows of one block


class Background:
    """A thread that encodes and stores batch files while the main thread reads the next rows."""

    def __init__(self) -> None:
        """Start no thread before the first task."""
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="batch-files")
        self._pending: deque[Future[None]] = deque()

    def run(self, task: Callable[[], None]) -> None:
        """Run a task after all earlier ones; wait for the oldest if too many are in flight.

        The task must not raise an error.
        """
        if len(self._pending) >= _MAX_PENDING:
            self._pending.popleft().result()
        self._pending.append(self._executor.submit(task))

    def wait(self) -> None:
        """Wait until all tasks have ended."""
        while self._pending:
            self._pending.popleft().result()
