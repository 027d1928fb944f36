"""Convert all cells of a column to an Arrow array; its values equal those of `column_converters`.

Cells of the usual form are converted by Arrow. For any other form the ordinary converter decides.
This module needs pyarrow (extra `parquet`), so it is imported only where pyarrow is installed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from tap_cxone.rows.column_converters import column_converter
from tap_cxone.rows.convert import FALSE_TEXTS, TRUE_TEXTS
from tap_cxone.rows.number_storage import DECIMAL_DIGITS

if TYPE_CHECKING:
    from tap_cxone.config.types import ColumnType
    from tap_cxone.rows.columns import Column
    from tap_cxone.rows.convert import CellRules

ArrowConverter = Callable[[Any, Any], Any]
"""Converts an Arrow array of texts to an Arrow array, or to Python values.

Its second argument is an Arrow array that says which texts are blank. It raises ValueError if a
cell is invalid, or if only the conversion by rows can say so.
"""
_Parser = Callable[[Any], Any]
"""Converts an Arrow array of stripped texts and nulls; returns None for texts of another form."""

_INTEGER = r"\A-?[0-9]{1,18}\z"
# No zero before the first digit, and no negative zero. A double holds 15 digits.
_NUMBER = r"\A(?:-?[1-9][0-9]*(?:\.[0-9]+)?|0(?:\.[0-9]+)?|-0\.[0-9]*[1-9][0-9]*)\z"
_TRAILING_ZEROS = r"(\.[0-9]+?)0+\z"
_EXACT_CHARACTERS = 15
_TRUE_TEXTS, _FALSE_TEXTS = pa.array(sorted(TRUE_TEXTS)), pa.array(sorted(FALSE_TEXTS))
_DATE = r"\A[12][0-9]{3}-[0-9]{2}-[0-9]{2}\z"
_LOCAL = r"\A[12][0-9]{3}(?:-[0-9]{2}){2}T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}(?:\.[0-9]{1,6})?"
_LOCAL_TIME = rf"{_LOCAL}\z"
_INSTANT = rf"{_LOCAL}(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])\z"

_TYPES: dict[ColumnType, Any] = {
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "date-time": pa.timestamp("us", tz="UTC"),
    "string": pa.string(),
}


def arrow_type(column: Column) -> Any:
    """Return the Arrow type of a column; numbers without a storage are texts of JSON."""
    storage = column.constraint.storage if column.constraint else None
    if column.type != "number":
        return _TYPES[column.type]
    if storage is None:
        return pa.string()
    is_decimal = storage.kind == "decimal128"
    return pa.decimal128(DECIMAL_DIGITS, storage.decimals) if is_decimal else pa.float64()


def arrow_converter(column: Column, rules: CellRules) -> ArrowConverter:
    """Return the converter of a column's cells; it enforces the column's constraint."""
    convert_cells = column_converter(column, rules, cells_are_text=True)
    parse = _parser(column, rules)
    nulls = pa.array(sorted(rules.null_values), pa.string())

    def convert(texts: Any, is_blank: Any) -> Any:
        values = parse(_without_nulls(texts, is_blank, nulls, column)) if parse else None
        if values is not None:
            return values
        if column.type in {"date", "date-time"}:  # the ordinary parser must see each date once
            raise ValueError
        return convert_cells(texts.to_pylist())

    return convert


def _without_nulls(texts: Any, is_null: Any, nulls: Any, column: Column) -> Any:
    """Return the texts with nulls in place of blank ones; stripped, unless they are strings."""
    stripped = (
        texts if column.type == "string" and not len(nulls) else pc.utf8_trim_whitespace(texts)
    )
    if len(nulls):
        is_null = pc.or_(is_null, pc.is_in(stripped, nulls))
    kept = texts if column.type == "string" else stripped
    return pc.if_else(is_null, None, kept) if is_null.true_count else kept


def _parser(column: Column, rules: CellRules) -> _Parser | None:
    """Return the parser of the usual form of a column; None if a rule allows another form."""
    kind, constraint = column.type, column.constraint
    is_plain = kind not in {"integer", "number"} or rules.number_format == "1234.5"
    if not is_plain or (constraint is not None and constraint.is_by_value):
        return None
    if kind == "number":
        return partial(_parse_numbers, arrow_type(column))
    if kind == "date-time":
        return partial(_parse_instants, is_utc=rules.dates.zone is UTC)
    return _PARSERS[kind]


def _parse_matching(pattern: str, arrow_type: Any, texts: Any) -> Any:
    """Convert texts of one form; return None if one has another form or no value."""
    if pc.all(pc.match_substring_regex(texts, pattern)).as_py() is False:
        return None
    try:
        return texts.cast(arrow_type)
    except pa.ArrowInvalid:  # such as February 30
        return None


def _parse_numbers(arrow_type: Any, texts: Any) -> Any:
    longest = pc.max(pc.binary_length(texts)).as_py() or 0
    numbers = None if longest > _EXACT_CHARACTERS else _parse_matching(_NUMBER, arrow_type, texts)
    if numbers is None or not pa.types.is_string(arrow_type):
        return numbers
    return pc.replace_substring_regex(numbers, _TRAILING_ZEROS, r"\1")


def _parse_instants(texts: Any, *, is_utc: bool) -> Any:
    """Convert instants; local times too where they are those of UTC."""
    instants = _parse_matching(_INSTANT, _TYPES["date-time"], texts)
    if instants is not None or not is_utc:
        return instants
    local_times = _parse_matching(_LOCAL_TIME, pa.timestamp("us"), texts)
    return None if local_times is None else local_times.cast(_TYPES["date-time"])


def _parse_booleans(texts: Any) -> Any:
    lowered = pc.ascii_lower(texts)
    is_true = pc.is_in(lowered, _TRUE_TEXTS)
    is_known = pc.or_(is_true, pc.is_in(lowered, _FALSE_TEXTS))
    if is_known.true_count + texts.null_count < len(texts):
        return None
    return pc.if_else(pc.is_null(texts), None, is_true) if texts.null_count else is_true


_PARSERS: dict[ColumnType, _Parser] = {
    "integer": partial(_parse_matching, _INTEGER, _TYPES["integer"]),
    "boolean": _parse_booleans,
    "date": partial(_parse_matching, _DATE, _TYPES["date"]),
    "string": lambda texts: texts,
}
