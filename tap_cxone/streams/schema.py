"""Declaration of a stream, and the JSON schema built from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tap_cxone.rows.columns import Column
from tap_cxone.rows.layout import ROW_HASH
from tap_cxone.rows.text_format import TextFormat
from tap_cxone.rows.title_digests import MAX_DIGESTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from tap_cxone.rows.columns import ValueConstraint
    from tap_cxone.rows.decode import Format

WINDOW_COLUMNS = (
    Column("_window_start", "date-time", "Start of the window of the row, UTC."),
    Column("_window_end", "date-time", "End of the window of the row, UTC; the replication key."),
)
EXTRACTED_AT = Column(
    "_extracted_at", "date-time", "When the row was read, UTC. It stays old if the row was deleted."
)
_ROW_HASH_COLUMN = Column(
    ROW_HASH, "string", "SHA-256 of the row's values; the key if the stream has no other."
)


class Declaration(Struct, frozen=True):
    """Everything that is known about a stream before its first file.

    Attributes:
        name: Stream name in snake_case.
        columns: Columns known in advance.
        primary_keys: Columns that identify a record, by the source's names or in snake_case; empty
            means `_row_hash`.
        description: Meaning of one record.
        keys_setting: Setting in which the user changes the keys.
        repeated_key_remedy: What to do about two rows of one group; empty to name `keys_setting`.
        columns_setting: Setting in which the user declares column types.
        formats: File formats that the stream accepts.
        required: Fields that every valid row has, beside the keys; names as in the source.
        nested_object: Key of an object inside a JSON row; the keys of the object become columns.
        windowed: True if records carry the window they were read with.
        grouped: True if a record sums up a group; a null key is then a group of its own.
        order_by: Title or name of a column: of rows with one key in one file, the one with its
            greatest value is emitted. Empty for the first one.
        order_by_setting: Full path of the setting `order_by`, for messages.
        max_digests: Most requested titles of which STATE has digests.
        text_format: How the files of the stream write texts.
    """

    name: str
    columns: tuple[Column, ...] = ()
    primary_keys: tuple[str, ...] = ()
    description: str = ""
    keys_setting: str = ""
    repeated_key_remedy: str = ""
    columns_setting: str = ""
    formats: tuple[Format, ...] = ("csv",)
    required: tuple[str, ...] = ()
    nested_object: str = ""
    windowed: bool = True
    grouped: bool = False
    order_by: str = ""
    order_by_setting: str = "order_by"
    max_digests: int = MAX_DIGESTS
    text_format: TextFormat = TextFormat()


def schema_of(
    declaration: Declaration,
    columns: Iterable[Column],
    keys: Sequence[str],
    further: Iterable[Column] = (),
) -> dict[str, Any]:
    """Return the JSON schema of a stream's records; key columns are never null.

    Args:
        declaration: The declaration of the stream.
        columns: The known columns.
        keys: Names of the columns of the key.
        further: Columns of the setting `metadata_columns`.
    """
    hash_columns = [_ROW_HASH_COLUMN] if ROW_HASH in keys else []
    metadata = WINDOW_COLUMNS if declaration.windowed else (EXTRACTED_AT,)
    all_columns = (*further, *columns, *hash_columns, *metadata)
    properties = {column.name: property_of(column) for column in all_columns}
    for key in keys:  # a key is never null; its column may be unknown before the first file
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
    """Return the JSON schema of one column, nullable and with a description."""
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


def with_properties(schema: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a JSON schema with `properties` added or replaced."""
    return {**schema, "properties": {**schema["properties"], **properties}}


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
    """Return a wide SQL type for a bounded integer.

    Targets derive a narrow type from the bounds, which may rise later.
    """
    constraint = column.constraint
    bounded_integer = column.type == "integer" and constraint is not None and constraint.is_limited
    return {"x-sql-datatype": "bigint"} if bounded_integer else {}


def _json_number(number: Decimal) -> int | float:
    return int(number) if number == int(number) else float(number)
