"""Read the text of a CSV file as blocks of rows, with the delimiter that it uses."""

from __future__ import annotations

import csv
from itertools import chain
from typing import TYPE_CHECKING, TextIO

from msgspec import Struct, field

from tap_cxone.errors import DecodeError
from tap_cxone.rows.decode.table import BLOCK_ROWS, Row
from tap_cxone.rows.decode.text import DAMAGE_ERRORS, open_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from tap_cxone.rows.decode.null_characters import NullCharacterFilter
    from tap_cxone.rows.decode.table import FileExpectation
    from tap_cxone.spool import Spool

# The limit applies to the whole process. A contact's comment field may hold a conversation.
csv.field_size_limit(2**31 - 1)

_CHUNK_CHARACTERS = 1 << 14  # characters per read
_CHUNKS_PER_BLOCK = 3  # maximum number of reads per block
_DELIMITERS = (";", "\t", "|")  # recognised in a header that is one cell between commas


class CsvBlock(Struct, frozen=True):
    """Consecutive rows (a `Block`), with the number of the last line of each."""

    rows: list[list[str]] = field(default_factory=list)
    line_numbers: list[int] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    @property
    def columns(self) -> Sequence[Sequence[str]]:
        """Return the cells of each column."""
        return list(zip(*self.rows, strict=True))

    def row(self, index: int) -> Row:
        """Return one row with its line number."""
        return Row(self.line_numbers[index], self.rows[index])


class CsvSource(Struct, frozen=True):
    """The text of a CSV file, which can be read repeatedly."""

    spool: Spool
    name: str
    expected: FileExpectation
    null_characters: NullCharacterFilter
    delimiter: str = ","

    def _open(
        self, describe_position: Callable[[], str], skipped_bytes: int = 0
    ) -> AbstractContextManager[TextIO]:
        return open_text(
            self.spool,
            self.name,
            describe_position,
            self.expected.text_format,
            self.expected.max_bytes,
            skipped_bytes=skipped_bytes,
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

    def blocks(self, skipped_bytes: int = 0, skipped_lines: int = 0) -> Iterator[CsvBlock]:
        """Yield all non-blank rows: the header as one block, then blocks of many rows.

        Args:
            skipped_bytes: Number of bytes of the rows that are not read, beginning with the header.
            skipped_lines: Number of their lines.
        """
        line, chunks_read = skipped_lines, 0
        self.null_characters.count = 0

        def counted_lines(text: TextIO) -> Iterator[list[str]]:
            nonlocal chunks_read
            while chunk := text.readlines(_CHUNK_CHARACTERS):
                chunks_read += 1
                yield self.null_characters.filter_lines(chunk)

        is_header = not skipped_bytes
        block, row_limit = CsvBlock(), 1 if is_header else BLOCK_ROWS
        chunk_limit = 1 if is_header else _CHUNKS_PER_BLOCK
        try:
            with self._open(lambda: f"after line {line}", skipped_bytes) as text:
                lines = chain.from_iterable(counted_lines(text))
                reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
                try:
                    for cells in reader:
                        line = skipped_lines + reader.line_num
                        if cells:
                            block.rows.append(cells)
                            block.line_numbers.append(line)
                            if len(block.rows) >= row_limit or chunks_read >= chunk_limit:
                                yield block
                                block, row_limit = CsvBlock(), BLOCK_ROWS
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
