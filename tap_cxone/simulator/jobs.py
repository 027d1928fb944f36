"""Jobs and their statuses, common to all API families."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Self, cast, get_args

if TYPE_CHECKING:
    from tap_cxone.simulator.faults import Fault

ForcedEnd = Literal["job-failed", "job-cancelled", "job-expired", "job-stuck", "job-lost"]

RESULT_RETENTION = timedelta(hours=24)


class Status(StrEnum):
    """Status of a job."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


_FORCED_STATUSES: dict[ForcedEnd, Status] = {
    "job-failed": Status.FAILED,
    "job-cancelled": Status.CANCELLED,
    "job-expired": Status.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class ForcedOutcome:
    """What a fault makes of a job.

    Attributes:
        end: How the job ends; None for a normal end.
        reason: Why it fails; None for the reason of the job.
    """

    end: ForcedEnd | None = None
    reason: str | None = None

    @classmethod
    def of(cls, fault: Fault | None) -> ForcedOutcome:
        """Return the outcome that a fault requests."""
        if fault is None or fault.kind not in get_args(ForcedEnd):
            return cls()
        return cls(cast("ForcedEnd", fault.kind), fault.payload.decode() or None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job.

    Attributes:
        id: The job id.
        submitted_at: When it was submitted.
        ready_at: When it ends; None while the number of polls decides.
        remaining_polls: Number of polls that still return a running job, if polls decide.
        polls_to_finish: Initial value of `remaining_polls`.
        forced_end: How a fault ends the job; None for a normal end.
        reason: Why it failed.
    """

    id: str
    submitted_at: datetime
    ready_at: datetime | None
    remaining_polls: int = 0
    polls_to_finish: int = 0
    forced_end: ForcedEnd | None = None
    reason: str = "The job failed"

    def status(self, now: datetime) -> Status:
        """Return the status at `now`."""
        if self.forced_end == "job-stuck" or self.ready_at is None or now < self.ready_at:
            return Status.RUNNING
        if self.forced_end in _FORCED_STATUSES:
            return _FORCED_STATUSES[self.forced_end]
        return Status.SUCCEEDED if now < self.ready_at + RESULT_RETENTION else Status.EXPIRED

    def is_queued(self, now: datetime) -> bool:
        """Return True during the first fifth of the duration, or before the first poll."""
        if self.ready_at is None:
            return self.remaining_polls >= self.polls_to_finish - 1
        return now < self.submitted_at + (self.ready_at - self.submitted_at) / 5

    @property
    def is_lost(self) -> bool:
        """Return True if a fault made the API forget the job."""
        return self.forced_end == "job-lost"

    @property
    def ended_at(self) -> datetime:
        """Return when an ended job ended: its file has the rows that were visible then."""
        return self.ready_at or self.submitted_at

    def after_poll(self, now: datetime, outcome: ForcedOutcome) -> Self:
        """Return the job after one poll; a forced outcome ends it at once."""
        if outcome.end is not None:
            reason = outcome.reason or self.reason
            return replace(self, forced_end=outcome.end, ready_at=now, reason=reason)
        if self.ready_at is not None:
            return self
        if self.remaining_polls:
            return replace(self, remaining_polls=self.remaining_polls - 1)
        return replace(self, ready_at=now)
