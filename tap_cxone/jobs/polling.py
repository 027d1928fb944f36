"""Poll ages of a job, and the policy of its requests."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from tap_cxone.config.model import JOB_TIMEOUT_SETTING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.http.retry import RetryPolicy


_ZERO = timedelta(0)
_AGE_GROWTH = 0.25  # growth of a job's age between two polls
_MAX_INTERVAL_FACTOR = 6  # maximum time between two polls, in poll intervals
_BOUNDS_PRECISION = 0.125  # accepted delay between the end of a job and its poll, as a share


class DurationBounds(Struct, frozen=True):
    """Bounds of a job's duration.

    Attributes:
        lower: The job took longer than this.
        upper: The job took at most this.
    """

    lower: timedelta
    upper: timedelta

    def early_poll_age(self, interval: timedelta) -> timedelta | None:
        """Return the age for an additional poll before the upper bound, to improve the bounds.

        The age is halfway between the bounds as long as they are far apart. After that it is half
        of the upper bound, if that poll delays no other one. This way one slow job does not slow
        down all later ones.

        Args:
            interval: Poll interval.
        """
        if self.upper - self.lower > self.upper * _BOUNDS_PRECISION:
            return (self.lower + self.upper) / 2
        return self.upper / 2 if self.upper >= 2 * interval else None


def merge_bounds(bounds: DurationBounds | None, latest: DurationBounds) -> DurationBounds | None:
    """Return the bounds after one more job: the common range, or its bounds if there is none.

    Args:
        bounds: Bounds of the jobs before it, if known.
        latest: Bounds of the latest job.
    """
    if bounds is None:
        # A job that ended before its first poll has no lower bound, so it is ignored.
        return latest if latest.lower else None
    if latest.lower >= bounds.upper or latest.upper <= bounds.lower:
        return latest
    return DurationBounds(max(bounds.lower, latest.lower), min(bounds.upper, latest.upper))


class PollPolicy(Struct, frozen=True):
    """Poll interval, timeout and retry policy of the jobs of a family.

    Attributes:
        interval: Age of a job at its first poll, and the minimum time between two polls.
        timeout: Maximum duration of a job.
        retry: Retry policy. Submits and downloads replace its delays.
        max_interval: Maximum time between two polls, by default six times the interval.
        timeout_setting: Path of the setting that holds `timeout`, for messages.
    """

    interval: timedelta
    timeout: timedelta
    retry: RetryPolicy
    max_interval: timedelta | None = None
    timeout_setting: str = JOB_TIMEOUT_SETTING

    def poll_ages(
        self, bounds: DurationBounds | None = None, current_age: timedelta = _ZERO
    ) -> Iterator[timedelta]:
        """Yield the job ages at which to poll.

        Polls are one interval apart at first, later a quarter of the age. So a poll detects the end
        of a job late by at most that time. With `bounds` of earlier jobs the polls start at their
        upper bound, after one early poll that improves the bounds. A poll too early costs one
        window one interval at most; polls too late cost that time in every later window.

        Args:
            bounds: Bounds of the duration of earlier jobs, if known.
            current_age: Age of the job now. An old job is polled immediately.
        """
        max_interval = self.max_interval or self.interval * _MAX_INTERVAL_FACTOR
        age = max(self.interval, current_age)
        if bounds is not None:
            early_age = bounds.early_poll_age(self.interval)
            if early_age and early_age >= age:
                yield early_age
                age = early_age + self.interval
            age = max(age, bounds.upper)
        while True:
            yield age
            age += min(max(self.interval, age * _AGE_GROWTH), max_interval)
