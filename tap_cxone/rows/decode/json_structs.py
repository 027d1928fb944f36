"""Decode JSON objects with known keys directly to columns, without a dictionary per object."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from tap_cxone.http.json_numbers import parse_fraction
from tap_cxone.rows.decode.json_text import decode_objects

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_cxone.rows.decode.json_text import ColumnReader
    from tap_cxone.rows.decode.table import Columns

_MAX_STRUCT_FIELDS = 300  # msgspec compares a key with one struct field after another


class ObjectFields(Struct, frozen=True):
    """Keys that objects may have.

    Attributes:
        names: All keys, in the order of the columns.
        required: Keys that every object must have.
        nested_object: Key of an object inside each object; empty for none.
        nested_names: Those of `names` that are keys of the nested object.
    """

    names: tuple[str, ...]
    required: frozenset[str]
    nested_object: str
    nested_names: frozenset[str]

    @property
    def _is_supported(self) -> bool:
        top_level = set(self.names) - self.nested_names
        consistent = self.required <= set(self.names) and self.nested_object not in top_level
        return consistent and 0 < len(self.names) <= _MAX_STRUCT_FIELDS

    def column_reader(self) -> ColumnReader | None:
        """Return a reader of texts of such objects; None if structs cannot represent them.

        Its arguments are the text, and True if objects are separated by newlines instead of commas.
        It returns None if a value is not an object, has another key or lacks a required key.
        """
        try:
            return partial(_read_columns, *_decoders(self)) if self._is_supported else None
        except ValueError:  # msgspec rejects a key as a field name
            return None


class _StructType(Struct, frozen=True):
    """A struct type with one field per key."""

    struct: type[Any]
    names: tuple[str, ...]

    @classmethod
    def define(
        cls, names: Iterable[str], required: frozenset[str], nested_field: Any = None
    ) -> _StructType:
        all_names = tuple(names)
        typed_names = [
            *((name, Any) for name in all_names),
            *([nested_field] if nested_field else ()),
        ]
        fields = [
            (f"field{index}", field_type, _struct_field(name, required=name in required))
            for index, (name, field_type) in enumerate(typed_names)
        ]
        options: Any = {"forbid_unknown_fields": True, "kw_only": True, "gc": False}
        return cls(msgspec.defstruct("Row", fields, **options), all_names)

    def columns(self, rows: Iterable[Any]) -> list[Sequence[Any]]:
        return list(zip(*map(msgspec.structs.astuple, rows), strict=True))


def _struct_field(name: str, *, required: bool) -> Any:
    return msgspec.field(name=name) if required else msgspec.field(name=name, default=None)


@lru_cache(maxsize=16)
def _decoders(fields: ObjectFields) -> tuple[Any, ...]:
    """Return a decoder for commas, one for lines, and a function from structs to columns."""
    nested = None
    if fields.nested_object:
        nested = _StructType.define(
            filter(fields.nested_names.__contains__, fields.names), fields.required
        )
    top_level = [name for name in fields.names if not nested or name not in fields.nested_names]
    # The nested object may be absent only if none of its keys is required.
    nested_optional = nested and fields.required.isdisjoint(nested.names)
    nested_type: Any = nested and (nested.struct | None if nested_optional else nested.struct)
    required = fields.required if nested_optional else fields.required | {fields.nested_object}
    outer = _StructType.define(
        top_level, required, (fields.nested_object, nested_type) if nested else None
    )
    by_commas = msgspec.json.Decoder(list[outer.struct], float_hook=parse_fraction)  # type: ignore[name-defined]
    by_lines = msgspec.json.Decoder(outer.struct, float_hook=parse_fraction)
    return by_commas, by_lines, partial(_to_columns, fields, outer, nested)


def _to_columns(
    fields: ObjectFields, outer: _StructType, nested: _StructType | None, rows: Sequence[Any]
) -> Columns:
    columns = outer.columns(rows)
    if nested is None:
        return columns
    objects = columns.pop()
    if None in objects:
        empty = nested.struct()
        objects = [empty if value is None else value for value in objects]
    columns_by_name = dict(zip(outer.names, columns, strict=True))
    columns_by_name |= zip(nested.names, nested.columns(objects), strict=True)
    return [columns_by_name[name] for name in fields.names]


def _read_columns(
    by_commas: Any, by_lines: Any, to_columns: Any, text: str, one_per_line: bool
) -> Columns | None:
    try:
        rows = decode_objects(text, one_per_line, by_lines, by_commas)
    except Exception:  # noqa: BLE001 (the slower reader reports the error)
        return None
    cells: Columns = to_columns(rows)
    return cells
