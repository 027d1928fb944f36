"""Parts of a joined CSV file: the order of their columns, and lines that end and begin a part.

The writer of a part may have other columns first, and may not have ended its last line.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

JOINED_CELL = "ends with the title of its column, as if two parts of the file were joined"
"""Reason of an invalid row."""

MIN_JOINED_TITLE = 4
"""Least length of a title that a joined cell is recognised by: many a value ends with `ID`."""
_MIN_ORDERED_TITLES = 3  # two cells that are titles in another order may be values
_MARK = "\ufeff"


class PartOrder(Struct):
    """Order of the cells in the rows of the present part.

    Attributes:
        header: The header of the file.
        first_cells: The first cells that a header in another order may have, without blanks.
        indexes: The index of each column's cell; empty for the order of the file's header.
        folded_titles: The titles in lower case; empty if they cannot have another order.
    """

    header: list[str]
    first_cells: frozenset[str]
    indexes: list[int]
    folded_titles: list[str]

    @classmethod
    def of_file(cls, header: Sequence[str]) -> PartOrder:
        """Return the order of the first part of a file."""
        titles = header if len(header) >= _MIN_ORDERED_TITLES else ()
        first_cells = (form for title in titles for form in _forms_of_first(title))
        folded_titles = [fold_case(title.strip()) for title in titles]
        return cls(list(header), frozenset(first_cells), [], folded_titles)

    def may_be_named_in(self, folded_text: str) -> bool:
        """Return True if a title is in the text of first cells, which is a fast check of many."""
        return any(title in folded_text for title in self.folded_titles)

    def follow(self, cells: Sequence[str]) -> bool:
        """Use the order of a header; return False for a row that is not the header in any order.

        Case and blanks count only if titles differ in nothing else.
        """
        if cells[0].strip() not in self.first_cells:
            return False
        titles, header = [_title_of_first(cells[0]), *cells[1:]], self.header
        if Counter(titles) != Counter(header):
            titles, header = list(map(spell, titles)), list(map(spell, header))
            if Counter(titles) != Counter(header) or len(set(header)) < len(set(self.header)):
                return False
        indexes = defaultdict(list)
        for index, title in enumerate(titles):
            indexes[title].append(index)
        self.indexes = [indexes[title].pop(0) for title in header]
        return True

    def reset(self) -> None:
        """Use the order of the file's header."""
        self.indexes = []

    def arrange(self, cells: list[str]) -> list[str]:
        """Return the cells of a row in the order of the file's header.

        A row of another width is returned as it is, except for one more cell at its end.
        """
        width = len(self.header)
        if not self.indexes or len(cells) not in {width, width + 1}:
            return cells
        return [*(cells[index] for index in self.indexes), *cells[width:]]


def fold_case(text: str) -> str:
    """Return a text in lower case, with each accent as a part of its letter."""
    return unicodedata.normalize("NFC", text).casefold()


def spell(cell: str) -> str:
    """Return a cell in lower case and without blanks."""
    return "".join(fold_case(cell).split())


def _forms_of_first(title: str) -> Iterator[str]:
    """Yield a title in usual cases and Unicode forms, as the parser reads it at a part's begin."""
    for text in (unicodedata.normalize(form, title.strip()) for form in ("NFC", "NFD")):
        for cased in {text, text.lower(), text.upper(), text.title()}:
            yield from (cased, f"{_MARK}{cased}", f'{_MARK}"{cased}"')


def _title_of_first(cell: str) -> str:
    title = cell.strip()
    return title.removeprefix(_MARK).strip('"') if title.startswith(_MARK) else cell


def split_at_header(
    cells: Sequence[str], header: Sequence[str]
) -> tuple[list[str], list[str]] | None:
    """Return the row in front of a whole header in one line, and that header.

    The last value and the first title are one cell, so the header has at least two titles. Returns
    None for any other line.
    """
    width = len(header)
    if width == 1 or len(cells) != 2 * width - 1:
        return None
    others = list(cells[width:])
    missing = list((Counter(header) - Counter(others)).elements())
    is_ordered = others == list(header[1:])
    if len(missing) != 1 or not (is_ordered or width >= _MIN_ORDERED_TITLES):
        return None
    for title in (f'"{missing[0]}"', missing[0]):
        if cells[width - 1].endswith(title):
            value = cells[width - 1].removesuffix(title).removesuffix(_MARK)
            return [*cells[: width - 1], value], [missing[0], *others]
    return None


def may_be_joined(cell: str, title: str) -> bool:
    """Return True if the only cell of a line may be a value and, right behind it, its title.

    It may also be a value.
    """
    value = cell.removesuffix(title)
    return value not in {cell, ""} and not value[-1].isspace()
