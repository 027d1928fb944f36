"""Encode records as JSON lines, compressed by the fastest library that is installed."""

from __future__ import annotations

import zlib
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

from singer_sdk.contrib.msgspec import serialize_jsonl

from tap_cxone.output.batch_file import EncodedRows
from tap_cxone.output.record_lines import LineEncoder, arrow_chunk_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_cxone.clock import Clock
    from tap_cxone.output.record_lines import RecordLines
    from tap_cxone.rows.columnar import Records
    from tap_cxone.rows.layout import FileLayout

_GZIP_BITS = 31  # zlib's number for a gzip header and trailer
_ISAL_LEVEL, _ZLIB_LEVEL = 2, 3


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


def _gzip_compressor() -> _Compressor:
    """Return a compressor; isal takes a tenth of the time of zlib, and has no wheel everywhere."""
    if find_spec("isal") is None:
        return zlib.compressobj(_ZLIB_LEVEL, wbits=_GZIP_BITS)
    from isal import isal_zlib

    compressor: _Compressor = isal_zlib.compressobj(_ISAL_LEVEL, wbits=_GZIP_BITS)
    return compressor


class JsonLines:
    """JSON lines as a format of batch files (a `FileFormat`)."""

    def __init__(self, clock: Clock, *, compressed: bool) -> None:
        """Compress the files with gzip if `compressed` is True."""
        self.suffix = "jsonl.gz" if compressed else "jsonl"
        compression = {"compression": "gzip"} if compressed else {}
        self.encoding: Mapping[str, str] = {"format": "jsonl", **compression}
        self._clock = clock
        self._compressed = compressed
        self._layout: tuple[FileLayout, frozenset[str]] | None = None
        self._encode: Callable[[Records], RecordLines]

    def arrow_chunk_bytes(self, file_bytes: int) -> int:
        """Return the size of the text of CSV to convert at once; 0 for Python values."""
        return arrow_chunk_bytes(file_bytes)

    def of_records(self, records: Records, excluded: frozenset[str]) -> EncodedRows:
        """Return records as lines, without the excluded columns."""
        if self._layout is None or self._layout != (records.layout, excluded):
            encoder = LineEncoder(None, self._clock, excluded)
            self._layout, self._encode = (
                (records.layout, excluded),
                encoder.encoder_for(records.layout),
            )
        names = [name for name in records.layout.names if name not in excluded]
        return EncodedRows(names, records.count, self._encode(records).data)

    def of_messages(
        self,
        records: Sequence[Mapping[str, Any]],
        properties: Mapping[str, Any],  # noqa: ARG002 (lines need no types)
    ) -> EncodedRows:
        """Return the records of RECORD messages as lines."""
        names = dict.fromkeys(name for record in records for name in record)
        lines = b"".join(bytes(serialize_jsonl(record)) for record in records)
        return EncodedRows(list(names), len(records), lines)

    def encoder(self, sink: Callable[[bytes], Any], schema: Any) -> _JsonLinesEncoder:  # noqa: ARG002
        """Return an encoder that passes the bytes of a file to `sink`."""
        return _JsonLinesEncoder(sink, _gzip_compressor() if self._compressed else None)


class _JsonLinesEncoder:
    """Writes lines to a file (a `FileEncoder`)."""

    def __init__(self, sink: Callable[[bytes], Any], compressor: _Compressor | None) -> None:
        self._sink = sink
        self._compressor = compressor

    def write(self, rows: EncodedRows) -> None:
        """Write lines, compressed if the file is."""
        self._sink(self._compressor.compress(rows.data) if self._compressor else rows.data)

    def close(self) -> None:
        """Write the end of the compressed data."""
        if self._compressor:
            self._sink(self._compressor.flush())
