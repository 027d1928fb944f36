r"""Parse CSV with pyarrow where its text is plain; the rows equal those of `CsvSource.blocks`.

The file is cut into chunks at the ends of rows. Text is plain if it is UTF-8 without NUL
characters, if only `\n` and `\r\n` end lines, and if quotes enclose whole cells. The ordinary
parser reads a chunk of plain text that has a row of another width, a blank row or a header. At the
first text that is not plain it reads the rest of the file. Large chunks are unpacked and parsed on
a thread, while the rows before them are converted.

This module needs pyarrow (extra `parquet`), so it is imported only where pyarrow is installed.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from msgspec import Struct

from tap_cxone.rows.decode.joined_parts import fold_case, spell
from tap_cxone.rows.decode.plain_block import PlainBlock, csv_blocks
from tap_cxone.rows.decode.read_ahead import read_ahead
from tap_cxone.rows.decode.text import DAMAGE_ERRORS, open_utf_8

if TYPE_CHECKING:
    import io
    from collections.abc import Generator, Iterator, Sequence

    from tap_cxone.rows.decode.csv_lines import LineFilter
    from tap_cxone.rows.decode.csv_source import CsvBlock, CsvSource

CHUNK_BYTES = 1 << 21
"""Usual size of a chunk. A larger one needs fewer calls, and more memory."""
_MIN_AHEAD_BYTES = 1 << 20  # of smaller chunks, threads wait for the interpreter's lock too often

# The default pool takes some megabytes more, since it keeps memory that is free.
pa.set_memory_pool(pa.system_memory_pool())

_LONE_CARRIAGE_RETURN = re.compile(rb"\r(?!\n)")
_MAX_ROW_CHUNKS = 4  # chunks that a row may span


class PlainParser(Struct, frozen=True):
    """Parser of the rows of one file.

    Attributes:
        source: The file.
        width: Number of cells of a row.
        line_filter: Recognises the header.
        chunk_bytes: Usual size of a chunk.
    """

    source: CsvSource
    width: int
    line_filter: LineFilter
    chunk_bytes: int = CHUNK_BYTES

    def blocks(self) -> Iterator[CsvBlock | PlainBlock]:
        """Yield the same rows as `CsvSource.blocks`, those of plain text as `PlainBlock`.

        Raises:
            DecodeError: The file is damaged, or is not CSV.
        """
        self.source.null_characters.count = 0
        position = lines = 0
        try:
            parsed = self._parsed_chunks()
            is_ahead = self.chunk_bytes >= _MIN_AHEAD_BYTES
            for chunk, arrays in read_ahead(parsed) if is_ahead else parsed:
                if chunk is None:
                    yield from self.source.blocks(position, lines)
                    return
                yield from self._blocks_of(chunk, arrays, lines)
                position += len(chunk)
                lines += chunk.count(b"\n")
        except DAMAGE_ERRORS:
            for _ in self.source.blocks():  # raises the error, with its position
                pass
            raise

    def _parsed_chunks(self) -> Generator[tuple[bytes | None, Sequence[Any]]]:
        """Yield what `_chunks` does, each with the cells by columns; none of the header."""
        chunks = self._chunks()
        yield next(chunks), ()
        yield from ((chunk, self._parse(chunk) if chunk else ()) for chunk in chunks)

    def _chunks(self) -> Iterator[bytes | None]:
        """Yield the header, then chunks of plain rows; None at the first text that is not plain."""
        expected, delimiter = self.source.expected, self.source.delimiter
        with open_utf_8(
            self.source.spool, self.source.name, expected.text_format, expected.max_bytes
        ) as data:
            if data is None or not delimiter.isascii():
                yield None
                return
            header = data.readline()
            for chunk in chain([header], _rows(data, self.chunk_bytes)):
                if chunk is None or not header.strip() or not _is_plain(chunk, delimiter):
                    yield None
                    return
                yield chunk

    def _blocks_of(
        self, chunk: bytes, arrays: Sequence[Any], lines_before: int
    ) -> Iterator[CsvBlock | PlainBlock]:
        delimiter, is_ordered = self.source.delimiter, not self.line_filter.order.indexes
        blanks = _blanks(arrays) if arrays and is_ordered else ()
        if not blanks or self._may_have_header(arrays) or _has_blank_row(blanks):
            yield from csv_blocks(chunk, lines_before, delimiter)
        else:
            yield PlainBlock(chunk, lines_before, delimiter, arrays, blanks, len(arrays[0]))

    def _parse(self, chunk: bytes) -> Sequence[Any]:
        """Return the cells of each column; none if a row needs the ordinary parser."""
        names = [str(index) for index in range(self.width)]
        try:
            table = pa_csv.read_csv(
                pa.py_buffer(chunk),
                pa_csv.ReadOptions(
                    use_threads=False, column_names=names, block_size=len(chunk) + 1
                ),
                pa_csv.ParseOptions(
                    delimiter=self.source.delimiter, newlines_in_values=b'"' in chunk
                ),
                pa_csv.ConvertOptions(
                    check_utf8=False,  # `_is_plain` has checked it
                    column_types=dict.fromkeys(names, pa.string()),
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid:  # a row has another number of cells
            return ()
        # Arrays of the parser have several times the memory that they use, and the copies have not.
        return [column.combine_chunks() for column in table.columns] if table.num_rows > 1 else ()

    def _may_have_header(self, arrays: Sequence[Any]) -> bool:
        first_cells = arrays[0].to_pylist()
        text = fold_case("\n".join(first_cells))
        has_header = self.line_filter.may_have_header(first_cells, text)
        return has_header or self._may_have_other_order(arrays)

    def _may_have_other_order(self, arrays: Sequence[Any]) -> bool:
        """Return True if the first two cells of a row are titles; one alone may be a value."""
        order = self.line_filter.order
        first_cells = pc.utf8_trim_whitespace(arrays[0])
        is_title = pc.is_in(first_cells, value_set=pa.array(order.first_cells, pa.string()))
        if not is_title.true_count:
            return False
        second_cells = arrays[1].filter(is_title).unique().to_pylist()
        return not set(map(spell, order.header)).isdisjoint(map(spell, second_cells))


def _blanks(arrays: Sequence[Any]) -> Sequence[Any]:
    """Return arrays that say of each text whether it is empty or whitespace."""
    count = len(arrays[0])
    texts = pa.chunked_array(arrays)  # a call for each column takes longer than its texts
    is_blank = pc.or_(pc.equal(pc.binary_length(texts), 0), pc.utf8_is_space(texts))
    joined = is_blank.combine_chunks()
    return [joined.slice(start, count) for start in range(0, len(joined), count)]


def _has_blank_row(blanks: Sequence[Any]) -> bool:
    """Return True if all cells of a row are blank."""
    is_blank_row = blanks[0]
    for blank in blanks[1:]:
        if not is_blank_row.true_count:
            return False
        is_blank_row = pc.and_(is_blank_row, blank)
    return bool(is_blank_row.true_count)


def _rows(data: io.BufferedReader, chunk_bytes: int) -> Iterator[bytes | None]:
    """Yield chunks that end at the end of a row; None, and no more, if no row ends for long."""
    rest = b""
    while read := data.read(chunk_bytes):
        rest += read
        if end := _last_row_end(rest):
            yield rest[:end]
            rest = rest[end:]
        elif len(rest) > _MAX_ROW_CHUNKS * chunk_bytes:
            yield None
            return
    if rest:
        yield rest


def _last_row_end(data: bytes) -> int:
    """Return the end of the last complete row, before which the number of quotes is even."""
    end = data.rfind(b"\n") + 1
    if b'"' not in data:
        return end
    is_open = data.count(b'"', 0, end) % 2
    while end and is_open:
        previous_end = data.rfind(b"\n", 0, end - 1) + 1
        is_open ^= data.count(b'"', previous_end, end) % 2
        end = previous_end
    return end


def _is_plain(data: bytes, delimiter: str) -> bool:
    """Return True if the text is plain.

    Raises:
        UnicodeDecodeError: The text is not UTF-8.
    """
    if not data.isascii():
        data.decode()
    if b"\0" in data or (b"\r" in data and _LONE_CARRIAGE_RETURN.search(data)):
        return False
    return b'"' not in data or _has_whole_cells_quoted(data, delimiter.encode())


def _has_whole_cells_quoted(data: bytes, delimiter: bytes) -> bool:
    """Return True if each text outside of quotes begins and ends at the end of a cell.

    A doubled quote inside a cell has an empty text between its halves.
    """
    if data.count(b'"') % 2:
        return False
    first, *between, last = data.split(b'"')[::2]
    ends, begins = (delimiter, b"\n"), (delimiter, b"\n", b"\r\n")
    return (
        (not first or first.endswith(ends))
        and (not last or last.startswith(begins))
        and all(not part or (part.startswith(begins) and part.endswith(ends)) for part in between)
    )
