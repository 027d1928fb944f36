"""Lines of a CSV file that end a part of it and begin the next part with its header.

The writer of the first part has not ended its last line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

JOINED_CELL = "ends with the title of its column, as if two parts of the file were joined"
"""Reason of an invalid row."""

_MIN_TITLE_CHARACTERS = 4  # many a value ends with `ID`


def row_before_header(cells: Sequence[str], header: Sequence[str]) -> list[str] | None:
    """Return the row in front of a whole header in one line; None for any other line.

    The last value and the first title are one cell, so the header has at least two titles.
    """
    width = len(header)
    if width == 1 or len(cells) != 2 * width - 1 or list(cells[width:]) != list(header[1:]):
        return None
    for title in (f'"{header[0]}"', header[0]):
        if cells[width - 1].endswith(title):
            value = cells[width - 1].removesuffix(title).removesuffix("\ufeff")
            return [*cells[: width - 1], value]
    return None


def may_be_joined(cell: str, title: str) -> bool:
    """Return True if the only cell of a line may be a value and, right behind it, its title.

    It may also be a value, so such a row is invalid.
    """
    value = cell.removesuffix(title)
    return (
        len(title) >= _MIN_TITLE_CHARACTERS and value not in {cell, ""} and not value[-1].isspace()
    )
