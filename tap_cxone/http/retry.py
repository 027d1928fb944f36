"""Retry policies as data, and the count of the failed attempts at one operation."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice, repeat
from typing import TYPE_CHECKING

import backoff
from msgspec import Struct, structs

from tap_cxone.errors import ApiError, Throttled
from tap_cxone.progress.formatting import format_duration, plural

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_cxone.clock import Clock
    from tap_cxone.config.model import Settings


class RetryPolicy(Struct, frozen=True, kw_only=True):
    """Limits and delays of the attempts at one operation.

    Attributes:
        attempts: Maximum number of failed attempts. Throttled attempts do not count.
        attempts_limit: What limits `attempts`, such as the path of a setting, for messages.
        max_elapsed: Maximum duration of all attempts. Each operation states which of its errors
            this limits.
        max_elapsed_setting: Path of the setting that holds `max_elapsed`, for messages.
        first_delay: Delay before the first retry. Each later delay is twice as long.
        max_delay: Maximum delay. If it is None, every delay equals `first_delay`.
    """

    attempts: int
    max_elapsed: timedelta
    attempts_limit: str = "max_retries"
    max_elapsed_setting: str = ""
    first_delay: timedelta = timedelta(seconds=1)
    max_delay: timedelta | None = timedelta(minutes=2)

    @classmethod
    def from_settings(cls, settings: Settings) -> RetryPolicy:
        """Return the policy of the settings `max_retries` and `throttle_timeout_minutes`."""
        return cls(
            attempts=settings.max_retries + 1,
            max_elapsed=settings.throttle_timeout,
            max_elapsed_setting="throttle_timeout_minutes",
        )

    def with_equal_delays(self, delay: timedelta) -> RetryPolicy:
        """Return the same policy with one delay before every retry."""
        return structs.replace(self, first_delay=delay, max_delay=None)

    def delays(self) -> Iterator[timedelta]:
        """Yield the delay before each retry. Jitter shortens a growing delay by at most half."""
        for delay in self._longest_delays():
            most = delay.total_seconds() / 2 if self.max_delay else 0
            yield delay - timedelta(seconds=backoff.full_jitter(most))

    def longest_wait(self, retries: int) -> timedelta:
        """Return the sum of the longest delays before the first retries, up to `max_elapsed`."""
        delays = islice(self._longest_delays(), retries)
        return min(sum(delays, timedelta(0)), self.max_elapsed)

    def _longest_delays(self) -> Iterator[timedelta]:
        if self.max_delay is None:
            yield from repeat(self.first_delay)
            return
        steps = backoff.expo(
            base=2,
            factor=self.first_delay.total_seconds(),
            max_value=self.max_delay.total_seconds(),
        )
        next(steps)
        for seconds in steps:
            yield timedelta(seconds=seconds)

    @property
    def time_limit(self) -> str:
        """Return `max_elapsed` and its setting, for messages."""
        setting = f" ({self.max_elapsed_setting})" if self.max_elapsed_setting else ""
        return f"{self.max_elapsed}{setting}"


class Attempt(Struct, frozen=True, kw_only=True):
    """A failed attempt, with the facts that decide on a retry.

    Attributes:
        policy: Policy of the operation.
        failures: Number of failed attempts so far. Throttled attempts do not count.
        elapsed: Time since the first attempt began.
        delay: Delay before a retry: the delay that the API requests, or that of the policy.
    """

    policy: RetryPolicy
    failures: int
    elapsed: timedelta
    delay: timedelta

    @property
    def is_last(self) -> bool:
        """Return True if the policy allows no more failures."""
        return self.failures >= self.policy.attempts

    @property
    def ends_in_time(self) -> bool:
        """Return True if a retry would begin within the time limit."""
        return self.elapsed + self.delay <= self.policy.max_elapsed

    @property
    def count(self) -> str:
        """Return how often the operation failed, for messages."""
        return "once" if self.failures == 1 else f"{self.failures} times"

    @property
    def count_text(self) -> str:
        """Return the number of failed attempts and the setting that limits it, for messages."""
        return f"tried {self.count} ({self.policy.attempts_limit})"

    def throttle_text(self, error: Throttled) -> str:
        """Return how long an operation was throttled, or which wait goes beyond the time limit."""
        time_limit = self.policy.time_limit
        if not error.retry_after:
            return f"still throttled after {time_limit}"
        elapsed, delay = (
            timedelta(seconds=round(wait.total_seconds())) for wait in (self.elapsed, self.delay)
        )
        return f"after {elapsed} the API requests a wait of {delay}, and {time_limit} are allowed"

    def describe_retry(self, error: ApiError) -> str:
        """Return the error, how long its operation is tried again, and the remedy, for messages."""
        retries = self.policy.attempts - self.failures
        times, duration = plural(retries, "time"), self.policy.longest_wait(retries)
        return (
            f"{error.message}; trying again up to {times} in about {format_duration(duration)} "
            f"({self.policy.attempts_limit}). If all fail: {error.remedy}"
        )


@dataclass(slots=True)
class Attempts:
    """The attempts at one operation so far.

    Attributes:
        policy: Policy of the operation.
        clock: Source of time.
    """

    policy: RetryPolicy
    clock: Clock
    _started_at: datetime = field(init=False)
    _delays: Iterator[timedelta] = field(init=False)
    _failures: int = 0

    def __post_init__(self) -> None:
        """Start the time limit."""
        self._started_at = self.clock.now()
        self._delays = self.policy.delays()

    def record(self, error: Exception) -> Attempt:
        """Count an attempt that failed with `error`, and return it."""
        self._failures += not isinstance(error, Throttled)
        retry_after = error.retry_after if isinstance(error, ApiError) else None
        backoff_delay = next(self._delays)
        return Attempt(
            policy=self.policy,
            failures=self._failures,
            elapsed=self.clock.now() - self._started_at,
            delay=retry_after or backoff_delay,
        )
