"""Values of a remote job: the job, its status and its JSON form."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from tap_cxone.clock import iso, parse_instant
from tap_cxone.redact import SecretStruct
from tap_cxone.windows import Window, window_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

RESULT_RETENTION = timedelta(days=1)
"""Time for which the APIs keep a result. An older job gives none."""

# An engine may end a job itself after a time, such as 30 minutes.
_TIME_LIMIT = r"(?i)execution (?:limit|time)|time limit|timed?[ _-]?out|deadline|too long"


class JobStatus(Enum):
    """Status of a job, the same for all families."""

    RUNNING = auto()
    SUCCEEDED = auto()
    FAILED = auto()
    CANCELLED = auto()
    EXPIRED = auto()

    @property
    def is_terminal(self) -> bool:
        """Return True if the job has ended, with a file or without one."""
        return self is not JobStatus.RUNNING


# A word that contains one of these ends the job, whatever else it says.
_ENDINGS = {
    "cancel": JobStatus.CANCELLED,
    "abort": JobStatus.CANCELLED,
    "expire": JobStatus.EXPIRED,
    "fail": JobStatus.FAILED,
    "error": JobStatus.FAILED,
    "reject": JobStatus.FAILED,
    "timeout": JobStatus.FAILED,
    "timedout": JobStatus.FAILED,
}


def parse_status(word: str, statuses: Mapping[str, JobStatus]) -> JobStatus | None:
    """Return the status that a word of an API means, or None if it is unknown.

    Args:
        word: The status as the API spells it.
        statuses: Known words, only their letters and in lower case → status.
    """
    letters = "".join(filter(str.isalpha, word.casefold()))
    endings = (status for part, status in _ENDINGS.items() if part in letters)
    return statuses.get(letters) or next(endings, None)


def effective_status(
    words: Iterable[str], statuses: Mapping[str, JobStatus]
) -> tuple[str, JobStatus | None]:
    """Return the word that decides among those of one response, and its status; None if unknown.

    A failure decides, then a job that runs: a word at the top may be that of the request.

    Args:
        words: The status words of the response, that of the top level first.
        statuses: Known words, only their letters and in lower case → status.
    """
    found = [(word, parse_status(word, statuses)) for word in words]
    known = [(word, status) for word, status in found if status is not None]
    order = (JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.EXPIRED, JobStatus.RUNNING)
    decisive = (pair for wanted in order for pair in known if pair[1] is wanted)
    return next(decisive, (known or found or [("", None)])[0])


class JobOrigin(Enum):
    """Where this run has a job from."""

    SUBMITTED = auto()  # by this run
    ADOPTED = auto()  # by this run, from the list of the API
    STATE = auto()
    LEDGER = auto()


@dataclass(frozen=True, slots=True)
class Job:
    """A job with the file of one window.

    The first four fields and `reload` are stored beyond the run. Jobs are equal if these are.

    Attributes:
        id: Id of the job in the API.
        window: Submitted window.
        submitted_at: Time of the submit, or of the adoption, in UTC.
        fingerprint: Identifier of the request. Another request must not use the result.
        origin: Where this run has the job from.
        status: Status at the last poll of this run.
        last_polled_at: Time of that poll; None before the first one.
        resumable: Whether a later fetch may poll the job for its file.
        reload: Digest of the settings that requested to read the window again; else empty.
    """

    id: str
    window: Window
    submitted_at: datetime
    fingerprint: str
    origin: JobOrigin = field(default=JobOrigin.STATE, compare=False)
    status: JobStatus = field(default=JobStatus.RUNNING, compare=False)
    last_polled_at: datetime | None = field(default=None, compare=False)
    resumable: bool = field(default=True, compare=False)
    reload: str = ""

    @property
    def from_this_run(self) -> bool:
        """Return True if this run submitted or adopted the job."""
        return self.origin in {JobOrigin.SUBMITTED, JobOrigin.ADOPTED}

    @classmethod
    def from_json(cls, raw: dict[str, Any], origin: JobOrigin = JobOrigin.STATE) -> Job:
        """Read a job from JSON.

        Raises:
            KeyError: A field is missing.
            TypeError: A value has the wrong type.
            ValueError: A value is invalid.
        """
        window = window_between(parse_instant(raw["start"]), parse_instant(raw["end"]))
        return cls(
            str(raw["id"]),
            window,
            parse_instant(raw["submitted_at"]),
            str(raw["fingerprint"]),
            origin,
            reload=str(raw.get("reload", "")),
        )

    def to_json(self) -> dict[str, str]:
        """Return the JSON form of the stored fields."""
        return {
            "id": self.id,
            "start": iso(self.window.start),
            "end": iso(self.window.end),
            "submitted_at": iso(self.submitted_at),
            "fingerprint": self.fingerprint,
            **({"reload": self.reload} if self.reload else {}),
        }


class StatusResponse(SecretStruct, frozen=True):
    """Response of an API to a status request.

    Attributes:
        status: Status of the job.
        link: Download link of its file, if the file is complete.
        reason: Reason of a failure, as the API words it.
        api_status: Status as the API spells it.
        is_known: Whether the tap knows that spelling. An unknown status counts as running.
        body: The response as JSON.
        answer: Its keys and its status as text, redacted, for messages.
    """

    status: JobStatus
    link: str | None = None
    reason: str = ""
    api_status: str = ""
    is_known: bool = True
    body: Any = None
    answer: str = ""

    @property
    def is_time_limit(self) -> bool:
        """Return True if the API ended the job because it took too long."""
        words = f"{self.reason} {self.api_status}"
        return self.status is not JobStatus.RUNNING and bool(re.search(_TIME_LIMIT, words))

    @property
    def status_text(self) -> str:
        """Return the status in lower case, as the API spells it if it has a name for it."""
        return (self.api_status or self.status.name).lower()
