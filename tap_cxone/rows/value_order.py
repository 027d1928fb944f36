"""The order of the values of one column, the greatest of which marks the newest row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import structs

from tap_cxone.rows.convert import json_converter
from tap_cxone.rows.dates import FileDates

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_cxone.config.types import ColumnType
    from tap_cxone.rows.columnar import Records
    from tap_cxone.rows.columns import Column
    from tap_cxone.rows.convert import Converter
    from tap_cxone.rows.layout import FileLayout


def value_order(all_records: Iterable[Records]) -> Converter:
    """Return the converter of a value of the column `order_by` to one that compares.

    Values of another type than string compare as they are. Texts compare as numbers if all texts
    of the file are such in the format of the stream. They compare as instants if all are dates in
    one order of day and month, and otherwise as texts.
    """
    order: _TextOrder | None = None
    for records in all_records:
        column = records.layout.order_column
        if column is None:
            continue
        if column.type != "string":
            return _unchanged
        order = order or _TextOrder(records.layout, column)
        if not order.accepts(records.order_values()):
            return _unchanged
    return order.converter() if order else _unchanged


def _unchanged(value: Any) -> Any:
    return value


class _TextOrder:
    """The types that all texts of a column have so far."""

    def __init__(self, layout: FileLayout, column: Column) -> None:
        """Store how the file writes the texts of the column."""
        self._name = column.name
        self._dates = FileDates(layout.spec.dates.rule)
        self._rules = structs.replace(
            layout.cell_rules(column), dates=self._dates.of_column(column.name)
        )
        self._types: list[ColumnType] = ["number", "date-time"]

    def accepts(self, values: Sequence[Any]) -> bool:
        """Return True if the values, and those before, have one of the types."""
        self._types = [kind for kind in self._types if self._all_have(kind, values)]
        return bool(self._types)

    def _all_have(self, column_type: ColumnType, values: Sequence[Any]) -> bool:
        convert = json_converter(column_type, self._rules)
        try:
            for value in values:
                convert(value)
        except ValueError:
            return False
        return True

    def converter(self) -> Converter:
        """Return the converter to the first type that all values have."""
        if self._types[0] == "number":
            return json_converter("number", self._rules)
        if self._dates.contradictory:
            return _unchanged
        dates = self._dates.with_orders(self._dates.opposed).of_column(self._name)
        return json_converter("date-time", structs.replace(self._rules, dates=dates))
