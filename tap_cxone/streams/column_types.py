"""Columns whose type differs from that of an earlier SCHEMA, and column types of a catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from tap_cxone.config.types import COLUMN_TYPES
from tap_cxone.rows.columns import Column
from tap_cxone.rows.titles import unique_name
from tap_cxone.streams.schema import property_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_cxone.config.types import ColumnType, TypeChangePolicy
    from tap_cxone.streams.known_columns import KnownColumns
    from tap_cxone.streams.schema import Declaration

_FORMATS = {"date", "date-time"}
_CONSEQUENCES: dict[TypeChangePolicy, str] = {
    "alter": (
        "the SCHEMA has the new type. target-postgres refuses to alter a column, and "
        "target-duckdb renames the old one; to avoid both, set on_type_change to new_column"
    ),
    "new_column": "its values go to the column {new_name}, and the old one receives no more",
    "string": (
        "its values are strings from now on. target-postgres refuses this unless the column is a "
        "text already; to avoid that, set on_type_change to new_column"
    ),
    "fail": "restore its type, or set on_type_change to alter, new_column or string",
}


class TypeChange(Struct, frozen=True):
    """A change of the type of a column that a target may have already.

    Attributes:
        name: Name of the column.
        old: Its type in an earlier SCHEMA.
        new: Its type now.
        new_name: Name of the column that receives the values.
        policy: The setting `on_type_change`.
        is_key: Whether the column is part of the key.
    """

    name: str
    old: ColumnType
    new: ColumnType
    new_name: str
    policy: TypeChangePolicy
    is_key: bool

    def __str__(self) -> str:
        """Return what changed, and the consequence."""
        return f"column {self.name} was {self.old} and is {self.new} now: {self.consequence}"

    @property
    def consequence(self) -> str:
        """Return what becomes of the values, what targets do, and the setting to change."""
        if self.is_key and self.policy == "new_column":
            return "it is part of the key; set on_type_change to alter or string"
        return _CONSEQUENCES[self.policy].format(new_name=self.new_name)

    def audit_fields(self) -> dict[str, str]:
        """Return the fields of the audit event."""
        return {"column": self.new_name, "previous": self.name, "old": self.old, "new": self.new}

    @property
    def is_forbidden(self) -> bool:
        """Return True if the change fails the stream."""
        return self.policy == "fail" or (self.policy == "new_column" and self.is_key)

    @property
    def is_silent(self) -> bool:
        """Return True if the target's column stays as it is."""
        return self.policy == "string" and self.old == "string"


def apply_type_policy(
    known: KnownColumns, types: Mapping[str, ColumnType], policy: TypeChangePolicy
) -> tuple[KnownColumns, list[TypeChange]]:
    """Return the known columns as the policy wants them, and the changes to report.

    A column whose change is forbidden keeps its type.

    Args:
        known: The columns with their present types.
        types: The types of earlier SCHEMA messages, by column.
        policy: The setting `on_type_change`.
    """
    changes: list[TypeChange] = []
    columns, column_map = list(known.columns), known.column_map
    for index, column in enumerate(known.columns):
        name, old = column.name, types.get(column.name, column.type)
        if column.type == old:
            continue
        change = TypeChange(name, old, column.type, name, policy, name in known.key_names)
        if change.is_forbidden or policy == "string":
            kept_type = old if change.is_forbidden else "string"
            columns[index] = structs.replace(column, type=kept_type, strict=False, constraint=None)
        elif policy == "new_column":
            used_names = column_map.used_names | known.names | {c.new_name for c in changes}
            new_name = unique_name(f"{name}_{column.type.replace('-', '_')}", used_names)
            change = structs.replace(change, new_name=new_name)
            columns[index] = structs.replace(column, name=new_name, source_title=column.exact_title)
            column_map = column_map.move(column, new_name)
        changes.append(change)
    return structs.replace(known, columns=tuple(columns), column_map=column_map), changes


_VALIDATING = frozenset(
    (
        *("type", "format", "enum", "const", "pattern", "minLength", "maxLength", "multipleOf"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    )
)
"""Keywords of JSON schema that a value may violate."""


def read_catalog_columns(properties: Mapping[str, Mapping[str, Any]]) -> list[Column]:
    """Return the columns of a catalog's properties, without those that the tap adds."""
    columns = (catalog_column(name, p) for name, p in properties.items() if name[:1] != "_")
    return [column for column in columns if column is not None]


def catalog_column(name: str, json_schema: Mapping[str, Any]) -> Column | None:
    """Return a column of a catalog; None if no column type has its JSON schema."""
    column_type = _column_type(json_schema)
    if column_type is None:
        return None
    title, description = str(json_schema.get("title", "")), str(json_schema.get("description", ""))
    return Column(name, column_type, description, title=title, source_title=title)


def corrected_properties(
    columns: Iterable[Column], properties: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return the properties of a catalog that values might violate, as values fulfil them.

    A catalog keeps titles, descriptions and the types that targets read. What validates a value is
    that of the column: its type, null, and the limits that the tap checks.
    """
    corrected = {}
    for column in columns:
        if (found := properties.get(column.name)) is None:
            continue
        other = {name: value for name, value in found.items() if name not in _VALIDATING}
        own = property_of(column)
        validating = {name: value for name, value in own.items() if name in _VALIDATING}
        if {**other, **validating} != _with_type_list(found):
            corrected[column.name] = {**other, **validating}
    return corrected


def _with_type_list(json_schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON schema with its types as a list that ends with null, if it has null."""
    types = json_schema.get("type", [])
    ordered = [types] if isinstance(types, str) else sorted(types, key=lambda name: name == "null")
    return {**json_schema, "type": ordered}


def catalog_problems(
    properties: Mapping[str, Mapping[str, Any]],
    own_properties: Mapping[str, Mapping[str, Any]],
    declaration: Declaration,
) -> list[str]:
    """Return the problems of a catalog's properties: types that values cannot have.

    The tap's own columns, and those of a table that is read whole, keep their types.

    Args:
        properties: The JSON schemas of the columns in the catalog.
        own_properties: The JSON schemas that the tap discovers.
        declaration: The declaration of the stream.
    """

    def is_invalid(name: str) -> bool:
        own_type = _column_type(own_properties.get(name, {}))
        is_fixed = name[:1] == "_" or not declaration.windowed
        found = _column_type(properties[name])
        return found != own_type if is_fixed and own_type else found is None

    names = ", ".join(filter(is_invalid, properties))
    problem = (
        f"the catalog, or Meltano's extra 'schema', gives the columns {names} of stream "
        f"'{declaration.name}' a type that their values cannot have; remove it there, and set the "
        f"type in {declaration.columns_setting}"
    )
    return [problem] if names else []


def _column_type(json_schema: Mapping[str, Any]) -> ColumnType | None:
    json_types = json_schema.get("type") or ()
    types = {json_types} if isinstance(json_types, str) else set(json_types)
    types.discard("null")
    if len(types) != 1:
        return None
    (json_type,) = types
    text_format = json_schema.get("format")
    wanted = text_format if json_type == "string" and text_format in _FORMATS else json_type
    return next((known for known in COLUMN_TYPES if known == wanted), None)
