"""Validate the fetched file of a window; have it fetched again if it is damaged or empty."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct, structs

from tap_cxone.errors import DecodeError, DriftError, InvalidRecords
from tap_cxone.progress.activity import set_activity
from tap_cxone.redact import Redactor
from tap_cxone.rows.convert import INCOMPLETE_KEY
from tap_cxone.rows.decode import FileExpectation, open_table
from tap_cxone.rows.decode.csv_source import DELIMITERS
from tap_cxone.rows.decode.notice import is_prose
from tap_cxone.rows.reader import RowReader
from tap_cxone.streams.date_report import describe_contradiction
from tap_cxone.streams.file_checks import (
    count_known_columns,
    reject_error_message,
    reject_foreign_header,
    reject_repeated_groups,
)
from tap_cxone.streams.lineage import with_lineage
from tap_cxone.streams.loaded_window import LoadedWindow
from tap_cxone.streams.quarantine import NAME as QUARANTINE
from tap_cxone.streams.row_report import report_rows

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Sequence

    from tap_cxone.config.model import Settings
    from tap_cxone.events.audit_log import AuditContext
    from tap_cxone.output.record_lines import RecordLineBuffer, RecordOutput
    from tap_cxone.progress.tracker import StreamProgress
    from tap_cxone.rows.columnar import Records
    from tap_cxone.rows.layout import RecordSpec
    from tap_cxone.rows.row_counts import InvalidRow, RowCounts
    from tap_cxone.spool import WindowFile
    from tap_cxone.streams.failed_files import FailedFiles
    from tap_cxone.streams.file_checks import RowCheck
    from tap_cxone.streams.schema import Declaration
    from tap_cxone.windows import Window

    _Consumer = Callable[[Records | InvalidRow], None]

_MAX_REASONS = 100  # distinct reasons in one audit event


class FileSource(Protocol):
    """A source of window files; only the family's worker thread may use it."""

    def fetch(self, window: Window, upcoming: Sequence[Window]) -> WindowFile:
        """Return the complete file of a window; jobs of `upcoming` windows may be started."""

    def discard(self, window: Window) -> None:
        """Mark the file of a window as unusable, so that it is never returned again."""


