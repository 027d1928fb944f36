"""The windows of one run of a stream: planned, then passed to the worker, then committed."""

from __future__ import annotations

from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

from msgspec import Struct, field

from tap_cxone.planning.time_ranges import TimeRanges
from tap_cxone.windows import Window, WindowAndUpcoming, with_upcoming

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from tap_cxone.errors import HistoryRefused
    from tap_cxone.planning.workload import Workload
    from tap_cxone.progress.tracker import StreamProgress


class RunWindows(Struct, kw_only=True):
    """The windows that one run of a stream reads; only the main thread uses it.

    A window is planned, assigned to the worker that fetches its file, and committed. Each further
    plan of a run excludes the assigned windows, and time that became available since.

    Attributes:
        plan_workload: Plans the run without a given time, and reports what the plan is based on.
        limit_to_quota: Returns the windows of a workload that this run may read.
        raise_history_limit: Moves the oldest planned instant past a start that the API refused.
        window_days: Returns the maximum days of a window.
        bookmark: Returns the end of the last committed window.
        now: Returns the present instant.
        progress: Progress tracker of the stream.
        max_upcoming: Maximum of upcoming windows that the worker receives with a window.
        excluded: Time that the last plan excludes.
        uncommitted: Windows that are planned and not committed; the worker may have fetched them.
    """

    plan_workload: Callable[[TimeRanges], Workload]
    limit_to_quota: Callable[[Workload], Iterable[Window]]
    raise_history_limit: Callable[[Window, HistoryRefused], None]
    window_days: Callable[[], int]
    bookmark: Callable[[], datetime | None]
    now: Callable[[], datetime]
    progress: StreamProgress
    max_upcoming: int
    excluded: TimeRanges = field(default_factory=TimeRanges)
    uncommitted: set[Window] = field(default_factory=set)
    _committed: list[Window] = field(default_factory=list)
    _assigned: list[Window] = field(default_factory=list)
    _remaining: Iterator[WindowAndUpcoming] = field(default_factory=lambda: iter(()))
    _refused: tuple[Window, HistoryRefused] | None = None
    _planned_days: int = 0

    def plan(self) -> bool:
        """Plan all windows that this run has not committed; return True if there is one.

        Raises:
            QuotaExhausted: The quota does not cover the first window.
        """
        self._assigned, self._refused = [*self._committed], None
        self._plan_windows()
        first = next(self._remaining, None)
        if first is not None:
            self._remaining = chain([first], self._remaining)
        return first is not None

    def next(self) -> WindowAndUpcoming | None:
        """Return the next window to fetch with the upcoming ones; None after the last one.

        Raises:
            QuotaExhausted: The quota does not cover the next window.
            HistoryRefused: The API refused a start, and no later time was read.
        """
        if self.window_days() > self._planned_days:  # commits have doubled them
            self._plan_windows()
        window_and_upcoming = next(self._remaining, None)
        if window_and_upcoming is not None:
            self._assigned.append(window_and_upcoming[0])
        elif self._refused is not None and not self._is_past(self._refused[0]):
            raise self._refused[1]
        return window_and_upcoming

    def refuse(self, window: Window, error: HistoryRefused) -> None:
        """Plan again after the API refused the start of a window.

        Raises:
            HistoryRefused: The API gives the stream no reason to start later.
        """
        self._assigned.remove(window)
        self._refused = window, error
        self.raise_history_limit(window, error)
        self._plan_windows(after=window.start)

    def commit(self, window: Window) -> None:
        """Remember that a window was committed."""
        self.uncommitted.discard(window)
        self._committed.append(window)

    def _plan_windows(self, *, after: datetime | None = None) -> None:
        """Plan the windows that were not assigned, of those that start after an instant."""
        self._planned_days, self.excluded = self.window_days(), self._time_to_exclude()
        workload = self.plan_workload(self.excluded)
        fetched = {window for window in self.uncommitted if self.excluded.covers(window)}
        self.uncommitted = {*fetched, *workload.windows}
        self.progress.set_planned_windows([*fetched, *workload.windows])
        windows = self.limit_to_quota(workload)
        later = (window for window in windows if after is None or window.start > after)
        self._remaining = with_upcoming(later, self.max_upcoming)

    def _time_to_exclude(self) -> TimeRanges:
        """Return the time of the windows that were assigned, and all time after this run."""
        assigned = TimeRanges.of(self._assigned)
        if not assigned.intervals:
            return assigned
        newest = max(window.end for window in (*self._assigned, *self.uncommitted))
        # What became available meanwhile is for the next run.
        return assigned.add(Window(newest, self.now() + timedelta(days=1)))

    def _is_past(self, window: Window) -> bool:
        """Return True if the end of a window was reached, in this run or before it."""
        ends = [assigned.end for assigned in self._assigned]
        return window.end <= max([window.start, self.bookmark() or window.start, *ends])
