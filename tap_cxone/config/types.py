"""Types that several packages share."""

from __future__ import annotations

from typing import Literal, get_args

ColumnType = Literal["string", "integer", "number", "boolean", "date", "date-time"]
COLUMN_TYPES: tuple[ColumnType, ...] = get_args(ColumnType)
TypeChangePolicy = Literal["alter", "new_column", "string", "fail"]

DateOrder = Literal["month_first", "day_first"]
DATE_ORDERS: tuple[DateOrder, ...] = get_args(DateOrder)

NumberFormat = Literal["1234.5", "1,234.5", "1.234,5", "1 234,5", "1'234.5"]
NullCharacterPolicy = Literal["replace", "keep", "fail"]
