"""From a file to records, in two passes: all of it is checked before any of it leaves."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING, Any

from tap_cxone.rows.columnar import Records, columns_of
from tap_cxone.rows.convert import Layout, Misfit
from tap_cxone.rows.decode import Row
from tap_cxone.rows.dedupe import Seen, Suspects

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from tap_cxone.rows.columnar import Cells
    from tap_cxone.rows.convert import Shape
    from tap_cxone.rows.decode import Block, Table

Record = dict[str, Any]

_FEW = 8  # rows that are looked at one by one when one of them does not fit
_SINGLES = 64


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

    @property
    def count(self) -> int:
        """Return how many rows it is."""
        return 1


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

    def count(self, item: Records | Invalid) -> None:
        """Count rows; the first invalid one is kept as the example."""
        self.rows += item.count
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


@dataclass(frozen=True, slots=True)
class _Compiled:
    """What makes records of rows below one header: one by one, and many at once."""

    header: tuple[str, ...]
    one: Callable[[Cells], Record]
    many: Callable[[Sequence[Cells], int], Records]


@dataclass(slots=True)
class Reading:
    """One file on its way to records.

    Attributes:
        table: The file.
        shape: What a record must look like.
        layout: How the file's rows become records; None while none has shown how.
        repeats: How many rows were left out because their key had left before.
        suspects: Hashes of the keys that may come more than once; None: any may.
    """

    table: Table
    shape: Shape
    layout: Layout | None = None
    repeats: int = 0
    suspects: Collection[int] | None = None
    _compiled: _Compiled | None = dataclass_field(default=None, repr=False)

    def check(self, show: Callable[[Records | Invalid], None] | None = None) -> Tally:
        """Read all of the file, and `show` what is in it, also what comes twice.

        Raises:
            DecodeError: The file is damaged.
            DriftError: It has not every column that it must have.
            SpoolError: There is no room for a temporary file.
        """
        tally = Tally()
        with closing(Suspects()) as suspects:
            for part in self._parts():
                tally.count(part)
                if isinstance(part, Records):
                    suspects.see(part.known_keys())
                if show:
                    show(part)
            self.suspects = suspects.found()
        return tally

    @property
    def comes_again(self) -> bool:
        """Tell whether a key may come more than once."""
        return self.suspects is None or len(self.suspects) > 0

    def items(self) -> Iterator[Record | Invalid]:
        """Yield every record once by its key, and every row that is none, in the file's order."""
        for part in self.parts():
            if isinstance(part, Records):
                yield from part
            else:
                yield part

    def parts(self) -> Iterator[Records | Invalid]:
        """Yield what `items` does, many records at a time."""
        with closing(Seen()) as seen:
            for part in self._parts():
                yield self._once(part, seen) if isinstance(part, Records) else part

    def _once(self, records: Records, seen: Seen) -> Records:
        """Leave out the records whose key was seen."""
        if not self.comes_again:
            return records
        wanted = [self._first(key, seen) for key in records.all_keys()]
        if all(wanted):
            return records
        self.repeats += len(wanted) - sum(wanted)
        return records.only(wanted)

    def _first(self, key: tuple[Any, ...], seen: Seen) -> bool:
        # A blank in a key says that it is not known: such rows are not the same one.
        suspect = self.suspects is None or hash(key) in self.suspects
        return not suspect or "" in key or seen.first(list(key))

    def _parts(self) -> Iterator[Records | Invalid]:
        """Yield all of the file; rows that were looked at by themselves come together again."""
        singles: list[Record] = []
        layout = self.layout
        for item in self._made():
            if singles and (
                not isinstance(item, dict) or layout is not self.layout or len(singles) >= _SINGLES
            ):
                yield _together(layout, singles)
                singles = []
            if isinstance(item, dict):
                layout = self.layout
                singles.append(item)
            else:
                yield item
        if singles:
            yield _together(layout, singles)

    def _made(self) -> Iterator[Records | Record | Invalid]:
        if self.table.header:
            self._compile()
        for item in self.table.blocks():
            if isinstance(item, Row):
                yield self._one(item)
            else:
                yield from self._many(item, item.columns, range(item.count))

    def _compile(self) -> _Compiled:
        """Return what makes records below the present header; JSON shows it row by row."""
        header, before = self.table.header, self._compiled
        if before is not None and before.header is header:
            return before
        self.layout = Layout.of(header, self.shape, texts=self.table.texts)
        found = _Compiled(header, self.layout.compiled(), columns_of(self.layout))
        self._compiled = found
        return found

    def _many(
        self, block: Block, columns: Sequence[Cells], places: range
    ) -> Iterator[Records | Record | Invalid]:
        """Yield the rows of a block; where one does not fit, look for it in both halves."""
        try:
            made = self._compile().many(columns, len(places))
        except ValueError:
            pass
        else:
            yield made
            return
        if len(places) <= _FEW:
            yield from map(self._one, map(block.row, places))
            return
        middle = len(places) // 2
        for half in (slice(middle), slice(middle, None)):
            yield from self._many(block, [column[half] for column in columns], places[half])

    def _one(self, row: Row) -> Record | Invalid:
        if row.fault:
            return self._invalid(row, row.fault, row.field)
        try:
            return self._compile().one(row.cells)
        except Misfit as error:
            self.table.reject()
            if self.table.header:
                self._compile()
            else:
                self.layout, self._compiled = None, None
            return self._invalid(row, str(error), error.column.name)

    def _invalid(self, row: Row, reason: str, field: str | None) -> Invalid:
        return Invalid(f"{self.table.unit} {row.number}", reason, field, self.table.raw(row))


def _together(layout: Layout | None, records: Sequence[Record]) -> Records:
    assert layout is not None  # noqa: S101 (it made them)
    columns = list(zip(*(record.values() for record in records), strict=True))
    return Records(layout, columns, len(records))
