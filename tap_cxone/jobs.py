"""Remote jobs: where they stand, and what an API must be able to do with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from tap_cxone.spool import Spool
    from tap_cxone.state import PendingJob
    from tap_cxone.windows import Window

_GROWTH = 1.5
_MOST_GROWTH = 6  # polls end up this many times as far apart as they begin
_NEARLY = 0.8  # the part of an earlier job's time after which the next may be done


class Phase(Enum):
    """Where a job stands; whatever its family calls it."""

    RUNNING = auto()
    SUCCEEDED = auto()
    FAILED = auto()
    CANCELLED = auto()
    EXPIRED = auto()


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
class Patience:
    """How long to wait, and how often to try again."""

    poll: timedelta
    timeout: timedelta
    retries: int

    def first(self, typical: timedelta | None) -> timedelta:
        """Return how long after its submit a job is asked for, if one `typical` took so long."""
        return self.poll if typical is None else max(self.poll, typical * _NEARLY)

    def polls(self, typical: timedelta | None = None) -> Iterator[timedelta]:
        """Yield the pauses between polls: each half as long again, up to six times the first.

        They begin with `poll`, or with what else is missing of a `typical` job's time, halved.
        """
        first = pause = max(self.poll, (typical or self.poll) * (1 - _NEARLY) / 2)
        while True:
            yield pause
            pause = min(pause * _GROWTH, first * _MOST_GROWTH)


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

    def download(self, link: str, name: str) -> Spool:
        """Fetch a job's file. Raises `NotFound` if the job has none any more."""


class Memory(Protocol):
    """What outlives the process."""

    def pending(self) -> list[PendingJob]:
        """Return the jobs submitted and not committed."""

    def submitted(self, job: PendingJob | None) -> None:
        """Remember, before anything else happens, a submit and the job that came of it."""

    def forget(self, job: PendingJob) -> None:
        """Drop a job that will never give a file."""
