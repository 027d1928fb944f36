"""One file of a batch: rows are encoded and stored by a background thread."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_cxone.output.background import Background
    from tap_cxone.output.storage import StoredFile
    from tap_cxone.rows.columnar import Records


class EncodedRows(Struct, frozen=True):
    """Rows in the form that an encoder takes.

    Attributes:
        columns: Names of their columns.
        count: Number of rows.
        data: The rows.
        schema: What all rows of a file have in common; None if rows may differ.
    """

    columns: Sequence[str]
    count: int
    data: Any
    schema: Any = None


class FileEncoder(Protocol):
    """Encoder of one file; it writes to the sink that it was made for."""

    def write(self, rows: EncodedRows) -> None:
        """Encode rows."""

    def close(self) -> None:
        """Write the end of the file."""


class FileFormat(Protocol):
    """Format of batch files.

    Attributes:
        suffix: End of the files' names.
        encoding: Description of the format for the target.
    """

    suffix: str
    encoding: Mapping[str, str]

    def arrow_chunk_bytes(self, file_bytes: int) -> int:
        """Return the size of the text of CSV that is converted to Arrow arrays at once.

        It is 0 for a file of which Python values are better.
        """

    def of_records(self, records: Records, excluded: frozenset[str]) -> EncodedRows:
        """Return records in the form of this format, without the excluded columns."""

    def of_messages(
        self, records: Sequence[Mapping[str, Any]], properties: Mapping[str, Any]
    ) -> EncodedRows:
        """Return the records of RECORD messages, whose SCHEMA has these properties.

        Raises:
            BatchError: A value fits no type of its column.
        """

    def encoder(self, sink: Callable[[bytes], Any], schema: Any) -> FileEncoder:
        """Return an encoder that passes the bytes of a file to `sink`."""


class BatchFile:
    """A file that no BATCH message names yet.

    Attributes:
        rows: Number of rows.
        columns: Names of the columns.
        schema: What all rows have in common; None if rows may differ.
        size: Number of bytes; complete after `finish`.
    """

    def __init__(
        self, stored: StoredFile, file_format: FileFormat, schema: Any, background: Background
    ) -> None:
        """Create a file without rows."""
        self.rows = self.size = 0
        self.columns: dict[str, None] = {}
        self.schema = schema
        self._stored = stored
        self._digest = hashlib.sha256()
        self._background = background
        self._error: BaseException | None = None
        self._is_stopped = False
        self._encoder = file_format.encoder(self._write, schema)

    def add(self, rows: EncodedRows) -> None:
        """Append rows. Raises `BatchError` if earlier rows could not be written."""
        self._raise_error()
        self.rows += rows.count
        self.columns.update(dict.fromkeys(rows.columns))
        self._run(lambda: self._encoder.write(rows))

    def finish(self) -> None:
        """Store all rows so far; `commit` reports an error."""
        self._run(self._finish)

    def _run(self, step: Callable[[], None]) -> None:
        """Run a step on the background thread, unless an earlier one failed."""

        def task() -> None:
            if self._error is None and not self._is_stopped:
                try:
                    step()
                except BaseException as error:  # noqa: BLE001 (the main thread raises it)
                    self._error = error

        self._background.run(task)

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _finish(self) -> None:
        self._encoder.close()
        del self._encoder  # a compressor takes 80 KB, and a window may have thousands of files
        self._stored.finish()

    def _write(self, data: bytes) -> None:
        if self._is_stopped:  # an encoder writes the end of its file when it is garbage
            return
        self._digest.update(data)
        self.size += len(data)
        self._stored.write(data)

    def commit(self) -> str:
        """Give the file its name, once the background thread has finished it; return its address.

        Raises:
            BatchError: The file could not be written.
        """
        self._raise_error()
        return self._stored.commit()

    def stop(self) -> None:
        """Make all later steps on the background thread do nothing; `discard` must follow."""
        self._is_stopped = True

    def discard(self) -> None:
        """Delete what was stored; the file must be stopped, and the background thread idle."""
        self._stored.discard()

    @property
    def sha256(self) -> str:
        """Return the SHA-256 of the bytes, in hex."""
        return self._digest.hexdigest()
