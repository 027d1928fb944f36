"""Base class of windowed streams: planning of windows from bookmark, pending jobs and quota."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from typing_extensions import override

from tap_cxone.jobs.ledger import NullLedger
from tap_cxone.jobs.store import JobStore
from tap_cxone.planning.plan import StreamPlan, quota_eta
from tap_cxone.planning.server_time import available_until, present_instant
from tap_cxone.planning.skipped_windows import SkipList
from tap_cxone.planning.sync_range import SyncRange
from tap_cxone.planning.window_cutter import WindowCutter
from tap_cxone.planning.workload import Workload
from tap_cxone.streams.base import CXoneStream
from tap_cxone.streams.narrowing import WindowNarrowing
from tap_cxone.streams.reload_report import ReloadReporter
from tap_cxone.streams.row_meaning import digests, report_changed_meaning
from tap_cxone.streams.run_windows import RunWindows
from tap_cxone.streams.start_report import StartReport, report_partly_skipped
from tap_cxone.streams.stream_history import StreamHistory
from tap_cxone.streams.tenant_info import restore_family
from tap_cxone.windows import midnight, whole_days

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, timedelta

    from tap_cxone.config.model import Settings
    from tap_cxone.errors import HistoryRefused
    from tap_cxone.jobs.ledger import JobLedger
    from tap_cxone.planning.time_ranges import TimeRanges
    from tap_cxone.planning.workload import RemainingCalls, Unit
    from tap_cxone.windows import Window


class PlannedStream(CXoneStream):
    """A stream that knows which windows it has to read."""

    unit: ClassVar[Unit] = "calls"
    has_history: ClassVar[bool] = True
    """Whether the state has the committed time: windows depend on their dates alone."""
    aggregate_days: int = 0
    """Days of a whole window, if a row sums up its window."""

    @abstractmethod
    def windows(
        self, start: datetime, end: datetime, pending: Iterable[Window]
    ) -> Iterable[Window]:
        """Return the windows from `start` to `end`; `pending` windows have a job already."""

    # Hooks with a default

    def ledger(self) -> JobLedger:
        """Return the ledger of the stream's jobs; a stream without jobs has an empty one."""
        return NullLedger()

    def fingerprint(self, window: Window) -> str | None:  # noqa: ARG002 (used by overrides)
        """Return the identifier of a window's request; None if the stream has no jobs."""
        return None

    def limit_to_quota(self, workload: Workload) -> Iterable[Window]:
        """Yield the windows of a workload that this run may read; the default is all of them.

        Raises:
            QuotaExhausted: The quota does not cover the next window.
        """
        return workload.windows

    @property
    def configured_window_days(self) -> int:
        """Return the maximum days of a window by the settings; 0 if its dates cannot change."""
        return 0

    @property
    def window_days(self) -> int:
        """Return the maximum days of a window: by the settings, or fewer after a failure."""
        return self.narrowing.window_days

    def may_halve(self, window: Window) -> bool:  # noqa: ARG002 (used by overrides)
        """Return True unless the halves of a window would give wrong sums."""
        return True

    @property
    def narrowed_days(self) -> int | None:
        """Return the maximum days of a window if they are fewer than in the settings, or None."""
        return self.narrowing.narrowed_days

    def remaining_calls(self) -> RemainingCalls | None:
        """Return the remaining calls that the API reports; the default is None."""
        return None

    @property
    def calls_per_window(self) -> int:
        """Return the number of calls or exports that a window needs at least."""
        return 1

    @property
    def lookback(self) -> timedelta:
        """Return how far before the bookmark rows are read again."""
        return self.settings.lookback

    def history_limit(self, now: datetime) -> datetime | None:  # noqa: ARG002 (used by overrides)
        """Return the oldest instant that the API serves; None if there is no limit."""
        return None

    def newest_available(self, now: datetime) -> datetime:
        """Return the newest instant for which the API shows every row."""
        return available_until(self.family, now)

    def raise_history_limit(self, refused: Window, error: HistoryRefused) -> None:  # noqa: ARG002
        """Move the history limit past a start that the API refused; the default raises the error.

        Raises:
            HistoryRefused: The stream has no such limit.
        """
        raise error

    def whole_windows(self, time_range: Window) -> Window:
        """Return the least time of whole windows around a time range; the default is UTC days."""
        return whole_days(time_range)

    def committed_windows(self, interval: Window) -> Iterable[Window]:
        """Return the windows in which an interval of committed time was read."""
        return self.windows(interval.start, interval.end, ())

    @property
    def date_settings(self) -> Settings:
        """Return the settings with `start_date` and `end_date` as this stream reads them."""
        return self.settings

    def is_last_end(self, end: datetime) -> bool:
        """Return True if no later run reads on from the end of a time range."""
        bookmark = self._bookmark()
        before_bookmark = bookmark is not None and end <= bookmark
        return before_bookmark or end == self.date_settings.end_date

    def row_meaning(self) -> Mapping[str, Any]:
        """Return the settings that decide what a row of this stream means, as JSON, by name."""
        return {}

    @property
    @override
    def keeps_history(self) -> bool:
        return self.has_history and self._incremental

    # Plans

    @cached_property
    def run_windows(self) -> RunWindows:
        """Return the windows of the run; only the main thread may use them."""
        return RunWindows(
            plan_workload=self._plan_run,
            limit_to_quota=self.limit_to_quota,
            raise_history_limit=self.raise_history_limit,
            window_days=lambda: self.window_days,
            bookmark=self._bookmark,
            now=self.now,
            progress=self.progress,
            max_upcoming=self.family.limits.max_upcoming,
        )

    @cached_property
    def narrowing(self) -> WindowNarrowing:
        """Return what decides on the days of a window after failures."""
        return WindowNarrowing(
            state=self.state_view,
            emit_state=self.emit_state,
            progress=self.progress,
            configured_days=self.configured_window_days,
            counts_exports=self.family.limits.quota is not None,
            may_halve=self.may_halve,
        )

    @cached_property
    def job_store(self) -> JobStore:
        """Return the store of the stream's jobs."""
        return JobStore(
            stream=self.name,
            was_committed=self.stream_history.was_committed,
            reload_of=self.stream_history.reload_of,
            state=self.state_view,
            emit_state=self.emit_state,
            ledger=self.ledger(),
            fingerprint=self.fingerprint,
        )

    @property
    def failed_last_run(self) -> bool:
        """Return True if the last run of this stream failed."""
        return self.state_view.failed

    def plan(self) -> StreamPlan:
        """Return the plan of a run, without submitting a job."""
        restore_family(self.family, self.tap_state)
        workload = self.planned_workload()
        return StreamPlan.from_workload(workload, self.family, self.remaining_calls())

    def _plan_run(self, excluded: TimeRanges) -> Workload:
        """Return the windows of a run without a time; update the state, and report the plan."""
        restore_family(self.family, self.tap_state)
        pending = self.job_store.pending_windows()
        self.job_store.delete_outdated()
        self._report_changed_meaning()
        self.stream_history.apply_settings()
        self._log_start()
        workload = self._compute_workload(pending, excluded)
        self.progress.set_quota_eta(quota_eta(workload, self.family))
        partly_skipped = self.skip_list.partial(workload.windows)
        report_partly_skipped(self.name, partly_skipped, self.log_once)
        return workload

    @cached_property
    def skip_list(self) -> SkipList:
        """Return the time ranges that the stream does not read."""
        if not self.declaration.windowed:
            return SkipList()
        return SkipList.for_stream(self.name, self.date_settings)

    def _report_changed_meaning(self) -> None:
        if self._incremental:
            meaning, audit_context = digests(self.row_meaning()), self.audit_context
            report_changed_meaning(self.state_view, meaning, audit_context, self.logger)

    @property
    def _incremental(self) -> bool:
        """Return True unless the catalog selects FULL_TABLE replication."""
        return self.replication_method != REPLICATION_FULL_TABLE

    def _log_start(self) -> None:
        report = StartReport(self.name, self.date_settings, self.logger, self.log_once)
        gaps, bookmark = self._gaps(), self._bookmark()
        unmet_start = self.stream_history.unmet_start(gaps)
        report.report(self._sync_range(), bookmark, gaps, self.now(), unmet_start)

    def planned_workload(self) -> Workload:
        """Return the windows that this run has to read, without those assigned to the worker."""
        return self._compute_workload(self.job_store.pending_windows(), self.run_windows.excluded)

    def _compute_workload(self, pending: Sequence[Window], excluded: TimeRanges) -> Workload:
        """Return the windows of a run in the order in which they are read.

        Args:
            pending: Windows that have a job.
            excluded: Time that is not read.
        """
        cutter, sync_range = self._cutter(excluded), self._sync_range()
        recent = self._recent_windows(pending, cutter)
        history = self._history_windows(recent, pending, cutter)
        unmet_start = self.stream_history.unmet_start(history)
        start = history[0].start if unmet_start and history else sync_range.start
        if self._bookmark() is None:  # all of it is history
            recent, history = [], recent
        newest_first = self.settings.newest_first
        windows = [*recent, *reversed(history)] if newest_first else [*history, *recent]
        to_read = self.skip_list.remaining(windows)
        return Workload(
            self.family.name,
            self.name,
            self.unit,
            tuple(windows),
            tuple(window for window in to_read if window not in pending),
            start,
            unmet_start,
            history=tuple(history),
            newest_first=newest_first,
            calls_per_window=self.calls_per_window,
            narrowed_days=self.narrowed_days,
            aggregate_days=self.aggregate_days,
        )

    def _history_windows(
        self, recent: Sequence[Window], pending: Sequence[Window], cutter: WindowCutter
    ) -> list[Window]:
        """Return the windows before the recent ones that are missing, or are to be read again."""
        windows: list[Window] = []
        for gap in self._gaps(recent[0].start if recent else None):
            jobs = [w for w in pending if w.overlaps(gap) and w.end <= gap.end]
            # A history limit that moves every day must not exclude a window with a pending job.
            start = min([gap.start, *(window.start for window in jobs)])
            windows += cutter.cut(start, gap.end, jobs)
        return windows

    def _gaps(self, recent_start: datetime | None = None) -> Sequence[Window]:
        """Return the time before the bookmark and before the recent windows that is to be read."""
        newest = min(filter(None, [recent_start, self._sync_range().requested_end]))
        return self.stream_history.gaps(newest)

    @cached_property
    def stream_history(self) -> StreamHistory:
        """Return the committed time of the stream."""
        return StreamHistory(
            stream=self.name,
            state=self.state_view,
            settings=self.date_settings,
            now=self.now,
            sync_range=self._sync_range,
            history_limit=lambda: self.history_limit(self.now()),
            whole_windows=self.whole_windows,
            reporter=ReloadReporter(self.name, self.logger, self.log_once),
            committed_windows=self.committed_windows if self.declaration.grouped else None,
            enabled=self.keeps_history,
        )

    def _recent_windows(self, pending: Sequence[Window], cutter: WindowCutter) -> list[Window]:
        """Return the windows from the bookmark on, with those that are read again each time."""
        bookmark, sync_range = self._bookmark(), self._sync_range()
        if bookmark is not None:
            earliest = min(sync_range.start, bookmark)
            pending = [window for window in pending if window.end > earliest]
        pending_starts = [window.start for window in pending]
        # An interrupted run has read the overlap already, if its next window has a job.
        reads_overlap = midnight(sync_range.start_without_overlap) not in pending_starts
        start = sync_range.start if reads_overlap else sync_range.start_without_overlap
        # A start that moves every day must not exclude windows that have a pending job.
        start = min([start, *pending_starts])
        return cutter.cut(start, sync_range.requested_end, pending)

    def _cutter(self, excluded: TimeRanges) -> WindowCutter:
        # A row may sum up its window, and a snapshot has none, so no range may cut a window.
        cuts_whole = self.declaration.grouped or not self.declaration.windowed
        skip_list = None if cuts_whole else self.skip_list
        return WindowCutter(windows=self.windows, skip_list=skip_list, excluded=excluded)

    def _bookmark(self) -> datetime | None:
        """Return the end of the last committed window; None also for FULL_TABLE replication."""
        return self.state_view.bookmark() if self._incremental else None

    def _sync_range(self) -> SyncRange:
        now = present_instant(self.family)
        return SyncRange.compute(
            self.date_settings,
            now=now,
            bookmark=self._bookmark(),
            lookback=self.lookback,
            available_until=self.newest_available(now),
            overlap=self.family.overlap,
            history_limit=self.history_limit(now),
        )
