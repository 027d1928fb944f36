from __future__ import annotations

import logging
import signal
import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import pytest

from tap_cxone.errors import Interrupted
from tap_cxone.progress.activity import count_export
from tap_cxone.progress.tracker import Progress
from tap_cxone.workers.pool import FamilyWorker, FetchTask, WorkerPool
from tests.support.run import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_cxone.signals import SignalHandler

PATIENCE = (
    20  # seconds until a thread that does not end is a failure; no passing test waits so long
)


@dataclass
class Sheet:
    """A item that knows whether it was closed."""

    number: int
    size: int = 1
    closed: bool = False

    def close(self) -> None:
        self.closed = True


@dataclass
class ToyFamily:
    """A family whose streams may always fetch."""

    name: str
    errors: list[BaseException | None] = field(default_factory=list)

    @contextmanager
    def fetching(self) -> Iterator[None]:
        """Note how the block ends."""
        try:
            yield
        except BaseException as error:
            self.errors.append(error)
            raise
        self.errors.append(None)


@dataclass
class Toy:
    """A stream whose items are made by a function, which notes the thread that calls it."""

    name: str
    family_name: str
    make: Callable[[], Iterator[Sheet]]
    threads: set[int] = field(default_factory=set)

    @cached_property
    def family(self) -> ToyFamily:
        return ToyFamily(self.family_name)

    def iter_files(self) -> Iterator[Sheet]:
        for item in self.make():
            self.threads.add(threading.get_ident())
            yield item


def sheets(count: int, size: int = 1) -> Callable[[], Iterator[Sheet]]:
    """Return a function that makes so many items."""
    return lambda: (Sheet(number, size) for number in range(count))


def numbers(pool: WorkerPool, toy: Toy) -> list[int]:
    """Read all of a stream."""
    return [item.number for item in pool.items(toy)]


@contextmanager
def ending(interrupts: SignalHandler) -> Iterator[None]:
    """End what is inside the block if it stands still."""
    timer = threading.Timer(PATIENCE, interrupts.record, [signal.SIGTERM])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@pytest.fixture
def pool(interrupts):
    return WorkerPool(interrupts, max_bytes=10)


def test_without_workers_streams_fetch_in_order(pool):
    """As long as none were started, items come in the thread that reads them."""
    toy = Toy("a", "one", sheets(3))

    assert numbers(pool, toy) == [0, 1, 2]
    assert toy.threads == {threading.get_ident()}


def test_items_keep_their_order(pool):
    """A stream's items come in their order, from another thread, whatever streams precede it."""
    toys = [Toy("a", "one", sheets(3)), Toy("b", "two", sheets(2)), Toy("c", "one", sheets(4))]
    with pool.running(toys):
        found = [numbers(pool, toy) for toy in toys]

    assert found == [[0, 1, 2], [0, 1], [0, 1, 2, 3]]
    first, second, third = (toy.threads for toy in toys)
    assert first == third != second
    assert threading.get_ident() not in first | second


def test_families_download_while_another_is_read(pool):
    """While a item of one family is read, another family's items arrive."""
    arrived = threading.Event()

    def others() -> Iterator[Sheet]:
        yield Sheet(0)
        arrived.set()

    toys = [Toy("a", "one", sheets(1)), Toy("b", "two", others)]
    with pool.running(toys):
        for _ in pool.items(toys[0]):
            assert arrived.wait(PATIENCE)


def test_error_comes_after_what_preceded_it(pool):
    """What was fetched before a failure is read before it is raised."""

    def failing() -> Iterator[Sheet]:
        yield Sheet(0)
        raise KeyError

    toy = Toy("a", "one", failing)
    found: list[int] = []
    with pool.running([toy]), pytest.raises(KeyError):
        found.extend(item.number for item in pool.items(toy))
    assert numbers(pool, Toy("b", "one", sheets(1))) == [0]


@pytest.mark.parametrize("parallel", [True, False], ids=["worker", "main thread"])
def test_fetching_ends_with_the_outcome_of_the_stream(pool, parallel):
    """The family learns of the end of each stream, of its error, and of a stream given up."""

    def failing() -> Iterator[Sheet]:
        yield Sheet(0)
        raise KeyError

    whole, broken, cut = toys = [
        Toy("a", "one", sheets(3)),
        Toy("b", "one", failing),
        Toy("c", "one", sheets(50)),
    ]
    with pool.running(toys if parallel else []):
        numbers(pool, whole)
        with pytest.raises(KeyError):
            numbers(pool, broken)
        with closing(pool.items(cut)) as items:
            next(items)

    assert whole.family.errors == [None]
    assert [type(error) for error in broken.family.errors] == [KeyError]
    if not parallel:  # a worker closes it when it comes to it, or not at all at the end of a run
        assert [type(error) for error in cut.family.errors] == [GeneratorExit]


