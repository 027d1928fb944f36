"""Clocks of the simulator; no other module reads the system time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Source of the current time; tests pass a clock that they advance manually."""

    def now(self) -> datetime:
        """Return the current instant in UTC."""


class SystemClock:
    """Clock of the operating system."""

    def now(self) -> datetime:
        """Return the current instant in UTC."""
        return datetime.now(UTC)


async def wait_until(instant: datetime, clock: Clock) -> None:
    """Wait until `instant` on the system clock; return at once on any other clock."""
    # A test that advances its clock manually blocks on this response, so waiting would deadlock.
    if isinstance(clock, SystemClock):
        await asyncio.sleep(max(timedelta(0), instant - clock.now()).total_seconds())
