"""Read CSV files; the first row is the header."""

from __future__ import annotations

import csv
import io
import json
from itertools import chain, compress, groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, TextIO

from msgspec import Struct, field, structs

from tap_cxone.errors import DecodeError
from tap_cxone.rows.decode.notice import is_no_data
from tap_cxone.rows.decode.table import BLOCK_ROWS, Row, SkippedLines, rows_of
from tap_cxone.rows.decode.text import DAMAGE_ERRORS, open_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_cxone.rows.decode.table import Block
    from tap_cxone.spool import Spool

# The limit applies to the whole process. A contact's comment field may hold a conversation.
csv.field_size_limit(2**31 - 1)

_CHUNK_CHARACTERS = 1 << 14  # characters per read
_CHUNKS_PER_BLOCK = 3  # maximum number of reads per block


class CsvTable(Struct, frozen=True):
    """A CSV file (a `Table`).

    Attributes:
        spool: The file.
        name: Name of the file in error messages.
        header: The column names; empty for an empty file.
        max_bytes: Maximum size of the file after decompression.
        has_trailing_cell: Whether every row has one more cell than the header, which is blank.
        skipped: Numbers of the lines that the last pass skipped.
        unit: Unit of row numbers.
        cells_are_text: True: cells are texts.
    """

    spool: Spool
    name: str
    header: tuple[str, ...]
    max_bytes: int
    has_trailing_cell: bool = False
    skipped: SkippedLines = field(default_factory=SkippedLines)
    unit: str = "line"
    cells_are_text: bool = True

    @classmethod
    def open(cls, spool: Spool, name: str, max_bytes: int) -> CsvTable:
        """Return the table after reading its header.

        Raises:
            DecodeError: The file is damaged there.
        """
        header, *_ = next(_read_blocks(spool, name, max_bytes), _CsvBlock()).rows or [[]]
        header = [] if is_no_data(header) else header
        table = cls(spool, name, tuple(header), max_bytes)
        return (
            structs.replace(table, has_trailing_cell=True) if table._all_rows_end_blank() else table
        )

    def _all_rows_end_blank(self) -> bool:
        """Return True if every row has one more cell than the header, which is blank.

        Such a writer ends each row with a delimiter. One such row among others has lost a quote
        or has an unquoted comma, so the whole file decides. Other files are read to their first
        row only.
        """
        width, has_rows = len(self.header) + 1, False
        try:
            for block in self._row_blocks():
                has_rows = True
                if any(len(row) != width or row[-1].strip() for row in block.rows):
                    return False
        except DecodeError:  # `blocks` raises it again, after the rows before the damage
            return False
        return has_rows

    def _row_blocks(self) -> Iterator[_CsvBlock]:
        """Yield the rows below the header, without the lines that are no rows."""
        blocks = _read_blocks(self.spool, self.name, self.max_bytes)
        next(blocks, None)  # the header
        self.skipped.reset()
        filter_lines = _LineFilter.for_header(self.header, self.skipped)
        return _without_notice(rows for rows in map(filter_lines.rows_of, blocks) if rows.count)

    def blocks(self) -> Iterator[Block | Row]:
        """Yield the rows below the header; rows with another number of cells are invalid.

        Raises:
            DecodeError: The file is damaged or is not CSV, or its last row has another number of
                cells, as in a truncated file. Rows before the damage have been yielded.
        """
        ragged: Row | None = None
        for csv_block in self._row_blocks():
            for well_formed, block in self._split_ragged(csv_block):
                if ragged is not None:
                    yield ragged
                    ragged = None
                if well_formed:
                    yield block
                else:
                    *rows, ragged = map(self._ragged_row, map(block.row, range(block.count)))
                    yield from rows
        if ragged is not None:
            msg = f"{self.name}: the last line {ragged.invalid_reason}; the file is truncated"
            raise DecodeError(msg)

    def rows(self) -> Iterator[Row]:
        """Yield the same rows as `blocks`, one by one."""
        return rows_of(self.blocks())

    def _split_ragged(self, block: _CsvBlock) -> Iterator[tuple[bool, _CsvBlock]]:
        """Yield runs of rows in file order, with True if they have one cell per column."""
        width = len(self.header)
        if self.has_trailing_cell:
            block = _CsvBlock([row[:width] for row in block.rows], block.line_numbers)
        if set(map(len, block.rows)) == {width}:
            yield True, block
            return
        indexes = range(block.count)
        for well_formed, run in groupby(indexes, lambda index: len(block.rows[index]) == width):
            first_index, *others = run
            end = first_index + 1 + len(others)
            yield (
                well_formed,
                _CsvBlock(block.rows[first_index:end], block.line_numbers[first_index:end]),
            )

    def _ragged_row(self, row: Row) -> Row:
        reason = f"has {len(row.cells)} cells, but the header has {len(self.header)}"
        return Row(row.number, row.cells, reason)

    def reject_last_row(self) -> None:
        """Do nothing: rows of CSV add no column names."""

    def raw(self, row: Row) -> str:
        """Return a row as a JSON object, or as an array if names are not unique or cells differ."""
        by_header = dict(zip(self.header, row.cells, strict=False))
        complete = len(by_header) == len(row.cells) == len(self.header)
        return json.dumps(by_header if complete else list(row.cells), ensure_ascii=False)


