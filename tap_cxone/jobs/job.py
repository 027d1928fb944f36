"""A remote job: its status, and how it is written down."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from tap_cxone.clock import iso, parse_instant
from tap_cxone.windows import Window

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class PendingJob:
    """A job that was submitted and whose window is not committed.

    Attributes:
        id: The API's name for it.
        window: What it was asked for.
        submitted_at: When, in UTC.
        fingerprint: What identifies the request; another one must not be given its result.
    """

    id: str
    window: Window
    submitted_at: datetime
    fingerprint: str


def job_from_json(raw: dict[str, Any]) -> PendingJob:
    """Read a job; raises KeyError, TypeError or ValueError if it is none."""
    window = Window(parse_instant(raw["start"]), parse_instant(raw["end"]))
    submitted_at = parse_instant(raw["submitted_at"])
    return PendingJob(str(raw["id"]), window, submitted_at, str(raw["fingerprint"]))


def job_to_json(job: PendingJob) -> dict[str, str]:
    """Write a job."""
    return {
        "id": job.id,
        "start": iso(job.window.start),
        "end": iso(job.window.end),
        "submitted_at": iso(job.submitted_at),
        "fingerprint": job.fingerprint,
    }


RESULT_RETENTION = timedelta(days=1)
"""How long the APIs keep a result; a job this old will never give one."""


class JobStatus(Enum):
    """Where a job stands; whatever its family calls it."""

    RUNNING = auto()
    SUCCEEDED = auto()
    FAILED = auto()
    CANCELLED = auto()
    EXPIRED = auto()


def parse_job_id(value: object) -> str | None:
    """Return what an API calls a job; None if that is neither a text nor a number."""
    is_valid = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value) if is_valid and str(value).strip() else None


@dataclass(frozen=True, slots=True)
class StatusResponse:
    """What an API says of a job: its phase, the link once it has one, and its own words.

    Attributes:
        phase: Where it stands.
        link: Where its file is.
        words: Why it failed.
        word: What the API itself calls the phase.
    """

    status: JobStatus
    link: str | None = field(default=None, repr=False)
    reason: str = ""
    api_status: str = ""

    @property
    def status_text(self) -> str:
        """Return what to call the phase: the API's word in small letters, if it has one."""
        return (self.api_status or self.status.name).lower()
