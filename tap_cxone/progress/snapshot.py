"""How far one stream has come, as a value; and how its numbers are written for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Outcome = Literal["not begun", "running", "complete", "stopped", "failed", "interrupted"]

_NOTHING = timedelta(0)
_SECOND = timedelta(seconds=1)
_THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class Activity:
    """What is done for a stream.

    Attributes:
        what: In words.
        since: When it began.
        waits: Whether it is waiting for the API.
        until: When a pause in it ends.
    """

    description: str
    started_at: datetime
    is_waiting: bool = False
    until: datetime | None = None

    def describe(self, now: datetime) -> str:
        """Say it, with how long it has lasted and when the API is asked again."""
        elapsed = now - self.started_at
        text = (
            f"{self.description}, for {format_duration(elapsed)}"
            if elapsed >= _SECOND
            else self.description
        )
        until_retry = self.until - now if self.until else _NOTHING
        return (
            f"{text}; asking again in {format_duration(until_retry)}"
            if until_retry >= _SECOND
            else text
        )


@dataclass(frozen=True, slots=True)
class StreamSnapshot:
    """How far one stream has come.

    Attributes:
        stream: Its name.
        outcome: How it ended, or that it has not.
        windows: How many are committed.
        planned: How many there are to be; None if that is not known.
        covered: How much time the committed ones cover.
        span: How much time all of them cover.
        paced: How long it had been running when the last of them was committed.
        rows: How many records have left.
        quarantined: How many rows of committed windows did not fit.
        bytes: What was downloaded.
        exports: How many were asked for.
        waiting: How long the API was waited for.
        working: How long files were fetched and read, and rows left.
        began: When it began.
        took: How long it took; zero while it runs.
        finish: When the quota lets it end, if that is not in this run.
        activity: What is done for it just now.
    """

    stream: str
    outcome: Outcome = "not begun"
    windows: int = 0
    planned: int | None = None
    committed_span: timedelta = _NOTHING
    planned_span: timedelta = _NOTHING
    elapsed_at_last_commit: timedelta = _NOTHING
    rows: int = 0
    quarantined: int = 0
    bytes: int = 0
    exports: int = 0
    waiting: timedelta = _NOTHING
    working: timedelta = _NOTHING
    started_at: datetime | None = None
    duration: timedelta = _NOTHING
    quota_eta: datetime | None = None
    activity: Activity | None = None

    @property
    def windows_done(self) -> str:
        """Say how many windows are done, and of how many if that is known."""
        return str(self.windows) if self.planned is None else f"{self.windows} of {self.planned}"

    def elapsed(self, now: datetime) -> timedelta:
        """Return how long it has been running, or ran."""
        if self.outcome == "running" and self.started_at:
            return now - self.started_at
        return self.duration

    def rate(self, now: datetime) -> float:
        """Return how many rows left in a second."""
        elapsed = self.elapsed(now)
        return self.rows / (elapsed / _SECOND) if elapsed else 0.0

    def eta(self, now: datetime) -> timedelta | None:
        """Return how long it will take still, at the pace of the windows that are committed.

        None while there is none, and once it has taken longer than that.
        """
        if not self.committed_span or self.outcome != "running":
            return None
        expected_duration = self.elapsed_at_last_commit * (self.planned_span / self.committed_span)
        return max(_NOTHING, expected_duration - self.elapsed(now)) or None

    def audit_fields(self) -> dict[str, object]:
        """Return what the audit log holds of it."""
        return {
            "outcome": self.outcome,
            "windows": self.windows,
            "rows": self.rows,
            "quarantined": self.quarantined,
            "bytes": self.bytes,
            "exports": self.exports,
            "waiting_seconds": self.waiting.total_seconds(),
            "working_seconds": self.working.total_seconds(),
        }


def format_duration(duration: timedelta) -> str:
    """Write a duration in whole seconds: `45 s`, `1:30 min`, `2:05:00 h`."""
    seconds = round(duration / _SECOND)
    if seconds < 60:  # noqa: PLR2004 (seconds of a minute)
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02} h" if hours else f"{minutes}:{seconds:02} min"


def format_bytes(size: float) -> str:
    """Write a number of bytes as a person would: `512 B`, `3.4 MB`."""
    units = iter(("B", "kB", "MB", "GB"))
    unit = next(units)
    while size >= _THOUSAND and (larger := next(units, "")):
        size, unit = size / _THOUSAND, larger
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
