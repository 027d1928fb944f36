"""Convert a file to records in two passes: validate all rows first, then yield the records."""

from __future__ import annotations

from contextlib import closing
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from tap_cxone.rows.columnar import Records, block_converter
from tap_cxone.rows.convert import ConversionError
from tap_cxone.rows.decode import Row
from tap_cxone.rows.decode.csv_table import CsvTable
from tap_cxone.rows.decode.notice import differs_from_rows
from tap_cxone.rows.decode.plain_block import PlainBlock
from tap_cxone.rows.dedupe import DuplicateCandidates, SeenKeys
from tap_cxone.rows.duplicates import RepeatedKeys, duplicate_rule
from tap_cxone.rows.layout import FileLayout
from tap_cxone.rows.metadata import ROW_NUMBER, number_rows
from tap_cxone.rows.row_counts import InvalidRow, RowCounts
from tap_cxone.rows.value_order import ValueOrder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_cxone.rows.column_converters import Cells
    from tap_cxone.rows.decode import Block, Table
    from tap_cxone.rows.duplicates import DuplicateRule
    from tap_cxone.rows.layout import RecordSpec

Record = dict[str, Any]

_MAX_SINGLE_ROWS = 8  # up to this many rows of an invalid block are converted one by one
_MAX_GROUPED_ROWS = 64  # records converted one by one that form a block again


class _Converters(Struct, frozen=True, dict=True):
    """Converters for one header, each made at its first use."""

    header: tuple[str, ...]
    layout: FileLayout

    @cached_property
    def convert_row(self) -> Callable[[Cells], Record]:
        """Return the function that converts one row."""
        return self.layout.row_converter()

    @cached_property
    def convert_block(self) -> Callable[[Sequence[Cells], int], Records]:
        """Return the function that converts a block of rows."""
        return block_converter(self.layout)


