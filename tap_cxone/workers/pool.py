"""One worker thread per API family; it downloads files while other streams emit records."""

from __future__ import annotations

import sys
import threading
from collections import deque
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from msgspec import Struct, field

from tap_cxone.workers.main_thread import MainThreadExecutor
from tap_cxone.workers.protocols import ItemT

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from tap_cxone.signals import SignalHandler
    from tap_cxone.workers.protocols import FetchedItem, FetchingStream

_MAX_FILES = 32  # per worker; each is an open file, and a pending job in every STATE
_OPEN_FILES_DIVISOR = 2  # prefetched files use at most half of the open-file limit
_JOIN_SECONDS = 0.05

_T = TypeVar("_T")


def _open_files_limit() -> int:
    """Return the maximum number of open files of this process."""
    try:
        import resource  # noqa: PLC0415 (not on Windows)
    except ImportError:
        return 512
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else sys.maxsize


def _fetch_items(stream: FetchingStream[ItemT]) -> Generator[ItemT]:
    """Yield the items of a stream; raise `CircuitOpen` if its family failed repeatedly."""
    with stream.family.fetching():
        yield from stream.iter_files()


class FetchTask(Struct, Generic[ItemT], eq=False):
    """State of one stream's fetching.

    Attributes:
        items: Iterator that fetches the items.
        prefetched: Items that are fetched and not read yet.
        finished: True if no more items are fetched.
        error: Error that ended the fetching.
    """

    items: Generator[ItemT]
    prefetched: deque[ItemT] = field(default_factory=deque)
    finished: bool = False
    error: BaseException | None = None

    def fetch_next(self) -> ItemT | None:
        """Fetch and return the next item; return None at the end or after an error."""
        try:
            return next(self.items)
        except StopIteration:
            self.finished = True
        except BaseException as error:  # noqa: BLE001 (`WorkerPool.items` raises it)
            self.error, self.finished = error, True
        return None

    def close(self) -> None:
        """Stop the fetching; must run on the thread that fetches."""
        self.items.close()


class FamilyWorker(threading.Thread):
    """The thread of one API family; no other thread sends requests to this API."""

    def __init__(self, name: str, pool: WorkerPool, streams: Iterable[FetchingStream[Any]]) -> None:
        """Create a worker that fetches for `streams` in the given order.

        Args:
            name: Name of the family.
            pool: Pool of the worker.
            streams: Streams of the family.
        """
        super().__init__(name=name, daemon=True)
        self.tasks = {stream.name: FetchTask(_fetch_items(stream)) for stream in streams}
        self._pool = pool
        self._calls: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._wake_event = threading.Event()

    def run(self) -> None:
        """Fetch items while the prefetch limit allows; run calls of other threads first."""
        while True:
            self._wake_event.clear()
            if self._pool.closed:  # checked after `clear`: `_close` sets the flag before it wakes
                return
            task = next((task for task in self.tasks.values() if not task.finished), None)
            if self._calls:
                self._run_call(*self._calls.popleft())
            elif task is not None and self._pool.may_prefetch(self, task):
                self._fetch_next(task)
            else:
                self._wake_event.wait()

    def _fetch_next(self, task: FetchTask[Any]) -> None:
        if (item := task.fetch_next()) is not None:
            self._pool.add_item(task, item)
        self._pool.main_thread.wake()

    def _run_call(self, future: Future[Any], call: Callable[[], Any]) -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 (the future raises it)
            future.set_exception(error)
        self._pool.main_thread.wake()

    @property
    def prefetched_count(self) -> int:
        """Return the number of items that are fetched and not read yet."""
        return sum(len(task.prefetched) for task in self.tasks.values())

    def run_soon(self, call: Callable[[], _T]) -> Future[_T]:
        """Run a call on this thread between two fetches; return its future."""
        future: Future[_T] = Future()
        self._calls.append((future, call))
        self.wake()
        return future

    # Other threads replace the dict instead of changing it: this thread may be iterating over it.

    def prioritize(self, name: str, task: FetchTask[Any]) -> None:
        """Fetch for one stream before all others."""
        self.tasks = {name: task, **{n: other for n, other in self.tasks.items() if n != name}}
        self.wake()

    def drop(self, name: str) -> None:
        """Stop fetching for a stream."""
        self.tasks = {n: other for n, other in self.tasks.items() if n != name}

    def wake(self) -> None:
        """Wake the thread if it is waiting."""
        self._wake_event.set()


