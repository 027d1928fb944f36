"""Windows → rows → commit: a stream that is read in windows."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from typing_extensions import override

from tap_cxone.clock import iso
from tap_cxone.events.webhook import WindowCommitted
from tap_cxone.output.record_lines import RecordLines
from tap_cxone.planning.plan import FamilyPlan, StreamPlan, Workload
from tap_cxone.planning.sync_range import Span, with_lookahead
from tap_cxone.rows.layout import RecordSpec
from tap_cxone.rows.reader import InvalidRow
from tap_cxone.streams.base import CXoneStream
from tap_cxone.streams.prefetch import StreamPreload, WindowFile
from tap_cxone.streams.quarantine import QuarantinedRow
from tap_cxone.streams.state import StreamState, merge_tenant_info
from tap_cxone.streams.window_loader import WindowLoader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from singer_sdk.helpers.types import Record

    from tap_cxone.events.audit_log import AuditContext
    from tap_cxone.jobs.job import PendingJob
    from tap_cxone.output.record_lines import LineEncoder
    from tap_cxone.planning.plan import RemainingCalls, Unit
    from tap_cxone.streams.window_loader import FileSource, LoadedWindow
    from tap_cxone.windows import Window

_MAX_AUDITED_ROWS = 100  # invalid records of one window that get a line of their own


class WindowedStream(CXoneStream):
    """A stream that is read in windows, each committed when all of it has left."""

    unit: ClassVar[Unit] = "calls"

    @abstractmethod
    def source(self) -> FileSource:
        """Return where the windows' files come from."""

    @abstractmethod
    def windows(
        self, start: datetime, end: datetime, pending: Iterable[Window]
    ) -> Iterable[Window]:
        """Plan the windows from `start` to `horizon`; those `asked` for have a job already."""

    @override
    def iter_files(self) -> Iterator[StreamPreload | WindowFile]:
        call, run_on_worker = (
            self.workers.main_thread.call,
            partial(self.workers.run_on_worker, self.worker_name),
        )
        windows = call(
            lambda: with_lookahead(self._plan_run(), self.family.limits.prefetch_windows)
        )
        source = self.source()
        while window_and_upcoming := call(lambda: next(windows, None)):
            with self.progress.track_fetch():
                window_file = WindowFile.prefetch(
                    source, *window_and_upcoming, run_on_worker=run_on_worker, now=self.now
                )
            yield window_file

    @override
    def read_records(self) -> Iterator[Record]:
        for item in self.workers.items(self):
            if isinstance(item, StreamPreload):
                self.replace_columns(item.columns)
            else:
                yield from self._read_window(item)

    # Which windows

    @property
    def _incremental(self) -> bool:
        return self.replication_method != REPLICATION_FULL_TABLE

    def limit_to_quota(
        self,
        windows: Iterable[Window],
        pending: Iterable[Window],  # noqa: ARG002 (for families with a quota)
    ) -> Iterable[Window]:
        """Yield those of `windows` that may be read in this run: here all of them.

        Those `asked` for have a job already and cost nothing. Raises `QuotaExhausted` where the
        others have to wait.
        """
        return windows

    def _plan_run(self) -> Iterable[Window]:
        self._restore_family_state()
        pending_jobs = self.pending_jobs()
        self.state_view.set_pending_jobs(
            job for job in self.state_view.pending_jobs() if job in pending_jobs
        )
        self._log_start()
        pending = [job.window for job in pending_jobs]
        windows = list(self._planned_windows(pending))
        self.progress.set_planned_windows(windows)
        self._set_quota_eta(windows, pending)
        return self.limit_to_quota(windows, pending)

    def _set_quota_eta(self, windows: Sequence[Window], pending: Sequence[Window]) -> None:
        """Tell when the quota lets this stream end, no other taking of it, if not in this run."""
        if self.family.limits.quota is None:
            return

        stream_plan = StreamPlan.from_workload(self._workload(windows, pending), self.family)
        family_plan = FamilyPlan.from_stream_plans(self.family, [stream_plan])
        if family_plan.remaining is not None and family_plan.needed > family_plan.remaining:
            self.progress.set_quota_eta(family_plan.earliest_finish)

    def _workload(self, windows: Sequence[Window], pending: Sequence[Window]) -> Workload:

        windows_without_job = tuple(window for window in windows if window not in pending)
        span = self._span()
        requested_start = span.requested_start if span.start > span.requested_start else None
        return Workload(
            self.family.name,
            self.name,
            self.unit,
            tuple(windows),
            windows_without_job,
            span.start,
            requested_start,
        )

    def pending_jobs(self) -> list[PendingJob]:
        """Return the jobs that asked for what this stream would ask for today: here none."""
        return []

    def _planned_windows(self, pending: Sequence[Window]) -> Iterable[Window]:
        span = self._span()
        # A beginning that moves with the day must not leave behind what was asked for before.
        start = min([span.start, *(window.start for window in pending)])
        return self.windows(start, span.requested_end, pending)

    @property
    def failed_last_run(self) -> bool:
        """Tell whether the last run of this stream failed."""
        return self.state_view.failed

    def windows_without_job(self) -> list[Window]:
        """Return the windows that need a job still."""
        pending = [job.window for job in self.pending_jobs()]
        return [window for window in self._planned_windows(pending) if window not in pending]

    def plan(self) -> StreamPlan:
        """Return what a run would do; asks for no export."""
        self._restore_family_state()
        pending = [job.window for job in self.pending_jobs()]
        workload = self._workload(list(self._planned_windows(pending)), pending)
        return StreamPlan.from_workload(workload, self.family, self.remaining_calls())

    def remaining_calls(self) -> RemainingCalls | None:
        """Return what the API says of what is left, where it says so: here nothing."""
        return None

    def _restore_family_state(self) -> None:
        """Take from the state what concerns the whole family: its submits and traits."""
        for name, raw in self.tap_state.get("bookmarks", {}).items():
            state = StreamState(name, raw)
            self.family.rate_limiter.restore(state.submit_times(self.family.name))
            tenant_info = merge_tenant_info(
                self.family.tenant_info, state.tenant_info(self.family.name)
            )
            self.family.tenant_info.update(tenant_info)

    def _span(self) -> Span:
        now = self.now()
        return Span.compute(
            self.settings,
            now=now,
            bookmark=self.state_view.bookmark() if self._incremental else None,
            availability_delay=self.family.availability_delay,
            history_limit=self.history_limit(now),
        )

    def _log_start(self) -> None:
        span = self._span()
        if span.start > span.requested_start:
            text = "%s: asked for %s, but the API gives nothing before %s; starting there"
            self.log_once("history", text, self.name, iso(span.requested_start), iso(span.start))
        if span.start >= span.requested_end:
            self.logger.info("%s: nothing to read yet, %s is not past", self.name, iso(span.start))

    def history_limit(self, now: datetime) -> datetime | None:  # noqa: ARG002 (for those with one)
        """Return the oldest instant the API still gives; None if there is no such limit."""
        return None

    # From a window to rows

    def _read_window(self, window_file: WindowFile) -> Iterator[Record]:
        """Yield the rows of one window, then commit it and tell who wants to know."""
        started_at, window, loader = (
            self.now(),
            window_file.window,
            self._window_loader(window_file),
        )
        spec, line_encoder = self._record_spec(window), self.line_encoder()
        with loader.load(window, window_file.upcoming, spec, line_encoder) as loaded:
            loader.enforce_invalid_policy(loaded, quarantine_selected=self.quarantine.selected)
            if layout := loaded.reader.layout:
                self.emit_new_columns(
                    layout.new_columns, loaded.reader.table.name, loaded.audit_context
                )
            self.sample.start(stream_map.stream_alias for stream_map in self.stream_maps)
            with self.progress.track_activity(f"{loaded.counts.rows:,} rows leave"):
                yield from self._emit(loaded, line_encoder)
                self.flush_batches()
        loader.report_skipped_rows(loaded)
        self.commit(window)
        self._report_committed(
            loaded, window, (window_file.duration + self.now() - started_at).total_seconds()
        )

    def _window_loader(self, source: FileSource) -> WindowLoader:

        return WindowLoader(
            source=source,
            declaration=self.declaration,
            settings=self.settings,
            run_pending_tasks=self.run_pending_tasks,
            audit_context=self.audit_context,
            progress=self.progress,
            log=self.logger,
        )

    def _report_committed(self, loaded: LoadedWindow, window: Window, seconds: float) -> None:
        audit_context, emitted = loaded.audit_context, loaded.emitted
        audit_context.write(
            "window_committed", rows=emitted, quarantined=loaded.counts.invalid, seconds=seconds
        )
        self.progress.count_window(window, loaded.counts.invalid)
        text = "%s: %s complete, %d rows, %d bytes; %s"
        self.logger.info(text, self.name, window, emitted, loaded.spool.size, self.progress)
        if webhook := self.family.context.webhook:
            webhook.notify(
                WindowCommitted(audit_context, emitted, self.now(), self.sample.records),
                self.logger,
            )

    def _record_spec(self, window: Window) -> RecordSpec:
        return RecordSpec(
            columns=self.columns,
            schema_columns=self.effective_schema["properties"],
            # A catalog may name other keys; ours are in the rows all the same.
            key_columns=tuple(dict.fromkeys((*self.key_columns, *self.primary_keys))),
            constants={"_window_start": iso(window.start), "_window_end": iso(window.end)},
            required=self.declaration.required,
            keep_unknown_columns=self.drift_policy != "ignore",
        )

    def _emit(self, loaded: LoadedWindow, line_encoder: LineEncoder | None) -> Iterator[Record]:
        """Let the records leave, and set aside the rows that are none.

        As lines where that is possible; else they are yielded, for the SDK to look at each.
        """
        progress, quarantined = self.progress, 0
        for item in loaded.lines(line_encoder) if line_encoder else loaded.reader.items():
            if isinstance(item, InvalidRow):
                quarantined += 1
                self._quarantine_invalid(
                    item, loaded.audit_context, audited=quarantined <= _MAX_AUDITED_ROWS
                )
            elif isinstance(item, RecordLines):
                self.write_lines(item)
                progress.emitted += item.count
            else:
                progress.emitted += 1
                yield item
            self.flush_full_batches()
            self.run_pending_tasks()

    def _quarantine_invalid(
        self, invalid: InvalidRow, audit_context: AuditContext, *, audited: bool
    ) -> None:
        assert audit_context.window is not None  # noqa: S101 (rows come from windows)
        row = QuarantinedRow(
            self.name, audit_context.job_id, audit_context.window, invalid, self.now()
        )
        self.quarantine_row(row)
        if audited:
            details = {"field": invalid.field, "reason": invalid.reason}
            audit_context.write("record_invalid", record_id=row.record_id, **details)

    def commit(self, window: Window) -> None:
        """Record that every row up to the window's end has left, and write STATE.

        The bookmark never moves back: a window before it was only read again. A job that asked for
        more than the window stays: where a day is read again, it begins where the window does.
        """
        state = self.state_view
        if self._incremental:
            bookmark = max(window.end, state.bookmark() or window.end)
            self.stream_state["replication_key"] = self.replication_key
            self.stream_state["replication_key_value"] = iso(bookmark)
        committed_jobs = [job for job in state.pending_jobs() if job.window.end <= window.end]
        self._record_committed(committed_jobs)
        state.set_pending_jobs(job for job in state.pending_jobs() if job not in committed_jobs)
        state.mark_failed(failed=False)
        self.write_state()

    def _record_committed(self, committed_jobs: list[PendingJob]) -> None:
        """Tell the journal, before STATE, of the jobs whose windows are committed."""
        if self._incremental:
            self.family.ledger.record_committed(self.name, committed_jobs)
        else:  # no bookmark ever passes them, and the next run wants everything anew
            self.family.ledger.remove(self.name, committed_jobs)
