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


class ActivityObserver(Protocol):
    """Who wants to know what one thread does."""

    def set_activity(
        self, description: str, *, is_waiting: bool, started_at: datetime | None
    ) -> None:
        """Take note of what is done from now on."""

    def pause(self, reason: str, until: datetime) -> AbstractContextManager[None]:
        """Take note of a pause; after it the same is done as before."""

    def count_export(self) -> None:
        """Take note of an export that was asked for."""


_OBSERVER: ContextVar[ActivityObserver | None] = ContextVar("watcher", default=None)


@contextmanager
def observe_activity(observer: ActivityObserver) -> Iterator[None]:
    """Let `watcher` know what this thread does inside the block."""
    token = _OBSERVER.set(observer)
    try:
        yield
    finally:
        _OBSERVER.reset(token)


def set_activity(
    description: str, *, is_waiting: bool = False, started_at: datetime | None = None
) -> None:
    """Say what is done from now on.

    Args:
        what: In words for a person, without secrets.
        waits: Whether that is waiting for the API.
        since: When it began, if not now.
    """
    if observer := _OBSERVER.get():
        observer.set_activity(description, is_waiting=is_waiting, started_at=started_at)


def count_export() -> None:
    """Say that an export was asked for, and counts."""
    if observer := _OBSERVER.get():
        observer.count_export()


def sleep(clock: Clock, duration: timedelta, reason: str = "") -> None:
    """Sleep, and say until when; and why, where that is not what is done anyway."""
    observer = _OBSERVER.get()
    if observer is None or duration <= timedelta(0):
        clock.sleep(duration)
        return
    with observer.pause(reason, clock.now() + duration):
        clock.sleep(duration)
