"""Bring in a window's file: fetched, read whole and judged before any of it leaves."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, Self

from tap_cxone.errors import DecodeError, DriftError, InvalidRecords
from tap_cxone.output.record_lines import RecordLineBuffer
from tap_cxone.progress.activity import set_activity
from tap_cxone.rows.columns import assign_columns, snake_case
from tap_cxone.rows.convert import ROW_HASH
from tap_cxone.rows.decode import FileExpectation, open_table
from tap_cxone.rows.reader import InvalidRow, RowCounts, RowReader
from tap_cxone.streams.quarantine import NAME as QUARANTINE

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    from tap_cxone.config.model import Settings
    from tap_cxone.events.audit_log import AuditContext
    from tap_cxone.output.record_lines import LineEncoder, RecordLines
    from tap_cxone.progress.tracker import StreamProgress
    from tap_cxone.rows.columnar import Records
    from tap_cxone.rows.convert import RecordSpec
    from tap_cxone.spool import Spool
    from tap_cxone.streams.schema import Declaration
    from tap_cxone.windows import Window

_MAX_REASONS = 100


class FileSource(Protocol):
    """Where a stream's files come from."""

    def fetch_file(self, window: Window, upcoming: Sequence[Window]) -> Spool:
        """Return the complete file of a window; those `coming` may be prepared."""

    def discard(self, window: Window) -> None:
        """Do not give the file of a window a second time."""

    def job_id(self, window: Window) -> str | None:
        """Return what the API calls the work that made the file; None if it has no name."""

    def description(self, window: Window) -> str:
        """Name a window in a message."""


