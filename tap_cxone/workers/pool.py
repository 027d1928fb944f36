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

from tap_cxone.workers.main_thread import Desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_cxone.signals import Interrupts

_MOST_FILES = 128  # of a lane: each is an open file, and a pending job in every STATE
_SHARE = 2  # the part of the files a process may open that may wait: one in so many
_LOOK = 0.05  # seconds

_T = TypeVar("_T")


def _open_files() -> int:
    """Return how many files this process may have open."""
    try:
        import resource  # noqa: PLC0415 (not on Windows)
    except ImportError:
        return 512
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else sys.maxsize


class Piece(Protocol):
    """Something that was fetched and waits for its turn."""

    @property
    def size(self) -> int:
        """Return how many bytes it holds on the disk."""

    def close(self) -> None:
        """Give back what it holds."""


PieceT = TypeVar("PieceT", bound=Piece)
_Out_co = TypeVar("_Out_co", bound=Piece, covariant=True)


class Hunter(Protocol[_Out_co]):
    """A stream, as far as its lane knows it."""

    @property
    def name(self) -> str:
        """Return what tells it from the others."""

    @property
    def lane(self) -> str:
        """Return the family whose limits it keeps."""

    def hunt(self) -> Iterator[_Out_co]:
        """Fetch one piece after the other."""


@dataclass(slots=True, eq=False)
class Hunt(Generic[PieceT]):
    """One stream's fetching: what is there of it, and whether there is more to come."""

    pieces: Iterator[PieceT]
    ready: deque[PieceT] = field(default_factory=deque)
    over: bool = False
    error: BaseException | None = None

    def advance(self) -> PieceT | None:
        """Fetch the next piece; None at the end, however that came."""
        try:
            return next(self.pieces)
        except StopIteration:
            self.over = True
        except BaseException as error:  # noqa: BLE001 (whoever reads the stream raises it)
            self.error, self.over = error, True
        return None

    def close(self) -> None:
        """End the fetching where it stands; in the thread that fetches."""
        if isinstance(self.pieces, Generator):
            self.pieces.close()


class Lane(threading.Thread):
    """The thread of one family: the only one that talks to its API."""

    def __init__(self, name: str, lanes: Lanes, streams: Iterable[Hunter[Any]]) -> None:
        """Fetch for these streams, in their order."""
        super().__init__(name=name, daemon=True)
        self.hunts = {stream.name: Hunt(stream.hunt()) for stream in streams}
        self._lanes = lanes
        self._chores: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._bell = threading.Event()

    def run(self) -> None:
        """Fetch what there is room for; do first what the main thread needs at once."""
        while True:
            self._bell.clear()
            if self._lanes.closed:  # looked at last: whoever closes rings after saying so
                return
            hunt = next((hunt for hunt in self.hunts.values() if not hunt.over), None)
            if self._chores:
                self._do(*self._chores.popleft())
            elif hunt is not None and self._lanes.has_room(self, hunt):
                self._advance(hunt)
            else:
                self._bell.wait()

    def _advance(self, hunt: Hunt[Any]) -> None:
        if (piece := hunt.advance()) is not None:
            self._lanes.keep(hunt, piece)
        self._lanes.desk.ring()

    def _do(self, promise: Future[Any], chore: Callable[[], Any]) -> None:
        try:
            promise.set_result(chore())
        except BaseException as error:  # noqa: BLE001 (whoever asked for it raises it)
            promise.set_exception(error)
        self._lanes.desk.ring()

    @property
    def waiting(self) -> int:
        """Return how many pieces are there and not read yet."""
        return sum(len(hunt.ready) for hunt in self.hunts.values())

    def ask(self, chore: Callable[[], _T]) -> Future[_T]:
        """Have this thread do something between two pieces."""
        promise: Future[_T] = Future()
        self._chores.append((promise, chore))
        self.ring()
        return promise

    # Other threads put a new dict in the old one's place: this one may be looking through that.

    def put_first(self, name: str, hunt: Hunt[Any]) -> None:
        """Fetch for a stream before all others."""
        self.hunts = {name: hunt, **{n: h for n, h in self.hunts.items() if n != name}}
        self.ring()

    def leave(self, name: str) -> None:
        """Fetch nothing more for a stream."""
        self.hunts = {n: h for n, h in self.hunts.items() if n != name}

    def ring(self) -> None:
        """Wake the thread where it waits."""
        self._bell.set()


