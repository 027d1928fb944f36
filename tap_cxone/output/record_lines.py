"""Records as the lines they leave as: made once, and kept until all of their file is known."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import repeat
from struct import Struct
from typing import IO, TYPE_CHECKING, Any

import msgspec

from tap_cxone.errors import SpoolError
from tap_cxone.rows.reader import InvalidRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_cxone.clock import Clock
    from tap_cxone.rows.columnar import Records
    from tap_cxone.rows.convert import FileLayout

_JSON_ENCODER = msgspec.json.Encoder(decimal_format="number")  # as the SDK's writer
_INVALID_DECODER = msgspec.json.Decoder(tuple[str, str, str | None, str])
_FRAME = Struct("<IQ")  # how many records, in how many bytes; no record: an invalid row
_BUFFERED_RECORDS = 1000  # records that wait for what the next ones show


@dataclass(frozen=True, slots=True)
class RecordLines:
    """Records as they leave, a line each.

    Attributes:
        count: How many they are.
        data: The lines, each with its end.
    """

    count: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class LineEncoder:
    """What the lines of a stream have in common.

    Attributes:
        stream: Under which name they leave; None for records without a message around them.
        clock: Tells when they were made.
        left_out: Names of the columns that are not selected.
        version: Of the stream, where it has one.
    """

    stream: str | None
    clock: Clock
    excluded_columns: frozenset[str] = frozenset()
    version: int | None = None

    def encoder_for(self, layout: FileLayout) -> Callable[[Records], RecordLines]:
        """Return what makes lines of the records of a layout."""
        names = layout.names
        selected = [index for index, name in enumerate(names) if name not in self.excluded_columns]
        record_type = _struct_type(tuple(names[index] for index in selected))

        def encode(records: Records) -> RecordLines:
            columns = [records.columns[index] for index in selected]
            rows = map(record_type, *columns) if columns else repeat({}, records.count)
            messages = list(self._wrap(rows))
            return RecordLines(records.count, _JSON_ENCODER.encode_lines(messages))

        return encode

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
    """Return a type whose values are written as an object of these names, in this order."""
    fields = {f"c{index}": name for index, name in enumerate(names)}
    return msgspec.defstruct("Written", [(name, Any) for name in fields], rename=fields, gc=False)


class RecordLineBuffer:
    """The lines of one file, in a private temporary file of their own.

    What the first pass over a file makes is what may leave once the pass is over. Only where later
    rows show columns that lines already written should have had, they are of no use.
    """

    def __init__(self, line_encoder: LineEncoder, description: str) -> None:
        """Keep lines in `envelope`, made of the file `name`."""
        self.stale = False
        self._line_encoder = line_encoder
        self._description = description
        self._file: IO[bytes] | None = None
        self._unwritten: list[Records | InvalidRow] = []
        self._unwritten_count = 0
        self._layout: FileLayout | None = None
        self._encode: Callable[[Records], RecordLines]

    def add(self, part: Records | InvalidRow) -> None:
        """Take what follows. Raises `SpoolError` if there is no room."""
        if not self.stale and not isinstance(part, InvalidRow):
            self._switch_layout(part.layout)
        if self.stale:
            return
        self._unwritten.append(part)
        self._unwritten_count += part.count
        if self._unwritten_count >= _BUFFERED_RECORDS:
            self.flush()

    def _switch_layout(self, layout: FileLayout) -> None:
        """Take another layout, if what was written would look the same with it."""
        previous = self._layout
        if layout is previous or layout == previous:
            return
        compatible = previous is None or layout.columns[: len(previous.columns)] == previous.columns
        if self._file is not None or not compatible:
            self.stale = True
            self.close()
        self._layout, self._encode = layout, self._line_encoder.encoder_for(layout)

    def flush(self) -> None:
        """Write what is held. Raises `SpoolError` if there is no room."""
        if self.stale or not self._unwritten:
            return
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="tap-cxone-")  # noqa: SIM115 (stays)
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
            count, data = (
                0,
                _JSON_ENCODER.encode((part.location, part.reason, part.field, part.raw)),
            )
        else:
            assert self._layout is not None  # noqa: S101 (records have one)
            lines = self._encode(part.with_layout(self._layout))
            count, data = lines.count, lines.data
        return _FRAME.pack(count, len(data)), data

    def blocks(self) -> Iterator[RecordLines | InvalidRow]:
        """Yield the lines, and the rows that are none, in the file's order."""
        if self._file is None:
            return
        self._file.seek(0)
        while frame := self._file.read(_FRAME.size):
            count, size = _FRAME.unpack(frame)
            data = self._file.read(size)
            yield RecordLines(count, data) if count else InvalidRow(*_INVALID_DECODER.decode(data))

    def close(self) -> None:
        """Remove the file."""
        self._unwritten.clear()
        if self._file is not None:
            with suppress(OSError):  # a full disk is full for the last buffer too
                self._file.close()
