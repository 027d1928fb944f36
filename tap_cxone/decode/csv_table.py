"""A CSV file: its first row names the columns."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_cxone.decode.table import Row
from tap_cxone.decode.text import reading
from tap_cxone.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.spool import Spool

# The limit is one of the process; a comment field of a contact may hold a whole conversation.
csv.field_size_limit(2**31 - 1)


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
        header = next(_rows(spool, name, most), Row(0, []))
        return cls(spool, name, tuple(header.cells), most)

    def rows(self) -> Iterator[Row]:
        """Yield the rows below the header; one that has more or fewer cells has a fault.

        Raises:
            DecodeError: The file is damaged, is not CSV, or ends with such a row, as one does
                whose end is lost. Rows before the damage have been yielded.
        """
        rows = _rows(self.spool, self.name, self.most)
        next(rows, None)
        width = len(self.header)
        ragged: Row | None = None
        for row in rows:
            if ragged is not None:
                yield ragged
                ragged = None
            if len(row.cells) == width:
                yield row
            else:
                ragged = self._ragged(row)
        if ragged is not None:
            msg = f"{self.name}: the last line {ragged.fault}; the end of the file is lost"
            raise DecodeError(msg)

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


def _rows(spool: Spool, name: str, most: int) -> Iterator[Row]:
    """Yield every row that is not blank, the header first."""
    line = 0
    try:
        with reading(spool, name, lambda: f"after line {line}", most) as text:
            reader = csv.reader(text, strict=True)
            for cells in reader:
                line = reader.line_num
                if cells:
                    yield Row(line, cells)
    except csv.Error as error:
        msg = f"{name}: after line {line} the text is not CSV ({error})"
        raise DecodeError(msg) from error
