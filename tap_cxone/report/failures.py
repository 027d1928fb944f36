"""Failures, invalid rows and schema changes, computed from log lines."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from tap_cxone.report.log_parser import Line

FAILURE_LABELS = {
    "job_failed": "job failed",
    "stream_failed": "stream failed",
    "stream_stopped": "stopped by a quota",
    "stream_postponed": "outside its hours",
    "window_skipped": "window skipped",
    "webhook_failed": "webhook failed",
}
"""Event → label, for events that report a failure or an early end."""


class Failure(Struct, frozen=True):
    """A failure or an early end.

    One cause that ended several streams of a run is one failure.

    Attributes:
        line: The newest line that reports it.
        streams: The affected streams.
    """

    line: Line
    streams: tuple[str, ...]


class SchemaChange(Struct, frozen=True):
    """Columns that no SCHEMA message had.

    A run that starts with the old catalog reports them again.

    Attributes:
        stream: The stream.
        columns: The column names.
        times: Number of reports.
        first: Time of the first report.
        last: Time of the last report.
    """

    stream: str
    columns: tuple[str, ...]
    times: int
    first: datetime
    last: datetime


class InvalidRows(Struct, frozen=True):
    """Rows of a stream that failed validation for the same reason.

    Attributes:
        stream: The stream.
        reason: The reason as logged.
        rows: Number of rows, counted in the last validation of each window.
        fields: Affected columns of the rows that were logged individually.
        at: Time of the newest validation.
    """

    stream: str
    reason: str
    rows: int
    fields: tuple[str, ...]
    at: datetime


def failures(lines: Iterable[Line]) -> list[Failure]:
    """Return failures and early ends, newest first."""
    grouped: dict[tuple[object, ...], list[Line]] = {}
    for line in lines:
        if line.event in FAILURE_LABELS:
            same = (line.run, line.event, line.reason, line.window, line.job_id)
            grouped.setdefault(same, []).append(line)
    result = [Failure(group[-1], _stream_names(group)) for group in grouped.values()]
    return sorted(result, key=lambda failure: failure.line.at, reverse=True)


def _stream_names(lines: Iterable[Line]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.stream for line in lines if line.stream))


def schema_changes(lines: Iterable[Line]) -> list[SchemaChange]:
    """Return the new columns, last reported first."""
    times_by_columns: dict[tuple[str, tuple[str, ...]], list[datetime]] = {}
    for line in lines:
        if line.event == "schema_changed":
            times_by_columns.setdefault((line.stream or "", line.columns), []).append(line.at)
    result = [
        SchemaChange(*key, len(times), times[0], times[-1])
        for key, times in times_by_columns.items()
    ]
    return sorted(result, key=lambda change: change.last, reverse=True)


def invalid_rows(lines: Sequence[Line]) -> list[InvalidRows]:
    """Return the invalid rows by stream and reason, largest number first."""
    checked = (line for line in lines if line.event == "window_validated")
    validated = {(line.stream, line.window): line for line in checked}
    rows: Counter[tuple[str, str]] = Counter()
    newest: dict[tuple[str, str], datetime] = {}
    for line in sorted(validated.values(), key=lambda line: line.at):
        for reason, number in line.reasons.items():
            key = (line.stream or "", reason)
            rows[key] += number
            newest[key] = line.at
    fields = _columns_of_invalid_rows(lines)
    return [
        InvalidRows(
            stream, reason, number, fields.get((stream, reason), ()), newest[stream, reason]
        )
        for (stream, reason), number in rows.most_common()
    ]


def _columns_of_invalid_rows(lines: Iterable[Line]) -> dict[tuple[str, str], tuple[str, ...]]:
    grouped: dict[tuple[str, str], dict[str, None]] = {}
    for line in lines:
        if line.event == "record_invalid" and line.field:
            grouped.setdefault((line.stream or "", line.reason or ""), {})[line.field] = None
    return {key: tuple(names) for key, names in grouped.items()}