@dataclass(frozen=True, slots=True)
class LoadedWindow:
    """A file that may leave, row by row.

    Attributes:
        spool: The file; closed at the end of a `with` block.
        reading: Its rows.
        tally: What was found in it.
        trail: Of its stream, window and job.
        ready: Its lines, where the reading of all of it has made them already.
    """

    spool: Spool = field(repr=False)
    reader: RowReader
    counts: RowCounts
    audit_context: AuditContext
    line_buffer: RecordLineBuffer | None = field(default=None, repr=False)

    def __enter__(self) -> Self:
        """Keep the file for the length of a block."""
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file, which removes it."""
        self.close()

    def close(self) -> None:
        """Remove the file, and the lines made of it."""
        self.spool.file.close()
        if self.line_buffer is not None:
            self.line_buffer.close()

    def lines(self, line_encoder: LineEncoder) -> Iterator[RecordLines | InvalidRow]:
        """Yield every record once, as lines, and every row that is none, in the file's order."""
        if self.line_buffer is not None:
            yield from self.line_buffer.blocks()
            return
        layout, encode = None, None
        for part in self.reader.blocks():
            if isinstance(part, InvalidRow):
                yield part
                continue
            if encode is None or part.layout is not layout:
                layout, encode = part.layout, line_encoder.encoder_for(part.layout)
            yield encode(part)

    @property
    def emitted(self) -> int:
        """Return how many records have left, once all have."""
        return self.counts.rows - self.counts.invalid - self.reader.duplicate_count


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowLoader:
    """The files of one stream on their way in.

    Attributes:
        source: Where they come from.
        declaration: What they are.
        settings: What the run is told.
        between: Does what may be done while a file is read: nothing is half written then.
        trail: Of the stream.
        progress: Of the stream.
        log: Its log.
    """

    source: FileSource
    declaration: Declaration
    settings: Settings
    run_pending_tasks: Callable[[], None]
    audit_context: AuditContext
    progress: StreamProgress
    log: logging.Logger

    def load(
        self,
        window: Window,
        upcoming: Sequence[Window],
        spec: RecordSpec,
        line_encoder: LineEncoder | None = None,
    ) -> LoadedWindow:
        """Fetch a window's file and read all of it; one that is damaged is fetched once more.

        Args:
            window: What to fetch.
            coming: Those that follow, which may be prepared.
            shape: What its records must look like.
            envelope: How its lines look, if its records are to leave as lines.

        Raises:
            DecodeError: The file is damaged twice.
            DriftError: It has not every column that it must have.
            CXoneError: It could not be fetched.
        """
        with self.progress.track_fetch():
            return self._load_with_retry(window, upcoming, spec, line_encoder)

    def _load_with_retry(
        self,
        window: Window,
        upcoming: Sequence[Window],
        spec: RecordSpec,
        line_encoder: LineEncoder | None,
    ) -> LoadedWindow:
        try:
            loaded = self._load_once(window, upcoming, spec, line_encoder)
            if loaded.spool.size:
                return loaded
            # Some tenants say 'no rows' so; a proxy that swallowed the file would say the same.
            loaded.close()
            self.log.info(
                "%s: an empty file; fetching it once more", self.source.description(window)
            )
            return self._load_once(window, upcoming, spec, line_encoder)
        except InvalidRecords:
            raise
        except DecodeError as error:
            self.log.warning("%s; fetching it once more", error)
        try:
            return self._load_once(window, upcoming, spec, line_encoder)
        except DecodeError as error:
            self.source.discard(window)
            msg = f"{error}; it came so twice: run again, and if it stays so report it to NICE"
            raise type(error)(msg) from error

    def _load_once(
        self,
        window: Window,
        upcoming: Sequence[Window],
        spec: RecordSpec,
        line_encoder: LineEncoder | None,
    ) -> LoadedWindow:
        spool = self.source.fetch_file(window, upcoming)
        self.progress.count_download(spool.size)
        set_activity(f"reading {window}")
        audit_context = self.audit_context.for_window(window, self.source.job_id(window))
        rows: int | None = None
        with ExitStack() as cleanup_on_error:
            cleanup_on_error.enter_context(spool)
            try:
                reader = self._open(spool, self.source.description(window), spec)
                line_buffer = (
                    RecordLineBuffer(line_encoder, reader.table.name) if line_encoder else None
                )
                if line_buffer is not None:
                    cleanup_on_error.callback(line_buffer.close)
                counts = self._validate(reader, line_buffer)
                rows = counts.rows
            finally:
                audit_context.write("download", bytes=spool.size, rows=rows, sha256=spool.sha256)
            cleanup_on_error.pop_all()  # all went well: it stays open
        line_buffer = _keep_if_usable(line_buffer, reader)
        if line_buffer is not None:
            spool.file.close()  # its lines are all that is wanted of it
        return LoadedWindow(spool, reader, counts, audit_context, line_buffer)

    def _open(self, spool: Spool, description: str, spec: RecordSpec) -> RowReader:
        declaration = self.declaration
        expectation = FileExpectation(
            formats=declaration.formats,
            required=spec.mandatory_columns,
            nested_object=declaration.nested_object,
            max_bytes=self.settings.max_unpacked_bytes,
        )
        table = open_table(spool, description, expectation)
        expected_names = {column.name for column in spec.columns} | set(
            map(snake_case, spec.mandatory_columns)
        )
        header_names = {column.name for column in assign_columns(table.header, spec.columns)}
        if table.cells_are_text and len(table.header) == 1 and not expected_names & header_names:
            # A line of text that is no CSV is a header of one column.
            msg = f"{description}: one column is no table, and nobody knows it; run again"
            raise DecodeError(msg)
        return RowReader(table, spec)

    def _validate(self, reader: RowReader, line_buffer: RecordLineBuffer | None) -> RowCounts:
        try:
            counts = reader.validate(lambda part: self._buffer_part(part, line_buffer))
            if line_buffer is not None:
                line_buffer.flush()
        except DriftError as error:
            declaration = self.declaration
            hint = f"set the keys in {declaration.keys_setting}"
            hint += f", or correct {declaration.columns_setting}" if declaration.required else ""
            msg = f"{reader.table.name}: {error}; {hint}"
            raise DriftError(msg) from error
        return counts

    def _buffer_part(
        self, part: Records | InvalidRow, line_buffer: RecordLineBuffer | None
    ) -> None:
        if line_buffer is not None:
            line_buffer.add(part)
        self.run_pending_tasks()

    def enforce_invalid_policy(self, loaded: LoadedWindow, *, quarantine_selected: bool) -> None:
        """Refuse a file with rows that do not fit, if they may not be set aside.

        Args:
            taken: The file.
            receiver: Whether somebody receives what is set aside.

        Raises:
            InvalidRecords: The settings do not allow it, or nobody does.
        """
        counts, example = loaded.counts, loaded.counts.example
        if example is None:
            return
        reason = None
        if self.settings.invalid_records == "fail":
            reason = "invalid_records is 'fail'"
        elif counts.ratio > self.settings.max_invalid_ratio:
            reason = f"max_invalid_ratio is {self.settings.max_invalid_ratio:g}"
        elif not quarantine_selected:
            reason = f"the stream '{QUARANTINE}' that would receive them is not selected"
        if reason is not None:
            self._audit_validation(loaded, duplicate_count=None)
            msg = (
                f"{loaded.reader.table.name}: {counts}, and {reason}: nothing of it was emitted. "
                f"{example.location} {example.reason}; if the rows are right, correct "
                f"{self.declaration.columns_setting}"
            )
            raise InvalidRecords(msg)

    def report_skipped_rows(self, loaded: LoadedWindow) -> None:
        """Say what was left out of a window that has left, and why."""
        name, counts, duplicate_count = (
            loaded.reader.table.name,
            loaded.counts,
            loaded.reader.duplicate_count,
        )
        if counts.invalid:
            self.log.warning("%s: %s and went to '%s'", name, counts, QUARANTINE)
        if duplicate_count and ROW_HASH not in loaded.reader.spec.key_columns:
            text = "%s: %d rows had the key of an earlier row and were left out; if they are "
            text += "others, name more columns in %s"
            self.log.warning(text, name, duplicate_count, self.declaration.keys_setting)
        self._audit_validation(loaded, duplicate_count=duplicate_count)

    def _audit_validation(self, loaded: LoadedWindow, *, duplicate_count: int | None) -> None:
        counts = loaded.counts
        loaded.audit_context.write(
            "window_validated",
            rows=counts.rows,
            valid=counts.rows - counts.invalid,
            invalid=counts.invalid,
            repeated=duplicate_count,
            reasons=dict(counts.reasons.most_common(_MAX_REASONS)),
        )


def _keep_if_usable(
    line_buffer: RecordLineBuffer | None, reader: RowReader
) -> RecordLineBuffer | None:
    """Return the lines that a reading made, unless some of them must not leave like that."""
    if line_buffer is None or not (line_buffer.stale or reader.has_duplicates):
        return line_buffer
    line_buffer.close()
    return None
