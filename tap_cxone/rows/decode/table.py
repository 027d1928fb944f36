"""What a decoded file is, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from tap_cxone.rows.decode.text import MAX_UNPACKED_BYTES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

Format = Literal["csv", "json"]


@dataclass(frozen=True, slots=True)
class FileExpectation:
    """What a file may be.

    Attributes:
        formats: Its format.
        required: Fields that a JSON object without is no row, by the source's names or ours.
        lifted: Key of an object inside of each, whose keys are taken for keys of the row.
        most: How many bytes it may unpack to.
    """

    formats: tuple[Format, ...] = ("csv",)
    required: Collection[str] = ()
    nested_object: str = ""
    max_bytes: int = MAX_UNPACKED_BYTES


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file.

    Attributes:
        number: The line it ends on, or its place among the records.
        cells: A value per title of the table, in that order.
        fault: Why it is no row of the table; empty if it is one.
        field: The field that the fault is about, if it is about one.
        text: How it stands in the file, where that is known.
    """

    number: int
    cells: Sequence[Any]
    invalid_reason: str = ""
    field: str | None = None
    raw_text: str = ""


BLOCK_ROWS = 1000
"""Rows of a block."""


class Block(Protocol):
    """Rows without a fault that follow each other."""

    @property
    def count(self) -> int:
        """Return how many they are."""

    @property
    def columns(self) -> Sequence[Sequence[Any]]:
        """Return their cells by columns, one per title of the table."""

    def row(self, index: int) -> Row:
        """Return one of them."""


def rows_of(blocks: Iterable[Block | Row]) -> Iterator[Row]:
    """Yield every row by itself."""
    for item in blocks:
        if isinstance(item, Row):
            yield item
        else:
            yield from map(item.row, range(item.count))


class Table(Protocol):
    """A file of rows, read as often as they are asked for."""

    @property
    def name(self) -> str:
        """Return what to call it in a message."""

    @property
    def unit(self) -> str:
        """Return what its rows are counted in: lines or records."""

    @property
    def cells_are_text(self) -> bool:
        """Tell whether cells are texts to be converted; else they are JSON's own values."""

    @property
    def header(self) -> tuple[str, ...]:
        """Return the titles known so far; another one whenever rows show new titles."""

    def blocks(self) -> Iterator[Block | Row]:
        """Yield every row, many together where nothing is odd about them.

        Raises:
            DecodeError: The file is damaged. Rows before the damage have been yielded.
        """

    def rows(self) -> Iterator[Row]:
        """Yield what `blocks` does, row by row."""

    def reject_last_row(self) -> None:
        """Forget the titles that only the last row showed: it turned out to be none."""

    def raw(self, row: Row) -> str:
        """Return a row as JSON text, whatever it is."""
