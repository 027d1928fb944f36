"""Files of one stream that no BATCH message names so far, and the rows that fill them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_cxone.output.batch_file import BatchFile, EncodedRows, FileFormat
    from tap_cxone.rows.columnar import Records


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
