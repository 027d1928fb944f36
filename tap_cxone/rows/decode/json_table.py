"""Read JSON arrays of objects, and JSON lines; the keys of all objects are the columns."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from msgspec import structs

from tap_cxone.errors import DecodeError
from tap_cxone.rows.decode.json_blocks import JsonBlock, ObjectRun, object_shapes
from tap_cxone.rows.decode.json_structs import ObjectFields
from tap_cxone.rows.decode.json_text import JsonChunk, read_items
from tap_cxone.rows.decode.json_values import NOT_FINITE, BrokenValue
from tap_cxone.rows.decode.null_characters import NullCharacterFilter
from tap_cxone.rows.decode.table import Row, SkippedLines, rows_of
from tap_cxone.rows.decode.text import DAMAGE_ERRORS, open_text
from tap_cxone.rows.titles import default_name, spelling

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_cxone.rows.decode.json_blocks import ObjectShapes
    from tap_cxone.rows.decode.table import Block, Columns, FileExpectation
    from tap_cxone.spool import Spool

_MAX_FIELDS = 5000
_MAX_MISSES = 3  # consecutive chunks with other keys; columns are tried again after a new key
_disjoint: Any = type({}.keys()).isdisjoint
# The escape of a surrogate, alone or in a pair.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class _BlockBuilder:
    """Groups the values of one pass over a table into blocks and single rows."""

    def __init__(self, table: JsonTable) -> None:
        self._table = table
        self._run = ObjectRun(1)

    def describe_position(self) -> str:
        return f"after record {self._run.next_number - 1}"

    def flush(self) -> Iterator[Block]:
        """Yield the current run as a block, unless it is empty, and start a new run."""
        run, self._run = self._run, ObjectRun(self._run.next_number)
        if run.count:
            yield self._table.block(run)

    def add(self, item: tuple[str, Any] | JsonChunk) -> Iterator[Block | Row]:
        """Yield blocks and rows; keep plain rows in the current run until it is full."""
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
        self._run = ObjectRun(self._run.first_number, chunk, shapes)
        yield from self.flush()

    def _add_value(self, raw_text: str, value: Any, duplicate_field: str) -> Iterator[Block | Row]:
        if duplicate_field or not self._table.is_plain_row(raw_text, value):
            yield from self.flush()
            yield self._table.row(self._run.first_number, raw_text, value, duplicate_field)
            self._run = ObjectRun(self._run.first_number + 1)
        elif self._run.add(raw_text, value):
            yield from self.flush()


class JsonTable:
    """A file of JSON objects (a `Table`).

    Attributes:
        spool: The file.
        name: Name of the file in error messages.
        header: The keys of the objects read so far, in order of first occurrence.
        skipped: Numbers of skipped lines, which JSON has not.
    """

    unit = "record"
    cells_are_text = False

    def __init__(self, spool: Spool, name: str, expected: FileExpectation) -> None:
        """Create a table of the file `spool`."""
        self.spool = spool
        self.name = name
        self.header: tuple[str, ...] = ()
        self.skipped = SkippedLines()
        self._previous_header: tuple[str, ...] = ()
        self._field_names: dict[str, None] = {}
        self._expected = expected
        self._required = frozenset(expected.required)
        self._nested_names: set[str] = set()
        self._object_fields: ObjectFields | None = None
        self._misses = 0  # consecutive chunks that could not be read by columns
        self._null_characters = NullCharacterFilter(expected.text_format, name)
        # JSON is UTF-8 (RFC 8259) or UTF-16, whatever encoding files of CSV have.
        self._text_format = structs.replace(expected.text_format, encoding="", csv_setting="")

    @property
    def null_character_count(self) -> int:
        """Return the number of NUL characters that the last pass has replaced."""
        return self._null_characters.count

    def blocks(self) -> Iterator[Block | Row]:
        """Yield all values; a value that is not an object, or lacks a required field, is invalid.

        Raises:
            DecodeError: The file is damaged, is not JSON, or has more than 5000 different keys.
        """
        builder = _BlockBuilder(self)
        self._null_characters.count = 0
        with open_text(
            self.spool,
            self.name,
            builder.describe_position,
            self._text_format,
            self._expected.max_bytes,
        ) as file:
            text = self._null_characters.json_reader(file)
            try:
                for item in read_items(text, self.name, self._read_columns):
                    yield from builder.add(item)
            except (DecodeError, *DAMAGE_ERRORS):
                yield from builder.flush()  # the run precedes the damage
                raise
            yield from builder.flush()

    def rows(self) -> Iterator[Row]:
        """Yield the same rows as `blocks`, one by one."""
        return rows_of(self.blocks())

    def _read_columns(self, text: str, one_per_line: bool) -> Columns | None:
        """Return the cells of objects by columns; None if an object has a new key."""
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
        """Return True if these key sequences are valid and contain no new key."""
        field_names = self._field_names.keys()
        return bool(shapes) and all(self._required <= set(names) <= field_names for names in shapes)

    def is_plain_row(self, raw_text: str, value: Any) -> bool:
        """Return True if a value is valid, has no new key and contains no surrogate escape."""
        return self.adds_no_fields(object_shapes([value])) and not (
            "\\u" in raw_text and _SURROGATE.search(raw_text)
        )

    def flatten(self, values: Sequence[Any]) -> Sequence[str]:
        """Move the keys of the nested object into each value.

        Returns:
            For each value, a key that is in both objects, or an empty string.
        """
        nested_object = self._expected.nested_object
        if not nested_object:
            return [""] * len(values)
        nested = [value.get(nested_object) if type(value) is dict else None for value in values]
        self._nested_names.update(*object_shapes([item for item in nested if type(item) is dict]))
        if _flatten_all(values, nested, nested_object):
            return [""] * len(values)
        return [_flatten_value(value, nested_object) for value in values]

    def block(self, run: ObjectRun) -> Block:
        """Return the rows of a run that contains no new key."""
        self._previous_header = self.header
        return JsonBlock(run, self.header)

    def row(self, number: int, raw_text: str, value: Any, duplicate_field: str) -> Row:
        """Return a row that may add column names or be invalid."""
        if isinstance(value, BrokenValue):
            titles = self._titles_of_broken(raw_text) if value is NOT_FINITE else ()
            return Row(number, (), invalid_reason=value.reason, raw_text=raw_text, titles=titles)
        if not isinstance(value, dict):
            return Row(number, (), invalid_reason="is not an object", raw_text=raw_text)
        if duplicate_field:
            nested_object = self._expected.nested_object
            reason = f"has {duplicate_field} twice, once inside {nested_object}"
            return Row(number, (), invalid_reason=reason, field=duplicate_field, raw_text=raw_text)
        if not self._required <= value.keys() and (missing := self._missing_fields(value)):
            reason = f"lacks the required {', '.join(missing)}"
            return Row(number, (), invalid_reason=reason, field=missing[0], raw_text=raw_text)
        if "\\u" in raw_text and _SURROGATE.search(raw_text) and not _is_encodable(value):
            return Row(
                number,
                (),
                invalid_reason="has a lone surrogate",
                raw_text=raw_text,
                titles=tuple(value) if _is_encodable(list(value)) else (),
            )
        self._previous_header = self.header
        if not value.keys() <= self._field_names.keys():
            self._add_fields(value)
        return Row(number, [value.get(name) for name in self.header], raw_text=raw_text)

    def _titles_of_broken(self, raw_text: str) -> tuple[str, ...]:
        """Return the keys of an object with a number of no column, if it has all required ones."""
        value = json.loads(raw_text, parse_int=str, parse_float=str, strict=False)
        (duplicate_field,) = self.flatten([value])
        if not isinstance(value, dict) or duplicate_field or self._missing_fields(value):
            return ()
        return tuple(value)

    def _missing_fields(self, value: Mapping[str, Any]) -> list[str]:
        """Return the required fields that an object lacks.

        If there are none, store the spelling of the required fields in this file.
        """
        keys = {default_name(key): key for key in value} | {spelling(key): key for key in value}
        found = {name: keys.get(spelling(name)) or keys.get(name) for name in self._required}
        if missing := sorted(name for name, key in found.items() if key is None):
            return missing
        self._required = frozenset(filter(None, found.values()))
        return []

    def _add_fields(self, value: Mapping[str, Any]) -> None:
        self._field_names |= dict.fromkeys(value)
        self.header = tuple(self._field_names)
        if len(self.header) > _MAX_FIELDS:
            msg = f"{self.name}: the objects have more than {_MAX_FIELDS} different keys"
            raise DecodeError(msg)

    def reject_last_row(self) -> None:
        """Remove the names that only the last row added, because that row is invalid."""
        self.header = self._previous_header
        self._field_names = dict.fromkeys(self.header)

    def raw(self, row: Row) -> str:
        """Return the raw text of a row."""
        return row.raw_text


def _flatten_all(values: Sequence[Any], nested: Sequence[Any], nested_object: str) -> bool:
    """Flatten all values and return True; return False if one needs `_flatten_value`.

    All values must have the nested object, and share no key with it.
    """
    if set(map(type, nested)) != {dict} or not all(map(_disjoint, map(dict.keys, values), nested)):
        return False
    for value in values:
        value.update(value.pop(nested_object))
    return True


def _flatten_value(value: Any, nested_object: str) -> str:
    """Move the nested keys into a value, or return the first duplicate key."""
    nested = value.get(nested_object, "") if isinstance(value, dict) else ""
    if nested is None or isinstance(nested, dict):
        del value[nested_object]
        if nested and not value.keys().isdisjoint(nested):
            return str(min(value.keys() & nested.keys()))
        value.update(nested or ())
    return ""


def _is_encodable(value: Any) -> bool:
    """Return True if UTF-8 can encode all strings; it cannot encode a lone surrogate."""
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        return False
    return True
