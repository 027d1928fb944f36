"""Remote jobs: where they stand, and what an API must be able to do with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.spool import Spool
    from tap_cxone.streams.state import PendingJob
    from tap_cxone.windows import Window

KEPT = timedelta(days=1)
"""How long the APIs keep a result; a job this old will never give one."""

_NOTHING = timedelta(0)
_GROWTH = 0.25  # a job is looked at again when it is this much older
_MOST_GROWTH = 6  # but no later than so many poll intervals
_KNOWN = 0.125  # well enough: a job is found done so much of its time late, at most


class Phase(Enum):
    """Where a job stands; whatever its family calls it."""

    RUNNING = auto()
    SUCCEEDED = auto()
    FAILED = auto()
    CANCELLED = auto()
    EXPIRED = auto()


def job_name(value: object) -> str | None:
    """Return what an API calls a job; None if that is neither a text nor a number."""
    named = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value) if named and str(value).strip() else None


@dataclass(frozen=True, slots=True)
class JobStatus:
    """What an API says of a job: its phase, the link once it has one, and its own words.

    Attributes:
        phase: Where it stands.
        link: Where its file is.
        words: Why it failed.
        word: What the API itself calls the phase.
    """

    phase: Phase
    link: str | None = field(default=None, repr=False)
    words: str = ""
    word: str = ""

    @property
    def called(self) -> str:
        """Return what to call the phase: the API's word in small letters, if it has one."""
        return (self.word or self.phase.name).lower()


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a submit: a job to wait for, or a link at once (or both).

    Attributes:
        job_id: The job's name.
        link: Where its file is.
        found: Whether the job was there already.
    """

    job_id: str | None = None
    link: str | None = field(default=None, repr=False)
    found: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """The jobs of a tenant, as far as its API lists them.

    Attributes:
        ids: Those that may have asked for a window: all that are not known to ask for another.
        same: Those that ask for exactly this window, and run.
        full: Whether no more may run, whosever they are.
    """

    ids: frozenset[str] = frozenset()
    same: frozenset[str] = frozenset()
    full: bool = False


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


class JobApi(Protocol):
    """What a family's API must be able to do."""

    @property
    def name(self) -> str:
        """Return what is exported, for messages."""

    def fingerprint(self, window: Window) -> str:
        """Return a text that differs where the request differs."""

    def submit(self, window: Window) -> Receipt:
        """Ask for a window, once."""

    def status(self, job: PendingJob) -> JobStatus:
        """Ask for a job; its link is fresh. Raises `NotFound` if the API does not know it."""

    def listing(self, window: Window) -> Listing | None:
        """Return the tenant's jobs; None where the API has no such list."""

    def cancel(self, job: PendingJob) -> bool:
        """End a job whose time is up; tell whether the API can do that."""

    def download(self, link: str, name: str) -> Spool:
        """Fetch a job's file. Raises `NotFound` if the job has none any more."""


class Memory(Protocol):
    """What outlives the process."""

    def pending(self) -> list[PendingJob]:
        """Return the jobs submitted and not committed."""

    def recall(self, window: Window) -> None:
        """Add to them what other runs know of a window."""

    def submitted(self, job: PendingJob | None) -> None:
        """Remember, before anything else happens, a submit and the job that came of it."""

    def forget(self, job: PendingJob) -> None:
        """Drop a job that will never give a file."""
