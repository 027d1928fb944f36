"""What only the main thread may do, done there whoever wants it."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_cxone.signals import Interrupts

_LOOK = 1  # second; on Windows no signal is heard in the middle of a wait

_T = TypeVar("_T")


class Closed(Exception):
    """The run has ended; nothing more is done for it."""


class Desk:
    """Changes the SDK's state and writes messages, for every thread, in the one that made it.

    A thread hands in an errand and the main thread runs it at the next place where nothing is half
    done: between rows (`serve`), or while it waits itself (`wait`). So STATE is whole, a line is
    never cut by another, and nobody else touches what the SDK keeps.
    """

    def __init__(self, interrupts: Interrupts) -> None:
        """Belong to the thread that makes it."""
        self._interrupts = interrupts
        self._owner = threading.get_ident()
        self._errands: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._bell = threading.Event()
        self._closed = False

    def run(self, errand: Callable[[], _T]) -> _T:
        """Have an errand run, and return what it returns, or raise what it raises.

        Raises:
            Closed: The run has ended.
        """
        if threading.get_ident() == self._owner:
            return errand()
        try:
            return self._hand_in(errand).result()
        except CancelledError:
            raise Closed from None

    def post(self, errand: Callable[[], object]) -> None:
        """Have an errand run, sooner or later; from a lane nobody learns what it raises.

        So it is for what a later errand does again: STATE that could not be written once is
        written with the next commit, or that raises.
        """
        if threading.get_ident() == self._owner:
            errand()
        else:
            self._hand_in(errand)

    def _hand_in(self, errand: Callable[[], _T]) -> Future[_T]:
        promise: Future[_T] = Future()
        self._errands.append((promise, errand))
        self.ring()
        if self._closed:  # looked at last: whoever closes empties the desk after saying so
            promise.cancel()
        return promise

    def ring(self) -> None:
        """Wake the main thread where it waits."""
        self._bell.set()

    def serve(self) -> None:
        """Run the errands that were handed in."""
        while self._errands:
            promise, errand = self._errands.popleft()
            try:
                promise.set_result(errand())
            except BaseException as error:
                promise.set_exception(error)
                # Nobody reads any more, or a signal: it concerns everybody.
                if isinstance(error, BrokenPipeError) or not isinstance(error, Exception):
                    raise

    def wait(self, ready: Callable[[], bool]) -> None:
        """Run errands until something is `ready`; whoever makes it so rings.

        What was handed in before it was ready has run when this returns.

        Raises:
            Interrupted: A signal arrived.
        """
        while True:
            self._bell.clear()
            done = ready()
            self.serve()
            if done:
                return
            with self._interrupts.allowed():
                self._bell.wait(_LOOK)

    def close(self) -> None:
        """Take no further errand; those that were handed in are not run."""
        self._closed = True
        while self._errands:
            self._errands.popleft()[0].cancel()
