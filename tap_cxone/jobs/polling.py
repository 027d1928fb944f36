"""When to poll a job, and how often to try again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_cxone.config.model import JOB_TIMEOUT_SETTING

if TYPE_CHECKING:
    from collections.abc import Iterator


_ZERO = timedelta(0)


_AGE_GROWTH = 0.25  # a job is looked at again when it is this much older


_MAX_INTERVAL_FACTOR = 6  # but no later than so many poll intervals


_BOUNDS_PRECISION = 0.125  # well enough: a job is found done so much of its time late, at most


@dataclass(frozen=True, slots=True)
class DurationBounds:
    """How long a job took: longer than `more`, at most `most`."""

    lower: timedelta
    upper: timedelta

    def early_poll_age(self, interval: timedelta) -> timedelta | None:
        """Return the age at which to look for more than is known, before a job has to be done.

        It is halfway between the two, as long as these lie far apart. Then it is half of the time
        where that costs no wait, so that one slow job does not make all those after it slow.
        """
        if self.upper - self.lower > self.upper * _BOUNDS_PRECISION:
            return (self.lower + self.upper) / 2
        return self.upper / 2 if self.upper >= 2 * interval else None


def merge_bounds(bounds: DurationBounds | None, latest: DurationBounds) -> DurationBounds | None:
    """Return what is known of jobs after one more: what holds for all, or for it, if it differs."""
    if bounds is None:
        return latest if latest.lower else None  # done when first looked at: that says little
    if latest.lower >= bounds.upper or latest.upper <= bounds.lower:
        return latest
    return DurationBounds(max(bounds.lower, latest.lower), min(bounds.upper, latest.upper))


@dataclass(frozen=True, slots=True)
class PollPolicy:
    """How long to wait, and how often to try again.

    Attributes:
        poll: The age at which a job is looked at first, and the shortest time between two looks.
        timeout: How long it may run.
        throttle_timeout: How long to wait for an API that throttles.
        retries: How often to try again.
        longest: The longest time between two looks; None: six times the shortest.
        timeout_setting: The path of the setting that `timeout` is from.
    """

    interval: timedelta
    timeout: timedelta
    throttle_timeout: timedelta
    max_retries: int
    max_interval: timedelta | None = None
    timeout_setting: str = JOB_TIMEOUT_SETTING

    def poll_ages(
        self, bounds: DurationBounds | None = None, current_age: timedelta = _ZERO
    ) -> Iterator[timedelta]:
        """Yield the ages at which to look at a job.

        They are a poll interval apart, later a quarter of the age, so that a job is found done at
        most so much late. If others were timed before, this one is looked at when those were done;
        and before that, to learn more: too soon may cost one window a poll interval, too late
        costs every window after it. One that is `old` already is looked at now.
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
