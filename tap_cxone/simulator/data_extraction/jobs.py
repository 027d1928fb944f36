"""A job: what it extracts and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal

Fate = Literal["job-failed", "job-cancelled", "job-expired", "job-stuck", "job-lost"]

KEPT = timedelta(hours=24)


class Status(StrEnum):
    """Where a job stands."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


_ENDS: dict[Fate, Status] = {
    "job-failed": Status.FAILED,
    "job-cancelled": Status.CANCELLED,
    "job-expired": Status.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Order:
    """What a job is to extract."""

    entity: str
    version: str
    start: date
    end: date

    def shown(self) -> dict[str, str]:
        """Return the order in the words of its request."""
        return {
            "entityName": self.entity,
            "version": self.version,
            "startDate": self.start.isoformat(),
            "endDate": self.end.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece of remote work.

    Attributes:
        id: Its name.
        order: What it extracts.
        submitted_at: When it began.
        ready_at: When it ends; None while polls decide.
        polls_left: How many polls still find it running, where they decide.
        fate: What becomes of it, if not a file.
        reason: Why it failed.
        held: Whether the call that ordered it still waits for its answer.
    """

    id: str
    order: Order
    submitted_at: datetime
    ready_at: datetime | None
    polls_left: int = 0
    fate: Fate | None = None
    reason: str = "The extraction failed"
    held: bool = False

    def status(self, now: datetime) -> Status:
        """Return where the job stands at `now`."""
        if self.fate == "job-stuck" or self.ready_at is None or now < self.ready_at:
            return Status.RUNNING
        if self.fate in _ENDS:
            return _ENDS[self.fate]
        return Status.SUCCEEDED if now < self.ready_at + KEPT else Status.EXPIRED

    def busy(self, now: datetime) -> bool:
        """Return whether the job keeps others from starting."""
        return self.held or (self.fate != "job-lost" and self.status(now) is Status.RUNNING)
