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
from tap_cxone.rows.columns import assign_columns, snake_case

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tap_cxone.rows.columns import Column
    from tap_cxone.types import ColumnType

ROW_HASH = "_row_hash"

Converter = Callable[[Any], Any]

_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_DAY_FIRST = re.compile(r"\s*(?:1[3-9]|[23][0-9])[/.-][0-9]{1,2}[/.-][0-9]")
TRUE_TEXTS = {"true", "yes", "y", "t", "1"}
FALSE_TEXTS = {"false", "no", "n", "f", "0"}
_EXACT_DIGITS = 15  # every decimal of so many digits survives the way through a double
INT64 = range(-(2**63), 2**63)
_JSON_ENCODER = msgspec.json.Encoder(decimal_format="number")


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
    folded = text.casefold()
    if folded in TRUE_TEXTS:
        return True
    if folded in FALSE_TEXTS:
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
        return _parse_informal(text)


@lru_cache(maxsize=4096)
def _parse_informal(text: str) -> datetime:
    """Read what is not ISO 8601, such as `01/31/2026 5:04 PM` (month first, as the vendor's).

    dateutil fills what is missing with a default: two readings with different defaults that
    differ show a text that is no whole date. A day in the month's place is refused: it would be
    read the other way round, and all its neighbours up to the twelfth would be wrong.
    """
    if _DAY_FIRST.match(text):
        raise ValueError(text)
    from dateutil import parser  # only few files need it

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
    """Refuse a zone that is only a name: what `EST` or `CST` means depends on who reads it."""
    if name is not None and offset is None:
        raise ValueError(name)
    return offset


def _string(text: str) -> str | None:
    return text if text.strip() else None


def _blank_is_none(convert: Converter) -> Converter:
    return lambda text: convert(bare) if (bare := text.strip()) else None


TEXT_PARSERS: dict[ColumnType, Converter] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "date-time": _date_time,
}
"""From a text without blanks around it to its value, where that is no text."""


TEXT_CONVERTERS: dict[ColumnType, Converter] = {
    "string": _string,
    **{kind: _blank_is_none(convert) for kind, convert in TEXT_PARSERS.items()},
}
"""From one cell to its value, by type. Blank is None, a text is kept to the letter; a converter
raises ValueError for a text that is none of its type."""


