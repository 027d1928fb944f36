"""Read CSV files; the first row is the header."""

from __future__ import annotations

import csv
import json
from itertools import chain, groupby
from typing import TYPE_CHECKING, TextIO

from msgspec import Struct, field, structs

from tap_cxone.errors import DecodeError
from tap_cxone.rows.decode.null_characters import NullCharacterFilter
from tap_cxone.rows.decode.table import BLOCK_ROWS, Row, rows_of
from tap_cxone.rows.decode.text import DAMAGE_ERRORS, open_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from tap_cxone.rows.decode.table import Block, FileExpectation
    from tap_cxone.spool import Spool

# The limit applies to the whole process. A contact's comment field may hold a conversation.
csv.field_size_limit(2**31 - 1)

_CHUNK_CHARACTERS = 1 << 14  # characters per read
_CHUNKS_PER_BLOCK = 3  # maximum number of reads per block
_DELIMITERS = (";", "\t", "|")  # recognised in a header that is one cell between commas


class CsvTable(Struct, frozen=True):
    """A CSV file (a `Table`).

    Attributes:
        name: Name of the file in error messages.
        header: The column names; empty for an empty file.
        source: Text of the file.
        unit: Unit of row numbers.
        cells_are_text: True: cells are texts.
    """

    name: str
    header: tuple[str, ...]
    source: _CsvSource
    unit: str = "line"
    cells_are_text: bool = True

    @classmethod
    def open(cls, spool: Spool, name: str, expected: FileExpectation) -> CsvTable:
        """Return the table after reading its header, which may show its delimiter.

        Raises:
            DecodeError: The file is damaged there.
        """
        null_characters = NullCharacterFilter(expected.text_format, name)
        source = _CsvSource(spool, name, expected, null_characters)
        source = structs.replace(source, delimiter=source.find_delimiter())
        header, *_ = next(source.blocks(), _CsvBlock()).rows or [[]]
        return cls(name, tuple(header), source)

    @property
    def null_character_count(self) -> int:
        """Return the number of NUL characters that the last pass has replaced."""
        return self.source.null_characters.count

    def blocks(self) -> Iterator[Block | Row]:
        """Yield the rows below the header; rows with another number of cells are invalid.

        Raises:
            DecodeError: The file is damaged or is not CSV, or its last row has another number of
                cells, as in a truncated file. Rows before the damage have been yielded.
        """
        csv_blocks = self.source.blocks()
        next(csv_blocks, None)  # the header
        ragged: Row | None = None
        for csv_block in csv_blocks:
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


class _CsvSource(Struct, frozen=True):
    """The text of a CSV file, which can be read repeatedly."""

    spool: Spool
    name: str
    expected: FileExpectation
    null_characters: NullCharacterFilter
    delimiter: str = ","

    def _open(self, describe_position: Callable[[], str]) -> AbstractContextManager[TextIO]:
        expected = self.expected
        return open_text(
            self.spool, self.name, describe_position, expected.text_format, expected.max_bytes
        )

    def find_delimiter(self) -> str:
        """Return the delimiter: the setting, or one that gives a known column, or a comma."""
        if self.expected.text_format.delimiter:
            return self.expected.text_format.delimiter
        line = self._first_line()
        if len(_split(line, ",")) == 1:
            for delimiter in _DELIMITERS:
                header = _split(line, delimiter)
                if len(header) > 1 and self.expected.is_known_header(header):
                    return delimiter
        return ","

    def _first_line(self) -> str:
        with self._open(lambda: "in its header") as text:
            return next((line for line in text if line.strip()), "")

    def blocks(self) -> Iterator[_CsvBlock]:
        """Yield all non-blank rows: the header as one block, then blocks of many rows."""
        line, chunks_read = 0, 0
        self.null_characters.count = 0

        def counted_lines(text: TextIO) -> Iterator[list[str]]:
            nonlocal chunks_read
            while chunk := text.readlines(_CHUNK_CHARACTERS):
                chunks_read += 1
                yield self.null_characters.filter_lines(chunk)

        block, row_limit, chunk_limit = _CsvBlock(), 1, 1
        try:
            with self._open(lambda: f"after line {line}") as text:
                lines = chain.from_iterable(counted_lines(text))
                reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
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
            msg = f"{self.name}: after line {line} the text is not CSV ({error})"
            raise DecodeError(msg) from error


def _split(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter), [])
