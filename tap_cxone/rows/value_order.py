"""The order of the values of the column `order_by`, the greatest of which marks the newest row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_cxone.rows.convert import json_converter

if TYPE_CHECKING:
    from tap_cxone.config.types import ColumnType
    from tap_cxone.rows.columnar import Records
    from tap_cxone.rows.convert import Converter

_COMPARABLE: tuple[ColumnType, ...] = ("number", "date-time")


class ValueOrder:
    """What the values of the column `order_by` are, by all records of a file.

    Values of another type than string compare as they are. Texts compare as numbers if all texts
    of the file are such in the format of the stream. They compare as instants if all are dates;
    `FileDates` finds their order of day and month, as of any column. Otherwise they compare as
    texts.

    Attributes:
        column: Name of the column if its type is string; else empty.
    """

    def __init__(self) -> None:
        """Know no value yet."""
        self.column = ""
        self._converters: dict[ColumnType, Converter] = {}
        self._types: tuple[ColumnType, ...] = ()
        self._has_typed_value = False

    @property
    def is_mixed(self) -> bool:
        """Return True if some texts are numbers or dates, and others are not of that type."""
        return self._has_typed_value and not self._types

    def add(self, records: Records) -> None:
        """Look at the values of the next records of the file."""
        layout = records.layout
        column = layout.order_column
        if column is None or column.type != "string":
            return
        dates = layout.spec.dates
        if column.name != self.column:  # a later object of JSON may have the exact title
            dates.forget(self.column)
            rules = layout.cell_rules(column)
            self.column, self._types, self._has_typed_value = column.name, _COMPARABLE, False
            self._converters = {kind: json_converter(kind, rules) for kind in _COMPARABLE}
        for value in records.order_values():
            if value is not None and not self.is_mixed:
                self._add_value(value)
        if "date-time" not in self._types:
            dates.forget(column.name)

    def _add_value(self, value: str) -> None:
        types = tuple(kind for kind in self._types or _COMPARABLE if self._has_type(kind, value))
        self._has_typed_value |= bool(types)
        self._types = types if self._types else ()

    def _has_type(self, column_type: ColumnType, value: str) -> bool:
        try:
            self._converters[column_type](value)
        except ValueError:
            return False
        return True

    def converter(self) -> Converter:
        """Return the converter of a value of the column to one that compares."""
        return self._converters[self._types[0]] if self._types else _unchanged


def _unchanged(value: Any) -> Any:
    return value
