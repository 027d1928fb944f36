"""Convert all cells of a column at once; the results equal those of `convert.cell_converter`.

A column whose cells look alike is converted with few calls. Other columns fall back to one call
per cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from types import NoneType
from typing import TYPE_CHECKING, Any

from msgspec import structs

from tap_cxone.rows.convert import (
    DEFAULT_RULES,
    FALSE_TEXTS,
    INT64,
    TRUE_TEXTS,
    cell_converter,
    plain_number,
    text_parser,
)

if TYPE_CHECKING:
    from tap_cxone.config.types import ColumnType
    from tap_cxone.rows.columns import Column, ValueConstraint
    from tap_cxone.rows.convert import CellRules, Converter

Cells = Sequence[Any]
ColumnConverter = Callable[[Cells], Cells]
"""Converts the cells of a column to its values. Raises ValueError if a cell is invalid."""
UniformParser = Callable[[list[str]], "Cells | None"]
"""Parses texts that look alike, all at once. Returns None if one has another form."""

_DIGITS = re.compile(r"[+-]?[0-9]+")
_SHORT_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]*)?|\.[0-9]+)")
_EXACT_CHARACTERS = 15  # a double preserves every digit of a number of this length
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ISO_LOCAL = r"[0-9]{4}(?:-[0-9]{2}){2}T(?:[01][0-9]|2[0-3])(?::[0-9]{2}){2}(?:\.0+)?"
_ISO_UTC = re.compile(rf"{_ISO_LOCAL}(?:Z|\+00:00)?")
_ISO_UTC_OFFSET = re.compile(rf"{_ISO_LOCAL}(?:Z|\+00:00)")
_BOOLEANS = dict.fromkeys(TRUE_TEXTS, True) | dict.fromkeys(FALSE_TEXTS, False)


def column_converter(
    column: Column, rules: CellRules = DEFAULT_RULES, *, cells_are_text: bool
) -> ColumnConverter:
    """Return the fastest converter of a column's cells; it enforces the column's constraint."""
    constraint = column.constraint
    if constraint is not None:
        convert_cells = column_converter(
            structs.replace(column, constraint=None), rules, cells_are_text=cells_are_text
        )
        return lambda cells: _checked(constraint, convert_cells(cells), cells)
    convert_texts = _text_converter(column.type, rules)
    if cells_are_text:
        return convert_texts
    convert_cell = cell_converter(column, rules, cells_are_text=False)
    if column.strict and column.type in _STRICT_TYPES:
        return partial(_convert_strictly, {_STRICT_TYPES[column.type], NoneType}, convert_cell)
    if column.type == "string":
        return partial(_convert_json_strings, convert_cell)
    return partial(_convert_json, column.type, convert_texts, convert_cell)


def _checked(constraint: ValueConstraint, values: Cells, cells: Cells) -> Cells:
    if not constraint.allows_all(values, cells):
        raise ValueError
    return values


# Texts


def _text_converter(column_type: ColumnType, rules: CellRules) -> ColumnConverter:
    convert = _typed_text_converter(column_type, rules)
    nulls = rules.null_values
    if not nulls:
        return convert
    return lambda cells: convert(["" if cell.strip() in nulls else cell for cell in cells])


def _typed_text_converter(column_type: ColumnType, rules: CellRules) -> ColumnConverter:
    if column_type == "string":
        return _convert_strings
    parse_uniform = _UNIFORM_PARSERS[column_type]
    if column_type == "date-time" and rules.dates.zone is not UTC:
        parse_uniform = partial(_parse_date_times, _ISO_UTC_OFFSET)
    elif column_type in {"integer", "number"} and (plain := plain_number(rules.number_format)):
        parse_plain = parse_uniform
        parse_uniform = lambda texts: parse_plain(list(map(plain, texts)))  # noqa: E731
    return partial(_convert_stripped, parse_uniform, text_parser(column_type, rules))


def _convert_strings(cells: Cells) -> Cells:
    if all(map(str.strip, cells)):
        return cells
    return [cell if cell.strip() else None for cell in cells]


def _convert_stripped(parse_uniform: UniformParser, parse: Converter, cells: Cells) -> Cells:
    """Convert texts; a blank text becomes None."""
    texts = list(map(str.strip, cells))
    if all(texts):
        return _convert_texts(parse_uniform, parse, texts)
    values = iter(_convert_texts(parse_uniform, parse, list(filter(None, texts))))
    return [next(values) if text else None for text in texts]


def _convert_texts(parse_uniform: UniformParser, parse: Converter, texts: list[str]) -> Cells:
    """Convert non-blank texts: all at once if they look alike, otherwise one by one."""
    values = parse_uniform(texts)
    return list(map(parse, texts)) if values is None else values


def _parse_integers(texts: list[str]) -> Cells | None:
    if not all(map(_DIGITS.fullmatch, texts)):
        return None
    values = list(map(int, texts))
    return values if _fit_int64(values) else None


def _fit_int64(values: Cells) -> bool:
    """Return True if all integers have at most 64 bits, as JSON encoders require."""
    return not values or (min(values) in INT64 and max(values) in INT64)


def _parse_numbers(texts: list[str]) -> Cells | None:
    if (
        not all(map(_SHORT_NUMBER.fullmatch, texts))
        or max(map(len, texts), default=0) > _EXACT_CHARACTERS
    ):
        return None
    return _parse_short_numbers(texts)


def _parse_short_numbers(texts: list[str]) -> Cells:
    # A sum with zero has no negative zero.
    return [float(text) + 0.0 if "." in text else int(text) for text in texts]


def _parse_booleans(texts: list[str]) -> Cells | None:
    values = list(map(_BOOLEANS.get, map(str.casefold, texts)))
    return None if None in values else values


def _parse_dates(texts: list[str]) -> Cells | None:
    return (
        texts
        if all(map(_ISO_DATE.fullmatch, texts)) and _all_parse(date.fromisoformat, texts)
        else None
    )


def _parse_date_times(pattern: re.Pattern[str], texts: list[str]) -> Cells | None:
    if not all(map(pattern.fullmatch, texts)) or not _all_parse(datetime.fromisoformat, texts):
        return None
    return [f"{text[:19]}+00:00" for text in texts]


def _all_parse(parse: Callable[[str], object], texts: list[str]) -> bool:
    """Return True if `parse` accepts all texts, that is, if all dates exist."""
    try:
        return all(map(parse, texts))
    except ValueError:
        return False


_UNIFORM_PARSERS: dict[ColumnType, UniformParser] = {
    "integer": _parse_integers,
    "number": _parse_numbers,
    "boolean": _parse_booleans,
    "date": _parse_dates,
    "date-time": partial(_parse_date_times, _ISO_UTC),
}


# JSON values


_STRICT_TYPES: dict[ColumnType, type] = {"string": str, "boolean": bool}


def _convert_strictly(types: set[type], convert_cell: Callable[[Any], Any], cells: Cells) -> Cells:
    return cells if set(map(type, cells)) <= types else list(map(convert_cell, cells))


def _convert_json_strings(convert_cell: Converter, cells: Cells) -> Cells:
    """Convert JSON values; in the usual case all are non-blank strings."""
    try:
        if all(map(str.strip, cells)):
            return cells
    except TypeError:  # some values are not strings
        pass
    return _convert_json("string", _convert_strings, convert_cell, cells)


def _convert_json(
    column_type: ColumnType, convert_texts: ColumnConverter, convert_cell: Converter, cells: Cells
) -> Cells:
    """Convert JSON values: all at once if they have one type, otherwise one by one."""
    types = set(map(type, cells))
    if NoneType in types and len(types) > 1:
        present = [cell for cell in cells if cell is not None]
        values = iter(_convert_json(column_type, convert_texts, convert_cell, present))
        return [None if cell is None else next(values) for cell in cells]
    if types == {str}:
        return convert_texts(cells)
    if types == {NoneType} or (types == {bool} and column_type == "boolean"):
        return cells
    if types == {int} and column_type in {"integer", "number"} and _fit_int64(cells):
        return cells
    if column_type in {"number", "string"} and types <= {int, Decimal}:
        texts = list(map(str, cells))
        return texts if column_type == "string" else _convert_json_numbers(texts)
    return list(map(convert_cell, cells))


def _convert_json_numbers(texts: list[str]) -> Cells:
    """Convert numbers that Python formatted: each has a decimal point, an exponent or neither."""
    if max(map(len, texts)) <= _EXACT_CHARACTERS and "e" not in "".join(texts).casefold():
        return _parse_short_numbers(texts)
    return _convert_texts(_parse_numbers, text_parser("number", DEFAULT_RULES), texts)
