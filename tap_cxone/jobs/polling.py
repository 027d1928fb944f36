"""When to poll a job, and how often to try again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


_NOTHING = timedelta(0)


_GROWTH = 0.25  # a job is looked at again when it is this much older


_MOST_GROWTH = 6  # but no later than so many poll intervals


_KNOWN = 0.125  # well enough: a job is found done so much of its time late, at most


@dataclass(frozen=True, slots=True)
class Took:
    """How long a job took: longer than `more`, at most `most`."""

    more: timedelta
    most: timedelta

    def early(self, poll: timedelta) -> timedelta | None:
        """Return the age at which to look for more than is known, before a job has to be done.

        It is halfway between the two, as long as these lie far apart. Then it is half of the time
        where that costs no wait, so that one slow job does not make all those after it slow.
        """
        if self.most - self.more > self.most * _KNOWN:
            return (self.more + self.most) / 2
        return self.most / 2 if self.most >= 2 * poll else None


def learned(known: Took | None, last: Took) -> Took | None:
    """Return what is known of jobs after one more: what holds for all, or for it, if it differs."""
    if known is None:
        return last if last.more else None  # done when first looked at: that says little
    if last.more >= known.most or last.most <= known.more:
        return last
    return Took(max(known.more, last.more), min(known.most, last.most))


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, and how often to try again.

    Attributes:
        poll: The age at which a job is looked at first, and the shortest time between two looks.
        timeout: How long it may run.
        retries: How often to try again.
        longest: The longest time between two looks; None: six times the shortest.
    """

    poll: timedelta
    timeout: timedelta
    retries: int
    longest: timedelta | None = None

    def looks(self, last: Took | None = None, old: timedelta = _NOTHING) -> Iterator[timedelta]:
        """Yield the ages at which to look at a job.

        They are a poll interval apart, later a quarter of the age, so that a job is found done at
        most so much late. If others were timed before, this one is looked at when those were done;
        and before that, to learn more: too soon may cost one window a poll interval, too late
        costs every window after it. One that is `old` already is looked at now.
        """
        longest = self.longest or self.poll * _MOST_GROWTH
        age = max(self.poll, old)
        if last is not None:
            early = last.early(self.poll)
            if early and early >= age:
                yield early
                age = early + self.poll
            age = max(age, last.most)
        while True:
            yield age
            age += min(max(self.poll, age * _GROWTH), longest)
