"""Audit log: one JSON object per line, in the same format for all families."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from msgspec import Struct

from tap_cxone.clock import iso
from tap_cxone.errors import AuditError
from tap_cxone.events.local_file import LocalFile
from tap_cxone.events.log_files import is_address
from tap_cxone.events.remote_log import RemoteLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from tap_cxone.clock import Clock
    from tap_cxone.windows import Window

COMMON_FIELDS = {
    "at": "time of the event, UTC",
    "run": "ID of the run, the same from `run_started` to `run_ended`",
    "event": "name of the event",
    "family": "API family; null for events of the run",
    "stream": "name of the stream",
    "job_id": "the API's ID of the job, if it has one",
    "window_start": "start of the window, UTC",
    "window_end": "end of the window, UTC",
}
"""Fields of every line and their meaning; null if a field does not apply."""

EVENTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "run_started": ("a run started", ("version", "streams")),
    "job_created": (
        "the API accepted a job; `latency_ms` includes the waits before the submit",
        ("latency_ms", "request"),
    ),
    "job_adopted": (
        "an existing job is used: of an earlier run, of a lost submit, or active for the window",
        (),
    ),
    "job_state": ("the API reported another status of a job", ("state",)),
    "job_failed": ("a job ended without a file", ("reason",)),
    "job_stuck": (
        "a job still ran at its time limit; `seconds` counts from its submit",
        ("state", "seconds", "outcome"),
    ),
    "file_downloaded": ("a file was downloaded completely", ("bytes", "rows", "sha256")),
    "file_kept": (
        "the file of a window that failed because of its rows was kept (`keep_failed_files`)",
        ("path",),
    ),
    "schema_changed": ("columns that no SCHEMA message contained were added", ("columns",)),
    "column_retyped": (
        "a column has another type than before; `previous` is its name before `on_type_change`",
        ("column", "previous", "old", "new"),
    ),
    "columns_absent": ("a file lacks columns that earlier files had", ("columns",)),
    "requested_columns_absent": (
        "columns that the request names are in none of the rows of a window",
        ("columns", "rows"),
    ),
    "row_meaning_changed": (
        "settings changed after the bookmark, so later rows mean something else",
        ("settings",),
    ),
    "schedule_changed": (
        "a report schedule was registered (`old` is null) or changed",
        ("schedule_id", "old", "new"),
    ),
    "record_invalid": (
        "a row failed validation; at most 100 events per window",
        ("record_id", "location", "field", "reason"),
    ),
    "window_validated": (
        "all rows of a window were validated",
        (
            *("rows", "valid", "invalid", "repeated", "blank", "repeated_headers"),
            *("null_characters", "reasons"),
        ),
    ),
    "window_skipped": (
        "a window was passed without reading it (`skip_windows`); the bookmark moved",
        ("reason",),
    ),
    "batch_written": (
        "a BATCH message named a file",
        ("url", "rows", "bytes", "sha256", "columns"),
    ),
    "window_committed": (
        "the bookmark moved; `bytes` and `sha256` are those of the file",
        ("rows", "quarantined", "dropped", "bytes", "sha256", "columns_added", "seconds"),
    ),
    "webhook_sent": ("the webhook call succeeded", ("host", "latency_ms")),
    "webhook_failed": ("the webhook call failed", ("host", "reason")),
    "stream_stopped": (
        "a stream stopped at a quota; a run at `until` or later continues",
        ("reason", "until"),
    ),
    "stream_postponed": (
        "a stream ended because `not_before_utc` or `not_after_utc` exclude this time of the day",
        ("reason", "until"),
    ),
    "quota_exhausted": (
        "a quota fails a stream (`on_quota_exhausted: fail`); `stream_failed` follows",
        ("reason", "until"),
    ),
    "stream_failed": (
        "a stream failed; `until` is null unless a quota was the reason",
        ("reason", "until"),
    ),
    "stream_ended": (
        "totals of a selected stream, at the end of the run, before `run_ended`",
        (
            "outcome",
            "until",
            "planned",
            "windows",
            "rows",
            "quarantined",
            "dropped",
            "bytes",
            "exports",
            "waiting_seconds",
            "working_seconds",
        ),
    ),
    "run_ended": (
        "a run ended; `resume_at` is the earliest `until` of its streams",
        ("outcome", "complete", "resume_at", "failed", "seconds"),
    ),
}
"""Name of each event → its meaning, and its fields in addition to `COMMON_FIELDS`."""


SUMMARY_EVENTS = ("stream_ended", "run_ended")
"""Events that the run summary has."""


@dataclass(slots=True)
class AuditLog:
    """Audit log of one run. No line contains a secret or a value of a row.

    Attributes:
        path: Path of the file, or address of the folder; None to write nothing.
        clock: Clock of the run.
        run_id: Identifier of the run, in every line.
        observer: Receives each event, its fields and its context after the line; None for nothing.
        summary_path: Path of the run summary, which has the last lines of this run; None for none.
        params: Parameters of the file system of an address, including credentials.
    """

    path: str | None
    clock: Clock
    run_id: str = field(default_factory=lambda: uuid4().hex)
    observer: Callable[[str, Mapping[str, Any], AuditContext | None], None] | None = None
    summary_path: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict, repr=False)
    _file: LocalFile | RemoteLog | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Choose the form of the file; it is not opened before the first line."""
        self._file = None
        if self.path is not None and is_address(self.path):
            self._file = RemoteLog(self.path, self.params, self.clock, self.run_id)
        elif self.path is not None:
            self._file = LocalFile(self.path)

    def start_summary(self) -> None:
        """Empty the run summary, so that it has no line of an earlier run.

        Raises:
            AuditError: The file cannot be written.
        """
        if self.summary_path is not None:
            with _explained("the run summary", self.summary_path, "summary_json"):
                LocalFile(self.summary_path).clear()

    def write(
        self, event: str, fields: Mapping[str, Any], audit_context: AuditContext | None = None
    ) -> None:
        """Append one line with a single write, then call the observer, even if that write failed.

        Raises:
            AuditError: The line cannot be written.
        """
        try:
            if self._file is not None or self.summary_path is not None:
                self._store(event, self._line(event, fields, audit_context))
        finally:
            if self.observer is not None:
                self.observer(event, fields, audit_context)

    def close(self) -> None:
        """Store all lines. Raises `AuditError` if that fails."""
        if self._file is not None:
            with self._explained_log():
                self._file.close()

    def _store(self, event: str, line: bytes) -> None:
        if self._file is not None:
            with self._explained_log():
                self._file.append(line)
        if self.summary_path is not None and event in SUMMARY_EVENTS:
            with _explained("the run summary", self.summary_path, "summary_json"):
                LocalFile(self.summary_path).append(line)

    def _explained_log(self) -> AbstractContextManager[None]:
        settings = "audit_log_path and audit_log_params" if self.params else "audit_log_path"
        return _explained("the audit log", self.path or "", settings)

    def _line(
        self, event: str, fields: Mapping[str, Any], audit_context: AuditContext | None
    ) -> bytes:
        line = dict.fromkeys(COMMON_FIELDS) | (
            audit_context.common_fields() if audit_context else {}
        )
        line |= {"at": iso(self.clock.now()), "run": self.run_id, "event": event}
        return f"{json.dumps(line | dict(fields))}\n".encode()


