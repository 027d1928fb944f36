"""Serialise records during validation; keep the lines until the file is accepted."""

from __future__ import annotations

import struct
import tempfile
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from itertools import repeat
from typing import IO, TYPE_CHECKING, Any, Protocol

import msgspec

from tap_cxone.errors import SpoolError
from tap_cxone.redact import SecretStruct
from tap_cxone.rows.row_counts import InvalidRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tap_cxone.clock import Clock
    from tap_cxone.rows.columnar import Records
    from tap_cxone.rows.layout import FileLayout

_JSON_ENCODER = msgspec.json.Encoder(decimal_format="number")  # like the SDK's writer
_INVALID_DECODER = msgspec.json.Decoder(tuple[str, str, str | None, str])
_FRAME = struct.Struct("<IQ")  # number of records (0: an invalid row), number of bytes
MIN_ARROW_BYTES = 1 << 20
"""Least size of a file, compressed or not, whose rows are converted to Arrow arrays for lines."""
_ARROW_CHUNK_BYTES = 5 << 16  # more need fewer calls, and memory
_BUFFERED_RECORDS = 1000  # records kept unserialised, as later rows may add columns


class RecordLines(SecretStruct, frozen=True):
    """Serialised records, one per line.

    Attributes:
        count: Number of records.
        data: The lines, each with its newline; empty if a batch file has them.
    """

    count: int
    data: bytes


class RecordOutput(Protocol):
    """The form in which the records of a window are emitted, many at once."""

    def arrow_chunk_bytes(self, file_bytes: int) -> int:
        """Return the size of the text of CSV that is converted to Arrow arrays at once.

        It is 0 for a file of which Python values are better.
        """

    def buffer(self, description: str) -> RecordLineBuffer:
        """Return an empty buffer; `description` names the file that is read."""

    def encoded(
        self, parts: Iterable[Records | InvalidRow], description: str
    ) -> Iterator[RecordLines | InvalidRow]:
        """Yield the records of a file in this form, and each invalid row."""


def arrow_chunk_bytes(file_bytes: int) -> int:
    """Return the size of the text of CSV to convert at once for lines; 0 for Python values.

    To import pyarrow takes longer than the rows of a small file.
    """
    is_large = file_bytes >= MIN_ARROW_BYTES
    return _ARROW_CHUNK_BYTES if is_large and find_spec("pyarrow") is not None else 0


class LineEncoder(msgspec.Struct, frozen=True):
    """Encoder of a stream's records to RECORD messages (a `RecordOutput`).

    Attributes:
        stream: Name of the stream in the messages; None to encode records without a message.
        clock: Source of `time_extracted`.
        excluded_columns: Names of the columns that are not selected.
        version: Version of the stream; None for none.
    """

    stream: str | None
    clock: Clock
    excluded_columns: frozenset[str] = frozenset()
    version: int | None = None

    def arrow_chunk_bytes(self, file_bytes: int) -> int:
        """Return the size of the text of CSV to convert at once; 0 for Python values."""
        return arrow_chunk_bytes(file_bytes)

    def buffer(self, description: str) -> RecordLineBuffer:
        """Return an empty buffer; `description` names the file that is read."""
        return RecordLineBuffer(self, description)

    def encoded(
        self,
        parts: Iterable[Records | InvalidRow],
        description: str,  # noqa: ARG002 (nothing is stored)
    ) -> Iterator[RecordLines | InvalidRow]:
        """Yield the records of a file as lines, and each invalid row."""
        layout, encode = None, None
        for part in parts:
            if isinstance(part, InvalidRow):
                yield part
                continue
            if encode is None or part.layout is not layout:
                layout, encode = part.layout, self.encoder_for(part.layout)
            yield encode(part)

    def encoder_for(self, layout: FileLayout) -> Callable[[Records], RecordLines]:
        """Return the function that encodes records of a layout."""
        names = layout.names
        selected = [index for index, name in enumerate(names) if name not in self.excluded_columns]
        record_type = _struct_type(tuple(names[index] for index in selected))

        def encode(records: Records) -> RecordLines:
            if records.has_arrays and selected:
                return RecordLines(records.count, self._encode_arrays(records, selected))
            columns = [records.columns[index] for index in selected]
            rows = map(record_type, *columns) if columns else repeat({}, records.count)
            messages = list(self._wrap(rows))
            return RecordLines(records.count, _JSON_ENCODER.encode_lines(messages))

        return encode

    def _encode_arrays(self, records: Records, selected: Sequence[int]) -> bytes:
        # Imported late: it needs pyarrow.
        from tap_cxone.output.arrow_lines import encode_arrow_lines

        (message,) = self._wrap([msgspec.Raw(b"\n")])
        before, _, after = _JSON_ENCODER.encode(message).decode().partition("\n")
        return encode_arrow_lines(records, selected, before, after)

    def _wrap(self, records: Iterable[Any]) -> Iterable[Any]:
        if self.stream is None:
            return records
        fields_before = {"type": "RECORD", "stream": self.stream}
        fields_after: dict[str, Any] = {} if self.version is None else {"version": self.version}
        fields_after["time_extracted"] = self.clock.now()
        message_type = _struct_type((*fields_before, "record", *fields_after))
        return map(
            message_type,
            *map(repeat, fields_before.values()),
            records,
            *map(repeat, fields_after.values()),
        )


