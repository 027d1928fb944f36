"""How far a list is read: which rows came, and how many the API announced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from msgspec import Struct, field

from tap_cxone.rows.titles import fold

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_cxone.families.reporting.api import Page

Row = dict[str, Any]


class ListProgress(Struct):
    """Progress of one list, whose rows are identified by hashes of their keys.

    Attributes:
        key: Folded names of the key fields.
        skip: Number of rows that were read, which is the position of the next page.
        total: Number of rows that the API announced; None if it announced none.
        hidden: Number of these rows that the user may not see.
        listed: Hashes of the rows that were read.
    """

    key: tuple[str, ...]
    skip: int = 0
    total: int | None = None
    hidden: int = 0
    listed: set[int] = field(default_factory=set)
    _earlier: set[int] = field(default_factory=set)
    _least: int = 0

    @classmethod
    def of(cls, key_columns: Iterable[str]) -> Self:
        """Return the progress of a list that is not read yet, whose rows have these key columns."""
        return cls(tuple(map(fold, key_columns)))

    @property
    def missing(self) -> int:
        """Return the number of announced rows that were not read, beyond the hidden ones."""
        return (self.total or 0) - self.hidden - len(self.listed)

    def add(self, page: Page, rows: Iterable[Row]) -> list[Row]:
        """Count a page and its converted rows; return those rows that are new."""
        self.skip += len(page.rows)
        self.total = self.total if page.total is None else max(page.total, self._least)
        self.hidden = max(self.hidden, page.hidden)
        return [row for row in rows if self._is_new(row)]

    def is_last(self, page: Page, page_size: int) -> bool:
        """Return True if no page follows the page that was added last.

        A total that equals one full page may be the number of rows of that page. A smaller total
        than the rows that came is wrong. In both cases an empty page ends the list.
        """
        is_full_first_page = self.skip == len(page.rows) == page_size
        return not page.rows or (self.skip == self.total and not is_full_first_page)

    def start_again(self) -> None:
        """Start another list, which has the rest of the one before, and may repeat rows of it."""
        self._least = max(0, (self.total or 0) - self.skip)
        self._earlier |= self.listed
        self.skip, self.total, self.listed = 0, self._least or None, set()

    def _is_new(self, row: Row) -> bool:
        values = {fold(name): value for name, value in row.items()}
        key = hash(tuple(str(values.get(name)) for name in self.key))
        is_new = key not in self.listed and key not in self._earlier
        self.listed.add(key)
        return is_new
