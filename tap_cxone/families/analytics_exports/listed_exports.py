"""Compare the exports in the API's list with a request; pure functions.

The tutorial does not say which fields of an export the list shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_cxone.clock import parse_instant
from tap_cxone.http.json_body import json_object

if TYPE_CHECKING:
    from collections.abc import Mapping

_DATES = ("dateFrom", "dateTo")
_FIELDS = ("exportType", "format")


def may_be_export(listed: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Return True if a listed export shows the window of a request and contradicts no other field.

    Args:
        listed: The export as the list shows it.
        body: The body of the request.
    """
    query, expected_query = json_object(listed.get("query")), body["query"]
    has_window = all(_is_instant(query.get(name), expected_query[name]) for name in _DATES)
    return (
        has_window
        and _fits(query, expected_query, "filter")
        and all(_fits(listed, body, name) for name in (*_FIELDS, *_header_fields(body)))
    )


def shows_rows_of(listed: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Return True if a listed export also shows all fields that determine rows and columns.

    An export without them may be one of another client with the same window.
    """
    has_filter = json_object(listed.get("query")).get("filter") is not None
    names = (*_FIELDS, *_header_fields(body))
    return has_filter and all(listed.get(name) is not None for name in names)


def _header_fields(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the fields about a header; JSON has none."""
    return ("includeHeaders",) if body["format"] == "csv" else ()


def _fits(listed: Mapping[str, Any], body: Mapping[str, Any], name: str) -> bool:
    return listed.get(name) is None or listed[name] == body[name]


def _is_instant(text: Any, expected: str) -> bool:
    try:
        return isinstance(text, str) and parse_instant(text) == parse_instant(expected)
    except ValueError:
        return False
