"""Interfaces of decoded files, independent of the format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from msgspec import Struct

from tap_cxone.rows.decode.text import MAX_UNPACKED_BYTES
from tap_cxone.rows.text_format import TextFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

Format = Literal["csv", "json"]
Columns = Sequence[Sequence[Any]]
"""Cells of several rows, by columns."""


class FileExpectation(Struct, frozen=True):
    """Accepted formats and limits of a file.

    Attributes:
        formats: Accepted formats.
        required: Fields that every JSON object must have, by the source's names or in snake_case.
        nested_object: Key of an object inside each row whose keys become keys of the row; empty
            for none.
        max_bytes: Maximum size of the file after decompression.
        text_format: How the file writes texts.
        count_known_columns: Returns the number of known columns that a header of CSV has.
    """

    formats: tuple[Format, ...] = ("csv",)
    required: Collection[str] = ()
    nested_object: str = ""
    max_bytes: int = MAX_UNPACKED_BYTES
    text_format: TextFormat = TextFormat()
    count_known_columns: Callable[[Sequence[str]], int] = lambda _: 0


class Row(Struct, frozen=True):
    """One row of a file.

    Attributes:
        number: 1-based number of its last line (CSV) or of the object (JSON).
        cells: Values in the order of the table's header.
        invalid_reason: Reason why the row is invalid; empty for a valid row.
        field: The invalid field; None if the whole row is invalid.
        raw_text: The row as text, as in the file; empty if unknown.
        titles: Titles of an invalid row that has the required fields; empty if unknown.
    """

    number: int
    cells: Sequence[Any]
    invalid_reason: str = ""
    field: str | None = None
    raw_text: str = ""
    titles: tuple[str, ...] = ()


class SkippedLines(Struct):
    """Numbers of the lines of a file that are no rows, counted by the current pass.

    Attributes:
        blank: Rows whose cells are all blank.
        repeated_headers: Lines that repeat the header, or the line before it that names the
            delimiter, as in a file joined from several parts.
        short_titles: Values of the only column that end with its title, which is too short to show
            that two parts were joined there. These lines are rows.
    """

    blank: int = 0
    repeated_headers: int = 0
    short_titles: int = 0

    def reset(self) -> None:
        """Set all numbers to zero."""
        self.blank = self.repeated_headers = self.short_titles = 0

    @property
    def total(self) -> int:
        """Return the number of all lines that are no rows."""
        return self.blank + self.repeated_headers

    def __bool__(self) -> bool:
        """Return True if there are such lines."""
        return self.total > 0


BLOCK_ROWS = 1000
"""Usual maximum number of rows in a block."""


class Block(Protocol):
    """Consecutive rows that decoded without an error."""

    @property
    def count(self) -> int:
        """Return the number of rows."""

    @property
    def columns(self) -> Columns:
        """Return the cells by columns, in the order of the table's header."""

    def row(self, index: int) -> Row:
        """Return the row at an index."""


def rows_of(blocks: Iterable[Block | Row]) -> Iterator[Row]:
    """Yield the rows of all blocks one by one."""
    for item in blocks:
        if isinstance(item, Row):
            yield item
        else:
            yield from map(item.row, range(item.count))


class Table(Protocol):
    """A file of rows that can be read repeatedly."""

    @property
    def name(self) -> str:
        """Return the name of the file in error messages."""

    @property
    def unit(self) -> str:
        """Return the unit of row numbers: `line` or `record`."""

    @property
    def cells_are_text(self) -> bool:
        """Return True if cells are texts; otherwise they are JSON values."""

    @property
    def header(self) -> tuple[str, ...]:
        """Return the column names known so far; a new tuple after rows add names."""

    @property
    def skipped(self) -> SkippedLines:
        """Return the numbers of the lines that the last pass skipped."""

    @property
    def null_character_count(self) -> int:
        """Return the number of NUL characters that the last pass has replaced."""

    def blocks(self) -> Iterator[Block | Row]:
        """Yield valid rows in blocks, and rows that need a check one by one.

        Raises:
            DecodeError: The file is damaged. Rows before the damage have been yielded.
        """

    def rows(self) -> Iterator[Row]:
        """Yield the same rows as `blocks`, one by one."""

    def reject_last_row(self) -> None:
        """Remove the names that only the last row added, because that row is invalid."""

    def raw(self, row: Row) -> str:
        """Return a valid or invalid row as JSON text."""
