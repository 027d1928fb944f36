"""Many rows at once: cells become values a column at a time, just as `records` makes them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from itertools import compress, repeat
from json.encoder import encode_basestring_ascii
from types import NoneType
from typing import TYPE_CHECKING, Any

from tap_cxone.rows.convert import (
    FALSE_TEXTS,
    INT64,
    JSON_CONVERTERS,
    ROW_HASH,
    TEXT_PARSERS,
    TRUE_TEXTS,
    cell_converter,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_cxone.rows.columns import Column, ValueConstraint
    from tap_cxone.rows.convert import FileLayout
    from tap_cxone.types import ColumnType

Cells = Sequence[Any]
ColumnConverter = Callable[[Cells], Cells]
"""From the cells of a column to its values. Raises ValueError if one of them is none."""

_DIGITS = re.compile(r"[+-]?[0-9]+")
_SHORT_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]*)?|\.[0-9]+)")
_EXACT_CHARACTERS = 15  # characters, of which a double keeps every one
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ISO_UTC = re.compile(
    r"[0-9]{4}(?:-[0-9]{2}){2}T(?:[01][0-9]|2[0-3])(?::[0-9]{2}){2}(?:\.0+)?(?:Z|\+00:00)?"
)
_BOOLEANS = dict.fromkeys(TRUE_TEXTS, True) | dict.fromkeys(FALSE_TEXTS, False)


@dataclass(frozen=True, slots=True)
class Records:
    """Records of one layout, by columns.

    Attributes:
        layout: Says how the columns are called.
        columns: The values of each column, in the order of `layout.names`.
        count: How many records they are.
    """

    layout: FileLayout
    columns: Sequence[Cells]
    count: int

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Return the records one by one."""
        names = self.layout.names
        rows: Iterable[Cells] = zip(*self.columns, strict=True) if names else repeat((), self.count)
        return (dict(zip(names, row, strict=True)) for row in rows)

    def all_keys(self) -> Iterator[tuple[Any, ...]]:
        """Yield the key of each record."""
        return zip(*self._key_columns(), strict=True)

    def complete_keys(self) -> Iterator[tuple[Any, ...]]:
        """Yield the keys without a blank part: who has one may be anybody."""
        keys = self.all_keys()
        return keys if all(map(all, self._key_columns())) else (k for k in keys if "" not in k)

    def _key_columns(self) -> list[Cells]:
        names = self.layout.names
        return [self.columns[names.index(key)] for key in self.layout.spec.key_columns]

    def with_layout(self, layout: FileLayout) -> Records:
        """Return them as a later layout of the same file has them, whose new columns are null."""
        if layout is self.layout:
            return self
        values_by_name = dict(zip(self.layout.names, self.columns, strict=True))
        nulls = [None] * self.count
        return Records(
            layout, [values_by_name.get(name, nulls) for name in layout.names], self.count
        )

    def select(self, mask: Sequence[bool]) -> Records:
        """Return some of them."""
        columns = [list(compress(column, mask)) for column in self.columns]
        return Records(self.layout, columns, sum(mask))


def block_converter(layout: FileLayout) -> Callable[[Sequence[Cells], int], Records]:
    """Return what makes records of the cells of so many rows, given by columns.

    It raises ValueError if one row does not fit; which one, and why, `layout.compiled` says.
    """
    names, spec = layout.names, layout.spec
    kept_columns = [
        (cell_index, column) for cell_index, column in enumerate(layout.columns) if column
    ]
    converters = [
        (
            names.index(column.name),
            cell_index,
            _column_converter(column, cells_are_text=layout.cells_are_text),
        )
        for cell_index, column in kept_columns
    ]
    text_indexes = {
        names.index(column.name) for _, column in kept_columns if column.type == "string"
    }
    key_indexes = [names.index(key) for key in spec.key_columns]
    constants = [(names.index(name), value) for name, value in spec.constants.items()]
    hash_rows = _row_hasher(layout) if ROW_HASH in spec.key_columns else None

    def convert_block(cells: Sequence[Cells], count: int) -> Records:
        converted: list[Cells] = [[None] * count] * len(names)
        for target, cell_index, convert in converters:
            converted[target] = convert(cells[cell_index])
        if hash_rows:
            converted[names.index(ROW_HASH)] = hash_rows(cells)
        for target, value in constants:
            converted[target] = [value] * count
        for target in key_indexes:
            if not all(converted[target]):
                converted[target] = _without_nulls(
                    converted[target], is_text=target in text_indexes
                )
        return Records(layout, converted, count)

    return convert_block


