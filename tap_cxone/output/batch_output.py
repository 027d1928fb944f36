"""Write the records of a window to batch files, many at once."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_cxone.output.record_lines import RecordLineBuffer, RecordLines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_cxone.output.batch_files import BatchFiles
    from tap_cxone.output.batch_writer import BatchingWriter
    from tap_cxone.output.record_lines import LineEncoder
    from tap_cxone.rows.columnar import Records
    from tap_cxone.rows.row_counts import InvalidRow


class BatchOutput:
    """Batch files as the form in which the records of a window are emitted (a `RecordOutput`)."""

    def __init__(self, writer: BatchingWriter, line_encoder: LineEncoder) -> None:
        """Emit the records that `line_encoder` would encode."""
        self._writer, self._line_encoder = writer, line_encoder

    def arrow_chunk_bytes(self, file_bytes: int) -> int:
        """Return the size of the text of CSV to convert at once; 0 for Python values."""
        return self._writer.format.arrow_chunk_bytes(file_bytes)

    def buffer(self, description: str) -> BatchBuffer:
        """Return an empty buffer; `description` names the file that is read."""
        return BatchBuffer(self._writer, self._line_encoder, description)

    def encoded(
        self, parts: Iterable[Records | InvalidRow], description: str
    ) -> Iterator[RecordLines | InvalidRow]:
        """Write records to files; yield their numbers, and each invalid row."""
        with closing(self.buffer(description)) as buffer:
            for part in parts:
                buffer.add(part)
            buffer.flush()
            yield from buffer.blocks()


class BatchBuffer(RecordLineBuffer):
    """Files that are filled while a downloaded file is validated.

    It stores invalid rows, and of records their numbers only.
    """

    def __init__(self, writer: BatchingWriter, line_encoder: LineEncoder, description: str) -> None:
        """Create an empty buffer; `description` names the file that is read."""
        super().__init__(line_encoder, description)
        self._writer, self._excluded = writer, line_encoder.excluded_columns
        self._message = str(line_encoder.stream), line_encoder.version
        self._files: BatchFiles | None = writer.new_files(str(line_encoder.stream))

    @override
    def _encode_records(self, records: Records) -> RecordLines:
        assert self._files is not None  # noqa: S101 (only `blocks` and `close` take them)
        self._files.add_records(records, self._excluded)
        return RecordLines(records.count, b"")

    @override
    def blocks(self) -> Iterator[RecordLines | InvalidRow]:
        """Pass the files to the writer; yield the numbers of their rows, and the invalid rows."""
        files, self._files = self._files, None
        if files is not None:
            self._writer.accept(*self._message, files)
        yield from super().blocks()

    @override
    def close(self) -> None:
        """Delete the files, unless the writer has them."""
        super().close()
        files, self._files = self._files, None
        if files is not None:
            self._writer.delete(files)
