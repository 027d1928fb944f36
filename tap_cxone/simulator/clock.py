"""The only place where the simulator reads the time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the simulator knows of time; tests hand in one that they turn by hand."""

    def now(self) -> datetime:
        """Return the present instant, in UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        return datetime.now(UTC)


async def wait_until(instant: datetime, clock: Clock) -> None:
    """Wait for `instant` on the machine's clock, for nothing on a clock turned by hand."""
    # Whoever turns a clock by hand is waiting for this very answer: it would never be turned.
    if isinstance(clock, SystemClock):
        await asyncio.sleep(max(timedelta(0), instant - clock.now()).total_seconds())
