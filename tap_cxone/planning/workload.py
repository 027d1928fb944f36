"""Windows and jobs that one stream needs, and the calls that the API still allows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from tap_cxone.planning.time_ranges import TimeRanges

if TYPE_CHECKING:
    from datetime import datetime

    from tap_cxone.windows import Window

Unit = Literal["exports", "calls"]
_DAY = timedelta(days=1)


class RemainingCalls(Struct, frozen=True):
    """Remaining quota as reported by the API.

    Attributes:
        count: Number of calls.
        description: Text about the quota.
        reset_at: When the quota is renewed, in UTC; None if unknown.
    """

    count: int
    description: str
    reset_at: datetime | None = None


class Workload(Struct, frozen=True):
    """Windows that one stream has to read.

    Attributes:
        family: Name of the API family.
        stream: Name of the stream.
        unit: Cost of a window: one export, or one call plus one for each further page.
        windows: All windows of the run.
        windows_without_job: Those of `windows` that have no job yet.
        start: Instant from which the stream reads: by bookmark, settings and history limit.
        unmet_start: Start by the settings, if the API's history limit is later; else None.
        history: Those of `windows` that are not new since the last run: gaps, and time to read
            again. Without a bookmark all of them.
        newest_first: Whether the windows of the history are read backwards.
        calls_per_window: Number of exports or calls that each window needs.
        narrowed_days: Maximum days of a window, if wider ones cannot be read; else None.
        aggregate_days: Days of a whole window, if a row sums up its window; else 0.
    """

    family: str
    stream: str
    unit: Unit
    windows: tuple[Window, ...]
    windows_without_job: tuple[Window, ...]
    start: datetime
    unmet_start: datetime | None = None
    history: tuple[Window, ...] = ()
    newest_first: bool = False
    calls_per_window: int = 1
    narrowed_days: int | None = None
    aggregate_days: int = 0

    @property
    def start_and_end(self) -> tuple[datetime, datetime] | None:
        """Return the first and the last instant of all windows; None if there is no window."""
        if not self.windows:
            return None
        return min(w.start for w in self.windows), max(w.end for w in self.windows)

    def export_priorities(self) -> list[tuple[bool, float]]:
        """Return a sort key for each window without a job, among those of all streams.

        The smallest is exported first. The keys ascend in the order in which a stream reads.
        """
        history = set(self.history) if self.newest_first else set()
        keys = ((w in history, w.start.timestamp()) for w in self.windows_without_job)
        return [(backwards, -start if backwards else start) for backwards, start in keys]

    @property
    def needed(self) -> int:
        """Return the number of exports, or calls, that the stream needs."""
        return len(self.windows_without_job) * self.calls_per_window

    @property
    def cuts_aggregates(self) -> bool:
        """Return True if rows sum up windows of several days, and one of these is not whole."""
        lengths = [round((window.end - window.start) / _DAY) for window in self.windows]
        return self.aggregate_days > 1 and any(n < self.aggregate_days for n in lengths)

    @property
    def days(self) -> int:
        """Return the number of days to read, started days included."""
        intervals = TimeRanges.of(self.windows).intervals
        return sum(-(-(interval.end - interval.start) // _DAY) for interval in intervals)
