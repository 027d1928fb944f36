"""Derive a JSON schema and a reader from a settings class.

A settings class is a `BaseSettings`. Its fields are annotated with `msgspec.Meta`: limits, title,
description. The name of a field is that of the setting, without the underscore that ends a keyword
of Python. The default of a field is the default of the setting. A null means that a setting is
missing, unless its type has None and its default is another value.

The schema is not that of `msgspec.json.schema`, which sorts the values of a `Literal` and omits
the defaults of factories. It has no nulls that mean "missing".
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

from msgspec import NODEFAULT, Struct, structs

from tap_cxone.clock import parse_instant
from tap_cxone.redact import SecretStruct

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from msgspec import Meta
    from msgspec.structs import FieldInfo

_T = TypeVar("_T")

ONE_WEEK = 7 * 24 * 60 * 60  # in seconds, and more minutes than any wait needs

SECRET = {"secret": True, "writeOnly": True}
"""Extra keywords of a setting that no output may show."""

UNIQUE_NAMES = "uniqueNames"
"""The keyword of a list whose items need different names; `config.validation` checks it."""

STREAM_NAME_PATTERN = r"^[a-z][a-z0-9_]*(?!\n)$"

_JSON_TYPES: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    datetime: {"type": "string", "format": "date-time"},
    Any: {},
}
_KEYWORDS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "min_length": "minLength",
    "pattern": "pattern",
    "title": "title",
    "description": "description",
    "examples": "examples",
}


class BaseSettings(SecretStruct, frozen=True):
    """Base class of settings classes."""


def object_schema(settings_class: type[Struct]) -> dict[str, Any]:
    """Return the JSON schema of a settings class."""
    properties: dict[str, Any] = {}
    required: list[str] = []
    for field in _fields(settings_class):
        schema = _type_schema(field.type)
        if field.required:
            required.append(_name(field))
            properties[_name(field)] = schema
        else:
            properties[_name(field)] = optional(schema, field.default, field.default_factory)
    members = (
        {"properties": properties, "required": required} if required else {"properties": properties}
    )
    return {"type": "object", **members, "additionalProperties": False}


def _type_schema(annotation: Any) -> dict[str, Any]:
    kind, limits = _split(annotation)
    origin, arguments = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and issubclass(kind, Struct):
        schema = object_schema(kind)
    elif origin is Literal:
        schema = {"type": "string", "enum": list(arguments)}
    elif origin is tuple:
        schema = {"type": "array", "items": _type_schema(arguments[0])}
    elif origin is dict:
        schema = {"type": "object", "additionalProperties": _type_schema(arguments[1])}
    else:
        schema = dict(_JSON_TYPES[kind])
    for limit in limits:
        for attribute, keyword in _KEYWORDS.items():
            if (value := getattr(limit, attribute)) is not None:
                schema[keyword] = value
        schema |= limit.extra_json_schema or {}
    return schema


def optional(
    schema: Mapping[str, Any], default: Any = None, default_factory: Any = NODEFAULT
) -> dict[str, Any]:
    """Return the schema of an optional, nullable setting, with its default."""
    nullable = {**schema, "type": [schema["type"], "null"]}
    if "enum" in schema:
        nullable["enum"] = [*schema["enum"], None]
    if default_factory is dict:
        return {**nullable, "default": {}}
    # An object shows the defaults of its settings; what another factory returns is computed.
    if "properties" in schema or default in (None, NODEFAULT):
        return nullable
    return {**nullable, "default": list(default) if isinstance(default, tuple) else default}


def format_default(default: Any) -> str:
    """Return a default as documents show it: a text as it stands, all else as JSON."""
    return default if isinstance(default, str) and default else json.dumps(default)


def list_defaults(schema: Mapping[str, Any]) -> str:
    """Return the settings of an object and their defaults, for its description."""
    shown = (
        f"`{path}: {format_default(inner['default'])}`" if "default" in inner else f"`{path}`"
        for path, inner in nested_settings(schema)
        if "default" in inner or path in schema["properties"]
    )
    return f"Settings: {', '.join(shown)}."


def nested_settings(
    schema: Mapping[str, Any], path: str = ""
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every setting of an object at any depth, with its path; `[]` stands for an item."""
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}{name}", inner
        yield from nested_settings(inner, f"{path}{name}.")
        yield from nested_settings(inner.get("items", {}), f"{path}{name}[].")


def read(settings_class: type[_T], config: Mapping[str, Any]) -> _T:
    """Return the value of a settings class. The settings must fit its schema."""
    value: _T = _build(config, settings_class)
    return value


def _build(value: Any, annotation: Any) -> Any:
    """Return the value of a setting: objects as their class, lists as tuples, dates as instants.

    `msgspec.convert` would do most of this, and evaluate all annotations once more: a tenth of the
    time that `--discover` takes.
    """
    kind, _ = _split(annotation)
    if value is None:
        return None
    if isinstance(kind, type) and issubclass(kind, Struct):
        members = {
            field.name: _build(value[_name(field)], field.type)
            for field in _fields(kind)
            if value.get(_name(field)) is not None or (_name(field) in value and _takes_null(field))
        }
        return kind(**members)
    if isinstance(value, dict):
        (_, item_type) = get_args(kind) or (str, Any)
        return {n: _build(item, item_type) for n, item in value.items() if item is not None}
    if get_origin(kind) is tuple:
        return tuple(_build(item, get_args(kind)[0]) for item in value)
    if kind is datetime:
        return parse_instant(value)
    return kind(value) if kind in {int, float} else value


@cache
def _fields(settings_class: type[Struct]) -> tuple[FieldInfo, ...]:
    return structs.fields(settings_class)


def _name(field: FieldInfo) -> str:
    return field.name.removesuffix("_")


def _split(annotation: Any) -> tuple[Any, tuple[Meta, ...]]:
    """Return the type of a setting without None, and its limits, the inner ones first."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        kind, limits = _split(arguments[0])
        return kind, (*limits, *arguments[1:])
    if origin in {Union, UnionType}:
        (inner,) = (argument for argument in arguments if argument is not NoneType)
        return _split(inner)
    return annotation, ()


def _takes_null(field: FieldInfo) -> bool:
    """Return True if a null is a value of the setting, other than its default."""
    annotation = field.type
    kind = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    return NoneType in get_args(kind) and field.default is not None