class Lanes:
    """The lanes of one run; none, as long as none were started: then everything is done in turn."""

    def __init__(self, interrupts: Interrupts, most_bytes: int) -> None:
        """Let files of at most so many bytes wait for their turn."""
        self.desk = Desk(interrupts)
        self.closed = False
        self._interrupts = interrupts
        self._most = most_bytes
        self._lanes: dict[str, Lane] = {}
        self._lock = threading.Lock()
        self._files = _MOST_FILES
        self._held = 0
        self._needed: Hunt[Any] | None = None

    @contextmanager
    def running(self, streams: Iterable[Hunter[Any]]) -> Iterator[None]:
        """Start a lane per family, and end them all at the end of the block.

        Whoever enters it is the main thread from then on.
        """
        self.desk, self.closed = Desk(self._interrupts), False
        families: dict[str, list[Hunter[Any]]] = {}
        for stream in streams:
            families.setdefault(stream.lane, []).append(stream)
        self._lanes = {name: Lane(name, self, own) for name, own in families.items()}
        self._files = min(_MOST_FILES, _open_files() // _SHARE // max(1, len(families)))
        try:
            for lane in self._lanes.values():
                lane.start()
            yield
        finally:
            self._close()

    def pieces(self, stream: Hunter[PieceT]) -> Iterator[PieceT]:
        """Yield what is fetched of a stream, in its order; raise what ended the fetching.

        A stream that was read before is fetched anew.
        """
        lane = self._lanes.get(stream.lane)
        if lane is None:
            yield from stream.hunt()
            return
        hunt = lane.hunts.get(stream.name) or Hunt(stream.hunt())
        self._needed = hunt  # before the lane is woken to look for it
        lane.put_first(stream.name, hunt)
        try:
            yield from self._arriving(hunt)
        finally:
            self._drop(lane, stream.name, hunt)

    def _arriving(self, hunt: Hunt[PieceT]) -> Iterator[PieceT]:
        while True:
            self.desk.wait(lambda: bool(hunt.ready) or hunt.over)
            if not hunt.ready:
                break
            piece = hunt.ready.popleft()
            self._give_back(piece)
            for other in self._lanes.values():
                other.ring()
            yield piece
        if hunt.error is not None:
            raise hunt.error

    def _drop(self, lane: Lane, name: str, hunt: Hunt[Any]) -> None:
        """Fetch no more of a stream, and remove what was fetched and not read."""
        hunt.over = True
        lane.leave(name)
        with self._lock:
            unread, hunt.ready = list(hunt.ready), deque()
        for piece in unread:
            self._give_back(piece)
            piece.close()
        lane.ask(hunt.close)

    def aside(self, family: str, chore: Callable[[], _T]) -> _T:
        """Do something with a family's API out of turn, in its lane; wait for what comes of it."""
        lane = self._lanes.get(family)
        if lane is None:
            return chore()
        # In the context of who waits, so that whoever watches that stream learns of it.
        promise = lane.ask(partial(copy_context().run, chore))
        self.desk.wait(promise.done)
        return promise.result()

    # What waits for its turn

    def has_room(self, lane: Lane, hunt: Hunt[Any]) -> bool:
        """Tell whether a lane may fetch another piece; the one that is read next always may."""
        if hunt is self._needed and not hunt.ready:
            return True
        return self._held < self._most and lane.waiting < self._files

    def keep(self, hunt: Hunt[PieceT], piece: PieceT) -> None:
        """Let a piece wait for its turn, unless nobody wants it any more."""
        with self._lock:
            if not hunt.over:
                hunt.ready.append(piece)
                self._held += piece.size
                return
        piece.close()

    def _give_back(self, piece: Piece) -> None:
        with self._lock:
            self._held -= piece.size

    # The end

    def _close(self) -> None:
        """End every lane; wait for those that are in the middle of what must not be lost.

        One that waits for an answer or for a job is left behind: it asks for nothing after that.
        """
        self.closed = True
        for lane in self._lanes.values():
            lane.ring()
        try:
            for lane in self._lanes.values():
                while lane.is_alive() and not self._interrupts.leave(lane):
                    self.desk.serve()
                    lane.join(_LOOK)
            self.desk.serve()  # what they handed in last
        finally:
            self.desk.close()
            for lane in self._lanes.values():
                for name, hunt in lane.hunts.items():
                    self._drop(lane, name, hunt)
            self._lanes = {}