class _CsvBlock(Struct, frozen=True):
    """Consecutive rows (a `Block`), with the number of the last line of each."""

    rows: list[list[str]] = field(default_factory=list)
    line_numbers: list[int] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.rows)

    @property
    def columns(self) -> Sequence[Sequence[str]]:
        return list(zip(*self.rows, strict=True))

    def row(self, index: int) -> Row:
        return Row(self.line_numbers[index], self.rows[index])


def _without_notice(csv_blocks: Iterator[_CsvBlock]) -> Iterator[_CsvBlock]:
    """Yield all blocks; none if the only row says that there are no rows."""
    for number, block in enumerate(csv_blocks):
        if number == 0 and block.count == 1 and is_no_data(block.rows[0]):
            following = list(islice(csv_blocks, 1))
            if not following:
                return
            yield block
            yield from following
        else:
            yield block


class _LineFilter(Struct, frozen=True):
    """Removes and counts the lines that are no rows.

    Attributes:
        headers: The header, and what is read of it after a byte order mark.
        skipped: Receives the counts.
    """

    headers: Sequence[list[str]]
    skipped: SkippedLines

    @classmethod
    def for_header(cls, header: Sequence[str], skipped: SkippedLines) -> _LineFilter:
        """Return the filter of a file with this header."""
        # Quotes behind a byte order mark are text to the parser, whatever the writer quotes.
        marked = [_parse_after_mark(header, quote_all=quote_all) for quote_all in (False, True)]
        return cls([list(header), *marked], skipped)

    def rows_of(self, block: _CsvBlock) -> _CsvBlock:
        """Return the rows of a block without lines of blank cells and repeated headers."""
        first_cells = list(map(_first_cell, block.rows))
        headers = [header for header in self.headers if header[:1] and header[0] in first_cells]
        if not headers and all(map(str.strip, first_cells)):
            return block
        is_row = [self._is_row(cells, headers) for cells in block.rows]
        return _CsvBlock(
            list(compress(block.rows, is_row)), list(compress(block.line_numbers, is_row))
        )

    def _is_row(self, cells: list[str], headers: Sequence[list[str]]) -> bool:
        if cells in headers:
            self.skipped.repeated_headers += 1
        elif any(map(str.strip, cells)):
            return True
        else:
            self.skipped.blank += 1
        return False


_first_cell = itemgetter(0)


def _parse_after_mark(header: Sequence[str], *, quote_all: bool) -> list[str]:
    """Return the cells that the parser reads from a header behind a byte order mark."""
    text = io.StringIO("\ufeff", newline="")
    text.seek(0, io.SEEK_END)
    csv.writer(text, quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL).writerow(header)
    text.seek(0)
    try:
        return next(csv.reader(text, strict=True), [])
    except csv.Error:  # a quoted title with a newline
        return []


def _read_blocks(spool: Spool, name: str, max_bytes: int) -> Iterator[_CsvBlock]:
    """Yield all non-blank rows: the header as one block, then blocks of many rows."""
    line, chunks_read = 0, 0

    def counted_lines(text: TextIO) -> Iterator[list[str]]:
        nonlocal chunks_read
        while chunk := text.readlines(_CHUNK_CHARACTERS):
            chunks_read += 1
            yield chunk

    block, row_limit, chunk_limit = _CsvBlock(), 1, 1
    try:
        with open_text(spool, name, lambda: f"after line {line}", max_bytes) as text:
            reader = csv.reader(chain.from_iterable(counted_lines(text)), strict=True)
            try:
                for cells in reader:
                    line = reader.line_num
                    if cells:
                        block.rows.append(cells)
                        block.line_numbers.append(line)
                        if len(block.rows) >= row_limit or chunks_read >= chunk_limit:
                            yield block
                            block, row_limit = _CsvBlock(), BLOCK_ROWS
                            chunk_limit = chunks_read + _CHUNKS_PER_BLOCK
            except (csv.Error, DecodeError, *DAMAGE_ERRORS):
                if block.rows:  # they precede the damage
                    yield block
                raise
            if block.rows:
                yield block
    except csv.Error as error:
        msg = f"{name}: after line {line} the text is not CSV ({error})"
        raise DecodeError(msg) from error
