"""Settings from environment variables, and numbers as floats."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


PREFIX = "TAP_CXONE_"
_NULLS_ALLOWED = {"stream_maps", "stream_map_config"}  # the SDK's own settings


def merge_environment(
    config: Mapping[str, Any], schema: Mapping[str, Any], environ: Mapping[str, str]
) -> tuple[dict[str, Any], list[str]]:
    """Add the settings of the environment, which win.

    Returns:
        All settings, and the problems of those variables that cannot be read.
    """
    variables, problems = read_environment(schema, environ, PREFIX)
    problems += _nested_variables(schema, environ)
    return convert_numbers({**config, **variables}, schema), problems


def _nested_variables(schema: Mapping[str, Any], environ: Mapping[str, str]) -> Iterator[str]:
    """Yield a problem for each variable that is named like a part of an object or array."""
    known = {f"{PREFIX}{name.upper()}" for name in schema["properties"]}
    for variable in sorted(environ.keys() - known):
        if not variable.upper().startswith(PREFIX):
            continue
        path = variable[len(PREFIX) :].lower().lstrip("_")
        for name, definition in schema["properties"].items():
            kinds = {"object", "array"} & set(definition.get("type", ()))
            if kinds and path.startswith(f"{name}_"):
                inner = path.removeprefix(name).strip("_").replace("__", ".")
                yield (
                    f"the variable {variable} is not read; write {name}.{inner} into the JSON "
                    f"{min(kinds)} of {PREFIX}{name.upper()}"
                )


_EXAMPLES = {
    "array": 'an array such as ["name"]',
    "boolean": "a boolean, true or false",
    "integer": "an integer such as 7",
    "number": "a number such as 0.5",
    "object": 'an object such as {"name": "value"}',
}


def read_environment(
    schema: Mapping[str, Any], environ: Mapping[str, str], prefix: str
) -> tuple[dict[str, Any], list[str]]:
    """Read settings from variables such as `TAP_CXONE_REGION`; all but texts are JSON.

    Returns:
        The settings found, and the problems of those that cannot be read.
    """
    settings: dict[str, Any] = {}
    problems: list[str] = []
    for name, definition in schema["properties"].items():
        variable = f"{prefix}{name.upper()}"
        if (text := environ.get(variable)) is None:
            continue
        try:
            settings[name] = text if "string" in definition.get("type", ()) else _parse_json(text)
        except ValueError:
            expected = " or ".join(_EXAMPLES[kind] for kind in definition["type"] if kind != "null")
            problems.append(f"the variable {variable} is not JSON; set it to {expected}")
    return settings, problems


def _parse_json(text: str) -> Any:
    return json.loads(text, parse_constant=_reject_constant)


def _reject_constant(constant: str) -> None:
    # Python reads NaN and Infinity, which are no JSON and no number to wait for.
    raise ValueError(constant)


def convert_numbers(config: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Read the texts of number settings as numbers: Meltano can hand fractions on only as text."""
    return {name: _convert_number(value, schema, name) for name, value in config.items()}


def _convert_number(value: Any, schema: Mapping[str, Any], name: str) -> Any:
    number_types = {"number", "integer"} & set(schema["properties"].get(name, {}).get("type", ()))
    if not number_types or not isinstance(value, str):
        return value
    try:
        return _parse_json(value)
    except ValueError:
        return value


def without_nulls(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of settings without the nulls of their objects, at any depth.

    A null in a stream map is kept: it drops a column or a stream.
    """
    return {
        name: deepcopy(value) if name in _NULLS_ALLOWED else _strip_nulls(value)
        for name, value in config.items()
        if value is not None
    }


def _strip_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _strip_nulls(item) for name, item in value.items() if item is not None}
    return [_strip_nulls(item) for item in value] if isinstance(value, list) else value
