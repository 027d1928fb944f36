"""A piece of remote work and where it stands, whichever API ordered it."""

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
    """Where a job stands."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece of remote work.

    Attributes:
        id: Its name.
        submitted_at: When it began.
        ready_at: When it ends; None while polls decide.
        polls_left: How many polls still find it running, where they decide.
        polls: How many did at first.
        fate: What becomes of it, if not a file.
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
        """Return where the job stands at `now`."""
        if self.forced_end == "job-stuck" or self.ready_at is None or now < self.ready_at:
            return Status.RUNNING
        if self.forced_end in _FORCED_STATUSES:
            return _FORCED_STATUSES[self.forced_end]
        return Status.SUCCEEDED if now < self.ready_at + RESULT_RETENTION else Status.EXPIRED

    def is_queued(self, now: datetime) -> bool:
        """Return whether the work has not begun: for a fifth of its time, or for one poll."""
        if self.ready_at is None:
            return self.remaining_polls >= self.polls_to_finish - 1
        return now < self.submitted_at + (self.ready_at - self.submitted_at) / 5

    def after_poll(
        self, now: datetime, *, forced_end: ForcedEnd | None, reason: str | None
    ) -> Self:
        """Return the job one poll later; with a `fate` it ends so, at once."""
        if forced_end is not None:
            return replace(self, forced_end=forced_end, ready_at=now, reason=reason or self.reason)
        if self.ready_at is not None:
            return self
        if self.remaining_polls:
            return replace(self, remaining_polls=self.remaining_polls - 1)
        return replace(self, ready_at=now)


def forced_end_of(fault: Fault | None) -> tuple[ForcedEnd | None, str | None]:
    """Return what a fault makes of a job, and why."""
    if fault is None or fault.kind not in get_args(ForcedEnd):
        return None, None
    return cast("ForcedEnd", fault.kind), fault.payload.decode() or None
