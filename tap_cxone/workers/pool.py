"""A lane per family: its files come in the background, while rows of others leave."""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from tap_cxone.workers.main_thread import MainThreadExecutor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_cxone.signals import SignalHandler

_MAX_FILES = 128  # of a lane: each is an open file, and a pending job in every STATE
_OPEN_FILES_DIVISOR = 2  # the part of the files a process may open that may wait: one in so many
_JOIN_SECONDS = 0.05  # seconds

_T = TypeVar("_T")


def _open_files_limit() -> int:
    """Return how many files this process may have open."""
    try:
        import resource  # noqa: PLC0415 (not on Windows)
    except ImportError:
        return 512
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else sys.maxsize


class FetchedItem(Protocol):
    """Something that was fetched and waits for its turn."""

    @property
    def size(self) -> int:
        """Return how many bytes it holds on the disk."""

    def close(self) -> None:
        """Give back what it holds."""


ItemT = TypeVar("ItemT", bound=FetchedItem)
_ItemT_co = TypeVar("_ItemT_co", bound=FetchedItem, covariant=True)


class FetchingStream(Protocol[_ItemT_co]):
    """A stream, as far as its lane knows it."""

    @property
    def name(self) -> str:
        """Return what tells it from the others."""

    @property
    def worker_name(self) -> str:
        """Return the family whose limits it keeps."""

    def fetch(self) -> Iterator[_ItemT_co]:
        """Fetch one piece after the other."""


@dataclass(slots=True, eq=False)
class FetchTask(Generic[ItemT]):
    """One stream's fetching: what is there of it, and whether there is more to come."""

    items: Iterator[ItemT]
    prefetched: deque[ItemT] = field(default_factory=deque)
    finished: bool = False
    error: BaseException | None = None

    def fetch_next(self) -> ItemT | None:
        """Fetch the next piece; None at the end, however that came."""
        try:
            return next(self.items)
        except StopIteration:
            self.finished = True
        except BaseException as error:  # noqa: BLE001 (whoever reads the stream raises it)
            self.error, self.finished = error, True
        return None

    def close(self) -> None:
        """End the fetching where it stands; in the thread that fetches."""
        if isinstance(self.items, Generator):
            self.items.close()


class FamilyWorker(threading.Thread):
    """The thread of one family: the only one that talks to its API."""

    def __init__(self, name: str, pool: WorkerPool, streams: Iterable[FetchingStream[Any]]) -> None:
        """Fetch for these streams, in their order."""
        super().__init__(name=name, daemon=True)
        self.tasks = {stream.name: FetchTask(stream.fetch()) for stream in streams}
        self._pool = pool
        self._calls: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._wake_event = threading.Event()

    def run(self) -> None:
        """Fetch what there is room for; do first what the main thread needs at once."""
        while True:
            self._wake_event.clear()
            if self._pool.closed:  # looked at last: whoever closes rings after saying so
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
        except BaseException as error:  # noqa: BLE001 (whoever asked for it raises it)
            future.set_exception(error)
        self._pool.main_thread.wake()

    @property
    def prefetched_count(self) -> int:
        """Return how many pieces are there and not read yet."""
        return sum(len(task.prefetched) for task in self.tasks.values())

    def submit(self, call: Callable[[], _T]) -> Future[_T]:
        """Have this thread do something between two pieces."""
        future: Future[_T] = Future()
        self._calls.append((future, call))
        self.wake()
        return future

    # Other threads put a new dict in the old one's place: this one may be looking through that.

    def prioritize(self, name: str, task: FetchTask[Any]) -> None:
        """Fetch for a stream before all others."""
        self.tasks = {name: task, **{n: h for n, h in self.tasks.items() if n != name}}
        self.wake()

    def drop(self, name: str) -> None:
        """Fetch nothing more for a stream."""
        self.tasks = {n: h for n, h in self.tasks.items() if n != name}

    def wake(self) -> None:
        """Wake the thread where it waits."""
        self._wake_event.set()


class WorkerPool:
    """The lanes of one run; none, as long as none were started: then everything is done in turn."""

    def __init__(self, signals: SignalHandler, max_bytes: int) -> None:
        """Let files of at most so many bytes wait for their turn."""
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
        """Start a lane per family, and end them all at the end of the block.

        Whoever enters it is the main thread from then on.
        """
        self.main_thread, self.closed = MainThreadExecutor(self._signals), False
        streams_by_family: dict[str, list[FetchingStream[Any]]] = {}
        for stream in streams:
            streams_by_family.setdefault(stream.worker_name, []).append(stream)
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
        """Yield what is fetched of a stream, in its order; raise what ended the fetching.

        A stream that was read before is fetched anew.
        """
        worker = self._workers.get(stream.worker_name)
        if worker is None:
            yield from stream.fetch()
            return
        task = worker.tasks.get(stream.name) or FetchTask(stream.fetch())
        self._current_task = task  # before the lane is woken to look for it
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
        """Fetch no more of a stream, and remove what was fetched and not read."""
        task.finished = True
        worker.drop(name)
        with self._lock:
            unread, task.prefetched = list(task.prefetched), deque()
        for item in unread:
            self._release(item)
            item.close()
        worker.submit(task.close)

    def run_on_worker(self, family: str, call: Callable[[], _T]) -> _T:
        """Do something with a family's API out of turn, in its lane; wait for what comes of it."""
        worker = self._workers.get(family)
        if worker is None:
            return call()
        # In the context of who waits, so that whoever watches that stream learns of it.
        future = worker.submit(partial(copy_context().run, call))
        self.main_thread.wait_until(future.done)
        return future.result()

    # What waits for its turn

    def may_prefetch(self, worker: FamilyWorker, task: FetchTask[Any]) -> bool:
        """Tell whether a lane may fetch another piece; the one that is read next always may."""
        if task is self._current_task and not task.prefetched:
            return True
        return (
            self._prefetched_bytes < self._max_bytes and worker.prefetched_count < self._max_files
        )

    def add_item(self, task: FetchTask[ItemT], item: ItemT) -> None:
        """Let a piece wait for its turn, unless nobody wants it any more."""
        with self._lock:
            if not task.finished:
                task.prefetched.append(item)
                self._prefetched_bytes += item.size
                return
        item.close()

    def _release(self, item: FetchedItem) -> None:
        with self._lock:
            self._prefetched_bytes -= item.size

    # The end

    def _close(self) -> None:
        """End every lane; wait for those that are in the middle of what must not be lost.

        One that waits for an answer or for a job is left behind: it asks for nothing after that.
        """
        self.closed = True
        for worker in self._workers.values():
            worker.wake()
        try:
            for worker in self._workers.values():
                while worker.is_alive() and not self._signals.abandon(worker):
                    self.main_thread.run_pending()
                    worker.join(_JOIN_SECONDS)
            self.main_thread.run_pending()  # what they handed in last
        finally:
            self.main_thread.close()
            for worker in self._workers.values():
                for name, task in worker.tasks.items():
                    self._cancel(worker, name, task)
            self._workers = {}
