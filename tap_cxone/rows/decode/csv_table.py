"""A CSV file: its first row names the columns."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from itertools import chain, groupby
from typing import TYPE_CHECKING, TextIO

from tap_cxone.errors import DecodeError
from tap_cxone.rows.decode.table import MOST_ROWS, Row, rows_of
from tap_cxone.rows.decode.text import DAMAGE, reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_cxone.rows.decode.table import Block
    from tap_cxone.spool import Spool

# The limit is one of the process; a comment field of a contact may hold a whole conversation.
csv.field_size_limit(2**31 - 1)

_CHUNK, _CHUNKS = 1 << 14, 3  # characters that are read at once; how often for one piece


@dataclass(frozen=True, slots=True)
class CsvTable:
    """A CSV file (a `Table`).

    Attributes:
        spool: The file.
        name: What to call it in a message.
        header: The column titles; empty if the file has nothing in it.
        most: How many bytes it may unpack to.
    """

    spool: Spool
    name: str
    header: tuple[str, ...]
    most: int
    unit: str = "line"
    texts: bool = True

    @classmethod
    def open(cls, spool: Spool, name: str, most: int) -> CsvTable:
        """Read the header. Raises `DecodeError` if the file is damaged there."""
        header, *_ = next(_pieces(spool, name, most), _Piece()).rows or [[]]
        return cls(spool, name, tuple(header), most)

    def blocks(self) -> Iterator[Block | Row]:
        """Yield the rows below the header; one that has more or fewer cells has a fault.

        Raises:
            DecodeError: The file is damaged, is not CSV, or ends with such a row, as one does
                whose end is lost. Rows before the damage have been yielded.
        """
        pieces = _pieces(self.spool, self.name, self.most)
        next(pieces, None)  # the header
        ragged: Row | None = None
        for piece in pieces:
            for even, block in self._runs(piece):
                if ragged is not None:
                    yield ragged
                    ragged = None
                if even:
                    yield block
                else:
                    *rows, ragged = map(self._ragged, map(block.row, range(block.count)))
                    yield from rows
        if ragged is not None:
            msg = f"{self.name}: the last line {ragged.fault}; the end of the file is lost"
            raise DecodeError(msg)

    def rows(self) -> Iterator[Row]:
        """Yield what `blocks` does, row by row."""
        return rows_of(self.blocks())

    def _runs(self, piece: _Piece) -> Iterator[tuple[bool, _Piece]]:
        """Yield the rows that have a cell for every title, and those that have not, in turn."""
        width = len(self.header)
        if set(map(len, piece.rows)) == {width}:
            yield True, piece
            return
        places = range(piece.count)
        for even, run in groupby(places, lambda place: len(piece.rows[place]) == width):
            first, *others = run
            end = first + 1 + len(others)
            yield even, _Piece(piece.rows[first:end], piece.lines[first:end])

    def _ragged(self, row: Row) -> Row:
        fault = f"has {len(row.cells)} cells where the header has {len(self.header)}"
        return Row(row.number, row.cells, fault)

    def reject(self) -> None:
        """Do nothing: no row shows a title."""

    def raw(self, row: Row) -> str:
        """Return a row as a JSON object, or as a list where titles do not tell its cells apart."""
        named = dict(zip(self.header, row.cells, strict=False))
        whole = len(named) == len(row.cells) == len(self.header)
        return json.dumps(named if whole else list(row.cells), ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Rows that follow each other (a `Block`), and the line that each ends on."""

    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.rows)

    @property
    def columns(self) -> Sequence[Sequence[str]]:
        return list(zip(*self.rows, strict=True))

    def row(self, place: int) -> Row:
        return Row(self.lines[place], self.rows[place])


def _pieces(spool: Spool, name: str, most: int) -> Iterator[_Piece]:
    """Yield every row that is not blank: the header alone, then many at a time."""
    line, read = 0, 0

    def lines(text: TextIO) -> Iterator[list[str]]:
        nonlocal read
        while found := text.readlines(_CHUNK):
            read += 1
            yield found

    piece, wanted, until = _Piece(), 1, 1
    try:
        with reading(spool, name, lambda: f"after line {line}", most) as text:
            reader = csv.reader(chain.from_iterable(lines(text)), strict=True)
            try:
                for cells in reader:
                    line = reader.line_num
                    if cells:
                        piece.rows.append(cells)
                        piece.lines.append(line)
                        if len(piece.rows) >= wanted or read >= until:
                            yield piece
                            piece, wanted, until = _Piece(), MOST_ROWS, read + _CHUNKS
            except (csv.Error, DecodeError, *DAMAGE):
                if piece.rows:  # they stand before the damage
                    yield piece
                raise
            if piece.rows:
                yield piece
    except csv.Error as error:
        msg = f"{name}: after line {line} the text is not CSV ({error})"
        raise DecodeError(msg) from error
