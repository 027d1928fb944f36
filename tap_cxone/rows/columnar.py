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

from tap_cxone.rows.convert import EXACT, FALSE, INT64, JSON_CONVERTERS, ROW_HASH, TRUE, reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_cxone.config import ColumnType
    from tap_cxone.rows.columns import Column, Rule
    from tap_cxone.rows.convert import Layout

Cells = Sequence[Any]
Conversion = Callable[[Cells], Cells]
"""From the cells of a column to its values. Raises ValueError if one of them is none."""

_DIGITS = re.compile(r"[+-]?[0-9]+")
_SHORT = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]*)?|\.[0-9]+)")
_SHORTEST = 15  # characters, of which a double keeps every one
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UTC = re.compile(
    r"[0-9]{4}(?:-[0-9]{2}){2}T(?:[01][0-9]|2[0-3])(?::[0-9]{2}){2}(?:\.0+)?(?:Z|\+00:00)?"
)
_WORDS = dict.fromkeys(TRUE, True) | dict.fromkeys(FALSE, False)


@dataclass(frozen=True, slots=True)
class Records:
    """Records of one layout, by columns.

    Attributes:
        layout: Says how the columns are called.
        columns: The values of each column, in the order of `layout.names`.
        count: How many records they are.
    """

    layout: Layout
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

    def known_keys(self) -> Iterator[tuple[Any, ...]]:
        """Yield the keys without a blank part: who has one may be anybody."""
        keys = self.all_keys()
        return keys if all(map(all, self._key_columns())) else (k for k in keys if "" not in k)

    def _key_columns(self) -> list[Cells]:
        names = self.layout.names
        return [self.columns[names.index(key)] for key in self.layout.shape.keys]

    def under(self, layout: Layout) -> Records:
        """Return them as a later layout of the same file has them, whose new columns are null."""
        if layout is self.layout:
            return self
        own = dict(zip(self.layout.names, self.columns, strict=True))
        nothing = [None] * self.count
        return Records(layout, [own.get(name, nothing) for name in layout.names], self.count)

    def only(self, wanted: Sequence[bool]) -> Records:
        """Return some of them."""
        columns = [list(compress(column, wanted)) for column in self.columns]
        return Records(self.layout, columns, sum(wanted))


def columns_of(layout: Layout) -> Callable[[Sequence[Cells], int], Records]:
    """Return what makes records of the cells of so many rows, given by columns.

    It raises ValueError if one row does not fit; which one, and why, `layout.compiled` says.
    """
    names, shape = layout.names, layout.shape
    kept = [(place, column) for place, column in enumerate(layout.columns) if column]
    conversions = [
        (names.index(column.name), place, _conversion(column, texts=layout.texts))
        for place, column in kept
    ]
    textual = {names.index(column.name) for _, column in kept if column.type == "string"}
    keys = [names.index(key) for key in shape.keys]
    constants = [(names.index(name), value) for name, value in shape.constants.items()]
    digests = _digests(layout) if ROW_HASH in shape.keys else None

    def records(cells: Sequence[Cells], count: int) -> Records:
        made: list[Cells] = [[None] * count] * len(names)
        for position, place, convert in conversions:
            made[position] = convert(cells[place])
        if digests:
            made[names.index(ROW_HASH)] = digests(cells)
        for position, value in constants:
            made[position] = [value] * count
        for position in keys:
            if not all(made[position]):
                made[position] = _never_null(made[position], textual=position in textual)
        return Records(layout, made, count)

    return records


def _never_null(values: Cells, *, textual: bool) -> Cells:
    if None in values and not textual:
        raise ValueError
    return ["" if value is None else value for value in values]


def _conversion(column: Column, *, texts: bool) -> Conversion:
    """Return the quickest way from the cells of a column to its values."""
    rule = column.rule
    if rule is not None:
        convert = _conversion(replace(column, rule=None), texts=texts)
        return lambda cells: _kept(rule, convert(cells))
    one = reader(column, texts=texts)
    if texts:
        return _OF_TEXTS[column.type]
    if column.strict and column.type in _STRICT:
        return partial(_strictly, {_STRICT[column.type], NoneType}, one)
    if column.type == "string":
        return partial(_strings_of_json, one)
    return partial(_of_json, column.type, one)


def _kept(rule: Rule, values: Cells) -> Cells:
    if not rule.kept_by_all([value for value in values if value is not None]):
        raise ValueError
    return values


# Texts


def _strings(cells: Cells) -> Cells:
    if all(map(str.strip, cells)):
        return cells
    return [cell if cell.strip() else None for cell in cells]


def _bare(kind: ColumnType, cells: Cells) -> Cells:
    """Convert texts; the blank ones are no values."""
    texts = list(map(str.strip, cells))
    if all(texts):
        return _exact(kind, texts)
    values = iter(_exact(kind, list(filter(None, texts))))
    return [next(values) if text else None for text in texts]


