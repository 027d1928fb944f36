"""Remove the lines of a CSV file that are no rows: blank cells, repeated headers, notices.

The rows behind a repeated header may have its cells in another order.
"""

from __future__ import annotations

import csv
import io
import re
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from tap_cxone.rows.decode.csv_source import DELIMITER_LINE, CsvBlock
from tap_cxone.rows.decode.joined_parts import (
    PartOrder,
    fold_case,
    may_be_joined,
    spell,
    split_at_header,
)
from tap_cxone.rows.decode.notice import is_no_data
from tap_cxone.rows.decode.plain_block import PlainBlock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_cxone.rows.decode.table import SkippedLines

AnyBlock = CsvBlock | PlainBlock


def without_notice(blocks: Iterator[AnyBlock]) -> Iterator[AnyBlock]:
    """Yield all blocks; none if the only row says that there are no rows."""
    for number, block in enumerate(blocks):
        if number == 0 and block.count == 1 and is_no_data(block.row(0).cells):
            following = list(islice(blocks, 1))
            if not following:
                return
            yield block
            yield from following
        else:
            yield block


class LineFilter(Struct, frozen=True):
    """Removes and counts the lines that are no rows; restores the order of cells.

    Attributes:
        headers: The header, and what is read of it after a byte order mark.
        skipped: Receives the counts.
        order: Order of the cells in the present part of the file.
        spellings: The headers without regard to case and blanks.
        first_words: Words that the first cell of such a line begins with, in lower case.
        delimiter: Character between two cells if lines may name it, such as `sep=;`; else empty.
    """

    headers: Sequence[list[str]]
    skipped: SkippedLines
    order: PartOrder
    spellings: Sequence[list[str]]
    first_words: frozenset[str]
    delimiter: str = ""

    @classmethod
    def for_header(
        cls,
        header: Sequence[str],
        delimiter: str,
        skipped: SkippedLines,
        *,
        has_delimiter_line: bool = False,
    ) -> LineFilter:
        """Return the filter of a file with this header.

        If a line before the header names the delimiter, each of several joined parts has one.
        """
        # Quotes behind a byte order mark are text to the parser, whatever the writer quotes.
        quoting: tuple[Literal[0, 1], ...] = (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
        marked = [_parse_after_mark(header, delimiter, quoting=rule) for rule in quoting]
        headers = [list(header), *marked]
        first_words = [fold_case("".join(titles[:1])).split() for titles in headers]
        first_words += [["sep"]] if has_delimiter_line else []
        # One cell that differs from the only title may be a value.
        spellings = [list(map(spell, titles)) for titles in headers if len(header) > 1]
        return cls(
            headers,
            skipped,
            PartOrder.of_file(header),
            spellings,
            frozenset((words or [""])[0] for words in first_words),
            delimiter if has_delimiter_line else "",
        )

    def rows_of(self, block: AnyBlock) -> AnyBlock:
        """Return the rows of a block without lines of blank cells and repeated headers.

        A plain block has none of them.
        """
        if isinstance(block, PlainBlock) or (not self.order.indexes and self._has_only_rows(block)):
            return block
        lines = zip(map(self._row_of, block.rows), block.line_numbers, strict=True)
        rows = [(cells, number) for cells, number in lines if cells is not None]
        return CsvBlock([cells for cells, _ in rows], [number for _, number in rows])

    def _has_only_rows(self, block: CsvBlock) -> bool:
        """Return True if no line of a block is, or ends with, anything but a row."""
        first_cells = list(map(_first_cell, block.rows))
        text = fold_case("\n".join(first_cells))
        return (
            not any(word in text for word in self.first_words)
            and all(map(str.strip, first_cells))
            and (
                not self.order.may_be_named_in(text)
                or self.order.first_cells.isdisjoint(map(str.strip, first_cells))
            )
            and set(map(len, block.rows)) == {len(self.order.header)}
        )

    def may_have_header(self, first_cells: Sequence[str], text: str) -> bool:
        """Return True if a row with one of these first cells may repeat the header, or end so.

        Args:
            first_cells: The first cell of each row.
            text: All of them in lower case.
        """
        if not any(word in text for word in self.first_words):
            return False
        if any(len(header) == 1 for header in self.headers):
            title = self.headers[0][0]
            if any(may_be_joined(cell, title) for cell in first_cells):
                return True
        titles = {header[0] for header in self.headers if header}
        spellings = {titles[0] for titles in self.spellings if titles}
        return any(cell in titles or spell(cell) in spellings for cell in first_cells)

    def _row_of(self, cells: list[str]) -> list[str] | None:
        """Return the row of a line in the order of the header; None if the line is no row."""
        if self._is_header(cells) or self._names_delimiter(cells):
            self.skipped.repeated_headers += 1
            return None
        if not any(map(str.strip, cells)):
            self.skipped.blank += 1
            return None
        if (parts := split_at_header(cells, self.order.header)) is None:
            return self.order.arrange(cells)
        row = self.order.arrange(parts[0])
        self._is_header(parts[1])
        self.skipped.repeated_headers += 1
        return row

    def _is_header(self, cells: list[str]) -> bool:
        """Return True if a line is the header; the rows behind it have the order of its cells."""
        if cells not in self.headers:
            if self.order.follow(cells):
                return True
            if not self._spells_header(cells):
                return False
        self.order.reset()
        return True

    def _spells_header(self, cells: list[str]) -> bool:
        first = spell(cells[0])
        return any(
            first == titles[0] and list(map(spell, cells)) == titles
            for titles in self.spellings
            if titles
        )

    def _names_delimiter(self, cells: list[str]) -> bool:
        if not self.delimiter:
            return False
        line = self.delimiter.join(cells).removeprefix("\ufeff")
        return re.fullmatch(DELIMITER_LINE, line) is not None


_first_cell = itemgetter(0)


def _parse_after_mark(
    header: Sequence[str], delimiter: str, *, quoting: Literal[0, 1]
) -> list[str]:
    """Return the cells that the parser reads from a header behind a byte order mark."""
    text = io.StringIO("\ufeff", newline="")
    text.seek(0, io.SEEK_END)
    csv.writer(text, delimiter=delimiter, quoting=quoting).writerow(header)
    text.seek(0)
    try:
        return next(csv.reader(text, delimiter=delimiter, strict=True), [])
    except csv.Error:  # a quoted title with a newline
        return []
