"""What can go wrong, grouped by what to do about it.

```
CXoneError              every error the tap raises on purpose; the run goes on with other streams
├── ConfigError         correct the settings (exit 2; carries every problem at once)
├── StateError          the state passed in cannot be understood (exit 2)
├── AuthError           correct the credentials
├── ApiError            the API said no; carries its status and words
│   ├── PermissionDenied    grant the permission named
│   ├── NotFound            the endpoint or the job is not there
│   ├── Throttled           wait, then ask again
│   ├── Unavailable         the server or the network failed; ask again a few times
│   ├── QuotaRefused        the API itself calls a quota used up
│   └── AmbiguousSubmit     a submit whose answer was lost; settle it before submitting again
├── QuotaExhausted      no more of this today; come back at `until`
├── JobError            the remote job did not give a file
│   ├── JobFailed           in the API's own words
│   └── JobTimeout          still running when its time was up
├── DownloadError       the file did not arrive whole
│   ├── LinkExpired         ask for a fresh link
│   └── SpoolError          no room for a temporary file
├── DecodeError         the file that arrived is not what it should be
│   └── InvalidRecords      too many of its rows do not fit, or nobody would receive them
├── AuditError          the audit log cannot be written
├── BatchError          a file of a batch cannot be written
├── JournalError        the journal cannot be read, written or locked
├── DriftError          the file's columns are not those of the stream
├── CircuitOpen         an API failed again and again; not asked any more in this run
└── StreamsFailed       some streams failed; the others are complete
Interrupted             SIGINT or SIGTERM (exit 130 or 143); not an Exception, nothing swallows it
```

Exit codes: 0 complete, 1 failed, 2 configuration or state, 130 and 143 interrupted.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime, timedelta
    from typing import Self

    from tap_cxone.windows import Window


class CXoneError(Exception):
    """An error with a message for the person who runs the tap."""

    exit_code = 1

    def lines(self) -> list[str]:
        """Return what to print, one problem a line."""
        return [str(self)]


class ConfigError(CXoneError):
    """The settings cannot be used; every problem found, one line each."""

    exit_code = 2

    def __init__(self, problems: Iterable[str]) -> None:
        """Keep the problems apart, so that all of them can be mended in one go."""
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))

    def lines(self) -> list[str]:
        """Return one line a problem."""
        return [f"Configuration: {problem}" for problem in self.problems]


class StateError(CXoneError):
    """The state passed in does not have the shape this tap writes."""

    exit_code = 2


class AuthError(CXoneError):
    """The token endpoint or the API did not accept the credentials."""


class ApiError(CXoneError):
    """The API answered with an error.

    Attributes:
        said: What happened, without the remedy, for who knows a better one.
        remedy: What to do about it; empty where the message says so itself.
        status: HTTP status; None: no answer.
        retry_after: How long the API asks to wait.
        repeated: Whether it was asked again as often as the settings say; no more then.
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
        """Say what happened and, where it is known, what to do about it."""
        super().__init__(f"{message}; {remedy}" if remedy else message)
        self.message, self.remedy = message, remedy
        self.status = status
        self.retry_after = retry_after
        self.exhausted = exhausted

    def as_exhausted(self, reason: str) -> Self:
        """Return the same error, saying why it is not asked again."""
        return type(self)(
            f"{self.message}; {reason}",
            status=self.status,
            retry_after=self.retry_after,
            remedy=self.remedy,
            exhausted=True,
        )


class PermissionDenied(ApiError):
    """The user behind the credentials may not do this."""


@contextmanager
def with_permission_hint(permission_hint: str) -> Iterator[None]:
    """Say of a missing permission what to give to whom."""
    try:
        yield
    except PermissionDenied as error:
        raise PermissionDenied(
            error.message, status=error.status, remedy=permission_hint
        ) from error


class NotFound(ApiError):
    """There is nothing at this address."""


class Throttled(ApiError):
    """The API asks to wait."""


class Unavailable(ApiError):
    """The server failed or could not be reached."""


class QuotaRefused(ApiError):
    """The API refuses a submit for a quota of its own counting."""


class AmbiguousSubmit(ApiError):
    """A submit was sent and its answer lost: the job may exist or not."""


class QuotaExhausted(CXoneError):
    """The API allows no more exports for now."""

    def __init__(self, message: str, *, until: datetime | None = None) -> None:
        """Remember from when on the next one is possible, if that is known."""
        super().__init__(message)
        self.until = until


class JobError(CXoneError):
    """A remote job gave no file."""


class JobFailed(JobError):
    """A remote job ended without a result."""


class JobTimeout(JobError):
    """A remote job was still running when its time was up."""

    def __init__(self, message: str, *, window: Window | None = None) -> None:
        """Remember what it was asked for, if that is known."""
        super().__init__(message)
        self.window = window


class DownloadError(CXoneError):
    """A file did not arrive whole."""


class LinkExpired(DownloadError):
    """A download link was no longer accepted."""


class SpoolError(DownloadError):
    """A temporary file cannot be written."""

    def __init__(self, description: str, cause: object) -> None:
        """Name what it was for, and what to do."""
        super().__init__(
            f"{description}: cannot write a temporary file ({cause}); make room, or name another "
            "directory in the environment variable TMPDIR"
        )


class DecodeError(CXoneError):
    """A file is not what it should be."""


class InvalidRecords(DecodeError):
    """Rows of a file do not fit, and may not be set aside."""


class AuditError(CXoneError):
    """The audit log cannot be written."""


class BatchError(CXoneError):
    """A file of a batch cannot be written."""


class JournalError(CXoneError):
    """The journal cannot be read, written or locked."""


class DriftError(CXoneError):
    """The columns of a file do not fit the stream."""


class CircuitOpen(CXoneError):
    """A family failed several times in a row for the same reason."""


class StreamsFailed(CXoneError):
    """At least one stream failed."""

    def __init__(self, failures: Mapping[str, Exception]) -> None:
        """Keep what happened to each failed stream, by its name."""
        self.failures = dict(failures)
        super().__init__("; ".join(self.lines()))

    def lines(self) -> list[str]:
        """Return one line a failed stream."""
        return [f"Stream '{name}' failed: {error}" for name, error in self.failures.items()]


class Interrupted(SystemExit):
    """SIGINT or SIGTERM arrived; the exit code is 128 plus its number."""

    def __init__(self, signal_number: int) -> None:
        """Take the exit code from the signal, as a shell would."""
        super().__init__(128 + signal_number)
