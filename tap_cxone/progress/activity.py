"""Current activity of a thread, reported to the observer of that thread.

The waiting code reports its activity through a context variable, so no object has to be passed
down to it.
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
    """Observer of the activity of one thread."""

    def set_activity(
        self, description: str, *, is_waiting: bool, started_at: datetime | None
    ) -> None:
        """Store the activity that the thread starts now."""

    def pause(self, reason: str, until: datetime) -> AbstractContextManager[None]:
        """Store a pause inside the block; restore the previous activity after it."""

    def count_export(self) -> None:
        """Count a submitted export."""


_OBSERVER: ContextVar[ActivityObserver | None] = ContextVar("activity_observer", default=None)


@contextmanager
def observe_activity(observer: ActivityObserver) -> Iterator[None]:
    """Report the activity of this thread to `observer` inside the block."""
    token = _OBSERVER.set(observer)
    try:
        yield
    finally:
        _OBSERVER.reset(token)


def set_activity(
    description: str, *, is_waiting: bool = False, started_at: datetime | None = None
) -> None:
    """Report the activity that this thread starts now.

    Args:
        description: Text for the operator, without secrets.
        is_waiting: Whether the thread waits for the API.
        started_at: When the activity began; None for now.
    """
    if observer := _OBSERVER.get():
        observer.set_activity(description, is_waiting=is_waiting, started_at=started_at)


def count_export() -> None:
    """Report a submitted export that counts."""
    if observer := _OBSERVER.get():
        observer.count_export()


def sleep(clock: Clock, duration: timedelta, reason: str = "") -> None:
    """Wait for `duration` and report its end.

    The reason is reported if it differs from the current activity; empty means that it does not.
    """
    observer = _OBSERVER.get()
    if observer is None or duration <= timedelta(0):
        clock.sleep(duration)
        return
    with observer.pause(reason, clock.now() + duration):
        clock.sleep(duration)
