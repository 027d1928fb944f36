"""Sums of columns over all rows of a file."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from msgspec import structs

from tap_cxone.rows.column_map import ColumnMap
from tap_cxone.rows.columns import Column
from tap_cxone.rows.convert import CellRules, cell_converter
from tap_cxone.rows.decode import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_cxone.rows.convert import Converter
    from tap_cxone.rows.decode import Table
    from tap_cxone.rows.text_format import TextFormat


def sum_columns(
    table: Table, columns: Sequence[Column], text_format: TextFormat
) -> tuple[Decimal, ...]:
    """Return the sum of each column over all rows, exact; a value that is no number counts as zero.

    A row that no target would accept counts too, if its JSON or CSV is readable.

    Raises:
        DecodeError: The file is damaged.
    """
    sums, number_columns = [Decimal(0)] * len(columns), _as_numbers(columns)
    convert = _number_converter(text_format, cells_are_text=table.cells_are_text)
    for item in table.blocks():
        if isinstance(item, Row) and item.invalid_reason:
            continue
        cells = [[cell] for cell in item.cells] if isinstance(item, Row) else item.columns
        for title_index, column_index in _find(number_columns, table.header).items():
            sums[column_index] += sum(map(convert, cells[title_index]), Decimal(0))
    return tuple(sums)


def count_columns(columns: Sequence[Column], header: Sequence[str]) -> int:
    """Return how many of the columns a header has."""
    return len(_find(_as_numbers(columns), header))


def _as_numbers(columns: Sequence[Column]) -> list[Column]:
    """Return the columns with unique names, as numbers without limits."""
    numbers = (
        structs.replace(column, type="number", strict=False, constraint=None) for column in columns
    )
    return ColumnMap().name_columns(numbers)


def _find(columns: Sequence[Column], header: Sequence[str]) -> dict[int, int]:
    """Return the indexes in the header of the columns that it has, with those of the columns."""
    indexes = {column.name: index for index, column in enumerate(columns)}
    assigned = enumerate(ColumnMap().assign(header, columns))
    return {
        title_index: indexes[column.name]
        for title_index, column in assigned
        if column.name in indexes
    }


def _number_converter(text_format: TextFormat, *, cells_are_text: bool) -> Converter:
    rules = (
        CellRules(text_format.number_format, text_format.null_values)
        if cells_are_text
        else CellRules(text_format.json_number_format)
    )
    parse = cell_converter(Column("value", "number"), rules, cells_are_text=cells_are_text)

    def convert(cell: Any) -> Decimal:
        try:
            value = parse(cell)
        except ValueError:
            return Decimal(0)
        return Decimal(0) if value is None else Decimal(str(value))

    return convert
