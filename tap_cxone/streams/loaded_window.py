"""Validated window file, whose records may be emitted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.events.audit_log import AuditContext
    from tap_cxone.output.record_lines import RecordLineBuffer, RecordLines, RecordOutput
    from tap_cxone.rows.reader import InvalidRow, RowCounts, RowReader
    from tap_cxone.spool import Spool


@dataclass(frozen=True, slots=True)
class LoadedWindow:
    """A downloaded and validated file, which exists until `close`.

    Attributes:
        spool: The spooled file.
        reader: Reader of its rows.
        counts: Numbers of valid and invalid rows.
        audit_context: Audit fields of stream, window and job.
        line_buffer: Record lines that the validation has serialised; None if there are none.
    """

    spool: Spool = field(repr=False)
    reader: RowReader
    counts: RowCounts
    audit_context: AuditContext
    line_buffer: RecordLineBuffer | None = field(default=None, repr=False)

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
