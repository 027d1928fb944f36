"""Base class of streams that are read in windows: download, emit, commit."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import closing
from functools import cached_property, partial
from typing import TYPE_CHECKING, ClassVar

from msgspec import structs
from typing_extensions import override

from tap_cxone.clock import iso
from tap_cxone.errors import CXoneError, HistoryRefused
from tap_cxone.events.notification import Notification
from tap_cxone.output.record_lines import RecordLines
from tap_cxone.planning.narrow_windows import naming_window
from tap_cxone.planning.skipped_windows import SkippedWindow
from tap_cxone.rows.dates import DateRule, FileDates
from tap_cxone.rows.layout import RecordSpec
from tap_cxone.rows.row_counts import InvalidRow
from tap_cxone.rows.stored_columns import with_number_storage
from tap_cxone.streams.date_report import DateReporter
from tap_cxone.streams.extraction_log import NAME as EXTRACTION_LOG
from tap_cxone.streams.extraction_log import Extraction
from tap_cxone.streams.failed_files import FailedFiles
from tap_cxone.streams.family_stream import StreamPreload
from tap_cxone.streams.layout_report import LayoutReporter
from tap_cxone.streams.planned import PlannedStream
from tap_cxone.streams.quarantine import NAME as QUARANTINE
from tap_cxone.streams.quarantine import QuarantinedRow
from tap_cxone.streams.row_meaning import digests
from tap_cxone.streams.window_loader import WindowLoader

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from singer_sdk.helpers.types import Record

    from tap_cxone.events.audit_log import AuditContext
    from tap_cxone.output.record_lines import RecordOutput
    from tap_cxone.rows.columns import Column
    from tap_cxone.rows.layout import FileLayout
    from tap_cxone.spool import WindowFile
    from tap_cxone.streams.auxiliary import AuxiliaryStream
    from tap_cxone.streams.file_checks import RowCheck
    from tap_cxone.streams.loaded_window import LoadedWindow
    from tap_cxone.streams.window_loader import FileSource
    from tap_cxone.windows import Window

_MAX_AUDITED_ROWS = 100  # invalid rows of one window that get an audit event each


class WindowedStream(PlannedStream):
    """A stream that is read in windows; each window is committed after its last record."""

    has_files: ClassVar[bool] = True
    _source: FileSource

    @abstractmethod
    def source(self) -> FileSource:
        """Return the source of the window files."""

    # Download, on the worker thread

    @override
    def iter_files(self) -> Iterator[StreamPreload | WindowFile | SkippedWindow]:
        call, windows = self.workers.main_thread.call, self.run_windows
        # Without a window no login is needed.
        if call(windows.plan) and self.log_in_and_compare_clocks():
            call(windows.plan)
        self._source = self.source()
        while window_and_upcoming := call(windows.next):
            window, upcoming = window_and_upcoming
            if skipped := self.skip_list.find(window):
                yield skipped
                continue
            self.family.require_hours()
            try:
                window_file = self._fetch(window, upcoming)
            except HistoryRefused as error:
                call(partial(windows.refuse, window, error))
            else:
                yield window_file

    def _fetch(self, window: Window, upcoming: Sequence[Window]) -> WindowFile:
        with self.progress.track_file(), naming_window(window):
            started_at = self.now()
            window_file = self._source.fetch(window, self.skip_list.remaining(upcoming))
        duration = self.now() - started_at
        return structs.replace(window_file, started_at=started_at, duration=duration)

    # From file to records, on the main thread

    @override
    def read_records(self) -> Iterator[Record]:
        """Yield every record; after a failure read on in narrower windows if that may help."""
        while True:
            try:
                yield from self._read_items()
            except CXoneError as error:
                if not self.narrowing.may_retry(error):
                    raise
                text = "%s. Retrying with window_days=%d"
                self.logger.warning(text, error, self.window_days)
            else:
                return

    def _read_items(self) -> Iterator[Record]:
        self.report_type_changes()
        if self.batches is not None:
            self.batches.load_format()
        for item in self.workers.items(self):
            if isinstance(item, StreamPreload):
                self.replace_columns(item.columns)
            elif isinstance(item, SkippedWindow):
                self._skip_window(item)
            else:
                yield from self._read_window(item)

    def _skip_window(self, skipped: SkippedWindow) -> None:
        """Move the bookmark past a window without reading it, as a setting requests."""
        window, reason = skipped.window, skipped.reason
        warning = "%s: %s was skipped (skip_windows: %s); the target lacks its rows"
        self.logger.warning(warning, self.name, window, reason)
        audit_context = self.audit_context.for_window(window, None)
        self.start_batches(audit_context)
        self._log_extraction(
            Extraction(stream=self.name, window=window, committed_at=self.now(), skip_reason=reason)
        )
        self.flush_batches()
        self.commit(window)
        audit_context.write("window_skipped", reason=reason)
        self.progress.count_window(window)

    def _read_window(self, window_file: WindowFile) -> Iterator[Record]:
        """Yield the records of one window, then commit the window and report it."""
        started_at, window = self.now(), window_file.window
        loader = self._window_loader()
        spec, output = self._record_spec(window), self.record_output()
        self.start_batches(self.audit_context.for_window(window, window_file.job_id))
        with naming_window(window):
            loaded_window = loader.load(window_file, spec, output)
        with closing(loaded_window) as loaded:
            loader.enforce_invalid_policy(loaded, quarantine_selected=self._quarantine.selected)
            self._report_dates(loaded)
            if layout := loaded.reader.layout:
                self._use_layout(layout, loaded.reader.table.name, loaded.audit_context)
                self._layout_reporter.report(layout, loaded)
            self.sample.start(stream_map.stream_alias for stream_map in self.stream_maps)
            with self.progress.track_activity(f"emitting {loaded.counts.rows:,} rows"):
                yield from self._emit(loaded, output)
                extraction = loaded.extraction(window_file, committed_at=self.now())
                self._log_extraction(extraction)
                self.flush_batches()
        loader.report_skipped_rows(loaded)
        self.commit(window)
        duration = window_file.duration + self.now() - started_at
        self._report_committed(loaded, extraction, duration.total_seconds())

    def _log_extraction(self, extraction: Extraction) -> None:
        """Emit the record of a window that is about to be committed, if its stream is selected."""
        stream = self.auxiliary_stream(EXTRACTION_LOG)
        if stream.selected:
            self.emit_on(stream, extraction.record())

    @cached_property
    def _quarantine(self) -> AuxiliaryStream:
        return self.auxiliary_stream(QUARANTINE)

    def _use_layout(
        self, layout: FileLayout, description: str, audit_context: AuditContext
    ) -> None:
        """Emit a SCHEMA with new columns, and store the columns of the file's titles."""
        self.emit_new_columns(layout.new_columns, description, audit_context)
        self.stream_columns.learn(layout.column_names)
        self.stream_columns.store(self.state_view)
        self.report_absent_columns(set(layout.column_names.values()), description)

    def requested_titles(self) -> Collection[str]:
        """Return the titles that the request of the stream names; the default is none."""
        return ()

    def row_check(self, window: Window) -> RowCheck | None:  # noqa: ARG002 (used by overrides)
        """Return a check of the rows of a window's file; the default is none."""
        return None

    @cached_property
    def _layout_reporter(self) -> LayoutReporter:
        return LayoutReporter(
            declaration=self.declaration,
            requested_titles=self.requested_titles,
            log=self.log,
            log_once=self.log_once,
        )

    def _report_dates(self, loaded: LoadedWindow) -> None:
        """Store the order of dates that a file shows, and warn of what it leaves open."""
        setting = self.declaration.text_format.date_order_setting
        warned, reader = self.family.logged_topics, loaded.reader
        reporter = DateReporter(self.state_view, setting, warned, self.logger)
        reporter.report(reader.spec.dates, reader.table.name)

    def _window_loader(self) -> WindowLoader:
        return WindowLoader(
            source=self._source,
            run_on_worker=partial(self.workers.run_on_worker, self.family.name),
            declaration=self.declaration,
            settings=self.settings,
            failed_files=FailedFiles(self.settings.failed_files_folder, self.logger),
            row_check=self.row_check,
            run_pending_tasks=self.run_pending_tasks,
            audit_context=self.audit_context,
            progress=self.progress,
            log=self.logger,
        )

    def _report_committed(
        self, loaded: LoadedWindow, extraction: Extraction, seconds: float
    ) -> None:
        audit_context, emitted, window = loaded.audit_context, loaded.emitted, extraction.window
        audit_context.write("window_committed", **extraction.audit_fields(), seconds=seconds)
        self.progress.count_window(
            window, quarantined=loaded.counts.invalid, dropped=loaded.dropped
        )
        text = "%s: %s committed; rows=%d bytes=%d; %s"
        self.logger.info(text, self.name, window, emitted, loaded.spool.size, self.progress)
        if webhook := self.family.context.webhook:
            sample = self.sample.records if webhook.settings.sample_size else None
            webhook.notify(
                Notification.window_committed(audit_context, emitted, self.now(), sample)
            )

    def _record_spec(self, window: Window) -> RecordSpec:
        return RecordSpec(
            columns=self._storable_columns(),
            schema_columns=self.effective_schema["properties"],
            # The catalog may name other keys; records need the declared keys as well.
            key_columns=tuple(dict.fromkeys((*self.key_columns, *self.primary_keys))),
            constants={"_window_start": iso(window.start), "_window_end": iso(window.end)},
            required=self.declaration.required,
            keep_unknown_columns=self.drift_policy != "ignore",
            null_keys=self.declaration.grouped,
            order_by=self.declaration.order_by,
            count_identical_rows=self.settings.count_identical_rows,
            column_map=self.stream_columns.known.column_map,
            text_format=self.declaration.text_format,
            dates=FileDates(self._date_rule(window)),
        )

    def _storable_columns(self) -> Sequence[Column]:
        """Return the columns; those of parquet files refuse numbers that their type cannot hold."""
        batches = self.settings.batch_config
        if batches is None or batches.encoding.format != "parquet":
            return self.columns
        return [with_number_storage(column, batches.parquet) for column in self.columns]

    def _date_rule(self, window: Window) -> DateRule:
        text_format = self.declaration.text_format
        return DateRule(
            zone=text_format.zone,
            setting=text_format.date_order,
            orders=self.state_view.date_orders(),
            votes=self.state_view.date_votes(),
            window=window if self.declaration.windowed else None,
        )

    def _emit(self, loaded: LoadedWindow, output: RecordOutput | None) -> Iterator[Record]:
        """Emit the records of a window, and quarantine its invalid rows.

        With an output, records are written many at once. Without one they are yielded to the SDK.
        """
        progress, quarantined = self.progress, 0
        for item in loaded.lines(output) if output else loaded.reader.items():
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
        assert audit_context.window is not None  # noqa: S101 (every row belongs to a window)
        row = QuarantinedRow(
            self.name, audit_context.job_id, audit_context.window, invalid, self.now()
        )
        self.emit_on(self._quarantine, row.record())
        if audited:
            audit_context.write(
                "record_invalid",
                record_id=row.record_id,
                location=invalid.location,
                field=invalid.field,
                reason=invalid.reason,
            )

    def commit(self, window: Window) -> None:
        """Move the bookmark to the end of a window, delete its jobs and emit STATE.

        The bookmark never moves back, since a window before it was only read again.
        """
        state = self.state_view
        self.narrowing.commit(window)
        if self._incremental:
            self.stream_history.commit(window)  # first: a bookmark alone counts as a full history
            bookmark = max(window.end, state.bookmark() or window.end)
            self.stream_state["replication_key"] = self.replication_key
            self.stream_state["replication_key_value"] = iso(bookmark)
        state.set_row_meaning(digests(self.row_meaning()))
        self.run_windows.commit(window)
        later = self.run_windows.uncommitted
        self.job_store.commit(window, incremental=self._incremental, later=later)
        state.mark_failed(failed=False)
        self.emit_state()
