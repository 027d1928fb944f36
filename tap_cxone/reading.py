"""From a file to records, in two passes: all of it is checked before any of it leaves."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING, Any

from tap_cxone.dedupe import Seen
from tap_cxone.records import Layout, Misfit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_cxone.decode import Row, Table
    from tap_cxone.records import Shape

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Invalid:
    """A row that is none of its stream's.

    Attributes:
        place: Where it stands, such as `line 7`.
        reason: What is wrong with it; its values are not repeated.
        field: The column or field concerned, if it is one.
        raw: The row as JSON text.
    """

    place: str
    reason: str
    field: str | None
    raw: str = dataclass_field(repr=False)


@dataclass(slots=True)
class Tally:
    """What was found in a file."""

    rows: int = 0
    reasons: Counter[str] = dataclass_field(default_factory=Counter)
    worst: Invalid | None = None

    @property
    def invalid(self) -> int:
        """Return how many of the rows do not fit."""
        return self.reasons.total()

    @property
    def ratio(self) -> float:
        """Return which part of the rows does not fit."""
        return self.invalid / self.rows if self.rows else 0.0

    def count(self, item: Record | Invalid) -> None:
        """Count one row; the first invalid one is kept as the example."""
        self.rows += 1
        if isinstance(item, Invalid):
            self.reasons[item.reason] += 1
            self.worst = self.worst or item

    def __str__(self) -> str:
        """Say how many rows do not fit, and why, the most frequent reason first."""
        most = self.reasons.most_common(3)
        reasons = ", ".join(f"{number} times: {reason}" for reason, number in most)
        others = len(self.reasons) - len(most)
        more = f", and {others} other reasons" if others else ""
        return f"{self.invalid} of {self.rows} rows do not fit ({reasons}{more})"


@dataclass(slots=True)
class Reading:
    """One file on its way to records.

    Attributes:
        table: The file.
        shape: What a record must look like.
        layout: How the file's rows become records; None while none has shown how.
        repeats: How many rows were left out because their key had left before.
    """

    table: Table
    shape: Shape
    layout: Layout | None = None
    repeats: int = 0

    def check(self) -> Tally:
        """Read all of the file.

        Raises:
            DecodeError: The file is damaged.
            DriftError: It has not every column that it must have.
        """
        tally = Tally()
        for item in self._items():
            tally.count(item)
        return tally

    def items(self) -> Iterator[Record | Invalid]:
        """Yield every record once by its key, and every row that is none, in the file's order."""
        seen, keys = Seen(), tuple(self.shape.keys)
        try:
            for item in self._items():
                if isinstance(item, Invalid) or self._first(seen, [item[key] for key in keys]):
                    yield item
                else:
                    self.repeats += 1
        finally:
            seen.close()

    def _first(self, seen: Seen, key: list[Any]) -> bool:
        # A blank in a key says that it is not known: such rows are not the same one.
        return "" in key or seen.first(key)

    def _items(self) -> Iterator[Record | Invalid]:
        header: tuple[str, ...] = ()
        record = self._compiled()
        for row in self.table.rows():
            if row.fault:
                yield self._invalid(row, row.fault, row.field)
                continue
            if self.table.header is not header:  # JSON shows its columns row by row
                header, record = self.table.header, self._compiled()
            try:
                made = record(row.cells)
            except Misfit as error:
                self.table.reject()
                if self.table.header is not header:
                    header, record = self.table.header, self._compiled()
                yield self._invalid(row, str(error), error.column.name)
            else:
                yield made

    def _compiled(self) -> Callable[[Any], Record]:
        if not self.table.header:
            self.layout = None
            return dict
        self.layout = Layout.of(self.table.header, self.shape, texts=self.table.texts)
        return self.layout.compiled()

    def _invalid(self, row: Row, reason: str, field: str | None) -> Invalid:
        return Invalid(f"{self.table.unit} {row.number}", reason, field, self.table.raw(row))
