"""Parse the values of a stream's state; `StreamState` reports what they raise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_cxone.config.types import COLUMN_TYPES, DATE_ORDERS
from tap_cxone.rows.titles import Title

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_cxone.config.types import ColumnType, DateOrder


def parse_names(raw: Mapping[str, list[str | None]]) -> dict[Title, str]:
    """Return the columns of `columns` by their titles."""
    names: dict[Title, str] = {}
    for text, columns in raw.items():
        if not isinstance(columns, list):
            raise TypeError(columns)
        titled = enumerate(columns, start=1)
        names |= {Title(text, n): require_text(name) for n, name in titled if name is not None}
    return names


def parse_types(raw: Mapping[str, Any]) -> dict[str, ColumnType]:
    """Return the types of `column_types`."""
    by_text = {column_type: column_type for column_type in COLUMN_TYPES}
    return {name: by_text[column_type] for name, column_type in raw.items()}


def require_text(value: Any) -> str:
    """Return a value that is a text."""
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def parse_date_orders(raw: Mapping[str, Any]) -> dict[str, DateOrder]:
    """Return the orders of `date_orders`."""
    return {str(column): DATE_ORDERS[DATE_ORDERS.index(order)] for column, order in raw.items()}


def parse_date_votes(raw: Mapping[str, Any]) -> dict[str, int]:
    """Return the numbers of `date_votes`."""
    if not all(type(number) is int for number in raw.values()):
        raise ValueError
    return {str(column): number for column, number in raw.items()}
