"""Validated window file, whose records may be emitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cxone.redact import SecretStruct
from tap_cxone.streams.extraction_log import Extraction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_cxone.events.audit_log import AuditContext
    from tap_cxone.output.record_lines import RecordLineBuffer, RecordLines, RecordOutput
    from tap_cxone.rows.reader import RowReader
    from tap_cxone.rows.row_counts import InvalidRow, RowCounts
    from tap_cxone.spool import Spool, WindowFile


class LoadedWindow(SecretStruct, frozen=True):
    """A downloaded and validated file, which exists until `close`.

    Attributes:
        spool: The spooled file.
        reader: Reader of its rows.
        counts: Numbers of valid and invalid rows.
        audit_context: Audit fields of stream, window and job.
        line_buffer: Record lines that the validation has serialised; None if there are none.
    """

    spool: Spool
    reader: RowReader
    counts: RowCounts
    audit_context: AuditContext
    line_buffer: RecordLineBuffer | None = None

    def close(self) -> None:
        """Delete the file and its buffered lines."""
        self.spool.file.close()
        if self.line_buffer is not None:
            self.line_buffer.close()

    def lines(self, output: RecordOutput) -> Iterator[RecordLines | InvalidRow]:
        """Yield each record once, as lines, and each invalid row, in the order of the file."""
        if self.line_buffer is not None:
            yield from self.line_buffer.blocks()
        else:
            yield from output.encoded(self.reader.blocks(), self.reader.table.name)

    @property
    def emitted(self) -> int:
        """Return the number of emitted records; valid only after the last one."""
        return self.counts.rows - self.counts.invalid - self.reader.duplicate_count

    @property
    def dropped(self) -> int:
        """Return the number of duplicates and of lines that are no rows; valid as `emitted` is."""
        return self.reader.duplicate_count + self.counts.skipped.total

    def extraction(self, window_file: WindowFile, *, committed_at: datetime) -> Extraction:
        """Return what the commit of the window rests on; valid as `emitted` is."""
        layout = self.reader.layout
        return Extraction(
            stream=self.audit_context.stream,
            window=window_file.window,
            committed_at=committed_at,
            started_at=window_file.started_at,
            job_id=self.audit_context.job_id,
            rows=self.counts.rows,
            records=self.emitted,
            quarantined=self.counts.invalid,
            duplicates=self.reader.duplicate_count,
            size=self.spool.size,
            sha256=self.spool.sha256,
            columns_added=tuple(c.name for c in layout.new_columns) if layout else (),
        )
