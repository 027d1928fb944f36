"""Errors of the tap, grouped by the remedy.

```
CXoneError              base of all expected errors; the run continues with other streams
├── ConfigError         correct the settings (exit 2; carries all problems)
├── StateError          correct the state passed in, or pass that of this tenant (exit 2)
├── AuthError           correct the credentials
│   └── TokenRefused        the same, unless the API accepts the login for other requests
├── ApiError            the API returned an error; carries status and message
│   ├── PermissionDenied    grant the permission named
│   ├── NotFound            the endpoint or the job does not exist
│   ├── Throttled           wait, then retry
│   │   └── DataPending         the API has not computed the data so far; wait longer
│   ├── ResponseTimeout     the server needed too long; request less at once
│   ├── WindowTooLarge      the API refuses so large a result; request fewer days
│   ├── Unavailable         the server or the network failed; retry with backoff
│   │   └── UnknownHost         DNS has no such name; retry, briefly until some host responded
│   ├── QuotaRefused        the API reports an exhausted quota
│   ├── HistoryRefused      the API does not serve a start so long ago; start later
│   └── AmbiguousSubmit     the response to a submit was lost; look the job up before a new submit
├── QuotaExhausted      no export is allowed for now; run again at `until`
├── OutsideHours        the settings allow no request to the family at this time of the day
├── JobError            the remote job gave no file
│   ├── JobFailed           the job failed, for the reason that the API gives
│   └── JobTimeout          the job ran until a time limit, of the tap or of the API
├── DownloadError       the file did not arrive completely
│   ├── LinkExpired         request a new link
│   ├── InsecureLink        the link is not https; a new one would not be either
│   ├── TokenRequired       the host of the file wants the token
│   └── SpoolError          a temporary file cannot be written
├── DecodeError         the file has not the expected format
│   └── InvalidRecords      too many invalid rows, or the quarantine stream is not selected
├── TotalsMismatch      the rows of a window do not add up to its totals
├── AuditError          the audit log cannot be written
├── BatchError          a batch file cannot be written
├── JournalError        the journal cannot be read, written or locked
│   └── JournalUnavailable  its server cannot be reached; run again
├── DriftError          the columns of the file do not fit the stream
├── CircuitOpen         an API failed repeatedly; no more requests to it in this run
└── StreamsFailed       some streams failed; the others are complete
Interrupted             SIGINT or SIGTERM (exit 130 or 143); no Exception, so no handler catches it
```

Exit codes: 0 complete, 1 failed, 2 configuration or state, 130 and 143 interrupted.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime, timedelta
    from typing import Self

    from tap_cxone.windows import Window


class CXoneError(Exception):
    """An expected error, with a message for the operator.

    Attributes:
        exit_code: Exit code of the process that this error ends.
        until: Instant from which a new run may read on; None if unknown.
    """

    exit_code = 1
    until: datetime | None = None
    window: Window | None = None
    """Window that cannot be read; None if a narrower one would not help."""

    def lines(self) -> list[str]:
        """Return the lines to log, one per problem."""
        return [str(self)]


class ConfigError(CXoneError):
    """The settings are invalid; the error carries all problems."""

    exit_code = 2

    def __init__(self, problems: Iterable[str]) -> None:
        """Store the problems, so that the operator can correct all of them at once."""
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))

    def lines(self) -> list[str]:
        """Return one line per problem."""
        return [f"Configuration: {problem}" for problem in self.problems]


class StateError(CXoneError):
    """The state passed in is not one that the tap writes, or is that of another tenant."""

    exit_code = 2


class AuthError(CXoneError):
    """The token endpoint or the API did not accept the credentials."""


class ApiError(CXoneError):
    """The API returned an error, or no response.

    Attributes:
        message: Description of the error without the remedy; callers may add a better remedy.
        remedy: Instruction for the operator; empty if the message contains one.
        status: HTTP status; None without a response.
        retry_after: Wait that the API requests; None if it requests none.
        exhausted: Whether all retries that the settings allow were used.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        retry_after: timedelta | None = None,
        remedy: str = "",
        exhausted: bool = False,
    ) -> None:
        """Store the message and, if known, the remedy; the text of the error joins both."""
        super().__init__(f"{message}; {remedy}" if remedy else message)
        self.message, self.remedy = message, remedy
        self.status, self.retry_after = status, retry_after
        self.exhausted = exhausted

    def as_exhausted(self, reason: str) -> Self:
        """Return a copy with the reason why there is no further retry."""
        return self._copy(f"{self.message}; {reason}", self.remedy, exhausted=True)

    def with_remedy(self, remedy: str) -> Self:
        """Return a copy with another instruction."""
        return self._copy(self.message, remedy, exhausted=self.exhausted)

    def _copy(self, message: str, remedy: str, *, exhausted: bool) -> Self:
        status, retry_after = self.status, self.retry_after
        return type(self)(
            message, status=status, retry_after=retry_after, remedy=remedy, exhausted=exhausted
        )


class PermissionDenied(ApiError):
    """The user of the credentials lacks a permission."""