@contextmanager
def _explained(noun: str, path: str, setting: str) -> Iterator[None]:
    """Raise `AuditError` for an error of the file system inside the block."""
    try:
        yield
    except OSError as error:
        msg = (
            f"cannot write {noun} {path} ({error.strerror or error}); free disk space or correct "
            f"{setting}"
        )
        raise AuditError(msg) from error


class AuditContext(Struct, frozen=True):
    """Common fields of the lines about one stream, and about one window and job of it.

    Attributes:
        audit: The audit log.
        family: Name of the API family.
        stream: Name of the stream.
        window: The window; None for lines about the stream.
        job_id: Identifier of the job in the API; None without a job.
    """

    audit: AuditLog
    family: str
    stream: str
    window: Window | None = None
    job_id: str | None = None

    def common_fields(self) -> dict[str, str | None]:
        """Return the fields for every line."""
        return {
            "family": self.family,
            "stream": self.stream,
            "job_id": self.job_id,
            "window_start": iso(self.window.start) if self.window else None,
            "window_end": iso(self.window.end) if self.window else None,
        }

    def for_window(self, window: Window, job_id: str | None) -> AuditContext:
        """Return the context of one window and its job."""
        return AuditContext(self.audit, self.family, self.stream, window, job_id)

    def write(self, event: str, **fields: Any) -> None:
        """Append one line. Raises `AuditError` if it cannot be written."""
        self.audit.write(event, fields, self)
