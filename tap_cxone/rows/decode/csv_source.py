"""Read the text of a CSV file as blocks of rows, with the delimiter that it uses."""

from __future__ import annotations

import csv
import re
from itertools import chain
from typing import TYPE_CHECKING, TextIO

from msgspec import Struct, field, structs

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
DELIMITERS = (";", "\t", "|")
"""Delimiters beside the comma that the known columns of a header show."""
DELIMITER_LINE = r'(?i)"?sep *= *([^" \r\n])"?\s*'
"""First line of a file that Excel reads: it names the delimiter."""


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
    """The text of a CSV file, which can be read repeatedly.

    Attributes:
        spool: The file.
        name: Name of the file in error messages.
        expected: Accepted limits, and the known columns.
        null_characters: Filter of the text.
        delimiter: Character between two cells.
        has_delimiter_line: Whether the first line is one such as `sep=;`, which Excel reads.
    """

    spool: Spool
    name: str
    expected: FileExpectation
    null_characters: NullCharacterFilter
    delimiter: str = ","
    has_delimiter_line: bool = False

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

    def with_delimiter(self) -> CsvSource:
        """Return the source with its delimiter.

        That is the setting, or what the first line names, or the character that gives the most
        known columns, else a comma.
        """
        first = self._first_line()
        announced = re.fullmatch(DELIMITER_LINE, first)
        delimiter = self.expected.text_format.delimiter
        if not delimiter:
            delimiter = announced[1] if announced else self._recognise_delimiter(first)
        return structs.replace(self, delimiter=delimiter, has_delimiter_line=announced is not None)

    def _recognise_delimiter(self, header: str) -> str:
        counts = {
            delimiter: self.expected.count_known_columns(_split(header, delimiter))
            for delimiter in (",", *DELIMITERS)
        }
        return max(counts, key=counts.__getitem__)  # of equal counts the first one

    def _first_line(self) -> str:
        with self._open(lambda: "in its header") as text:
            return next((line for line in text if line.strip()), "")

    def _line_chunks(self, text: TextIO, *, is_beginning: bool) -> Iterator[list[str]]:
        """Yield the lines of a text in chunks; the line that names the delimiter is blank."""
        while chunk := text.readlines(_CHUNK_CHARACTERS):
            if is_beginning and self.has_delimiter_line:
                _blank_first_line(chunk)
            is_beginning = False
            yield self.null_characters.filter_lines(chunk)

    def blocks(self, skipped_bytes: int = 0, skipped_lines: int = 0) -> Iterator[CsvBlock]:
        """Yield all non-blank rows: the header as one block, then blocks of many rows.

        Args:
            skipped_bytes: Number of bytes of the rows that are not read, beginning with the header.
            skipped_lines: Number of their lines.
        """
        line, chunks_read, is_header = skipped_lines, 0, not skipped_bytes
        self.null_characters.count = 0

        def counted_lines(text: TextIO) -> Iterator[list[str]]:
            nonlocal chunks_read
            for chunk in self._line_chunks(text, is_beginning=is_header):
                chunks_read += 1
                yield chunk

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


def _blank_first_line(lines: list[str]) -> None:
    """Replace the first line that is not blank by a blank one; so lines keep their numbers."""
    index = next((index for index, line in enumerate(lines) if line.strip()), 0)
    lines[index] = "\n"
