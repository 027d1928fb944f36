"""Files of one stream that no BATCH message names so far, and the rows that fill them."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cxone.output.record_lines import RecordLineBuffer, RecordLines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tap_cxone.output.batch_file import BatchFile, EncodedRows, FileFormat
    from tap_cxone.output.batch_writer import BatchingWriter
    from tap_cxone.output.record_lines import LineEncoder
    from tap_cxone.rows.columnar import Records
    from tap_cxone.rows.reader import InvalidRow


class BatchFiles:
    """Files of one stream, each with at most `batch_size` rows.

    Attributes:
        files: The files, of which the last may not be finished.
    """

    def __init__(
        self,
        file_format: FileFormat,
        new_file: Callable[[EncodedRows], BatchFile],
        batch_size: int,
    ) -> None:
        """Create no file before the first row."""
        self.files: list[BatchFile] = []
        self._format, self._new_file, self._batch_size = file_format, new_file, batch_size
        self._open_file: BatchFile | None = None

    @property
    def space(self) -> int:
        """Return the number of rows that fit into the present file."""
        return self._batch_size - (self._open_file.rows if self._open_file else 0)

    def add_records(self, records: Records, excluded: frozenset[str]) -> None:
        """Append records without the excluded columns. Raises `BatchError`."""
        start = 0
        while start < records.count:
            part = records.part(start, start + self.space)
            self._add(self._format.of_records(part, excluded))
            start += part.count

    def add_messages(
        self, records: Sequence[Mapping[str, Any]], properties: Mapping[str, Any]
    ) -> None:
        """Append the records of RECORD messages. Raises `BatchError`."""
        start = 0
        while start < len(records):
            part = records[start : start + self.space]
            self._add(self._format.of_messages(part, properties))
            start += len(part)

    def _add(self, rows: EncodedRows) -> None:
        if self._open_file is not None and self._open_file.schema != rows.schema:
            self.finish()
        if self._open_file is None:
            self._open_file = self._new_file(rows)
            self.files.append(self._open_file)
        self._open_file.add(rows)
        if not self.space:
            self.finish()

    def extend(self, others: BatchFiles) -> None:
        """Append the files of others."""
        self.finish()
        others.finish()
        self.files += others.files

    def finish(self) -> None:
        """Store all rows so far."""
        if self._open_file is not None:
            self._open_file.finish()
            self._open_file = None


class BatchOutput:
    """Batch files as the form in which the records of a window are emitted (a `RecordOutput`)."""

    def __init__(self, writer: BatchingWriter, line_encoder: LineEncoder) -> None:
        """Emit the records that `line_encoder` would encode."""
        self._writer, self._line_encoder = writer, line_encoder
        self.arrow_chunk_bytes = writer.format.arrow_chunk_bytes

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
