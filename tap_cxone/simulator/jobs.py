"""A piece of remote work and where it stands, whichever API ordered it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Self, cast, get_args

if TYPE_CHECKING:
    from tap_cxone.simulator.faults import Fault

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
    polls_left: int = 0
    polls: int = 0
    fate: Fate | None = None
    reason: str = "The job failed"

    def status(self, now: datetime) -> Status:
        """Return where the job stands at `now`."""
        if self.fate == "job-stuck" or self.ready_at is None or now < self.ready_at:
            return Status.RUNNING
        if self.fate in _ENDS:
            return _ENDS[self.fate]
        return Status.SUCCEEDED if now < self.ready_at + KEPT else Status.EXPIRED

    def waits(self, now: datetime) -> bool:
        """Return whether the work has not begun: for a fifth of its time, or for one poll."""
        if self.ready_at is None:
            return self.polls_left >= self.polls - 1
        return now < self.submitted_at + (self.ready_at - self.submitted_at) / 5

    def polled(self, now: datetime, *, fate: Fate | None, reason: str | None) -> Self:
        """Return the job one poll later; with a `fate` it ends so, at once."""
        if fate is not None:
            return replace(self, fate=fate, ready_at=now, reason=reason or self.reason)
        if self.ready_at is not None:
            return self
        if self.polls_left:
            return replace(self, polls_left=self.polls_left - 1)
        return replace(self, ready_at=now)


def fate_of(fault: Fault | None) -> tuple[Fate | None, str | None]:
    """Return what a fault makes of a job, and why."""
    if fault is None or fault.kind not in get_args(Fate):
        return None, None
    return cast("Fate", fault.kind), fault.payload.decode() or None