class WindowLoader(Struct, frozen=True, kw_only=True):
    """Validates the prefetched files of one stream.

    Attributes:
        source: Source of the files.
        run_on_worker: Runs a callable on the family's worker thread and returns its result.
        declaration: Declaration of the stream.
        settings: Settings of the run.
        failed_files: Keeps the files of failed windows.
        row_check: Returns a new check of the rows of a window; None for no check.
        run_pending_tasks: Called while a file is read, where no message is incomplete.
        audit_context: Audit fields of the stream.
        progress: Progress tracker of the stream.
        log: Logger of the stream.
    """

    source: FileSource
    run_on_worker: Callable[[Callable[[], Any]], Any]
    declaration: Declaration
    settings: Settings
    failed_files: FailedFiles
    row_check: Callable[[Window], RowCheck | None]
    run_pending_tasks: Callable[[], None]
    audit_context: AuditContext
    progress: StreamProgress
    log: logging.Logger

    def load(
        self, window_file: WindowFile, spec: RecordSpec, output: RecordOutput | None = None
    ) -> LoadedWindow:
        """Validate all rows of a file; download a damaged file once more.

        Args:
            window_file: The prefetched file.
            spec: Specification of the records.
            output: Form in which the records are emitted; None if they are emitted one by one.

        Raises:
            DecodeError: The file is damaged in both downloads.
            DriftError: A mandatory column is missing.
            CXoneError: The download failed.
        """
        with self.progress.track_file():
            try:
                loaded = self._load_once(window_file, spec, output)
                if loaded.spool.size:
                    return loaded
                # An empty file means 'no rows' on some tenants; a faulty proxy can cause it too.
                loaded.close()
                self.log.info(
                    "%s: the file is empty; downloading it once more", window_file.description
                )
                return self._load_once(self._fetch_again(window_file), spec, output)
            except InvalidRecords:
                raise
            except DecodeError as error:
                self.log.warning("%s; downloading the file once more", error)
            try:
                return self._load_once(
                    self._fetch_again(window_file), spec, output, keep_damaged=True
                )
            except DecodeError as error:
                self.run_on_worker(lambda: self.source.discard(window_file.window))
                msg = f"{error}; both downloads failed. Run again; report it to NICE if it persists"
                raise type(error)(msg) from error

    def _fetch_again(self, window_file: WindowFile) -> WindowFile:
        window, upcoming = window_file.window, window_file.upcoming
        fetched: WindowFile = self.run_on_worker(lambda: self.source.fetch(window, upcoming))
        return structs.replace(fetched, started_at=window_file.started_at)

    def _load_once(
        self,
        window_file: WindowFile,
        spec: RecordSpec,
        output: RecordOutput | None,
        *,
        keep_damaged: bool = False,
    ) -> LoadedWindow:
        window, spool = window_file.window, window_file.spool
        self.progress.count_download(spool.size)
        set_activity(f"reading {window}")
        audit_context = self.audit_context.for_window(window, window_file.job_id)
        spec = with_lineage(spec, window_file, self.settings.metadata_columns)
        rows: int | None = None
        with ExitStack() as cleanup_on_error:
            cleanup_on_error.enter_context(spool)
            try:
                reader, line_buffer, counts = self._read(window_file, spec, output)
                if line_buffer is not None:
                    cleanup_on_error.callback(line_buffer.close)
                rows = counts.rows
                reject_foreign_header(reader, counts, self.declaration)
                reject_error_message(reader, counts)
                reject_repeated_groups(reader, self.declaration)
            except (DecodeError, DriftError) as error:
                if keep_damaged or isinstance(error, DriftError):
                    self.failed_files.keep(spool, window_file.description, audit_context)
                raise
            finally:
                audit_context.write(
                    "file_downloaded", bytes=spool.size, rows=rows, sha256=spool.sha256
                )
            cleanup_on_error.pop_all()  # on success the file stays open
        line_buffer = _keep_if_usable(line_buffer, reader)
        if line_buffer is not None and not counts.invalid:
            spool.file.close()  # only its lines are still needed
        return LoadedWindow(spool, reader, counts, audit_context, line_buffer)

    def _read(
        self, window_file: WindowFile, spec: RecordSpec, output: RecordOutput | None
    ) -> tuple[RowReader, RecordLineBuffer | None, RowCounts]:
        """Read a whole file; read it again if its dates show another order than they were read in.

        Raises:
            InvalidRecords: The dates of a column show either order, or a check failed.
        """
        spec = structs.replace(spec, dates=spec.dates.with_orders({}))
        with ExitStack() as cleanup:
            reader = self._open(window_file, spec)
            line_buffer = output.buffer(reader.table.name) if output else None
            if line_buffer is not None:
                cleanup.callback(line_buffer.close)
            row_check = self.row_check(window_file.window)
            chunk_bytes = 0
            if output is not None and row_check is None:
                chunk_bytes = output.arrow_chunk_bytes(window_file.spool.size)
            counts = self._validate(reader, line_buffer, row_check, chunk_bytes)
            dates = spec.dates
            if dates.contradictory:
                raise InvalidRecords(describe_contradiction(reader, self.declaration))
            if dates.opposed and dates.rule.setting is None:
                spec = structs.replace(spec, dates=dates.with_orders(dates.opposed))
                return self._read(window_file, spec, output)
            if row_check is not None:
                row_check.require_valid(reader.table.name)
            cleanup.pop_all()
        return reader, line_buffer, counts

    def _open(self, window_file: WindowFile, spec: RecordSpec) -> RowReader:
        declaration, description = self.declaration, window_file.description
        expectation = FileExpectation(
            formats=declaration.formats,
            required=spec.mandatory_titles,
            nested_object=declaration.nested_object,
            max_bytes=self.settings.max_unpacked_bytes,
            text_format=declaration.text_format,
            count_known_columns=partial(count_known_columns, spec),
        )
        table = open_table(window_file.spool, description, expectation)
        is_foreign = table.cells_are_text and not count_known_columns(spec, table.header)
        # A line of text that is not CSV parses as a header of one column, or of a few with commas.
        if is_foreign and len(table.header) == 1:
            setting = declaration.text_format.csv_setting
            msg = (
                f"{description}: the file has only one column, which is unknown; run again, or set "
                f"{setting}.delimiter or {setting}.encoding"
            )
            raise DecodeError(msg)
        if is_foreign and is_prose(table.header):
            text = Redactor()(",".join(table.header))
            msg = f"{description}: the file is a sentence instead of a table ({text}); run again"
            raise DecodeError(msg)
        return RowReader(table, spec)

    def _validate(
        self,
        reader: RowReader,
        line_buffer: RecordLineBuffer | None,
        row_check: RowCheck | None,
        arrow_chunk_bytes: int,
    ) -> RowCounts:
        consumers = [c.add for c in (row_check, line_buffer) if c is not None]
        try:
            add = partial(self._add_to_all, consumers)
            counts = reader.validate(add, arrow_chunk_bytes)
            if line_buffer is not None:
                line_buffer.flush()
        except DriftError as error:
            declaration = self.declaration
            other = f", or correct {declaration.columns_setting}" if declaration.required else ""
            header = "".join(reader.table.header)
            if reader.table.cells_are_text and not frozenset(DELIMITERS).isdisjoint(header):
                other += f", or set {declaration.text_format.csv_setting}.delimiter"
            msg = f"{reader.table.name}: {error}; set the keys in {declaration.keys_setting}{other}"
            raise DriftError(msg) from error
        return counts

    def _add_to_all(self, consumers: Sequence[_Consumer], part: Records | InvalidRow) -> None:
        for consume in consumers:
            consume(part)
        self.run_pending_tasks()

    def enforce_invalid_policy(self, loaded: LoadedWindow, *, quarantine_selected: bool) -> None:
        """Raise if a file has invalid rows and they may not be quarantined.

        Args:
            loaded: The validated file.
            quarantine_selected: True if the quarantine stream is selected.

        Raises:
            InvalidRecords: A setting forbids it, or the quarantine stream is not selected.
        """
        counts, example = loaded.counts, loaded.counts.example
        if example is None:
            return
        reason = None
        if self.settings.invalid_records == "fail":
            reason = "invalid_records is 'fail'"
        elif self._has_too_many_invalid(counts):
            reason = f"max_invalid_ratio is {self.settings.max_invalid_ratio:g}"
        elif not quarantine_selected:
            reason = f"stream '{QUARANTINE}' is not selected"
        if reason is not None:
            self._audit_validation(loaded, duplicate_count=None)
            self.failed_files.keep(loaded.spool, loaded.reader.table.name, loaded.audit_context)
            msg = (
                f"{loaded.reader.table.name}: {counts} and {reason}; no record was emitted. First "
                f"invalid row: {example.location}: {example.reason}. If the rows are valid, "
                f"correct {self._setting_to_correct(counts)}"
            )
            raise InvalidRecords(msg)

    def _setting_to_correct(self, counts: RowCounts) -> str:
        """Return the setting that most of the invalid rows may need."""
        ((reason, _),) = counts.reasons.most_common(1)
        of_keys = reason == INCOMPLETE_KEY
        return self.declaration.keys_setting if of_keys else self.declaration.columns_setting

    def _has_too_many_invalid(self, counts: RowCounts) -> bool:
        # A file without one recognised row may be no file of this stream, such as an error page.
        few = counts.recognized and counts.invalid <= self.settings.max_invalid_rows_free
        return not few and counts.ratio > self.settings.max_invalid_ratio

    def report_skipped_rows(self, loaded: LoadedWindow) -> None:
        """Log the rows of an emitted window that were quarantined or dropped."""
        report_rows(loaded, self.declaration, self.log)
        self._audit_validation(loaded, duplicate_count=loaded.reader.duplicate_count)

    def _audit_validation(self, loaded: LoadedWindow, *, duplicate_count: int | None) -> None:
        counts = loaded.counts
        loaded.audit_context.write(
            "window_validated",
            rows=counts.rows,
            valid=counts.rows - counts.invalid,
            invalid=counts.invalid,
            repeated=duplicate_count,
            blank=counts.skipped.blank,
            repeated_headers=counts.skipped.repeated_headers,
            null_characters=loaded.reader.table.null_character_count,
            reasons=dict(counts.reasons.most_common(_MAX_REASONS)),
        )


def _keep_if_usable(
    line_buffer: RecordLineBuffer | None, reader: RowReader
) -> RecordLineBuffer | None:
    """Return the buffered lines; None if they are stale or may contain duplicates."""
    if line_buffer is None or not (line_buffer.stale or reader.has_duplicates):
        return line_buffer
    line_buffer.close()
    return None
