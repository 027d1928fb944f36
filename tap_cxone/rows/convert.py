"""A schema compiled into converters: cells to typed records, exactly."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from tap_cxone.clock import iso
from tap_cxone.errors import DriftError
from tap_cxone.rows.columns import assign, snake_case

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tap_cxone.config import ColumnType
    from tap_cxone.rows.columns import Column

ROW_HASH = "_row_hash"

Converter = Callable[[Any], Any]

_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_DAY_FIRST = re.compile(r"\s*(?:1[3-9]|[23][0-9])[/.-][0-9]{1,2}[/.-][0-9]")
TRUE = {"true", "yes", "y", "t", "1"}
FALSE = {"false", "no", "n", "f", "0"}
_EXACT_DIGITS = 15  # every decimal of so many digits survives the way through a double
INT64 = range(-(2**63), 2**63)
_NESTED = msgspec.json.Encoder(decimal_format="number")


def _integer(text: str) -> int | Decimal:
    if not _INTEGER.fullmatch(text):
        raise ValueError
    value = int(text)
    # JSON writers refuse longer integers; a Decimal is written digit by digit.
    return value if value in INT64 else Decimal(value)


def _number(text: str) -> float | int | Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError
    if _INTEGER.fullmatch(text):
        return _integer(text)
    plain = "e" not in text and "E" not in text
    return float(text) if plain and len(text) <= _EXACT_DIGITS else Decimal(text)


def _boolean(text: str) -> bool:
    word = text.casefold()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise ValueError


def _date(text: str) -> str:
    instant = _instant(text)
    if instant.time() != datetime.min.time():
        raise ValueError
    return instant.date().isoformat()


def _date_time(text: str) -> str:
    instant = _instant(text)
    return iso(instant if instant.tzinfo else instant.replace(tzinfo=UTC))


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return _spoken(text)


@lru_cache(maxsize=4096)
def _spoken(text: str) -> datetime:
    """Read what is not ISO 8601, such as `01/31/2026 5:04 PM` (month first, as the vendor's).

    dateutil fills what is missing with a default: two readings with different defaults that
    differ show a text that is no whole date. A day in the month's place is refused: it would be
    read the other way round, and all its neighbours up to the twelfth would be wrong.
    """
    if _DAY_FIRST.match(text):
        raise ValueError(text)
    from dateutil import parser  # only few files need it

    try:
        readings = {
            parser.parse(text, default=default, tzinfos=_known_zone)
            for default in (datetime(2000, 1, 1), datetime(2003, 12, 31))  # noqa: DTZ001
        }
    except OverflowError as error:
        raise ValueError from error
    (instant,) = readings
    return instant


def _known_zone(name: str | None, offset: int | None) -> int | None:
    """Refuse a zone that is only a name: what `EST` or `CST` means depends on who reads it."""
    if name is not None and offset is None:
        raise ValueError(name)
    return offset


def _string(text: str) -> str | None:
    return text if text.strip() else None


def _blank_is_none(convert: Converter) -> Converter:
    return lambda text: convert(bare) if (bare := text.strip()) else None


EXACT: dict[ColumnType, Converter] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "date-time": _date_time,
}
"""From a text without blanks around it to its value, where that is no text."""


CONVERTERS: dict[ColumnType, Converter] = {
    "string": _string,
    **{kind: _blank_is_none(convert) for kind, convert in EXACT.items()},
}
"""From one cell to its value, by type. Blank is None, a text is kept to the letter; a converter
raises ValueError for a text that is none of its type."""


def _from_json(kind: ColumnType) -> Converter:
    """Return the converter of JSON's own values: texts as in CSV, the others if they are its."""
    of_text: Converter = CONVERTERS[kind]
    of_other: Converter = _NATIVE.get(kind, _no_value)

    def read(value: Any) -> Any:
        if isinstance(value, str):
            return of_text(value)
        return None if value is None else of_other(value)

    return read


def _no_value(value: object) -> Any:
    raise ValueError(value)


def _written(value: Any) -> str:
    """Write a value as a text column shows it; what is nested keeps its keys, as JSON."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    return _NESTED.encode(value).decode()


def _json_number(value: Any) -> float | int | Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError  # noqa: TRY004 (a misfit like any other)
    return _number(str(value))


def _json_integer(value: Any) -> int | Decimal:
    number = _json_number(value)
    if number != int(number):
        raise ValueError
    return _integer(str(int(number)))


def _json_boolean(value: Any) -> bool:
    return value if isinstance(value, bool) else _boolean(str(value))


_NATIVE: dict[ColumnType, Converter] = {
    "string": _written,
    "integer": _json_integer,
    "number": _json_number,
    "boolean": _json_boolean,
}

JSON_CONVERTERS: dict[ColumnType, Converter] = {kind: _from_json(kind) for kind in CONVERTERS}
"""The same for values of JSON: null is None, a number is its own text where a text is declared."""


def _strict_text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError
    return value


def _strict_boolean(value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise ValueError
    return value


_STRICT: dict[ColumnType, Converter] = {
    **JSON_CONVERTERS,
    "string": _strict_text,
    "boolean": _strict_boolean,
}


def reader(column: Column, *, texts: bool) -> Converter:
    """Return what makes a cell the value of its column, rule included."""
    found = CONVERTERS if texts else _STRICT if column.strict else JSON_CONVERTERS
    convert: Converter = found[column.type]
    rule = column.rule
    if rule is None:
        return convert

    def read(cell: Any) -> Any:
        value = convert(cell)
        if value is not None and (broken := rule.broken_by(value)):
            raise Misfit(column, f"breaks its rule ({broken})")
        return value

    return read


@dataclass(frozen=True, slots=True)
class Shape:
    """What the records of a stream must look like, whatever file they come from.

    Attributes:
        known: Columns whose names and types are known.
        announced: Names of the columns that the target has been told of.
        keys: Columns that identify a record; a null in them is written as an empty text. With
            `_row_hash` among them records carry it, a digest of the row's own values.
        constants: What every record carries beside its cells.
        required: Further columns that a file must have, by the source's names or ours.
        keep_unknown: Whether columns that are neither known nor announced stay in.
    """

    known: Sequence[Column]
    announced: Collection[str]
    keys: Sequence[str]
    constants: Mapping[str, Any]
    required: Sequence[str] = ()
    keep_unknown: bool = True

    @property
    def fields(self) -> frozenset[str]:
        """Return the columns without which there is no record."""
        own = {*self.constants, ROW_HASH}
        return frozenset(name for name in (*self.keys, *self.required) if name not in own)


@dataclass(frozen=True, slots=True)
class Layout:
    """How the rows of one file become records.

    Attributes:
        shape: What they must look like.
        columns: The column of each cell, in the file's order; None for a cell to leave out.
        absent: Known columns that the file has not; they are null.
        new: Columns of the file that were not announced and stay in.
        texts: Whether cells are texts to be converted; else they are JSON's own values.
        names: What a record's values are called, in their order.
    """

    shape: Shape
    columns: tuple[Column | None, ...]
    absent: tuple[Column, ...]
    new: tuple[Column, ...]
    texts: bool
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Name the values once: every block of rows asks."""
        cells = (column.name for column in self.columns if column)
        hashed = (ROW_HASH,) if ROW_HASH in self.shape.keys else ()
        absent = (column.name for column in self.absent)
        names = tuple(dict.fromkeys((*absent, *cells, *hashed, *self.shape.constants)))
        object.__setattr__(self, "names", names)

    @classmethod
    def of(cls, header: Sequence[str], shape: Shape, *, texts: bool = True) -> Layout:
        """Match a file's titles with the known columns.

        Raises:
            DriftError: The file has not every column that it must have.
        """
        columns = assign(header, shape.known)
        names = {column.name for column in columns}
        if missing := sorted({snake_case(name) for name in shape.fields} - names):
            msg = f"no column {', '.join(missing)} in the header: {', '.join(header)}"
            raise DriftError(msg)
        announced = shape.announced
        told = [column for column in shape.known if column.name in announced]
        absent = tuple(column for column in told if column.name not in names)
        fine = {column.name for column in shape.known}.union(announced)
        kept = [c if shape.keep_unknown or c.name in fine else None for c in columns]
        new = tuple(column for column in kept if column and column.name not in announced)
        return cls(shape, tuple(kept), absent, new, texts)

    def compiled(self) -> Callable[[Sequence[Any]], dict[str, Any]]:
        """Return the function that makes a record of a row.

        The row has as many cells as the header. The function raises `Misfit` where a cell does
        not fit its column's type.
        """
        blank = dict.fromkeys((column.name for column in self.absent), None)
        kept = [(place, column) for place, column in enumerate(self.columns) if column]
        readers = [(place, c.name, reader(c, texts=self.texts), c) for place, c in kept]
        columns = {column.name: column for _, column in kept}
        keys, constants = self.shape.keys, self.shape.constants
        hashed = ROW_HASH in keys

        def record(cells: Sequence[Any]) -> dict[str, Any]:
            made: dict[str, Any] = dict(blank)
            try:
                for place, name, convert, column in readers:  # noqa: B007 (Misfit names it)
                    made[name] = convert(cells[place])
            except Misfit:
                raise
            except ValueError:
                raise Misfit(column) from None
            if hashed:
                made[ROW_HASH] = self.digest(cells)
            made.update(constants)
            for key in keys:
                if made[key] is None:
                    made[key] = _blank_key(key, columns)
            return made

        return record

    def digest(self, cells: Sequence[Any]) -> str:
        """Digest a row's values: neither the columns' order nor a new, blank column changes it."""
        texts = cells if self.texts else [JSON_CONVERTERS["string"](cell) or "" for cell in cells]
        named = zip((column.name if column else "" for column in self.columns), texts, strict=True)
        values = sorted(pair for pair in named if pair[1].strip())
        return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def _blank_key(key: str, columns: Mapping[str, Column]) -> str:
    """Keep a row whose key is blank; only a text can be empty."""
    if columns[key].type != "string":
        raise Misfit(columns[key])
    return ""


class Misfit(ValueError):
    """A cell that is not of its column's type; the value, somebody's data, is not repeated."""

    def __init__(self, column: Column, reason: str = "") -> None:
        """Remember the column; without a `reason` it is the type."""
        reason = reason or f"holds something that is no {column.type}"
        super().__init__(f"column {column.name} {reason}")
        self.column = column