def test_stream_fetched_again_yields_again(pool):
    """A stream that is read a second time is fetched again, before those that come after it."""
    tries = iter([KeyError, None])

    def once() -> Iterator[Sheet]:
        if error := next(tries):
            raise error
        yield Sheet(7)

    toys = [Toy("a", "one", once), Toy("b", "one", sheets(1))]
    with pool.running(toys):
        with pytest.raises(KeyError):
            numbers(pool, toys[0])
        assert [numbers(pool, toy) for toy in toys] == [[7], [0]]


def test_what_waits_is_bounded(interrupts):
    """Past the limit a family that is not read fetches no more; what is read next comes still."""
    pool = WorkerPool(interrupts, max_bytes=10)
    fetched: list[int] = []

    def large() -> Iterator[Sheet]:
        for number in range(5):
            fetched.append(number)
            yield Sheet(number, size=10)

    toys = [Toy("a", "one", sheets(50, size=10)), Toy("b", "two", large)]
    with pool.running(toys):
        assert len(numbers(pool, toys[0])) == 50  # it never stands still
        assert len(fetched) <= 3
        assert numbers(pool, toys[1]) == [0, 1, 2, 3, 4]


def test_what_waits_leaves_files_to_open(interrupts, monkeypatch):
    """Half of the files that a process may open are shared by its pool; no worker has more."""
    monkeypatch.setattr("tap_cxone.workers.pool._open_files_limit", lambda: 12)
    pool = WorkerPool(interrupts, max_bytes=1000)
    fetched: list[int] = []
    as_many = threading.Event()

    def others() -> Iterator[Sheet]:
        for number in range(9):
            fetched.append(number)
            if number == 2:
                as_many.set()
            yield Sheet(number)

    toys = [Toy("a", "one", sheets(50)), Toy("b", "two", others)]
    with pool.running(toys):
        assert as_many.wait(PATIENCE)
        assert len(numbers(pool, toys[0])) == 50
        assert len(fetched) == 3
        assert numbers(pool, toys[1]) == list(range(9))


@pytest.mark.promise("isolated-failures")
def test_items_of_a_stopped_stream_are_removed(pool):
    """A stream that is given up leaves no file behind, and its worker continues."""
    made, ready = [Sheet(0), Sheet(1)], threading.Event()

    def known() -> Iterator[Sheet]:
        yield from made
        ready.set()

    toys = [Toy("a", "one", known), Toy("b", "one", sheets(1))]
    with pool.running(toys):
        reading = pool.items(toys[0])
        next(reading)
        assert ready.wait(PATIENCE)
        reading.close()
        assert numbers(pool, toys[1]) == [0]
    assert made[1].closed


def test_tasks_run_on_the_main_thread(pool):
    """What a worker wants done to the state is done by the thread that writes messages."""
    done_by: list[int] = []

    def task() -> int:
        done_by.append(threading.get_ident())
        return 5

    def asking() -> Iterator[Sheet]:
        yield Sheet(pool.main_thread.call(task))

    toy = Toy("a", "one", asking)
    with pool.running([toy]):
        assert numbers(pool, toy) == [5]
    assert done_by == [threading.get_ident()]


def test_task_that_fails_raises_in_its_worker(pool):
    """The worker is told, and so the stream fails, not the others."""

    def asking() -> Iterator[Sheet]:
        pool.main_thread.call({}.popitem)
        yield Sheet(0)

    toys = [Toy("a", "one", asking), Toy("b", "two", sheets(1))]
    with pool.running(toys):
        with pytest.raises(KeyError):
            numbers(pool, toys[0])
        assert numbers(pool, toys[1]) == [0]


def test_closed_pipe_ends_the_run(pool):
    """The pipe is closed: the run ends, whichever stream's STATE it was."""

    def writing() -> Iterator[Sheet]:
        pool.main_thread.call(closed)
        yield Sheet(0)

    def closed() -> None:
        raise BrokenPipeError

    toys = [Toy("a", "one", sheets(1)), Toy("b", "two", writing)]
    with pytest.raises(BrokenPipeError), pool.running(toys):
        [numbers(pool, toy) for toy in toys]


def test_request_while_a_window_is_read_runs_on_the_worker(pool):
    """Requests to an API while a window is read are sent by its one worker."""
    toy = Toy("a", "one", sheets(2))
    with pool.running([toy]):
        found = {pool.run_on_worker("one", threading.get_ident) for _ in pool.items(toy)}
    assert found == toy.threads


def test_activity_of_a_worker_reaches_the_waiting_thread(pool):
    """What a worker spends for a waiting thread is reported to the observer of that thread."""
    stream = Progress(FakeClock(), logging.getLogger("pool")).stream("a")
    with pool.running([Toy("a", "one", sheets(1))]), stream.track_file():
        pool.run_on_worker("one", count_export)
    assert stream.snapshot().exports == 1


