"""Show the words of a response that is no result, and nothing of rows that it may have."""

from __future__ import annotations

import json
import re
from typing import Any

from tap_cxone.http.json_body import letters

_DELIMITERS = ",;\t|"
_TIGHT_DELIMITER = r"[;\t|](?! )|,(?! |\d{3}\b)"  # no comma of a sentence or number
_MIN_DELIMITERS = 2
_WORD_KEYS = {
    *("cause", "description", "detail", "details", "exception", "fault", "icstatusdescription"),
    *("message", "messages", "msg", "problem", "reason", "statusdescription", "title"),
}


def describe_body(text: str, size: int, content_type: str) -> str:
    """Return a body for a message: itself if it has the words of an error, else only its size.

    Args:
        text: The body, or the start of it.
        size: Number of its bytes.
        content_type: Content type of the response; empty if there is none.
    """
    if not text.strip() or not _may_be_rows(text.strip()):
        return text
    return f"{size:,} bytes, {content_type or 'no content type'}"


def _may_be_rows(text: str) -> bool:
    if text.startswith("<"):
        return False
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):  # also JSON lines, or half of a JSON text
        return text.startswith(("{", "[")) or _is_table(text)
    return isinstance(value, dict | list) and not _is_error(value)


def _is_table(text: str) -> bool:
    """Return True if the first two lines have the same delimiters, or one is like a row of CSV."""
    first, *others = filter(str.strip, text.splitlines())
    if not others:
        return "=" not in first and len(re.findall(_TIGHT_DELIMITER, first)) >= _MIN_DELIMITERS
    counts = [[line.count(sign) for sign in _DELIMITERS] for line in (first, *others[:1])]
    return any(counts[0]) and counts[0] == counts[1]


def _is_error(value: Any) -> bool:
    """Return True if JSON has the words of an error, and no other list than one of errors."""
    if isinstance(value, list):
        return bool(value) and all(map(_is_error, value))
    if not isinstance(value, dict):
        return isinstance(value, str)
    words = [inner for key, inner in value.items() if _names_error(key)]
    others = [inner for key, inner in value.items() if not _names_error(key)]
    has_words = bool(words) or any(isinstance(o, dict) and _is_error(o) for o in others)
    return has_words and not any(_has_rows(o) for o in others)


def _names_error(key: str) -> bool:
    return letters(key) in _WORD_KEYS or letters(key).startswith(("error", "fault"))


def _has_rows(value: Any) -> bool:
    """Return True if JSON has a list of objects or lists that are no errors."""
    if isinstance(value, dict):
        return any(map(_has_rows, value.values()))
    is_list = isinstance(value, list) and any(isinstance(item, dict | list) for item in value)
    return is_list and not _is_error(value)