class WorkerPool:
    """The workers of one run; without started workers, streams fetch on the calling thread."""

    def __init__(self, signals: SignalHandler, max_bytes: int) -> None:
        """Create a pool without workers.

        Args:
            signals: Signal handler of the run.
            max_bytes: Size of prefetched files on disk at which no further file is fetched.
        """
        self.main_thread = MainThreadExecutor(signals)
        self.closed = False
        self._signals = signals
        self._max_bytes = max_bytes
        self._workers: dict[str, FamilyWorker] = {}
        self._lock = threading.Lock()
        self._max_files = _MAX_FILES
        self._prefetched_bytes = 0
        self._current_task: FetchTask[Any] | None = None

    @contextmanager
    def running(self, streams: Iterable[FetchingStream[Any]]) -> Iterator[None]:
        """Start one worker per family, and stop all of them at the end of the block.

        The thread that enters the block is the main thread of the pool.
        """
        self.main_thread, self.closed = MainThreadExecutor(self._signals), False
        streams_by_family: dict[str, list[FetchingStream[Any]]] = {}
        for stream in streams:
            streams_by_family.setdefault(stream.family.name, []).append(stream)
        self._workers = {
            name: FamilyWorker(name, self, family_streams)
            for name, family_streams in streams_by_family.items()
        }
        self._max_files = min(
            _MAX_FILES, _open_files_limit() // _OPEN_FILES_DIVISOR // max(1, len(streams_by_family))
        )
        try:
            for worker in self._workers.values():
                worker.start()
            yield
        finally:
            self._close()

    def items(self, stream: FetchingStream[ItemT]) -> Iterator[ItemT]:
        """Yield the items of a stream in order, then raise the error that ended the fetching.

        A second call for the same stream fetches again.
        """
        worker = self._workers.get(stream.family.name)
        if worker is None:
            yield from _fetch_items(stream)
            return
        task = worker.tasks.get(stream.name) or FetchTask(_fetch_items(stream))
        self._current_task = task  # before the worker wakes up and reads it
        worker.prioritize(stream.name, task)
        try:
            yield from self._iter_prefetched(task)
        finally:
            self._cancel(worker, stream.name, task)

    def _iter_prefetched(self, task: FetchTask[ItemT]) -> Iterator[ItemT]:
        while True:
            self.main_thread.wait_until(lambda: bool(task.prefetched) or task.finished)
            if not task.prefetched:
                break
            item = task.prefetched.popleft()
            self._release(item)
            for other in self._workers.values():
                other.wake()
            yield item
        if task.error is not None:
            raise task.error

    def _cancel(self, worker: FamilyWorker, name: str, task: FetchTask[Any]) -> None:
        """Stop fetching for a stream, and close its unread items."""
        task.finished = True
        worker.drop(name)
        with self._lock:
            unread, task.prefetched = list(task.prefetched), deque()
        for item in unread:
            self._release(item)
            item.close()
        worker.run_soon(task.close)

    def run_on_worker(self, family: str, call: Callable[[], _T]) -> _T:
        """Run a call on a family's worker before its next fetch; return the result."""
        worker = self._workers.get(family)
        if worker is None:
            return call()
        # The copied context holds the activity observer of the stream that waits.
        future = worker.run_soon(partial(copy_context().run, call))
        self.main_thread.wait_until(future.done)
        return future.result()

    # Prefetched items

    def may_prefetch(self, worker: FamilyWorker, task: FetchTask[Any]) -> bool:
        """Return True if a worker may fetch an item; the item to be read next is always allowed."""
        if task is self._current_task and not task.prefetched:
            return True
        return (
            self._prefetched_bytes < self._max_bytes and worker.prefetched_count < self._max_files
        )

    def add_item(self, task: FetchTask[ItemT], item: ItemT) -> None:
        """Store a fetched item; close it if its stream was cancelled."""
        with self._lock:
            if not task.finished:
                task.prefetched.append(item)
                self._prefetched_bytes += item.size
                return
        item.close()

    def _release(self, item: FetchedItem) -> None:
        with self._lock:
            self._prefetched_bytes -= item.size

    # Shutdown

    def _close(self) -> None:
        """Stop all workers; wait for each one whose current operation must not be lost.

        A worker that waits for a response or for a job is abandoned: it sends no further request.
        """
        self.closed = True
        for worker in self._workers.values():
            worker.wake()
        try:
            for worker in self._workers.values():
                while worker.is_alive() and not self._signals.abandon(worker):
                    self.main_thread.run_pending()
                    worker.join(_JOIN_SECONDS)
            self.main_thread.run_pending()  # tasks queued by the last workers
        finally:
            self.main_thread.close()
            for worker in self._workers.values():
                for name, task in worker.tasks.items():
                    self._cancel(worker, name, task)
            self._workers = {}
