"""Values of a remote job: the pending job, its status and its JSON form."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from tap_cxone.clock import iso, parse_instant
from tap_cxone.windows import Window, window_between

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class PendingJob:
    """A submitted job whose window is not committed.

    Attributes:
        id: Id of the job in the API.
        window: Submitted window.
        submitted_at: Time of the submit, in UTC.
        fingerprint: Identifier of the request. Another request must not use the result.
    """

    id: str
    window: Window
    submitted_at: datetime
    fingerprint: str


def job_from_json(raw: dict[str, Any]) -> PendingJob:
    """Read a job from JSON.

    Raises:
        KeyError: A field is missing.
        TypeError: A value has the wrong type.
        ValueError: A value is invalid.
    """
    window = window_between(parse_instant(raw["start"]), parse_instant(raw["end"]))
    submitted_at = parse_instant(raw["submitted_at"])
    return PendingJob(str(raw["id"]), window, submitted_at, str(raw["fingerprint"]))


def job_to_json(job: PendingJob) -> dict[str, str]:
    """Return the JSON form of a job."""
    return {
        "id": job.id,
        "start": iso(job.window.start),
        "end": iso(job.window.end),
        "submitted_at": iso(job.submitted_at),
        "fingerprint": job.fingerprint,
    }


RESULT_RETENTION = timedelta(days=1)
"""Time for which the APIs keep a result. An older job gives none."""


class JobStatus(Enum):
    """Status of a job, the same for all families."""

    RUNNING = auto()
    SUCCEEDED = auto()
    FAILED = auto()
    CANCELLED = auto()
    EXPIRED = auto()


@dataclass(frozen=True, slots=True)
class StatusResponse:
    """Response of an API to a status request.

    Attributes:
        status: Status of the job.
        link: Download link of its file, if the file is complete.
        reason: Reason of a failure, as the API words it.
        api_status: Status as the API spells it.
    """

    status: JobStatus
    link: str | None = field(default=None, repr=False)
    reason: str = ""
    api_status: str = ""

    @property
    def status_text(self) -> str:
        """Return the status in lower case, as the API spells it if it has a name for it."""
        return (self.api_status or self.status.name).lower()
