"""Convert cells to typed values without loss of digits, one converter per column type."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import structs

from tap_cxone.clock import iso

if TYPE_CHECKING:
    from tap_cxone.rows.columns import Column
    from tap_cxone.types import ColumnType

Converter = Callable[[Any], Any]

_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_DAY_FIRST = re.compile(r"\s*(?:1[3-9]|[23][0-9])[/.-][0-9]{1,2}[/.-][0-9]")
TRUE_TEXTS = {"true", "yes", "y", "t", "1"}
FALSE_TEXTS = {"false", "no", "n", "f", "0"}
_EXACT_DIGITS = 15  # a double preserves every decimal of up to this many digits
INT64 = range(-(2**63), 2**63)
_JSON_ENCODER = msgspec.json.Encoder(decimal_format="number")


class ConversionError(ValueError):
    """A cell that does not have the type of its column.

    The message does not contain the value, because the value may be personal data.
    """

    def __init__(self, column: Column, reason: str = "") -> None:
        """Store the column; the default `reason` names its type."""
        reason = reason or f"has a value that is not of type {column.type}"
        super().__init__(f"column {column.name} {reason}")
        self.column = column


# Texts


def _parse_integer(text: str) -> int | Decimal:
    if not _INTEGER.fullmatch(text):
        raise ValueError
    value = int(text)
    # JSON encoders refuse integers beyond 64 bits; a Decimal is written digit by digit.
    return value if value in INT64 else Decimal(value)


def _parse_number(text: str) -> float | int | Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError
    if _INTEGER.fullmatch(text):
        return _parse_integer(text)
    has_exponent = "e" in text or "E" in text
    return Decimal(text) if has_exponent or len(text) > _EXACT_DIGITS else float(text)


def _parse_boolean(text: str) -> bool:
    folded = text.casefold()
    if folded in TRUE_TEXTS:
        return True
    if folded in FALSE_TEXTS:
        return False
    raise ValueError


def _parse_date(text: str) -> str:
    instant = _parse_instant(text)
    if instant.time() != datetime.min.time():
        raise ValueError
    return instant.date().isoformat()


def _parse_date_time(text: str) -> str:
    instant = _parse_instant(text)
    return iso(instant if instant.tzinfo else instant.replace(tzinfo=UTC))


def _parse_instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return _parse_informal(text)


@lru_cache(maxsize=4096)
def _parse_informal(text: str) -> datetime:
    """Parse a format other than ISO 8601, such as `01/31/2026 5:04 PM`.

    The month comes first, as in the vendor's files. A day in the position of the month is an
    error: dateutil would swap the two, and days up to the twelfth would be parsed wrongly.

    dateutil fills missing components from a default. The text is parsed with two defaults;
    different results show that it is not a complete date.

    Raises:
        ValueError: The text is not a complete date, or its time zone is only a name.
    """
    if _DAY_FIRST.match(text):
        raise ValueError(text)
    from dateutil import parser  # imported late: few files need it

    try:
        candidates = {
            parser.parse(text, default=default, tzinfos=_require_offset)
            for default in (datetime(2000, 1, 1), datetime(2003, 12, 31))  # noqa: DTZ001
        }
    except OverflowError as error:
        raise ValueError from error
    (instant,) = candidates
    return instant


def _require_offset(name: str | None, offset: int | None) -> int | None:
    """Raise ValueError for a zone without an offset: `EST` and `CST` are ambiguous."""
    if name is not None and offset is None:
        raise ValueError(name)
    return offset


def assume_zone(zone: tzinfo, text: str) -> str:
    """Return a date-time without an offset as ISO 8601 with that of `zone`; other texts as is."""
    try:
        instant = _parse_instant(text.strip())
    except ValueError:
        return text
    return text if instant.tzinfo else instant.replace(tzinfo=zone).isoformat()


def _blank_to_none(text: str) -> str | None:
    return text if text.strip() else None


def _accept_blank(parse: Converter) -> Converter:
    return lambda text: parse(stripped) if (stripped := text.strip()) else None


TEXT_PARSERS: dict[ColumnType, Converter] = {
    "integer": _parse_integer,
    "number": _parse_number,
    "boolean": _parse_boolean,
    "date": _parse_date,
    "date-time": _parse_date_time,
}
"""Parsers of stripped, non-blank texts, by column type; `string` needs none."""


TEXT_CONVERTERS: dict[ColumnType, Converter] = {
    "string": _blank_to_none,
    **{column_type: _accept_blank(parse) for column_type, parse in TEXT_PARSERS.items()},
}
"""Converters of text cells, by column type.

A blank cell becomes None. A string is kept unchanged. A converter raises ValueError for a text that
does not have its type.
"""


# JSON values


def _json_converter(column_type: ColumnType) -> Converter:
    """Return a converter of JSON values: strings as in CSV, other values if their type fits."""
    convert_text: Converter = TEXT_CONVERTERS[column_type]
    convert_other: Converter = _NATIVE_CONVERTERS.get(column_type, _reject_value)

    def convert(value: Any) -> Any:
        if isinstance(value, str):
            return convert_text(value)
        return None if value is None else convert_other(value)

    return convert


def _reject_value(value: object) -> Any:
    raise ValueError(value)


def _to_text(value: Any) -> str:
    """Return the text of a value for a string column; objects and arrays become JSON."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    return _JSON_ENCODER.encode(value).decode()


def _to_number(value: Any) -> float | int | Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError  # noqa: TRY004 (callers handle every invalid cell as a ValueError)
    return _parse_number(str(value))


def _to_integer(value: Any) -> int | Decimal:
    number = _to_number(value)
    if number != int(number):
        raise ValueError
    return _parse_integer(str(int(number)))


def _to_boolean(value: Any) -> bool:
    return value if isinstance(value, bool) else _parse_boolean(str(value))


_NATIVE_CONVERTERS: dict[ColumnType, Converter] = {
    "string": _to_text,
    "integer": _to_integer,
    "number": _to_number,
    "boolean": _to_boolean,
}

JSON_CONVERTERS: dict[ColumnType, Converter] = {
    column_type: _json_converter(column_type) for column_type in TEXT_CONVERTERS
}
"""Converters of JSON values, by column type.

Null becomes None. In a string column, a number becomes its text.
"""


def _require_text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError
    return value


def _require_boolean(value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise ValueError
    return value


_STRICT_CONVERTERS: dict[ColumnType, Converter] = {
    **JSON_CONVERTERS,
    "string": _require_text,
    "boolean": _require_boolean,
}


def cell_converter(column: Column, *, cells_are_text: bool) -> Converter:
    """Return the converter of a column's cells; it enforces the column's constraint.

    The converter raises ValueError for a wrong type and `ConversionError` for a value that
    violates the constraint.
    """
    if (normalize := column.normalize) is not None:
        plain = structs.replace(column, normalize=None)
        convert_normalized = cell_converter(plain, cells_are_text=cells_are_text)
        return lambda cell: convert_normalized(normalize(cell) if isinstance(cell, str) else cell)
    converters = (
        TEXT_CONVERTERS
        if cells_are_text
        else _STRICT_CONVERTERS
        if column.strict
        else JSON_CONVERTERS
    )
    convert: Converter = converters[column.type]
    constraint = column.constraint
    if constraint is None:
        return convert

    def convert_checked(cell: Any) -> Any:
        value = convert(cell)
        if value is not None and (violation := constraint.violation(value)):
            raise ConversionError(column, f"violates its constraint ({violation})")
        return value

    return convert_checked