class TokenRefused(AuthError):
    """The API refused a new token, and has accepted none of this login before.

    Attributes:
        denial: The error that holds as soon as the API accepts a token of the login.
    """

    def __init__(
        self, message: str, denial: PermissionDenied, is_accepted: Callable[[], bool]
    ) -> None:
        """Store both meanings, and the function that decides between them."""
        super().__init__(message)
        self.denial, self._is_accepted = denial, is_accepted

    def __str__(self) -> str:
        """Return the message with the permission that may be missing."""
        return f"{super().__str__()}: {self.denial.remedy}"

    def judge(self) -> CXoneError:
        """Return the error that holds now: this one, or the missing permission."""
        return self.denial if self._is_accepted() else self


@contextmanager
def with_permission_hint(permission_hint: str) -> Iterator[None]:
    """Add the required permission, unless it is empty, to a `PermissionDenied` of the block."""
    try:
        yield
    except PermissionDenied as error:
        raise error.with_remedy(permission_hint or error.remedy) from error
    except TokenRefused as error:
        error.denial = error.denial.with_remedy(permission_hint or error.denial.remedy)
        raise


class NotFound(ApiError):
    """The endpoint or the job does not exist."""


class Throttled(ApiError):
    """The API requests a wait."""


class DataPending(Throttled):
    """The API has not computed the requested data so far."""


class Unavailable(ApiError):
    """The server failed or could not be reached."""


class UnknownHost(Unavailable):
    """The name server knows no host of this name."""


class ResponseTimeout(ApiError):
    """The server needed too long for a response of this size."""


class WindowTooLarge(ApiError):
    """The API refuses a request because its result is too large."""


class QuotaRefused(ApiError):
    """The API refuses a submit because of a quota that the API counts."""


class HistoryRefused(ApiError):
    """The API refuses a submit because its start is too long ago."""


class AmbiguousSubmit(ApiError):
    """A submit was sent and its response lost: the job may or may not exist."""


class QuotaExhausted(CXoneError):
    """The quota allows no more exports for now."""

    def __init__(self, message: str, *, until: datetime | None = None) -> None:
        """Store the instant at which the next export is possible; None if unknown."""
        super().__init__(message)
        self.until = until


class OutsideHours(CXoneError):
    """The settings allow no request to a family at this time of the day."""

    def __init__(self, message: str, *, until: datetime) -> None:
        """Store the instant at which the hours begin."""
        super().__init__(message)
        self.until = until


class JobError(CXoneError):
    """A remote job gave no file."""


class JobFailed(JobError):
    """A remote job ended without a result."""


class JobTimeout(JobError):
    """A remote job ran until a time limit, of the tap or of the API."""

    def __init__(self, message: str, *, window: Window | None = None) -> None:
        """Store what decides on a retry.

        Args:
            message: The message.
            window: Window of the job, which needs a new job; None if its job is still pending.
        """
        super().__init__(message)
        self.window = window


class DownloadError(CXoneError):
    """A file did not arrive completely."""


class LinkExpired(DownloadError):
    """The server no longer accepted a download link."""


class InsecureLink(DownloadError):
    """A download link is not https, so nothing was fetched."""


class TokenRequired(DownloadError):
    """The host of a file refused a request without the token."""


class SpoolError(DownloadError):
    """A temporary file cannot be written."""

    def __init__(self, description: str, cause: object) -> None:
        """Build the message from the use of the file, the cause and the remedy."""
        super().__init__(
            f"{description}: cannot write a temporary file ({cause}); free disk space, or set the "
            "environment variable TMPDIR to another directory"
        )


class DecodeError(CXoneError):
    """A file does not have the expected format."""


class InvalidRecords(DecodeError):
    """Rows of a file are invalid and must not be quarantined."""


class TotalsMismatch(CXoneError):
    """The rows of a window do not add up to its totals."""


class AuditError(CXoneError):
    """The audit log cannot be written."""


class BatchError(CXoneError):
    """A batch file cannot be written."""


class JournalError(CXoneError):
    """The journal cannot be read, written or locked."""


class JournalUnavailable(JournalError):
    """The server of the journal cannot be reached for now."""


class DriftError(CXoneError):
    """The columns of a file do not fit the stream."""


class CircuitOpen(CXoneError):
    """A family failed several times in a row for the same reason."""


class StreamsFailed(CXoneError):
    """At least one stream failed."""

    def __init__(self, failures: Mapping[str, Exception]) -> None:
        """Store the error of each failed stream, by the name of the stream."""
        self.failures = {name: _judge(error) for name, error in failures.items()}
        super().__init__("; ".join(self.lines()))

    def lines(self) -> list[str]:
        """Return one line per failed stream."""
        return [f"Stream '{name}' failed: {error}" for name, error in self.failures.items()]


def _judge(error: Exception) -> Exception:
    """Return the error that holds at the end of a run, when all streams were read."""
    return error.judge() if isinstance(error, TokenRefused) else error


class Interrupted(SystemExit):
    """SIGINT or SIGTERM arrived; the exit code is 128 plus its number."""

    def __init__(self, signal_number: int) -> None:
        """Set the exit code to 128 plus the signal number, as a shell does."""
        super().__init__(128 + signal_number)
