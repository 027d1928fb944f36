"""Compare the exports in the API's list with a request; pure functions.

The tutorial does not say which fields of an export the list shows, nor how.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_cxone.clock import parse_instant
from tap_cxone.http.json_body import json_object, letters

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DATES = ("dateFrom", "dateTo")
_FIELDS = ("exportType", "format")
_DEPTH = 2  # of the objects in which a field may stand: a request, and the query in it
_SECOND = timedelta(seconds=1)  # a list may show whole seconds


def may_be_export(listed: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Return True if a listed export shows the window of a request and contradicts no other field.

    Args:
        listed: The export as the list shows it.
        body: The body of the request.
    """
    shown, expected = _fields_of(listed), body | body["query"]
    return all(_is_instant(shown.get(letters(name)), expected[name]) for name in _DATES) and all(
        _fits(name, shown.get(letters(name)), expected[name]) for name in _row_fields(body)
    )


def shows_rows_of(listed: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Return True if a listed export also shows all fields that determine rows and columns.

    An export without them may be one of another client with the same window.
    """
    shown = _fields_of(listed)
    return all(shown.get(letters(name)) is not None for name in _row_fields(body))


def _row_fields(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the fields that determine rows and columns; JSON has no header."""
    return ("filter", *_FIELDS, *(("includeHeaders",) if body["format"] == "csv" else ()))


def _fields_of(listed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that an export shows, by the letters of their keys.

    A field may stand in the query or beside it, and the query may be an object or its JSON text.
    """
    levels = list(_levels(listed, _DEPTH))
    return {letters(key): value for level in reversed(levels) for key, value in level.items()}


def _levels(value: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    """Yield an object, then those in it."""
    level = _parsed_object(value)
    yield level
    if depth:
        for inner in level.values():
            yield from _levels(inner, depth - 1)


def _parsed_object(value: Any) -> Mapping[str, Any]:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return json_object(value)


def _fits(name: str, shown: Any, expected: Any) -> bool:
    if name == "filter":  # its values have a case
        return shown is None or str(shown).strip() == str(expected).strip()
    return shown is None or letters(str(shown)) == letters(str(expected))


def _is_instant(text: Any, expected: str) -> bool:
    try:
        return (
            isinstance(text, str)
            and abs(parse_instant(text.strip()) - parse_instant(expected)) < _SECOND
        )
    except ValueError:
        return False
