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


class Phase(Enum):
    """Where a job stands; whatever its family calls it."""

    RUNNING = auto()
    SUCCEEDED = auto()
    FAILED = auto()
    CANCELLED = auto()
    EXPIRED = auto()


@dataclass(frozen=True, slots=True)
class JobStatus:
    """What an API says of a job: its phase, the link once it has one, and its own words."""

    phase: Phase
    link: str | None = field(default=None, repr=False)
    words: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a submit: a job to wait for, or a link at once (or both)."""

    job_id: str | None = None
    link: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, and how often to try again."""

    poll: timedelta
    timeout: timedelta
    retries: int

    def polls(self) -> Iterator[timedelta]:
        """Yield the pauses between polls: from `poll`, each half as long again, up to six times."""
        pause = self.poll
        while True:
            yield pause
            pause = min(pause * _GROWTH, self.poll * _MOST_GROWTH)


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

    def job_ids(self) -> frozenset[str] | None:
        """Return every job of the tenant; None where the API has no such list."""

    def download(self, link: str, name: str) -> Spool:
        """Fetch a job's file."""


class Memory(Protocol):
    """What outlives the process."""

    def pending(self) -> list[PendingJob]:
        """Return the jobs submitted and not committed."""

    def submitted(self, job: PendingJob | None) -> None:
        """Remember, before anything else happens, a submit and the job that came of it."""

    def forget(self, job: PendingJob) -> None:
        """Drop a job that will never give a file."""
