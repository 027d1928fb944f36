"""A JSON array of objects, or one object a line: the keys of all of them are the columns."""

from __future__ import annotations

import json
import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_cxone.errors import DecodeError
from tap_cxone.rows.columns import fold
from tap_cxone.rows.decode.json_alike import ObjectFields
from tap_cxone.rows.decode.json_text import JsonChunk, read_items
from tap_cxone.rows.decode.table import BLOCK_ROWS, Row, rows_of
from tap_cxone.rows.decode.text import DAMAGE_ERRORS, open_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_cxone.rows.decode.json_alike import Columns
    from tap_cxone.rows.decode.table import Block, FileExpectation
    from tap_cxone.spool import Spool

_MAX_FIELDS = 5000
_MAX_MISSES = 3  # times in a row, after which objects are not taken for known ones
_BLOCK_CHARACTERS = 1 << 16  # of the objects of a block
_MIN_CHARACTERS = _BLOCK_CHARACTERS // BLOCK_ROWS  # for which the shortest object counts
_disjoint: Any = type({}.keys()).isdisjoint
_SURROGATE = re.compile(
    r"\\u[dD][89a-fA-F]"
)  # an escape that is half a character, or one of a pair


ObjectShapes = AbstractSet[tuple[str, ...]]


def object_shapes(values: Sequence[Any]) -> ObjectShapes:
    """Return which keys values have, each in their order; nothing if one is no object."""
    if set(map(type, values)) != {dict}:
        return frozenset()
    first = tuple(values[0])
    if all(map(first.__eq__, map(tuple, values))):  # as a rule
        return {first}
    return set(map(tuple, values))


class _ObjectRun:
    """Objects that follow each other."""

    def __init__(
        self, first_number: int, chunk: JsonChunk | None = None, shapes: ObjectShapes = frozenset()
    ) -> None:
        self.first_number = first_number
        self.shapes = shapes
        self.values: list[dict[str, Any]] = chunk.values if chunk else []
        self._chunk = chunk
        self._raw_texts: list[str] = []
        self._remaining_characters = _BLOCK_CHARACTERS

    @property
    def count(self) -> int:
        return self._chunk.count if self._chunk is not None else len(self.values)

    @property
    def columns(self) -> Columns | None:
        return self._chunk.columns if self._chunk is not None else None

    @property
    def next_number(self) -> int:
        return self.first_number + self.count

    def add(self, raw_text: str, value: dict[str, Any]) -> bool:
        """Take one more; tell whether that is enough."""
        self._raw_texts.append(raw_text)
        self.values.append(value)
        self._remaining_characters -= max(len(raw_text), _MIN_CHARACTERS)
        return self._remaining_characters <= 0

    def raw_text(self, index: int) -> str:
        """Return how one of them is written."""
        if self._chunk is not None and not self._raw_texts:
            self._raw_texts = self._chunk.raw_texts()
        return self._raw_texts[index]


class _BlockBuilder:
    """One way through a table, and what of it waits to become a block."""

    def __init__(self, table: JsonTable) -> None:
        self._table = table
        self._run = _ObjectRun(1)

    def describe_position(self) -> str:
        return f"after record {self._run.next_number - 1}"

    def flush(self) -> Iterator[Block]:
        """Yield what waits."""
        run, self._run = self._run, _ObjectRun(self._run.next_number)
        if run.count:
            yield self._table.block(run)

    def add(self, item: tuple[str, Any] | JsonChunk) -> Iterator[Block | Row]:
        """Yield what is read, but for what may wait for more of its kind."""
        if not isinstance(item, JsonChunk):
            raw_text, value = item
            yield from self._add_value(raw_text, value, *self._table.flatten([value]))
            return
        if item.columns is not None:
            yield from self._add_chunk(item)
            return
        duplicate_fields = self._table.flatten(item.values)
        if not any(duplicate_fields) and self._table.adds_no_fields(
            shapes := object_shapes(item.values)
        ):
            yield from self._add_chunk(item, shapes)
            return
        for raw_text, value, duplicate_field in zip(
            item.raw_texts(), item.values, duplicate_fields, strict=True
        ):
            yield from self._add_value(raw_text, value, duplicate_field)

    def _add_chunk(self, chunk: JsonChunk, shapes: ObjectShapes = frozenset()) -> Iterator[Block]:
        yield from self.flush()
        self._run = _ObjectRun(self._run.first_number, chunk, shapes)
        yield from self.flush()

    def _add_value(self, raw_text: str, value: Any, duplicate_field: str) -> Iterator[Block | Row]:
        if duplicate_field or not self._table.is_plain_row(raw_text, value):
            yield from self.flush()
            yield self._table.row(self._run.first_number, raw_text, value, duplicate_field)
            self._run = _ObjectRun(self._run.first_number + 1)
        elif self._run.add(raw_text, value):
            yield from self.flush()


