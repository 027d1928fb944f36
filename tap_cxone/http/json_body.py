"""Read parsed JSON bodies whose shape is not certain."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping


def json_object(value: Any) -> dict[str, Any]:
    """Return the value if it is an object, else an empty object."""
    return value if isinstance(value, dict) else {}


def json_list(body: Any, keys: Iterable[str]) -> list[Any] | None:
    """Return the body if it is a list, else the first list under one of the keys, or None."""
    candidates = [body, *map(json_object(body).get, keys)]
    return next((value for value in candidates if isinstance(value, list)), None)


def json_objects(values: Iterable[Any] | None) -> list[dict[str, Any]]:
    """Return those of the values that are objects."""
    return [value for value in values or () if isinstance(value, dict)]


_MAX_COUNT_DIGITS = 15
_ERROR_KEYS = ("error", "errormessage", "errordescription", "message", "errors")
_OTHER_KEYS_OF_ERRORS = {"code", "errorcode", "requestid", "traceid", "details"}


def error_of(body: Any) -> str:
    """Return the API's words if an object has errors and no result, or an empty text."""
    top = {letters(key): value for key, value in json_object(body).items() if value}
    if not {"error", "errors"} & top.keys() or top.keys() - {*_ERROR_KEYS, *_OTHER_KEYS_OF_ERRORS}:
        return ""
    texts = (_error_words(top.get(key)) for key in _ERROR_KEYS)
    return ": ".join(dict.fromkeys(filter(None, texts))) or "error"


def _error_words(value: Any) -> str:
    """Return the words of an error, or those of a list of errors."""
    if isinstance(value, list):
        return "; ".join(filter(None, map(_error_words, value)))
    return find_value({"error": value}, _ERROR_KEYS) or ""


def json_count(value: Any) -> int | None:
    """Return a number of entries, which may be a text, or None if the value is none."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value).strip()
    return int(text) if text.isdecimal() and len(text) <= _MAX_COUNT_DIGITS else None


def json_id(value: Any) -> str | None:
    """Return an ID or a token as a text, or None if it is empty or no text or number."""
    is_valid = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value) if is_valid and str(value).strip() else None


def first_id(body: Mapping[str, Any], keys: Iterable[str]) -> str | None:
    """Return the first valid ID under one of the keys, or None."""
    return next(filter(None, (json_id(body.get(key)) for key in keys)), None)


def find_value(body: Any, keys: Iterable[str]) -> str | None:
    """Return the first of `find_values`, or None if there is none."""
    return next(find_values(body, list(keys)), None)


def find_values(body: Any, keys: Collection[str]) -> Iterator[str]:
    """Yield the text or number under the first present key, of each level of an object.

    Keys match in any spelling: `downloadUrl` finds `download_url`. The top level comes first, then
    the objects one level deeper.
    """
    top = json_object(body)
    for level in (top, *json_objects(top.values())):
        by_letters = {letters(key): json_id(value) for key, value in level.items()}
        if value := next(filter(None, map(by_letters.get, map(letters, keys))), None):
            yield value.strip()


def find_object(body: Any, key: str) -> dict[str, Any]:
    """Return the object under a key of a body or of an object in it, or an empty object.

    The key matches in any spelling.
    """
    levels = (json_object(body), *json_objects(json_object(body).values()))
    values = (v for level in levels for k, v in level.items() if letters(k) == letters(key))
    return next(filter(None, map(json_object, values)), {})


def letters(key: str) -> str:
    """Return the letters and digits of a key in lower case, which all its spellings share."""
    return "".join(filter(str.isalnum, key.casefold()))


def outline(body: Any, shown_keys: Iterable[str] | None = None) -> str:
    """Return a JSON value as text for a message, without what lists and deep objects contain.

    Args:
        body: The value.
        shown_keys: Keys in any spelling whose texts and numbers are shown; None for all keys.
    """
    shown = None if shown_keys is None else set(map(letters, shown_keys))
    return json.dumps(_outline(body, 2, shown), default=str, ensure_ascii=False)


def _outline(value: Any, depth: int, shown: set[str] | None, key: str = "") -> Any:
    if isinstance(value, dict) and depth:
        return {key: _outline(inner, depth - 1, shown, key) for key, inner in value.items()}
    is_hidden = isinstance(value, dict | list) or (shown is not None and letters(key) not in shown)
    return "…" if value and is_hidden and value is not True else value


def first_value(body: Mapping[str, Any], keys: Iterable[str]) -> Any:
    """Return the first value under one of the keys that is not empty, or None."""
    return next(filter(None, map(body.get, keys)), None)
