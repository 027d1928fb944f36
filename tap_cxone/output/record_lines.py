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
from tap_cxone.rows.reader import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_cxone.clock import Clock
    from tap_cxone.rows.columnar import Records
    from tap_cxone.rows.convert import Layout

_JSON = msgspec.json.Encoder(decimal_format="number")  # as the SDK's writer
_INVALID = msgspec.json.Decoder(tuple[str, str, str | None, str])
_FRAME = Struct("<IQ")  # how many records, in how many bytes; no record: an invalid row
_HELD = 1000  # records that wait for what the next ones show


@dataclass(frozen=True, slots=True)
class Lines:
    """Records as they leave, a line each.

    Attributes:
        count: How many they are.
        data: The lines, each with its end.
    """

    count: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the lines of a stream have in common.

    Attributes:
        stream: Under which name they leave; None for records without a message around them.
        clock: Tells when they were made.
        left_out: Names of the columns that are not selected.
        version: Of the stream, where it has one.
    """

    stream: str | None
    clock: Clock
    left_out: frozenset[str] = frozenset()
    version: int | None = None

    def writer(self, layout: Layout) -> Callable[[Records], Lines]:
        """Return what makes lines of the records of a layout."""
        names = layout.names
        kept = [place for place, name in enumerate(names) if name not in self.left_out]
        record = _struct(tuple(names[place] for place in kept))

        def write(records: Records) -> Lines:
            columns = [records.columns[place] for place in kept]
            rows = map(record, *columns) if columns else repeat({}, records.count)
            messages = list(self._wrapped(rows))
            return Lines(records.count, _JSON.encode_lines(messages))

        return write

    def _wrapped(self, records: Iterable[Any]) -> Iterable[Any]:
        if self.stream is None:
            return records
        before = {"type": "RECORD", "stream": self.stream}
        after: dict[str, Any] = {} if self.version is None else {"version": self.version}
        after["time_extracted"] = self.clock.now()
        message = _struct((*before, "record", *after))
        return map(message, *map(repeat, before.values()), records, *map(repeat, after.values()))


@lru_cache(maxsize=256)
def _struct(names: tuple[str, ...]) -> type[msgspec.Struct]:
    """Return a type whose values are written as an object of these names, in this order."""
    fields = {f"c{place}": name for place, name in enumerate(names)}
    return msgspec.defstruct("Written", [(name, Any) for name in fields], rename=fields, gc=False)


class Ready:
    """The lines of one file, in a private temporary file of their own.

    What the first pass over a file makes is what may leave once the pass is over. Only where later
    rows show columns that lines already written should have had, they are of no use.
    """

    def __init__(self, envelope: Envelope, name: str) -> None:
        """Keep lines in `envelope`, made of the file `name`."""
        self.stale = False
        self._envelope = envelope
        self._name = name
        self._file: IO[bytes] | None = None
        self._held: list[Records | Invalid] = []
        self._waiting = 0
        self._layout: Layout | None = None
        self._write: Callable[[Records], Lines]

    def add(self, part: Records | Invalid) -> None:
        """Take what follows. Raises `SpoolError` if there is no room."""
        if not self.stale and not isinstance(part, Invalid):
            self._follow(part.layout)
        if self.stale:
            return
        self._held.append(part)
        self._waiting += part.count
        if self._waiting >= _HELD:
            self.flush()

    def _follow(self, layout: Layout) -> None:
        """Take another layout, if what was written would look the same with it."""
        before = self._layout
        if layout is before or layout == before:
            return
        fine = before is None or layout.columns[: len(before.columns)] == before.columns
        if self._file is not None or not fine:
            self.stale = True
            self.close()
        self._layout, self._write = layout, self._envelope.writer(layout)

    def flush(self) -> None:
        """Write what is held. Raises `SpoolError` if there is no room."""
        if self.stale or not self._held:
            return
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="tap-cxone-")  # noqa: SIM115 (stays)
            for part in self._held:
                for data in self._framed(part):
                    self._file.write(data)
            self._file.flush()
        except OSError as error:
            raise SpoolError(self._name, error.strerror or error) from error
        self._held.clear()
        self._waiting = 0

    def _framed(self, part: Records | Invalid) -> tuple[bytes, bytes]:
        if isinstance(part, Invalid):
            count, data = 0, _JSON.encode((part.place, part.reason, part.field, part.raw))
        else:
            assert self._layout is not None  # noqa: S101 (records have one)
            lines = self._write(part.under(self._layout))
            count, data = lines.count, lines.data
        return _FRAME.pack(count, len(data)), data

    def parts(self) -> Iterator[Lines | Invalid]:
        """Yield the lines, and the rows that are none, in the file's order."""
        if self._file is None:
            return
        self._file.seek(0)
        while frame := self._file.read(_FRAME.size):
            count, size = _FRAME.unpack(frame)
            data = self._file.read(size)
            yield Lines(count, data) if count else Invalid(*_INVALID.decode(data))

    def close(self) -> None:
        """Remove the file."""
        self._held.clear()
        if self._file is not None:
            with suppress(OSError):  # a full disk is full for the last buffer too
                self._file.close()