@dataclass(frozen=True, slots=True)
class _JsonBlock:
    """A run of objects as rows (a `Block`)."""

    run: _ObjectRun
    header: tuple[str, ...]

    @property
    def count(self) -> int:
        return self.run.count

    @property
    def columns(self) -> Columns:
        if self.run.columns is not None:
            return self.run.columns
        objects = self.run.values
        if (self.run.shapes or object_shapes(objects)) == {self.header}:
            return list(zip(*map(dict.values, objects), strict=True))
        return [[value.get(name) for value in objects] for name in self.header]

    def row(self, index: int) -> Row:
        if self.run.columns is not None:
            cells = [column[index] for column in self.run.columns]
        else:
            cells = list(map(self.run.values[index].get, self.header))
        return Row(self.run.first_number + index, cells, raw_text=self.run.raw_text(index))


class JsonTable:
    """A file of JSON objects (a `Table`); its header grows as they show their keys."""

    unit = "record"
    cells_are_text = False

    def __init__(self, spool: Spool, name: str, expected: FileExpectation) -> None:
        """Read from `spool`."""
        self.spool = spool
        self.name = name
        self.header: tuple[str, ...] = ()
        self._previous_header: tuple[str, ...] = ()
        self._field_names: dict[str, None] = {}
        self._expected = expected
        self._required = frozenset(expected.required)
        self._nested_names: set[str] = set()
        self._object_fields: ObjectFields | None = None
        self._misses = 0  # how often in a row objects had other keys

    def blocks(self) -> Iterator[Block | Row]:
        """Yield every value; one that is no object, or lacks a field, has a fault.

        Raises:
            DecodeError: The file is damaged, is not JSON, or has thousands of different keys.
        """
        builder = _BlockBuilder(self)
        with open_text(
            self.spool, self.name, builder.describe_position, self._expected.max_bytes
        ) as text:
            try:
                for item in read_items(text, self.name, self._read_columns):
                    yield from builder.add(item)
            except (DecodeError, *DAMAGE_ERRORS):
                yield from builder.flush()  # it stands before the damage
                raise
            yield from builder.flush()

    def rows(self) -> Iterator[Row]:
        """Yield what `blocks` does, row by row."""
        return rows_of(self.blocks())

    def _read_columns(self, text: str, one_per_line: bool) -> Columns | None:
        """Return the cells of objects of which none shows anything new, else None."""
        fields = ObjectFields(
            self.header, self._required, self._expected.nested_object, frozenset(self._nested_names)
        )
        if fields != self._object_fields:
            self._object_fields, self._misses = fields, 0
        read_columns = fields.column_reader() if self._misses < _MAX_MISSES else None
        cells = read_columns(text, one_per_line) if read_columns else None
        self._misses = self._misses + 1 if cells is None else 0
        return cells

    def adds_no_fields(self, shapes: ObjectShapes) -> bool:
        """Tell whether values of these shapes are rows that show nothing new."""
        field_names = self._field_names.keys()
        return bool(shapes) and all(self._required <= set(names) <= field_names for names in shapes)

    def is_plain_row(self, raw_text: str, value: Any) -> bool:
        """Tell whether a value is a row that shows nothing new and wants no second look."""
        return self.adds_no_fields(object_shapes([value])) and not (
            "\\u" in raw_text and _SURROGATE.search(raw_text)
        )

    def flatten(self, values: Sequence[Any]) -> Sequence[str]:
        """Take the keys of an object inside for keys of the row; return those there twice."""
        nested_object = self._expected.nested_object
        if not nested_object:
            return [""] * len(values)
        nested = [value.get(nested_object) if type(value) is dict else None for value in values]
        self._nested_names.update(*object_shapes([item for item in nested if type(item) is dict]))
        if _flatten_all(values, nested, nested_object):
            return [""] * len(values)
        return [_flatten_value(value, nested_object) for value in values]

    def block(self, run: _ObjectRun) -> Block:
        """Return rows of which none shows a title."""
        self._previous_header = self.header
        return _JsonBlock(run, self.header)

    def row(self, number: int, raw_text: str, value: Any, duplicate_field: str) -> Row:
        """Return a row that may show titles, or have a fault."""
        if not isinstance(value, dict):
            return Row(number, (), invalid_reason="is not an object", raw_text=raw_text)
        if duplicate_field:
            reason = f"has {duplicate_field} twice, the second time inside of {self._expected.nested_object}"
            return Row(number, (), invalid_reason=reason, field=duplicate_field, raw_text=raw_text)
        if not self._required <= value.keys() and (missing := self._missing_fields(value)):
            reason = f"lacks the required {', '.join(missing)}"
            return Row(number, (), invalid_reason=reason, field=missing[0], raw_text=raw_text)
        if "\\u" in raw_text and _SURROGATE.search(raw_text) and not _is_encodable(value):
            return Row(
                number,
                (),
                invalid_reason="holds half a character (a lone surrogate)",
                raw_text=raw_text,
            )
        self._previous_header = self.header
        if not value.keys() <= self._field_names.keys():
            self._add_fields(value)
        return Row(number, [value.get(name) for name in self.header], raw_text=raw_text)

    def _missing_fields(self, value: Mapping[str, Any]) -> list[str]:
        """Return the required fields an object lacks, and learn how it spells the others."""
        spellings = {fold(key): key for key in value}
        if missing := sorted(name for name in self._required if fold(name) not in spellings):
            return missing
        self._required = frozenset(spellings[fold(name)] for name in self._required)
        return []

    def _add_fields(self, value: Mapping[str, Any]) -> None:
        self._field_names |= dict.fromkeys(value)
        self.header = tuple(self._field_names)
        if len(self.header) > _MAX_FIELDS:
            msg = f"{self.name}: its objects have more than {_MAX_FIELDS} different keys"
            raise DecodeError(msg)

    def reject_last_row(self) -> None:
        """Forget the titles that only the last row showed: it turned out to be none."""
        self.header = self._previous_header
        self._field_names = dict.fromkeys(self.header)

    def raw(self, row: Row) -> str:
        """Return a row as it stands in the file."""
        return row.raw_text


def _flatten_all(values: Sequence[Any], nested: Sequence[Any], nested_object: str) -> bool:
    """Do what `_lift` does, if all values have such an object whose keys are not theirs."""
    if set(map(type, nested)) != {dict} or not all(map(_disjoint, map(dict.keys, values), nested)):
        return False
    for value in values:
        value.update(value.pop(nested_object))
    return True


def _flatten_value(value: Any, nested_object: str) -> str:
    nested = value.get(nested_object, "") if isinstance(value, dict) else ""
    if nested is None or isinstance(nested, dict):
        del value[nested_object]
        if nested and not value.keys().isdisjoint(nested):
            return str(min(value.keys() & nested.keys()))
        value.update(nested or ())
    return ""


def _is_encodable(value: Any) -> bool:
    """Tell whether every text can be written: half of a surrogate pair is no character."""
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        return False
    return True
