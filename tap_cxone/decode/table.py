"""What a decoded file is, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


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
    fault: str = ""
    field: str | None = None
    text: str = ""


class Table(Protocol):
    """A file of rows, read as often as they are asked for."""

    @property
    def name(self) -> str:
        """Return what to call it in a message."""

    @property
    def unit(self) -> str:
        """Return what its rows are counted in: lines or records."""

    @property
    def texts(self) -> bool:
        """Tell whether cells are texts to be converted; else they are JSON's own values."""

    @property
    def header(self) -> tuple[str, ...]:
        """Return the titles known so far; another one whenever rows show new titles."""

    def rows(self) -> Iterator[Row]:
        """Yield every row. Raises `DecodeError` where the file is damaged."""

    def reject(self) -> None:
        """Forget the titles that only the last row showed: it turned out to be none."""

    def raw(self, row: Row) -> str:
        """Return a row as JSON text, whatever it is."""
