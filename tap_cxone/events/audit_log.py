"""Audit log: one JSON object per line, in the same format for all families."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from msgspec import Struct

from tap_cxone.clock import iso
from tap_cxone.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
        "a job of an earlier run, or of a submit whose response was lost, is resumed",
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
    "stream_stopped": ("a stream stopped at a quota; a later run continues", ("reason",)),
    "stream_postponed": (
        "a stream ended because `not_before_utc` or `not_after_utc` exclude this time of the day",
        ("reason",),
    ),
    "stream_failed": ("a stream failed", ("reason",)),
    "stream_ended": (
        "totals of a selected stream, at the end of the run, before `run_ended`",
        (
            "outcome",
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
    "run_ended": ("a run ended", ("outcome", "failed", "seconds")),
}
"""Name of each event → its meaning, and its fields in addition to `COMMON_FIELDS`."""


@dataclass(slots=True)
class AuditLog:
    """Audit log of one run. No line contains a secret or a value of a row.

    Attributes:
        path: Path of the file; None to write nothing.
        clock: Clock of the run.
        run_id: Identifier of the run, in every line.
        observer: Receives each event, its fields and its context after the line; None for nothing.
    """

    path: str | None
    clock: Clock
    run_id: str = field(default_factory=lambda: uuid4().hex)
    observer: Callable[[str, Mapping[str, Any], AuditContext | None], None] | None = None

    def write(
        self, event: str, fields: Mapping[str, Any], audit_context: AuditContext | None = None
    ) -> None:
        """Append one line with a single write, then call the observer, even if that write failed.

        Raises:
            AuditError: The line cannot be written.
        """
        try:
            if self.path is not None:
                self._append(self.path, event, fields, audit_context)
        finally:
            if self.observer is not None:
                self.observer(event, fields, audit_context)

    def _append(
        self,
        path: str,
        event: str,
        fields: Mapping[str, Any],
        audit_context: AuditContext | None,
    ) -> None:
        line = dict.fromkeys(COMMON_FIELDS) | (
            audit_context.common_fields() if audit_context else {}
        )
        line |= {"at": iso(self.clock.now()), "run": self.run_id, "event": event}
        try:
            _append_line(path, f"{json.dumps(line | dict(fields))}\n".encode())
        except OSError as error:
            msg = (
                f"cannot write the audit log {path} ({error.strerror or error}); free disk "
                "space or correct audit_log_path"
            )
            raise AuditError(msg) from error


def _append_line(path: str, line: bytes) -> None:
    # A single write in append mode keeps the lines of concurrent processes apart.
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        separator = b"" if _ends_with_line(descriptor) else b"\n"
        written = os.write(descriptor, separator + line)
        if written < len(separator + line):
            _remove_incomplete_line(descriptor, written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(descriptor)


def _ends_with_line(descriptor: int) -> bool:
    """Return True if a file is empty or ends with a complete line."""
    if not os.fstat(descriptor).st_size:
        return True
    os.lseek(descriptor, -1, os.SEEK_END)
    return os.read(descriptor, 1) == b"\n"


def _remove_incomplete_line(descriptor: int, size: int) -> None:
    """Remove the bytes that the last write of this process appended, if no other line follows."""
    end = os.lseek(descriptor, 0, os.SEEK_CUR)
    if os.fstat(descriptor).st_size == end:
        os.ftruncate(descriptor, end - size)


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