def _without_nulls(values: Cells, *, is_text: bool) -> Cells:
    if None in values and not is_text:
        raise ValueError
    return ["" if value is None else value for value in values]


def _column_converter(column: Column, *, cells_are_text: bool) -> ColumnConverter:
    """Return the quickest way from the cells of a column to its values."""
    constraint = column.constraint
    if constraint is not None:
        convert_cells = _column_converter(
            replace(column, constraint=None), cells_are_text=cells_are_text
        )
        return lambda cells: _checked(constraint, convert_cells(cells))
    convert_cell = cell_converter(column, cells_are_text=cells_are_text)
    if cells_are_text:
        return _TEXT_CONVERTERS[column.type]
    if column.strict and column.type in _STRICT_TYPES:
        return partial(_convert_strictly, {_STRICT_TYPES[column.type], NoneType}, convert_cell)
    if column.type == "string":
        return partial(_convert_json_strings, convert_cell)
    return partial(_convert_json, column.type, convert_cell)


def _checked(constraint: ValueConstraint, values: Cells) -> Cells:
    if not constraint.allows_all([value for value in values if value is not None]):
        raise ValueError
    return values


# Texts


def _convert_strings(cells: Cells) -> Cells:
    if all(map(str.strip, cells)):
        return cells
    return [cell if cell.strip() else None for cell in cells]


def _convert_stripped(column_type: ColumnType, cells: Cells) -> Cells:
    """Convert texts; the blank ones are no values."""
    texts = list(map(str.strip, cells))
    if all(texts):
        return _convert_texts(column_type, texts)
    values = iter(_convert_texts(column_type, list(filter(None, texts))))
    return [next(values) if text else None for text in texts]


def _convert_texts(column_type: ColumnType, texts: list[str]) -> Cells:
    """Convert texts of which none is blank: all at once if they look alike, else one by one."""
    values = _UNIFORM_PARSERS[column_type](texts)
    return list(map(TEXT_PARSERS[column_type], texts)) if values is None else values


def _parse_integers(texts: list[str]) -> Cells | None:
    if not all(map(_DIGITS.fullmatch, texts)):
        return None
    values = list(map(int, texts))
    return values if _fit_int64(values) else None


def _fit_int64(values: Cells) -> bool:
    """Tell whether integers are such as every JSON writer takes."""
    return not values or (min(values) in INT64 and max(values) in INT64)


def _parse_numbers(texts: list[str]) -> Cells | None:
    if (
        not all(map(_SHORT_NUMBER.fullmatch, texts))
        or max(map(len, texts), default=0) > _EXACT_CHARACTERS
    ):
        return None
    return _parse_short_numbers(texts)


def _parse_short_numbers(texts: list[str]) -> Cells:
    return [float(text) if "." in text else int(text) for text in texts]


def _parse_booleans(texts: list[str]) -> Cells | None:
    values = list(map(_BOOLEANS.get, map(str.casefold, texts)))
    return None if None in values else values


def _parse_dates(texts: list[str]) -> Cells | None:
    return (
        texts
        if all(map(_ISO_DATE.fullmatch, texts)) and _all_parse(date.fromisoformat, texts)
        else None
    )


def _parse_date_times(texts: list[str]) -> Cells | None:
    if not all(map(_ISO_UTC.fullmatch, texts)) or not _all_parse(datetime.fromisoformat, texts):
        return None
    return [f"{text[:19]}+00:00" for text in texts]