@lru_cache(maxsize=256)
def _struct_type(names: tuple[str, ...]) -> type[msgspec.Struct]:
    """Return a struct type that encodes as a JSON object with these keys, in this order."""
    fields = {f"c{index}": name for index, name in enumerate(names)}
    return msgspec.defstruct("Written", [(name, Any) for name in fields], rename=fields, gc=False)


class RecordLineBuffer:
    """The encoded records of one file, in a private temporary file.

    The first pass over a file fills the buffer; the lines may be emitted after the pass. If a later
    row adds a column that written lines lack, the lines are stale and cannot be used.

    Attributes:
        stale: Whether the lines cannot be used.
    """

    def __init__(self, line_encoder: LineEncoder, description: str) -> None:
        """Create an empty buffer; `description` names the file in error messages."""
        self.stale = False
        self._line_encoder = line_encoder
        self._description = description
        self._file: IO[bytes] | None = None
        self._unwritten: list[Records | InvalidRow] = []
        self._unwritten_count = 0
        self._layout: FileLayout | None = None
        self._encode: Callable[[Records], RecordLines]

    def add(self, part: Records | InvalidRow) -> None:
        """Append records or an invalid row. Raises `SpoolError` if the disk is full."""
        if not self.stale and not isinstance(part, InvalidRow):
            self._switch_layout(part.layout)
        if self.stale or not part.count:  # each row of a block may repeat a key
            return
        self._unwritten.append(part)
        self._unwritten_count += part.count
        if self._unwritten_count >= _BUFFERED_RECORDS:
            self.flush()

    def _switch_layout(self, layout: FileLayout) -> None:
        """Use a later layout; the buffer becomes stale if written lines would differ with it."""
        previous = self._layout
        if layout is previous or layout == previous:
            return
        compatible = previous is None or layout.columns[: len(previous.columns)] == previous.columns
        if self._file is not None or not compatible:
            self.stale = True
            self.close()
        self._layout, self._encode = layout, self._line_encoder.encoder_for(layout)

    def flush(self) -> None:
        """Write the records in memory to the file. Raises `SpoolError` if the disk is full."""
        if self.stale or not self._unwritten:
            return
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="tap-cxone-")  # noqa: SIM115 (closed by `close`)
            for part in self._unwritten:
                for data in self._frame(part):
                    self._file.write(data)
            self._file.flush()
        except OSError as error:
            raise SpoolError(self._description, error.strerror or error) from error
        self._unwritten.clear()
        self._unwritten_count = 0

    def _frame(self, part: Records | InvalidRow) -> tuple[bytes, bytes]:
        if isinstance(part, InvalidRow):
            count = 0
            data = _JSON_ENCODER.encode((part.location, part.reason, part.field, part.raw))
        else:
            assert self._layout is not None  # noqa: S101 (`add` sets it for records)
            lines = self._encode_records(part.with_layout(self._layout))
            count, data = lines.count, lines.data
        return _FRAME.pack(count, len(data)), data

    def _encode_records(self, records: Records) -> RecordLines:
        return self._encode(records)

    def blocks(self) -> Iterator[RecordLines | InvalidRow]:
        """Yield the lines and the invalid rows, in file order."""
        if self._file is None:
            return
        self._file.seek(0)
        while frame := self._file.read(_FRAME.size):
            count, size = _FRAME.unpack(frame)
            data = self._file.read(size)
            yield RecordLines(count, data) if count else InvalidRow(*_INVALID_DECODER.decode(data))

    def close(self) -> None:
        """Delete the file."""
        self._unwritten.clear()
        if self._file is not None:
            with suppress(OSError):  # on a full disk, flushing the last buffer fails again
                self._file.close()
