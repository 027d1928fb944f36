"""Immutable snapshot of a stream's progress, and the summary of all streams; pure functions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from tap_cxone.clock import iso
from tap_cxone.progress.formatting import format_bytes, format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Outcome = Literal["not begun", "running", "complete", "stopped", "failed", "interrupted"]

HEADERS = (
    "stream",
    "outcome",
    "windows",
    "rows",
    "quarantined",
    "dropped",
    "bytes",
    "exports",
    "waiting",
    "working",
)
"""Column headers of the summary."""

_ZERO = timedelta(0)
_SECOND = timedelta(seconds=1)


class Activity(Struct, frozen=True):
    """Activity of a thread that works for a stream.

    Attributes:
        description: Text for the operator.
        started_at: When it began.
        is_waiting: Whether the thread waits for the API.
        until: End of a pause within the activity; None without a pause.
    """

    description: str
    started_at: datetime
    is_waiting: bool = False
    until: datetime | None = None

    def describe(self, now: datetime) -> str:
        """Return the description, with the elapsed time and the time until the next request."""
        elapsed = now - self.started_at
        text = (
            f"{self.description}, for {format_duration(elapsed)}"
            if elapsed >= _SECOND
            else self.description
        )
        until_retry = self.until - now if self.until else _ZERO
        return (
            f"{text}; next request in {format_duration(until_retry)}"
            if until_retry >= _SECOND
            else text
        )


class StreamSnapshot(Struct, frozen=True):
    """Progress of one stream at one instant.

    Attributes:
        stream: Name of the stream.
        outcome: How the stream ended, or that it has not ended.
        until: Instant from which a new run may read on; None if the stream has read all, or if it
            is unknown.
        windows: Number of committed windows.
        planned: Number of windows in this run; None if unknown.
        committed_span: Total time span of the committed windows.
        planned_span: Total time span of all windows of this run.
        elapsed_at_last_commit: Running time of the stream when its last window was committed.
        rows: Number of emitted records.
        quarantined: Number of invalid rows in committed windows.
        dropped: Number of duplicates, and of lines that are no rows, in committed windows.
        bytes: Number of downloaded bytes.
        exports: Number of submitted exports.
        waiting: Time spent waiting for the API.
        working: Time spent downloading and reading files, and emitting records.
        started_at: When the stream started; None before.
        duration: Total running time; zero while the stream runs.
        quota_eta: When the quota lets the stream finish; None if the quota is no limit.
        activity: Current activity; None without one.
    """

    stream: str
    outcome: Outcome = "not begun"
    until: datetime | None = None
    windows: int = 0
    planned: int | None = None
    committed_span: timedelta = _ZERO
    planned_span: timedelta = _ZERO
    elapsed_at_last_commit: timedelta = _ZERO
    rows: int = 0
    quarantined: int = 0
    dropped: int = 0
    bytes: int = 0
    exports: int = 0
    waiting: timedelta = _ZERO
    working: timedelta = _ZERO
    started_at: datetime | None = None
    duration: timedelta = _ZERO
    quota_eta: datetime | None = None
    activity: Activity | None = None

    @property
    def windows_done(self) -> str:
        """Return the number of committed windows as text, with the planned number if known."""
        return str(self.windows) if self.planned is None else f"{self.windows} of {self.planned}"

    def elapsed(self, now: datetime) -> timedelta:
        """Return the running time so far, or the total running time after the end."""
        if self.outcome == "running" and self.started_at:
            return now - self.started_at
        return self.duration

    def rate(self, now: datetime) -> float:
        """Return the number of emitted records per second."""
        elapsed = self.elapsed(now)
        return self.rows / (elapsed / _SECOND) if elapsed else 0.0

    def eta(self, now: datetime) -> timedelta | None:
        """Return the estimated remaining time, at the rate of the committed windows.

        It is None without committed windows, and once the estimate is exceeded.
        """
        if not self.committed_span or self.outcome != "running":
            return None
        expected_duration = self.elapsed_at_last_commit * (self.planned_span / self.committed_span)
        return max(_ZERO, expected_duration - self.elapsed(now)) or None

    def audit_fields(self) -> dict[str, object]:
        """Return the fields of the snapshot for the audit log."""
        return {
            "outcome": self.outcome,
            "until": iso(self.until) if self.until else None,
            "planned": self.planned,
            "windows": self.windows,
            "rows": self.rows,
            "quarantined": self.quarantined,
            "dropped": self.dropped,
            "bytes": self.bytes,
            "exports": self.exports,
            "waiting_seconds": self.waiting.total_seconds(),
            "working_seconds": self.working.total_seconds(),
        }


def summary_cells(snapshot: StreamSnapshot) -> list[str]:
    """Return the summary of one stream as texts, in the order of `HEADERS`."""
    return [
        snapshot.stream,
        snapshot.outcome,
        snapshot.windows_done,
        f"{snapshot.rows:,}",
        f"{snapshot.quarantined:,}",
        f"{snapshot.dropped:,}",
        format_bytes(snapshot.bytes),
        str(snapshot.exports),
        format_duration(snapshot.waiting),
        format_duration(snapshot.working),
    ]


def summary_lines(snapshots: Sequence[StreamSnapshot]) -> Iterator[str]:
    """Yield the headers and one line per stream, in aligned columns; nothing without streams."""
    table = [list(HEADERS), *map(summary_cells, snapshots)] if snapshots else []
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        texts, numbers = row[:2], row[2:]
        left_aligned = [text.ljust(width) for text, width in zip(texts, widths, strict=False)]
        right_aligned = [text.rjust(width) for text, width in zip(numbers, widths[2:], strict=True)]
        yield "  ".join(left_aligned + right_aligned)
