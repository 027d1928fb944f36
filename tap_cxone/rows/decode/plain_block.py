"""Rows of CSV whose text is plain, as Arrow arrays."""

from __future__ import annotations

import csv
import io
from itertools import islice
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tap_cxone.rows.decode.csv_source import CsvBlock
from tap_cxone.rows.decode.table import BLOCK_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_cxone.rows.decode.table import Row


class PlainBlock(Struct, frozen=True):
    """Consecutive rows of plain text (a `Block`).

    Attributes:
        text: The rows, with their line ends.
        lines_before: Number of lines of the file before them.
        delimiter: Character between two cells.
        arrays: The cells of each column, as Arrow arrays of texts.
        blanks: Arrow arrays that say of each cell whether it is empty or whitespace.
        count: Number of rows.
    """

    text: bytes
    lines_before: int
    delimiter: str
    arrays: Sequence[Any]
    blanks: Sequence[Any]
    count: int

    @property
    def columns(self) -> Sequence[Sequence[str]]:
        """Return the cells of each column."""
        return [array.to_pylist() for array in self.arrays]

    def row(self, index: int) -> Row:
        """Return one row with its line number."""
        for block in self.csv_blocks():
            if index < block.count:
                return block.row(index)
            index -= block.count
        raise IndexError(index)

    def csv_blocks(self) -> Iterator[CsvBlock]:
        """Yield the same rows as the ordinary parser does."""
        return csv_blocks(self.text, self.lines_before, self.delimiter)


def csv_blocks(data: bytes, lines_before: int, delimiter: str) -> Iterator[CsvBlock]:
    """Yield the rows of UTF-8 text that begins and ends with a row."""
    text = io.StringIO(data.decode(), newline="")
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    numbered = ((cells, lines_before + reader.line_num) for cells in reader if cells)
    while rows := list(islice(numbered, BLOCK_ROWS)):
        yield CsvBlock([cells for cells, _ in rows], [number for _, number in rows])
