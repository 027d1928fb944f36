"""Windows and jobs that one stream needs, and the calls that the API still allows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

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
        requested_start: Start by the settings, if the API's history limit is later; else None.
        calls_per_window: Number of exports or calls that each window needs.
    """

    family: str
    stream: str
    unit: Unit
    windows: tuple[Window, ...]
    windows_without_job: tuple[Window, ...]
    start: datetime
    requested_start: datetime | None = None
    calls_per_window: int = 1

    @property
    def needed(self) -> int:
        """Return the number of exports, or calls, that the stream needs."""
        return len(self.windows_without_job) * self.calls_per_window

    @property
    def days(self) -> int:
        """Return the number of days to read, started days included."""
        if not self.windows:
            return 0
        return -(-(self.windows[-1].end - self.windows[0].start) // _DAY)