class RowReader(Struct):
    """Reader of one file; it converts rows to records and drops duplicates.

    Attributes:
        table: The file.
        spec: The requirements on the records.
        layout: Mapping from rows to records; None until a header is known.
        duplicate_count: Number of rows dropped because another record has the same key.
        repeated_keys: The keys that may occur more than once.
        order: What the values of the column `order_by` are.
        recognized: Whether a row with the mandatory columns has been read, valid or not.
    """

    table: Table
    spec: RecordSpec
    layout: FileLayout | None = None
    duplicate_count: int = 0
    repeated_keys: RepeatedKeys = field(default_factory=RepeatedKeys)
    order: ValueOrder = field(default_factory=ValueOrder)
    recognized: bool = False
    _converters: _Converters | None = None
    _arrow_converter: Callable[[PlainBlock], Records] | None = None

    def validate(
        self,
        on_item: Callable[[Records | InvalidRow], None] | None = None,
        arrow_chunk_bytes: int = 0,
    ) -> RowCounts:
        """Read and validate the whole file; return the row counts.

        Args:
            on_item: Called with all records, including duplicates, and with every invalid row.
            arrow_chunk_bytes: Size of the text of CSV that is converted to Arrow arrays at once;
                0 for Python values only.

        Raises:
            DecodeError: The file is damaged.
            DriftError: The file lacks a mandatory column.
            SpoolError: A temporary file cannot be written.
        """
        counts = RowCounts()
        with closing(DuplicateCandidates()) as candidates:
            for item in self._converted_blocks(arrow_chunk_bytes):
                counts.add(item)
                if isinstance(item, Records):
                    candidates.add_keys(item.all_keys())
                    self.order.add(item)
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

    def find_repeated_key(self) -> tuple[int, int] | None:
        """Return the numbers of two rows with one key, counted from 1; None without any.

        The file is read again only if a key may occur twice.

        Raises:
            SpoolError: A temporary file cannot be written.
        """
        if not self.has_duplicates:
            return None
        with closing(SeenKeys()) as keys:
            for number, key in self._numbered_keys():
                if key in self.repeated_keys and not keys.add_if_new(key):
                    return next(n for n, other in self._numbered_keys() if other == key), number
        return None

    def _numbered_keys(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """Yield the number and the key of each valid row."""
        number = 1  # of the first row of the next block
        for item in self._converted_blocks():
            if isinstance(item, Records):
                yield from enumerate(item.all_keys(), number)
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
        rule_of_file = duplicate_rule(self.spec, self.repeated_keys, self.order, self._all_records)
        with closing(rule_of_file) as rule:
            for item in self._converted_blocks():
                yield self._selected(item, rule) if isinstance(item, Records) else item

    def _all_records(self) -> Iterator[Records]:
        return (item for item in self._converted_blocks() if isinstance(item, Records))

    def _selected(self, records: Records, rule: DuplicateRule) -> Records:
        """Return the records to emit; count the others as duplicates."""
        selected = rule.select(records)
        self.duplicate_count += records.count - selected.count
        return selected

    def _converted_blocks(self, arrow_chunk_bytes: int = 0) -> Iterator[Records | InvalidRow]:
        """Yield all rows of the file; number them if the records need it."""
        blocks = self._grouped_blocks(arrow_chunk_bytes)
        return number_rows(blocks) if ROW_NUMBER in self.spec.constants else blocks

    def _grouped_blocks(self, arrow_chunk_bytes: int) -> Iterator[Records | InvalidRow]:
        """Yield all rows of the file; group records that were converted one by one."""
        singles: list[Record] = []
        layout = self.layout
        for item in self._converted_items(arrow_chunk_bytes):
            if singles and (
                not isinstance(item, dict)
                or layout is not self.layout
                or len(singles) >= _MAX_GROUPED_ROWS
            ):
                yield Records.from_rows(layout, singles)
                singles = []
            if isinstance(item, dict):
                layout = self.layout
                singles.append(item)
            else:
                yield item
        if singles:
            yield Records.from_rows(layout, singles)

    def _converted_items(self, arrow_chunk_bytes: int) -> Iterator[Records | Record | InvalidRow]:
        if self.table.header:
            self._converters_for_header()
        table = self.table
        blocks = (
            table.plain_blocks(arrow_chunk_bytes)
            if arrow_chunk_bytes and isinstance(table, CsvTable)
            else table.blocks()
        )
        for item in blocks:
            if isinstance(item, Row):
                yield self._convert_row(item)
            elif isinstance(item, PlainBlock):
                yield from self._convert_plain(item)
            else:
                yield from self._convert_block(item, item.columns, range(item.count))

    def _converters_for_header(self) -> _Converters:
        """Return the converters for the current header, which changes while JSON is read."""
        header, previous = self.table.header, self._converters
        if previous is not None and previous.header is header:
            return previous
        self.layout = FileLayout.from_header(
            header,
            self.spec,
            cells_are_text=self.table.cells_are_text,
            are_titles=self._header_has_titles,
        )
        self.recognized = True
        self._converters = _Converters(header, self.layout)
        return self._converters

    def _header_has_titles(self) -> bool:
        """Return True unless the header may be a row of values, by the first block below it."""
        if not self.table.cells_are_text:
            return True
        blocks = (block for block in self.table.blocks() if not isinstance(block, Row))
        block = next(blocks, None)
        return block is not None and differs_from_rows(self.table.header, block.columns)

    def _convert_plain(self, block: PlainBlock) -> Iterator[Records | Record | InvalidRow]:
        """Yield the rows of a block as Arrow arrays; as Python values if a row may be invalid."""
        try:
            records = self._convert_to_arrow(block)
        except ValueError:
            for csv_block in block.csv_blocks():
                yield from self._convert_block(csv_block, csv_block.columns, range(csv_block.count))
        else:
            yield records

    def _convert_to_arrow(self, block: PlainBlock) -> Records:
        if self._arrow_converter is None:
            from tap_cxone.rows.arrow_records import arrow_block_converter  # it needs pyarrow

            assert self.layout is not None  # noqa: S101 (a block of CSV has a header)
            self._arrow_converter = arrow_block_converter(self.layout)
        return self._arrow_converter(block)

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
            if row.titles and not self.recognized:
                self.recognized = not self.spec.missing_columns(self.spec.assign(row.titles))
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