def _json_converter(column_type: ColumnType) -> Converter:
    """Return the converter of JSON's own values: texts as in CSV, the others if they are its."""
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
    """Write a value as a text column shows it; what is nested keeps its keys, as JSON."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    return _JSON_ENCODER.encode(value).decode()


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


_NATIVE_CONVERTERS: dict[ColumnType, Converter] = {
    "string": _to_text,
    "integer": _json_integer,
    "number": _json_number,
    "boolean": _json_boolean,
}

JSON_CONVERTERS: dict[ColumnType, Converter] = {
    kind: _json_converter(kind) for kind in TEXT_CONVERTERS
}
"""The same for values of JSON: null is None, a number is its own text where a text is declared."""


def _strict_text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError
    return value


def _strict_boolean(value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise ValueError
    return value


_STRICT_CONVERTERS: dict[ColumnType, Converter] = {
    **JSON_CONVERTERS,
    "string": _strict_text,
    "boolean": _strict_boolean,
}


def cell_converter(column: Column, *, cells_are_text: bool) -> Converter:
    """Return what makes a cell the value of its column, rule included."""
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
            raise ConversionError(column, f"breaks its rule ({violation})")
        return value

    return convert_checked


@dataclass(frozen=True, slots=True)
class RecordSpec:
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

    columns: Sequence[Column]
    schema_columns: Collection[str]
    key_columns: Sequence[str]
    constants: Mapping[str, Any]
    required: Sequence[str] = ()
    keep_unknown_columns: bool = True

    @property
    def mandatory_columns(self) -> frozenset[str]:
        """Return the columns without which there is no record."""
        generated = {*self.constants, ROW_HASH}
        return frozenset(
            name for name in (*self.key_columns, *self.required) if name not in generated
        )


@dataclass(frozen=True, slots=True)
class FileLayout:
    """How the rows of one file become records.

    Attributes:
        shape: What they must look like.
        columns: The column of each cell, in the file's order; None for a cell to leave out.
        absent: Known columns that the file has not; they are null.
        new: Columns of the file that were not announced and stay in.
        texts: Whether cells are texts to be converted; else they are JSON's own values.
        names: What a record's values are called, in their order.
    """

    spec: RecordSpec
    columns: tuple[Column | None, ...]
    absent_columns: tuple[Column, ...]
    new_columns: tuple[Column, ...]
    cells_are_text: bool
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Name the values once: every block of rows asks."""
        cell_names = (column.name for column in self.columns if column)
        hash_names = (ROW_HASH,) if ROW_HASH in self.spec.key_columns else ()
        absent_names = (column.name for column in self.absent_columns)
        names = tuple(
            dict.fromkeys((*absent_names, *cell_names, *hash_names, *self.spec.constants))
        )
        object.__setattr__(self, "names", names)

    @classmethod
    def from_header(
        cls, header: Sequence[str], spec: RecordSpec, *, cells_are_text: bool = True
    ) -> FileLayout:
        """Match a file's titles with the known columns.

        Raises:
            DriftError: The file has not every column that it must have.
        """
        columns = assign_columns(header, spec.columns)
        names = {column.name for column in columns}
        if missing := sorted({snake_case(name) for name in spec.mandatory_columns} - names):
            msg = f"no column {', '.join(missing)} in the header: {', '.join(header)}"
            raise DriftError(msg)
        schema_columns = spec.schema_columns
        declared = [column for column in spec.columns if column.name in schema_columns]
        absent = tuple(column for column in declared if column.name not in names)
        allowed_names = {column.name for column in spec.columns}.union(schema_columns)
        file_columns = [
            c if spec.keep_unknown_columns or c.name in allowed_names else None for c in columns
        ]
        new = tuple(
            column for column in file_columns if column and column.name not in schema_columns
        )
        return cls(spec, tuple(file_columns), absent, new, cells_are_text)

    def row_converter(self) -> Callable[[Sequence[Any]], dict[str, Any]]:
        """Return the function that makes a record of a row.

        The row has as many cells as the header. The function raises `ConversionError` where a cell does
        not fit its column's type.
        """
        null_values = dict.fromkeys((column.name for column in self.absent_columns), None)
        kept_columns = [(index, column) for index, column in enumerate(self.columns) if column]
        converters = [
            (index, c.name, cell_converter(c, cells_are_text=self.cells_are_text), c)
            for index, c in kept_columns
        ]
        columns_by_name = {column.name: column for _, column in kept_columns}
        key_columns, constants = self.spec.key_columns, self.spec.constants
        has_row_hash = ROW_HASH in key_columns

        def convert_row(cells: Sequence[Any]) -> dict[str, Any]:
            record: dict[str, Any] = dict(null_values)
            try:
                for index, name, convert, column in converters:  # noqa: B007 (ConversionError names it)
                    record[name] = convert(cells[index])
            except ConversionError:
                raise
            except ValueError:
                raise ConversionError(column) from None
            if has_row_hash:
                record[ROW_HASH] = self.digest(cells)
            record.update(constants)
            for key in key_columns:
                if record[key] is None:
                    record[key] = _empty_key(key, columns_by_name)
            return record

        return convert_row

    def digest(self, cells: Sequence[Any]) -> str:
        """Digest a row's values: neither the columns' order nor a new, blank column changes it."""
        texts = (
            cells
            if self.cells_are_text
            else [JSON_CONVERTERS["string"](cell) or "" for cell in cells]
        )
        named_texts = zip(
            (column.name if column else "" for column in self.columns), texts, strict=True
        )
        values = sorted(pair for pair in named_texts if pair[1].strip())
        return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def _empty_key(key: str, columns: Mapping[str, Column]) -> str:
    """Keep a row whose key is blank; only a text can be empty."""
    if columns[key].type != "string":
        raise ConversionError(columns[key])
    return ""


class ConversionError(ValueError):
    """A cell that is not of its column's type; the value, somebody's data, is not repeated."""

    def __init__(self, column: Column, reason: str = "") -> None:
        """Remember the column; without a `reason` it is the type."""
        reason = reason or f"holds something that is no {column.type}"
        super().__init__(f"column {column.name} {reason}")
        self.column = column
