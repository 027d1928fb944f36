"""Fixed-window rate limit."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from datetime import timedelta

    from tap_cxone.simulator.clock import Clock


class FixedWindowLimit:
    """Limit on the number of requests per fixed window of the clock.

    Attributes:
        limit: Number of requests per window.
        limit_violations: Number of requests that exceeded the limit.
    """

    def __init__(self, limit: int, period: timedelta, clock: Clock) -> None:
        """Allow `limit` requests per `period`."""
        self.limit = limit
        self.limit_violations = 0
        self._seconds = period.total_seconds()
        self._clock = clock
        self._window = 0
        self._used = 0

    @property
    def remaining(self) -> int:
        """Return the remaining number of requests."""
        return self.limit - (self._used if self._window == self._current_window() else 0)

    @property
    def resets_at(self) -> datetime:
        """Return the start of the next window."""
        return datetime.fromtimestamp((self._current_window() + 1) * self._seconds, UTC)

    def consume(self) -> None:
        """Count a request.

        Raises:
            HTTPException: The limit is exhausted.
        """
        if self.remaining <= 0:
            self.limit_violations += 1
            wait = math.ceil((self.resets_at - self._clock.now()).total_seconds())
            raise HTTPException(429, "Too many requests", {"Retry-After": str(wait)})
        if self._window != self._current_window():
            self._window, self._used = self._current_window(), 0
        self._used += 1

    def _current_window(self) -> int:
        """Return the number of the current window."""
        return int(self._clock.now().timestamp() // self._seconds)
