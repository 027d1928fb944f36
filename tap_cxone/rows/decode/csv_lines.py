"""Remove the lines of a CSV file that are no rows: blank cells, repeated headers, notices."""

from __future__ import annotations

import csv
import io
import unicodedata
from itertools import compress, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from tap_cxone.rows.decode.csv_source import DELIMITER_LINE, CsvBlock
from tap_cxone.rows.decode.joined_parts import may_be_joined
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
    """Removes and counts the lines that are no rows.

    Attributes:
        headers: The header, and what is read of it after a byte order mark.
        skipped: Receives the counts.
        spellings: The headers without regard to case and blanks.
        first_words: Words that the first cell of such a line begins with, in lower case.
        delimiter: Character between two cells if lines may name it, such as `sep=;`; else empty.
    """

    headers: Sequence[list[str]]
    skipped: SkippedLines
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
        first_words = [_folded("".join(titles[:1])).split() for titles in headers]
        first_words += [["sep"]] if has_delimiter_line else []
        # One cell that differs from the only title may be a value.
        spellings = [list(map(_spelling, titles)) for titles in headers if len(header) > 1]
        return cls(
            headers,
            skipped,
            spellings,
            frozenset((words or [""])[0] for words in first_words),
            delimiter if has_delimiter_line else "",
        )

    def rows_of(self, block: AnyBlock) -> AnyBlock:
        """Return the rows of a block without lines of blank cells and repeated headers.

        A plain block has none of them.
        """
        if isinstance(block, PlainBlock):
            return block
        first_cells = list(map(_first_cell, block.rows))
        text = _folded("\n".join(first_cells))
        if not any(word in text for word in self.first_words) and all(map(str.strip, first_cells)):
            return block
        is_row = [self._is_row(cells) for cells in block.rows]
        return CsvBlock(
            list(compress(block.rows, is_row)), list(compress(block.line_numbers, is_row))
        )

    def may_have_header(self, first_cells: Sequence[str]) -> bool:
        """Return True if a row with one of these first cells may repeat the header, or end so."""
        text = _folded("\n".join(first_cells))
        if not any(word in text for word in self.first_words):
            return False
        if any(len(header) == 1 for header in self.headers):
            title = self.headers[0][0]
            if any(may_be_joined(cell, title) for cell in first_cells):
                return True
        titles = {header[0] for header in self.headers if header}
        spellings = {titles[0] for titles in self.spellings if titles}
        return any(cell in titles or _spelling(cell) in spellings for cell in first_cells)

    def _is_row(self, cells: list[str]) -> bool:
        if self._is_header(cells) or self._names_delimiter(cells):
            self.skipped.repeated_headers += 1
        elif any(map(str.strip, cells)):
            return True
        else:
            self.skipped.blank += 1
        return False

    def _is_header(self, cells: list[str]) -> bool:
        first = _spelling(cells[0])
        return cells in self.headers or any(
            first == titles[0] and list(map(_spelling, cells)) == titles
            for titles in self.spellings
            if titles
        )

    def _names_delimiter(self, cells: list[str]) -> bool:
        if not self.delimiter:
            return False
        line = self.delimiter.join(cells).removeprefix("\ufeff")
        return DELIMITER_LINE.fullmatch(line) is not None


def _spelling(cell: str) -> str:
    """Return a cell in lower case and without blanks."""
    return "".join(_folded(cell).split())


def _folded(text: str) -> str:
    """Return a text in lower case, with each accent as a part of its letter."""
    return unicodedata.normalize("NFC", text).casefold()


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
