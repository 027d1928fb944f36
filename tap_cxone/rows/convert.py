"""Convert cells to typed values without loss of digits, one converter per column type."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING, Any

import msgspec

from tap_cxone.clock import iso
from tap_cxone.http.json_numbers import encode_number
from tap_cxone.rows.dates import ColumnDates, DateRule

if TYPE_CHECKING:
    from tap_cxone.config.types import ColumnType, NumberFormat
    from tap_cxone.rows.columns import Column

Converter = Callable[[Any], Any]

_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
TRUE_TEXTS = {"true", "yes", "y", "t", "1"}
FALSE_TEXTS = {"false", "no", "n", "f", "0"}
_EXACT_DIGITS = 15  # a double preserves every decimal of up to this many digits
INCOMPLETE_KEY = "incomplete key"
INT64 = range(-(2**63), 2**63)
_JSON_ENCODER = msgspec.json.Encoder(decimal_format="number", enc_hook=encode_number)


class ConversionError(ValueError):
    """A cell that does not have the type of its column.

    The message does not contain the value, because the value may be personal data.
    """

    def __init__(self, column: Column, reason: str = "") -> None:
        """Store the column; the default `reason` names its type."""
        reason = reason or f"has a value that is not of type {column.type}"
        super().__init__(f"column {column.name} {reason}")
        self.column = column


class IncompleteKeyError(ConversionError):
    """A blank cell in a column that identifies the record."""

    def __init__(self, column: Column) -> None:
        """Store the column."""
        super().__init__(column)
        self.args = (INCOMPLETE_KEY,)


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
    if not isfinite(float(text)):  # most targets hold a double
        raise ValueError
    if _INTEGER.fullmatch(text):
        return _parse_integer(text)
    is_short = len(text) <= _EXACT_DIGITS and "e" not in text and "E" not in text
    value: float | Decimal = float(text) if is_short else Decimal(text)
    return value or 0.0  # a zero has no sign


# The separators of thousands, and the decimal mark.
_SEPARATORS: dict[NumberFormat, tuple[str, str]] = {
    "1,234.5": (",", "."),
    "1.234,5": (".", ","),
    "1 234,5": (" \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}", ","),
    "1'234.5": ("'\N{RIGHT SINGLE QUOTATION MARK}", "."),
}


def plain_number(number_format: NumberFormat) -> Callable[[str], str] | None:
    """Return the function that rewrites a number as `1234.5`; None if the format is that one.

    The function raises ValueError if a separator is not where the format has it.
    """
    if number_format not in _SEPARATORS:
        return None
    thousands, decimal = _SEPARATORS[number_format]
    whole = rf"(?:[0-9]{{1,3}}(?:[{re.escape(thousands)}][0-9]{{3}})+|[0-9]*)"
    pattern = re.compile(rf"([+-]?{whole})(?:{re.escape(decimal)}([0-9]*))?((?:[eE][+-]?[0-9]+)?)")
    delete_thousands = str.maketrans("", "", thousands)

    def rewrite(text: str) -> str:
        match = pattern.fullmatch(text)
        if match is None:
            raise ValueError
        whole_part, fraction, exponent = match.groups()
        point = "" if fraction is None else f".{fraction}"
        return f"{whole_part.translate(delete_thousands)}{point}{exponent}"

    return rewrite


def _parse_boolean(text: str) -> bool:
    folded = text.casefold()
    if folded in TRUE_TEXTS:
        return True
    if folded in FALSE_TEXTS:
        return False
    raise ValueError


def parse_date(dates: ColumnDates, text: str) -> str:
    """Return a date as ISO 8601. Raises ValueError if the text has a time of day."""
    instant = dates.parse(text)
    if instant.time() != datetime.min.time():
        raise ValueError
    return instant.date().isoformat()


def parse_date_time(dates: ColumnDates, text: str) -> str:
    """Return an instant as ISO 8601 in UTC; one without an offset is in the column's zone.

    A local time that a change of clocks repeats is the earlier instant. One that it skips counts
    with the offset before the change.
    """
    instant = dates.parse(text)
    return iso(instant if instant.tzinfo else instant.replace(tzinfo=dates.zone))


class CellRules(msgspec.Struct, frozen=True):
    """How the texts of one column are read, beyond the column's type.

    Attributes:
        number_format: Decimal and thousands separators.
        null_values: Stripped texts that mean null.
        dates: Parser of dates.
    """

    number_format: NumberFormat = "1234.5"
    null_values: frozenset[str] = frozenset()
    dates: ColumnDates = msgspec.field(default_factory=lambda: ColumnDates(DateRule(), ""))


DEFAULT_RULES = CellRules()


def text_parser(column_type: ColumnType, rules: CellRules) -> Converter:
    """Return the parser of stripped, non-blank texts; a string is kept."""
    if column_type == "date":
        return partial(parse_date, rules.dates)
    if column_type == "date-time":
        return partial(parse_date_time, rules.dates)
    parse = _PARSERS[column_type]
    if column_type in {"integer", "number"} and (plain := plain_number(rules.number_format)):
        return lambda text: parse(plain(text))
    return parse


_PARSERS: dict[ColumnType, Converter] = {
    "string": str,
    "integer": _parse_integer,
    "number": _parse_number,
    "boolean": _parse_boolean,
}


def text_converter(column_type: ColumnType, rules: CellRules = DEFAULT_RULES) -> Converter:
    """Return the converter of text cells.

    A blank cell and a null value become None. A string is kept unchanged. The converter raises
    ValueError for a text that does not have its type.
    """
    parse, nulls = text_parser(column_type, rules), rules.null_values
    keep = column_type == "string"

    def convert(text: str) -> Any:
        stripped = text.strip()
        if not stripped or stripped in nulls:
            return None
        return text if keep else parse(stripped)

    return convert


# JSON values


def json_converter(column_type: ColumnType, rules: CellRules = DEFAULT_RULES) -> Converter:
    """Return the converter of JSON values: strings as in CSV, other values if their type fits.

    Null becomes None. In a string column, a number becomes its text.
    """
    convert_text = text_converter(column_type, rules)
    convert_other: Converter = _NATIVE_CONVERTERS.get(column_type, _reject_value)

    def convert(value: Any) -> Any:
        if isinstance(value, str):
            return convert_text(value)
        return None if value is None else convert_other(value)

    return convert


def _reject_value(value: object) -> Any:
    raise ValueError(value)


def _to_text(value: Any) -> str:
    """Return the text of a value for a string column; objects and arrays become JSON.

    A number keeps its text.
    """
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

json_text = json_converter("string")
"""Return the text of a JSON value; None for null and for a blank string."""


def _require_text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError
    return value


def _require_boolean(value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise ValueError
    return value


_STRICT_CONVERTERS: dict[ColumnType, Converter] = {
    "string": _require_text,
    "boolean": _require_boolean,
}


def cell_converter(
    column: Column, rules: CellRules = DEFAULT_RULES, *, cells_are_text: bool
) -> Converter:
    """Return the converter of a column's cells; it enforces the column's constraint.

    The converter raises ValueError for a wrong type and `ConversionError` for a value that
    violates the constraint.
    """
    convert = _typed_converter(column, rules, cells_are_text=cells_are_text)
    constraint = column.constraint
    if constraint is None:
        return convert

    def convert_checked(cell: Any) -> Any:
        value = convert(cell)
        if violation := constraint.violation(value, cell):
            raise ConversionError(column, f"violates its constraint ({violation})")
        return value

    return convert_checked


def _typed_converter(column: Column, rules: CellRules, *, cells_are_text: bool) -> Converter:
    if cells_are_text:
        return text_converter(column.type, rules)
    if column.strict and column.type in _STRICT_CONVERTERS:
        return _STRICT_CONVERTERS[column.type]
    return json_converter(column.type, rules)
