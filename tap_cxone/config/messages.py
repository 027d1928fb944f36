"""Describe the errors of a JSON schema to users, with a remedy for each."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, cast

from tap_cxone.config.definition import STREAM_NAME_PATTERN, UNIQUE_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from jsonschema import ValidationError

_SIMILARITY_CUTOFF = 0.8  # above it a name is taken for a mistyped one


def describe_error(error: ValidationError) -> str:
    """Return the message of a schema error: the setting, what is wrong, and the remedy."""
    path = ".".join(str(part) for part in error.absolute_path)
    describe = _DESCRIBE.get(str(error.validator))
    if describe is None:
        return f"{path}: violates {error.validator} {error.validator_value}; correct it"
    return describe(path, error)


def _describe_unknown_settings(path: str, error: ValidationError) -> str:
    known_settings = cast("dict[str, Any]", error.schema)["properties"]
    instance: Any = error.instance
    unknown = [name for name in instance if name not in known_settings]
    return "; ".join(_describe_unknown(name, path, known_settings) for name in unknown)


def _describe_missing(path: str, error: ValidationError) -> str:
    return f"{path or 'settings'}: {error.message}; add it"


def _describe_choice(path: str, error: ValidationError) -> str:
    expected: Any = error.validator_value
    allowed = ", ".join(str(value) for value in expected if value is not None)
    is_text = isinstance(error.instance, str)
    value_text = repr(error.instance) if is_text else _describe_type(error.instance)
    return f"{path} is {value_text}; use one of {allowed}"


def _describe_limit(path: str, error: ValidationError) -> str:
    relation = _RELATIONS[str(error.validator)]
    return f"{path} is {error.instance}; it must be {relation} {error.validator_value}"


def _describe_wrong_type(path: str, error: ValidationError) -> str:
    expected: Any = error.validator_value
    return f"{path} must be {_format_types(expected)}, not {_describe_type(error.instance)}"


def _describe_format(path: str, error: ValidationError) -> str:
    return f"{path} is '{error.instance}'; write a date such as 2026-01-31 or 2026-01-31T00:00:00Z"


def _describe_duplicate(path: str, error: ValidationError) -> str:
    return f"{path} '{error.instance}' occurs twice; keep one entry per stream"


def _describe_pattern(path: str, error: ValidationError) -> str:
    if error.validator_value != STREAM_NAME_PATTERN:
        return f"{path}: does not match the pattern {error.validator_value}; correct it"
    (example,) = cast("dict[str, Any]", error.schema)["examples"]
    return f"{path} is '{error.instance}'; use small letters, digits and _ such as {example}"


_TYPE_WORDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "an object such as {}",
    "string": "a text",
}
_RELATIONS = {"maximum": "at most", "minimum": "at least", "exclusiveMinimum": "more than"}
_DESCRIBE: dict[str, Callable[[str, ValidationError], str]] = {
    "additionalProperties": _describe_unknown_settings,
    "enum": _describe_choice,
    "format": _describe_format,
    "pattern": _describe_pattern,
    "required": _describe_missing,
    "type": _describe_wrong_type,
    UNIQUE_NAMES: _describe_duplicate,
    **dict.fromkeys(_RELATIONS, _describe_limit),
}


def _describe_unknown(name: str, path: str, known_settings: Mapping[str, Any]) -> str:
    remedy = (
        did_you_mean(name, known_settings, cutoff=_SIMILARITY_CUTOFF)
        or _suggest_nested(name, known_settings)
        or did_you_mean(
            name, known_settings, f"known settings: {', '.join(known_settings)}", cutoff=0.5
        )
    )
    return f"unknown setting '{f'{path}.{name}' if path else name}'; {remedy}"


def _suggest_nested(name: str, known_settings: Mapping[str, Any]) -> str:
    """Return which objects have a setting of a similar name, or an empty text."""
    inner = {
        outer: definition.get("properties", {}) for outer, definition in known_settings.items()
    }
    matches = {
        f"{outer}.{other}"
        for outer, names in inner.items()
        for other in difflib.get_close_matches(name, names, n=1, cutoff=_SIMILARITY_CUTOFF)
    }
    return f"it belongs to another object: {', '.join(sorted(matches))}" if matches else ""


def did_you_mean(
    name: str, known_names: Iterable[str], default: str = "", *, cutoff: float = 0.6
) -> str:
    """Return a question for the nearest known name, or `default` if none is near."""
    names = list(known_names)
    equal = [other for other in names if _normalize(other) == _normalize(name)]
    matches = equal or difflib.get_close_matches(name, names, n=1, cutoff=cutoff)
    return f"did you mean '{matches[0]}'?" if matches else default


def _normalize(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


def _format_types(expected: str | list[str]) -> str:
    names = (
        [expected] if isinstance(expected, str) else [name for name in expected if name != "null"]
    )
    return " or ".join(_TYPE_WORDS[name] for name in names)


def _describe_type(value: object) -> str:
    # The kind only: the value may be a secret in the wrong place.
    kinds = {bool: "a boolean", str: "a text", list: "a list", dict: "an object"}
    return kinds.get(type(value), "a number" if isinstance(value, int | float) else "null")
