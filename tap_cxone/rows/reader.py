"""Convert a file to records in two passes: validate all rows first, then yield the records."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from copy import copy
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from itertools import count
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tap_cxone.rows.columnar import Records, block_converter
from tap_cxone.rows.convert import ConversionError
from tap_cxone.rows.decode import Row
from tap_cxone.rows.decode.table import SkippedLines
from tap_cxone.rows.dedupe import DuplicateCandidates, SeenKeys
from tap_cxone.rows.duplicates import RepeatedKeys, duplicate_rule
from tap_cxone.rows.layout import FileLayout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_cxone.rows.column_converters import Cells
    from tap_cxone.rows.decode import Block, Table
    from tap_cxone.rows.duplicates import DuplicateRule
    from tap_cxone.rows.layout import RecordSpec

Record = dict[str, Any]

_MAX_SINGLE_ROWS = 8  # up to this many rows of an invalid block are converted one by one
_MAX_GROUPED_ROWS = 64  # records converted one by one that form a block again


@dataclass(frozen=True, slots=True)
class InvalidRow:
    """A row that failed validation.

    Attributes:
        location: Position in the file, such as `line 7`.
        reason: Reason of the failure, without any value of the row.
        field: Name of the invalid column or field; None if the whole row is invalid.
        raw: The row as JSON text.
    """

    location: str
    reason: str
    field: str | None
    raw: str = dataclass_field(repr=False)

    @property
    def count(self) -> int:
        """Return 1, as `Records.count` returns the number of records."""
        return 1


@dataclass(slots=True)
class RowCounts:
    """Numbers of valid and invalid rows of a file.

    Attributes:
        rows: Number of all rows.
        reasons: Number of invalid rows by reason.
        example: The first invalid row.
        skipped: Numbers of lines that are no rows; `rows` does not include them.
        recognized: Whether the file has the mandatory columns. In JSON a row must have them.
    """

    rows: int = 0
    reasons: Counter[str] = dataclass_field(default_factory=Counter)
    example: InvalidRow | None = None
    skipped: SkippedLines = dataclass_field(default_factory=SkippedLines)
    recognized: bool = False

    @property
    def invalid(self) -> int:
        """Return the number of invalid rows."""
        return self.reasons.total()

    @property
    def ratio(self) -> float:
        """Return the share of invalid rows, from 0 to 1."""
        return self.invalid / self.rows if self.rows else 0.0

    def add(self, item: Records | InvalidRow) -> None:
        """Count rows; store the first invalid row as the example."""
        self.rows += item.count
        if isinstance(item, InvalidRow):
            self.reasons[item.reason] += 1
            self.example = self.example or item

    def __str__(self) -> str:
        """Return the number of invalid rows with the three most frequent reasons."""
        top = self.reasons.most_common(3)
        reasons = ", ".join(f"{number} times: {reason}" for reason, number in top)
        others = len(self.reasons) - len(top)
        more = f", and {others} other reasons" if others else ""
        return f"{self.invalid} of {self.rows} rows failed validation ({reasons}{more})"


class _Converters(Struct, frozen=True):
    """Converters for one header: of single rows, and of blocks of rows."""

    header: tuple[str, ...]
    convert_row: Callable[[Cells], Record]
    convert_block: Callable[[Sequence[Cells], int], Records]


@dataclass(slots=True)
class RowReader:
    """Reader of one file; it converts rows to records and drops duplicates.

    Attributes:
        table: The file.
        spec: The requirements on the records.
        layout: Mapping from rows to records; None until a header is known.
        duplicate_count: Number of rows dropped because another record has the same key.
        repeated_keys: The keys that may occur more than once.
        recognized: Whether a row with the mandatory columns has been read.
    """

    table: Table
    spec: RecordSpec
    layout: FileLayout | None = None
    duplicate_count: int = 0
    repeated_keys: RepeatedKeys = dataclass_field(default_factory=RepeatedKeys)
    recognized: bool = False
    _converters: _Converters | None = dataclass_field(default=None, repr=False)

    def validate(self, on_item: Callable[[Records | InvalidRow], None] | None = None) -> RowCounts:
        """Read and validate the whole file; return the row counts.

        Args:
            on_item: Called with all records, including duplicates, and with every invalid row.

        Raises:
            DecodeError: The file is damaged.
            DriftError: The file lacks a mandatory column.
            SpoolError: A temporary file cannot be written.
        """
        counts = RowCounts()
        with closing(DuplicateCandidates()) as candidates:
            for item in self._converted_blocks():
                counts.add(item)
                if isinstance(item, Records):
                    candidates.add_keys(item.all_keys())
                if on_item:
                    on_item(item)
            self.repeated_keys = RepeatedKeys(candidates.candidates())
        self.spec.dates.stop_counting()
        counts.recognized = self.recognized
        counts.skipped = copy(self.table.skipped)
        return counts

    @property
    def has_duplicates(self) -> bool:
        """Return True if a key may occur more than once."""
        return self.repeated_keys.exist

    def find_conflict(self) -> tuple[int, int] | None:
        """Return the numbers of two different rows with one key, counted from 1; None without any.

        The file is read again only if a key may occur twice.

        Raises:
            SpoolError: A temporary file cannot be written.
        """
        if not self.has_duplicates:
            return None
        with closing(SeenKeys()) as keys, closing(SeenKeys()) as rows:
            for number, key, row in self._numbered_rows():
                if key not in self.repeated_keys:
                    continue
                is_repeated, is_new_row = not keys.add_if_new(key), rows.add_if_new([repr(row)])
                if is_repeated and is_new_row:
                    return next(n for n, other, _ in self._numbered_rows() if other == key), number
        return None

    def _numbered_rows(self) -> Iterator[tuple[int, tuple[Any, ...], tuple[Any, ...]]]:
        """Yield the number, the key and the values of each valid row."""
        number = 1  # of the first row of the next block
        for item in self._converted_blocks():
            if isinstance(item, Records):
                rows = zip(*item.columns, strict=True)
                yield from zip(count(number), item.all_keys(), rows, strict=False)
            number += item.count

    def items(self) -> Iterator[Record | InvalidRow]:
        """Yield the records to emit one by one, and every invalid row, in file order."""
        for item in self.blocks():
            if isinstance(item, Records):
                yield from item
            else:
                yield item

    def blocks(self) -> Iterator[Records | InvalidRow]:
        """Yield the same as `items`, but records in blocks."""
        with closing(duplicate_rule(self.spec, self.repeated_keys, self._all_records)) as rule:
            for item in self._converted_blocks():
                yield self._selected(item, rule) if isinstance(item, Records) else item

    def _all_records(self) -> Iterator[Records]:
        return (item for item in self._converted_blocks() if isinstance(item, Records))

    def _selected(self, records: Records, rule: DuplicateRule) -> Records:
        """Return the records to emit; count the others as duplicates."""
        selected = rule.select(records)
        self.duplicate_count += records.count - selected.count
        return selected

    def _converted_blocks(self) -> Iterator[Records | InvalidRow]:
        """Yield all rows of the file; group records that were converted one by one."""
        singles: list[Record] = []
        layout = self.layout
        for item in self._converted_items():
            if singles and (
                not isinstance(item, dict)
                or layout is not self.layout
                or len(singles) >= _MAX_GROUPED_ROWS
            ):
                yield _as_records(layout, singles)
                singles = []
            if isinstance(item, dict):
                layout = self.layout
                singles.append(item)
            else:
                yield item
        if singles:
            yield _as_records(layout, singles)

    def _converted_items(self) -> Iterator[Records | Record | InvalidRow]:
        if self.table.header:
            self._converters_for_header()
        for item in self.table.blocks():
            if isinstance(item, Row):
                yield self._convert_row(item)
            else:
                yield from self._convert_block(item, item.columns, range(item.count))

    def _converters_for_header(self) -> _Converters:
        """Return the converters for the current header, which changes while JSON is read."""
        header, previous = self.table.header, self._converters
        if previous is not None and previous.header is header:
            return previous
        self.layout = FileLayout.from_header(
            header, self.spec, cells_are_text=self.table.cells_are_text
        )
        self.recognized = True
        converters = _Converters(header, self.layout.row_converter(), block_converter(self.layout))
        self._converters = converters
        return converters

    def _convert_block(
        self, block: Block, columns: Sequence[Cells], indexes: range
    ) -> Iterator[Records | Record | InvalidRow]:
        """Yield the rows of a block; bisect the block if a row is invalid."""
        converters = self._converters_for_header()
        try:
            with self.spec.dates.counting_if_valid():
                records = converters.convert_block(columns, len(indexes))
        except ValueError:
            pass
        else:
            yield records
            return
        if len(indexes) <= _MAX_SINGLE_ROWS:
            yield from map(self._convert_row, map(block.row, indexes))
            return
        middle = len(indexes) // 2
        for half in (slice(middle), slice(middle, None)):
            yield from self._convert_block(
                block, [column[half] for column in columns], indexes[half]
            )

    def _convert_row(self, row: Row) -> Record | InvalidRow:
        if row.invalid_reason:
            return self._invalid_row(row, row.invalid_reason, row.field)
        try:
            return self._converters_for_header().convert_row(row.cells)
        except ConversionError as error:
            self.table.reject_last_row()
            if self.table.header:
                self._converters_for_header()
            else:
                self.layout, self._converters = None, None
            return self._invalid_row(row, str(error), error.column.name)

    def _invalid_row(self, row: Row, reason: str, field: str | None) -> InvalidRow:
        return InvalidRow(f"{self.table.unit} {row.number}", reason, field, self.table.raw(row))


def _as_records(layout: FileLayout | None, records: Sequence[Record]) -> Records:
    assert layout is not None  # noqa: S101 (records exist only after a layout)
    columns = list(zip(*(record.values() for record in records), strict=True))
    return Records(layout, columns, len(records))
