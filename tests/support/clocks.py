"""Clocks that act when they are slept on, or that move by themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from typing_extensions import override

from tests.support.run import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class ActingClock(FakeClock):
    """A clock that runs an action at its n-th sleep."""

    number: int = 0
    action: Callable[[], None] | None = None

    def at(self, number: int, action: Callable[[], None]) -> None:
        """Run an action at the n-th sleep."""
        self.number, self.action = number, action

    def sleep(self, duration: timedelta) -> None:
        super().sleep(duration)
        if duration > timedelta(0) and len(self.slept) == self.number and self.action:
            self.action()


@dataclass
class OnceActingClock(FakeClock):
    """A clock that runs an action at its next sleep, once."""

    action: Callable[[], None] | None = None

    def sleep(self, duration: timedelta) -> None:
        super().sleep(duration)
        if duration > timedelta(0) and self.action is not None:
            action, self.action = self.action, None
            action()


@dataclass
class Eventful(FakeClock):
    """A clock with whose sleeps something happens, one thing each."""

    happening: list[Callable[[], object]] = field(default_factory=list)

    @override
    def sleep(self, duration: timedelta) -> None:
        super().sleep(duration)
        if self.happening and duration:
            self.happening.pop(0)()