def test_run_end_waits_for_a_submit(pool, interrupts):
    """A signal while another family submits: its answer is remembered before the run ends."""
    submitting, noted = threading.Event(), threading.Event()
    remembered: list[str] = []

    def submit() -> Iterator[Sheet]:
        submitting.set()
        noted.wait(PATIENCE)  # the answer comes after the signal
        pool.main_thread.call(lambda: remembered.append("job"))
        interrupts.wait(PATIENCE)
        yield Sheet(0)

    toy = Toy("a", "one", submit)
    with pytest.raises(Interrupted), pool.running([toy]):  # noqa: PT012 (the run is the block)
        assert submitting.wait(PATIENCE)
        interrupts.record(signal.SIGTERM)
        noted.set()
        interrupts.raise_if_interrupted()
    assert remembered == ["job"]


def test_signal_ends_the_sleep_of_a_worker(pool, interrupts):
    """A worker that waits for a job is woken by a signal, and ends."""
    sleeping = threading.Event()

    def waiting() -> Iterator[Sheet]:
        sleeping.set()
        interrupts.wait(PATIENCE * 100)
        yield Sheet(0)

    toy = Toy("a", "one", waiting)
    with pytest.raises(Interrupted), pool.running([toy]):  # noqa: PT012
        assert sleeping.wait(PATIENCE)
        threading.Timer(0.01, interrupts.record, [signal.SIGINT]).start()
        numbers(pool, toy)


def test_end_of_the_run_stops_a_worker_between_fetches(pool):
    """A worker ends also if it is stopped just before it waits."""

    class LateBell(threading.Event):
        def clear(self) -> None:
            pool.closed = True
            self.set()
            super().clear()

    worker = FamilyWorker("one", pool, [])
    worker._wake_event = LateBell()
    worker.start()
    worker.join(PATIENCE)
    assert not worker.is_alive()


def test_what_is_needed_is_known_before_its_worker_looks(pool, interrupts, monkeypatch):
    """A worker without room that is woken for the stream read next finds that it must fetch it."""
    full, looked = threading.Event(), threading.Event()
    has_room, put_first = pool.may_prefetch, FamilyWorker.prioritize

    def watched(worker: FamilyWorker, fetch: FetchTask[Sheet]) -> bool:
        if worker.name == "two":
            assert full.wait(PATIENCE)
        found: bool = has_room(worker, fetch)
        (looked if worker.name == "two" else full if not found else threading.Event()).set()
        return found

    def slowly(worker: FamilyWorker, name: str, fetch: FetchTask[Sheet]) -> None:
        assert looked.wait(PATIENCE)
        looked.clear()
        put_first(worker, name, fetch)
        assert looked.wait(PATIENCE)

    monkeypatch.setattr(pool, "may_prefetch", watched)
    monkeypatch.setattr(FamilyWorker, "prioritize", slowly)
    toys = [Toy("a", "one", sheets(5, size=10)), Toy("b", "two", sheets(2))]
    with ending(interrupts), pool.running(toys):
        assert numbers(pool, toys[1]) == [0, 1]


def test_worker_abandoned_in_a_request_does_not_continue(pool, interrupts):
    """An abandoned worker that waits for a response does not continue after it."""
    asking, answer, ended = threading.Event(), threading.Event(), threading.Event()
    went_on: list[str] = []

    def waiting() -> Iterator[Sheet]:
        try:
            with interrupts.interruptible():
                asking.set()
                answer.wait(PATIENCE)
            interrupts.raise_if_interrupted()  # as before every submit
            went_on.append("submit")
        finally:
            ended.set()
        yield Sheet(0)

    toy = Toy("a", "one", waiting)
    with pool.running([toy]):
        assert asking.wait(PATIENCE)
    answer.set()
    assert ended.wait(PATIENCE)
    assert went_on == []


def test_run_end_does_what_a_worker_posted_last(pool):
    """What a worker posts and does not wait for is done, also if it ends right after it."""
    asking = threading.Event()
    done: list[str] = []

    def posting() -> Iterator[Sheet]:
        asking.set()
        pool.main_thread.call(lambda: done.append("first"))  # runs when the end has begun
        pool.main_thread.post(lambda: done.append("last"))
        yield Sheet(0)

    with pool.running([Toy("a", "one", posting)]):
        assert asking.wait(PATIENCE)
    assert done == ["first", "last"]


@pytest.mark.promise("state-follows-records")
def test_item_never_overtakes_a_task_posted_before_it(pool):
    """An task handed in before something was ready has run when the wait for it ends."""
    looking, handed_in = threading.Event(), threading.Event()
    done: list[str] = []

    def posting() -> None:
        assert looking.wait(PATIENCE)
        pool.main_thread.post(lambda: done.append("task"))
        handed_in.set()

    def ready() -> bool:
        looking.set()
        return handed_in.wait(PATIENCE)

    threading.Thread(target=posting, daemon=True).start()
    pool.main_thread.wait_until(ready)
    assert done == ["task"]


def test_pool_serves_a_second_run(pool):
    """The same pool serve a second run, of another thread too."""
    found: list[list[int]] = []

    def run() -> None:
        toy = Toy("a", "one", lambda: iter([Sheet(pool.main_thread.call(lambda: 3))]))
        with pool.running([toy]):
            found.append(numbers(pool, toy))

    run()
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert found == [[3], [3]]