def _all_parse(parse: Callable[[str], object], texts: list[str]) -> bool:
    """Tell whether all texts are in the calendar."""
    try:
        return all(map(parse, texts))
    except ValueError:
        return False


_UNIFORM_PARSERS: dict[ColumnType, Callable[[list[str]], Cells | None]] = {
    "integer": _parse_integers,
    "number": _parse_numbers,
    "boolean": _parse_booleans,
    "date": _parse_dates,
    "date-time": _parse_date_times,
}
_TEXT_CONVERTERS: dict[ColumnType, ColumnConverter] = {
    "string": _convert_strings,
    **{kind: partial(_convert_stripped, kind) for kind in TEXT_PARSERS},
}


# Values of JSON


_STRICT_TYPES: dict[ColumnType, type] = {"string": str, "boolean": bool}


def _convert_strictly(types: set[type], convert_cell: Callable[[Any], Any], cells: Cells) -> Cells:
    return cells if set(map(type, cells)) <= types else list(map(convert_cell, cells))


def _convert_json_strings(convert_cell: Callable[[Any], Any], cells: Cells) -> Cells:
    """Convert values of JSON; as a rule all are texts of which none is blank."""
    try:
        if all(map(str.strip, cells)):
            return cells
    except TypeError:  # some are no texts
        pass
    return _convert_json("string", convert_cell, cells)


def _convert_json(
    column_type: ColumnType, convert_cell: Callable[[Any], Any], cells: Cells
) -> Cells:
    """Convert values of JSON: all at once if they are of one kind, else one by one."""
    types = set(map(type, cells))
    if NoneType in types and len(types) > 1:
        values = iter(
            _convert_json(column_type, convert_cell, [cell for cell in cells if cell is not None])
        )
        return [None if cell is None else next(values) for cell in cells]
    if types == {str}:
        return _TEXT_CONVERTERS[column_type](cells)
    if types == {NoneType} or (types == {bool} and column_type == "boolean"):
        return cells
    if types == {int} and column_type in {"integer", "number"} and _fit_int64(cells):
        return cells
    if column_type in {"number", "string"} and types <= {int, Decimal}:
        texts = list(map(str, cells))
        return texts if column_type == "string" else _convert_json_numbers(texts)
    return list(map(convert_cell, cells))


def _convert_json_numbers(texts: list[str]) -> Cells:
    """Convert numbers as Python writes them: a point and no exponent, or none and one."""
    if max(map(len, texts)) <= _EXACT_CHARACTERS and "E" not in "".join(texts):
        return _parse_short_numbers(texts)
    return _convert_texts("number", texts)


# Digests


def _row_hasher(layout: FileLayout) -> ColumnConverter:
    """Return what digests rows, given by columns, as `FileLayout.digest` does one by one."""
    name_indexes = sorted((c.name if c else "", index) for index, c in enumerate(layout.columns))
    if (
        sum(not name for name, _ in name_indexes) > 1
    ):  # those without a name are told apart by their text
        return lambda cells: list(map(layout.digest, zip(*cells, strict=True)))
    prefixes = [(f"[{encode_basestring_ascii(name)}, ", index) for name, index in name_indexes]

    def hash_rows(cells: Sequence[Cells]) -> Cells:
        parts = [_hash_parts(prefix, column_texts(cells[index])) for prefix, index in prefixes]
        return [_hash_row(filter(None, row)) for row in zip(*parts, strict=True)]

    def column_texts(column: Cells) -> Cells:
        if layout.cells_are_text or set(map(type, column)) == {str}:
            return column
        return [JSON_CONVERTERS["string"](cell) or "" for cell in column]

    return hash_rows


def _hash_parts(prefix: str, texts: Cells) -> list[str]:
    return [f"{prefix}{encode_basestring_ascii(text)}]" if text.strip() else "" for text in texts]


def _hash_row(parts: Iterable[str]) -> str:
    return hashlib.sha256(f"[{', '.join(parts)}]".encode()).hexdigest()
