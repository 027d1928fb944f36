"""What a thread is doing just now, told to whoever watches it.

Who waits knows why, and is far from whoever shows it: as with a logger, nothing is handed through.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime

    from tap_cxone.clock import Clock


class Watcher(Protocol):
    """Who wants to know what one thread does."""

    def doing(self, what: str, *, waits: bool, since: datetime | None) -> None:
        """Take note of what is done from now on."""

    def pausing(self, why: str, until: datetime) -> AbstractContextManager[None]:
        """Take note of a pause; after it the same is done as before."""

    def spent(self) -> None:
        """Take note of an export that was asked for."""


_WATCHER: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Let `watcher` know what this thread does inside the block."""
    token = _WATCHER.set(watcher)
    try:
        yield
    finally:
        _WATCHER.reset(token)


def doing(what: str, *, waits: bool = False, since: datetime | None = None) -> None:
    """Say what is done from now on.

    Args:
        what: In words for a person, without secrets.
        waits: Whether that is waiting for the API.
        since: When it began, if not now.
    """
    if watcher := _WATCHER.get():
        watcher.doing(what, waits=waits, since=since)


def spent() -> None:
    """Say that an export was asked for, and counts."""
    if watcher := _WATCHER.get():
        watcher.spent()


def rest(clock: Clock, duration: timedelta, why: str = "") -> None:
    """Sleep, and say until when; and why, where that is not what is done anyway."""
    watcher = _WATCHER.get()
    if watcher is None or duration <= timedelta(0):
        clock.sleep(duration)
        return
    with watcher.pausing(why, clock.now() + duration):
        clock.sleep(duration)