def _exact(kind: ColumnType, texts: list[str]) -> Cells:
    """Convert texts of which none is blank: all at once if they look alike, else one by one."""
    found = _ALIKE[kind](texts)
    return list(map(EXACT[kind], texts)) if found is None else found


def _integers(texts: list[str]) -> Cells | None:
    if not all(map(_DIGITS.fullmatch, texts)):
        return None
    values = list(map(int, texts))
    return values if _fit(values) else None


def _fit(values: Cells) -> bool:
    """Tell whether integers are such as every JSON writer takes."""
    return not values or (min(values) in INT64 and max(values) in INT64)


def _numbers(texts: list[str]) -> Cells | None:
    if not all(map(_SHORT.fullmatch, texts)) or max(map(len, texts), default=0) > _SHORTEST:
        return None
    return _short(texts)


def _short(texts: list[str]) -> Cells:
    return [float(text) if "." in text else int(text) for text in texts]


def _booleans(texts: list[str]) -> Cells | None:
    found = list(map(_WORDS.get, map(str.casefold, texts)))
    return None if None in found else found


def _dates(texts: list[str]) -> Cells | None:
    return texts if all(map(_DAY.fullmatch, texts)) and _real(date.fromisoformat, texts) else None


def _date_times(texts: list[str]) -> Cells | None:
    if not all(map(_UTC.fullmatch, texts)) or not _real(datetime.fromisoformat, texts):
        return None
    return [f"{text[:19]}+00:00" for text in texts]


def _real(read: Callable[[str], object], texts: list[str]) -> bool:
    """Tell whether all texts are in the calendar."""
    try:
        return all(map(read, texts))
    except ValueError:
        return False


_ALIKE: dict[ColumnType, Callable[[list[str]], Cells | None]] = {
    "integer": _integers,
    "number": _numbers,
    "boolean": _booleans,
    "date": _dates,
    "date-time": _date_times,
}
_OF_TEXTS: dict[ColumnType, Conversion] = {
    "string": _strings,
    **{kind: partial(_bare, kind) for kind in EXACT},
}


# Values of JSON


_STRICT: dict[ColumnType, type] = {"string": str, "boolean": bool}


def _strictly(types: set[type], one: Callable[[Any], Any], cells: Cells) -> Cells:
    return cells if set(map(type, cells)) <= types else list(map(one, cells))


def _strings_of_json(one: Callable[[Any], Any], cells: Cells) -> Cells:
    """Convert values of JSON; as a rule all are texts of which none is blank."""
    try:
        if all(map(str.strip, cells)):
            return cells
    except TypeError:  # some are no texts
        pass
    return _of_json("string", one, cells)


def _of_json(kind: ColumnType, one: Callable[[Any], Any], cells: Cells) -> Cells:
    """Convert values of JSON: all at once if they are of one kind, else one by one."""
    types = set(map(type, cells))
    if NoneType in types and len(types) > 1:
        values = iter(_of_json(kind, one, [cell for cell in cells if cell is not None]))
        return [None if cell is None else next(values) for cell in cells]
    if types == {str}:
        return _OF_TEXTS[kind](cells)
    if types == {NoneType} or (types == {bool} and kind == "boolean"):
        return cells
    if types == {int} and kind in {"integer", "number"} and _fit(cells):
        return cells
    if kind in {"number", "string"} and types <= {int, Decimal}:
        texts = list(map(str, cells))
        return texts if kind == "string" else _of_numbers(texts)
    return list(map(one, cells))


def _of_numbers(texts: list[str]) -> Cells:
    """Convert numbers as Python writes them: a point and no exponent, or none and one."""
    if max(map(len, texts)) <= _SHORTEST and "E" not in "".join(texts):
        return _short(texts)
    return _exact("number", texts)


# Digests


def _digests(layout: Layout) -> Conversion:
    """Return what digests rows, given by columns, as `Layout.digest` does one by one."""
    named = sorted((c.name if c else "", place) for place, c in enumerate(layout.columns))
    if sum(not name for name, _ in named) > 1:  # those without a name are told apart by their text
        return lambda cells: list(map(layout.digest, zip(*cells, strict=True)))
    openings = [(f"[{encode_basestring_ascii(name)}, ", place) for name, place in named]

    def digests(cells: Sequence[Cells]) -> Cells:
        parts = [_parts(opening, _texts(cells[place])) for opening, place in openings]
        return [_digest(filter(None, row)) for row in zip(*parts, strict=True)]

    def _texts(column: Cells) -> Cells:
        if layout.texts or set(map(type, column)) == {str}:
            return column
        return [JSON_CONVERTERS["string"](cell) or "" for cell in column]

    return digests


def _parts(opening: str, texts: Cells) -> list[str]:
    return [f"{opening}{encode_basestring_ascii(text)}]" if text.strip() else "" for text in texts]


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256(f"[{', '.join(parts)}]".encode()).hexdigest()
