"""Read CSV files; the first row is the header."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING

from msgspec import Struct, field, structs

from tap_cxone.errors import DecodeError
from tap_cxone.rows.decode.csv_lines import LineFilter, without_notice
from tap_cxone.rows.decode.csv_source import CsvBlock, CsvSource
from tap_cxone.rows.decode.joined_parts import JOINED_CELL, MIN_JOINED_TITLE, may_be_joined
from tap_cxone.rows.decode.notice import is_no_data
from tap_cxone.rows.decode.null_characters import NullCharacterFilter
from tap_cxone.rows.decode.plain_block import PlainBlock
from tap_cxone.rows.decode.table import Row, SkippedLines, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.rows.decode.csv_lines import AnyBlock
    from tap_cxone.rows.decode.table import Block, FileExpectation
    from tap_cxone.spool import Spool


class CsvTable(Struct, frozen=True):
    """A CSV file (a `Table`).

    Attributes:
        name: Name of the file in error messages.
        header: The column names; empty for an empty file.
        source: Text of the file.
        has_trailing_cell: Whether every row has one more cell than the header, which is blank.
        skipped: Numbers of the lines that the last pass skipped.
        unit: Unit of row numbers.
        cells_are_text: True: cells are texts.
    """

    name: str
    header: tuple[str, ...]
    source: CsvSource
    has_trailing_cell: bool = False
    skipped: SkippedLines = field(default_factory=SkippedLines)
    unit: str = "line"
    cells_are_text: bool = True

    @classmethod
    def open(cls, spool: Spool, name: str, expected: FileExpectation) -> CsvTable:
        """Return the table after reading its header.

        Raises:
            DecodeError: The file is damaged there.
        """
        null_characters = NullCharacterFilter(expected.text_format, name)
        source = CsvSource(spool, name, expected, null_characters).with_delimiter()
        header, *_ = next(source.blocks(), CsvBlock()).rows or [[]]
        header = [] if is_no_data(header) else header
        table = cls(name, tuple(header), source)
        return (
            structs.replace(table, has_trailing_cell=True) if table._all_rows_end_blank() else table
        )

    @property
    def null_character_count(self) -> int:
        """Return the number of NUL characters that the last pass has replaced."""
        return self.source.null_characters.count

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
                rows = (block.row(index).cells for index in range(block.count))
                if any(len(cells) != width or cells[-1].strip() for cells in rows):
                    return False
        except DecodeError:  # `blocks` raises it again, after the rows before the damage
            return False
        return has_rows

    def _row_blocks(self) -> Iterator[AnyBlock]:
        """Yield the rows below the header, without the lines that are no rows."""
        blocks = self.source.blocks()
        next(blocks, None)  # the header
        self.skipped.reset()
        line_filter = self._line_filter()
        return without_notice(rows for rows in map(line_filter.rows_of, blocks) if rows.count)

    def _plain_row_blocks(self, chunk_bytes: int) -> Iterator[AnyBlock]:
        from tap_cxone.rows.decode.plain_csv import PlainParser  # imported late: it needs pyarrow

        self.skipped.reset()
        line_filter = self._line_filter()
        parser = PlainParser(self.source, len(self.header), line_filter, chunk_bytes)
        blocks = parser.blocks()
        next(blocks, None)  # the header
        return without_notice(rows for rows in map(line_filter.rows_of, blocks) if rows.count)

    def _line_filter(self) -> LineFilter:
        source = self.source
        return LineFilter.for_header(
            self.header,
            source.delimiter,
            self.skipped,
            has_delimiter_line=source.has_delimiter_line,
        )

    def blocks(self) -> Iterator[Block | Row]:
        """Yield the rows below the header; rows with another number of cells are invalid.

        A line may end a part of the file and begin the next one with its header: it is a row.

        Raises:
            DecodeError: The file is damaged or is not CSV, or its last row has another number of
                cells, as in a truncated file. Rows before the damage have been yielded.
        """
        return self._checked(self._row_blocks())

    def plain_blocks(self, chunk_bytes: int) -> Iterator[Block | Row]:
        """Yield the same rows; those of plain text as `PlainBlock`. It needs pyarrow.

        Args:
            chunk_bytes: Usual size of the text that is parsed at once.

        Raises:
            DecodeError: As `blocks`.
        """
        if not self.header or self.has_trailing_cell or self.source.has_delimiter_line:
            return self.blocks()
        return self._checked(self._plain_row_blocks(chunk_bytes))

    def _checked(self, row_blocks: Iterator[AnyBlock]) -> Iterator[Block | Row]:
        ragged: Row | None = None
        for row_block in row_blocks:
            for well_formed, block in self._split_ragged(row_block):
                if ragged is not None:
                    yield ragged
                    ragged = None
                if well_formed:
                    yield from self._without_joined_cells(block)
                else:
                    *rows, ragged = map(self._ragged_row, map(block.row, range(block.count)))
                    yield from rows
        if ragged is not None:
            msg = f"{self.name}: the last line {ragged.invalid_reason}; the file is truncated"
            raise DecodeError(msg)

    def rows(self) -> Iterator[Row]:
        """Yield the same rows as `blocks`, one by one."""
        return rows_of(self.blocks())

    def _split_ragged(self, block: AnyBlock) -> Iterator[tuple[bool, AnyBlock]]:
        """Yield runs of rows in file order, with True if they have one cell per column."""
        if isinstance(block, PlainBlock):
            yield True, block
            return
        width = len(self.header)
        if self.has_trailing_cell:
            block = CsvBlock([row[:width] for row in block.rows], block.line_numbers)
        if set(map(len, block.rows)) == {width}:
            yield True, block
            return
        indexes = range(block.count)
        for well_formed, run in groupby(indexes, lambda index: len(block.rows[index]) == width):
            first_index, *others = run
            end = first_index + 1 + len(others)
            yield (
                well_formed,
                CsvBlock(block.rows[first_index:end], block.line_numbers[first_index:end]),
            )

    def _without_joined_cells(self, block: AnyBlock) -> Iterator[Block | Row]:
        """Yield the rows; the only cell of a row is invalid if its title is at its end.

        Behind a short title it is a value, and counted.
        """
        if isinstance(block, PlainBlock) or len(self.header) != 1:
            yield block
            return
        is_short = len(self.header[0]) < MIN_JOINED_TITLE
        for is_joined, group in groupby(
            range(block.count), lambda index: may_be_joined(block.rows[index][0], self.header[0])
        ):
            indexes = list(group)
            self.skipped.short_titles += len(indexes) if is_joined and is_short else 0
            if is_joined and not is_short:
                rows = map(block.row, indexes)
                yield from (Row(row.number, row.cells, JOINED_CELL) for row in rows)
            else:
                run = slice(indexes[0], indexes[-1] + 1)
                yield CsvBlock(block.rows[run], block.line_numbers[run])

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
