"""What a stream is before anything is read, and the JSON schema that says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_cxone.rows.columns import Column
from tap_cxone.rows.layout import ROW_HASH

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from tap_cxone.rows.columns import ValueConstraint
    from tap_cxone.rows.decode import Format

WINDOW_COLUMNS = (
    Column("_window_start", "date-time", "Begin of the window the row was read with, UTC."),
    Column("_window_end", "date-time", "End of that window, UTC; moves the bookmark."),
)
EXTRACTED_AT = Column("_extracted_at", "date-time", "When the row was read, UTC; old: it is gone.")
_ROW_HASH_COLUMN = Column(
    ROW_HASH, "string", "SHA-256 of the row's values; the key where there is no other."
)


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a stream is, before anything is read.

    Attributes:
        name: Its name, snake_case.
        columns: Those known beforehand.
        primary_keys: What identifies a row; none: `_row_hash`.
        description: What a row is.
        keys_setting: Where a user changes the keys.
        columns_setting: Where a user declares a column's type.
        formats: What its files may be.
        required: Fields without which a row is none, beside the keys; by the source's names.
        lifted: Key of an object inside of a JSON row, whose keys are columns too.
        windowed: Whether rows carry the window they were read with.
    """

    name: str
    columns: tuple[Column, ...]
    primary_keys: tuple[str, ...]
    description: str
    keys_setting: str
    columns_setting: str
    formats: tuple[Format, ...] = ("csv",)
    required: tuple[str, ...] = ()
    nested_object: str = ""
    windowed: bool = True


def schema_of(
    declaration: Declaration, columns: Iterable[Column], keys: Sequence[str]
) -> dict[str, Any]:
    """Return the JSON schema of a stream's records, key and metadata columns never null."""
    hash_columns = [_ROW_HASH_COLUMN] if ROW_HASH in keys else []
    metadata = WINDOW_COLUMNS if declaration.windowed else (EXTRACTED_AT,)
    properties = {
        column.name: property_of(column) for column in (*columns, *hash_columns, *metadata)
    }
    for key in keys:  # a key is never null, and may be one that no file has shown yet
        property_schema = properties.get(key) or property_of(
            Column(key, description="Part of the key.")
        )
        properties[key] = {**property_schema, "type": property_schema["type"][0]}
    return {
        "type": "object",
        "description": declaration.description,
        "properties": properties,
        "required": list(dict.fromkeys((*keys, *(column.name for column in metadata)))),
    }


def property_of(column: Column) -> dict[str, Any]:
    """Return the JSON schema of one column: nullable, described."""
    is_temporal = column.type in {"date", "date-time"}
    schema: dict[str, Any] = {"type": ["string" if is_temporal else column.type, "null"]}
    if is_temporal:
        schema["format"] = column.type
    if column.title:
        schema["title"] = column.title
    return {
        **schema,
        **_constraint_keywords(column.constraint),
        **_sql_type(column),
        "description": column.description,
    }


def _constraint_keywords(constraint: ValueConstraint | None) -> dict[str, Any]:
    if constraint is None:
        return {}
    bounds = {"minimum": constraint.minimum, "maximum": constraint.maximum}
    keywords: dict[str, Any] = {
        name: _json_number(bound) for name, bound in bounds.items() if bound is not None
    }
    if constraint.allowed is not None:
        keywords["enum"] = [*constraint.allowed, None]
    return keywords


def _sql_type(column: Column) -> dict[str, Any]:
    """Ask for a wide column where limits would have a target choose a narrow one: they may rise."""
    bounded_integer = column.type == "integer" and column.constraint is not None
    return {"x-sql-datatype": "bigint"} if bounded_integer else {}


def _json_number(number: Decimal) -> int | float:
    return int(number) if number == int(number) else float(number)
