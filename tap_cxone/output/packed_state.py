"""Keep STATE messages short: the details of a long state become one compressed text."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKED = "packed"
"""Key of a packed state with the compressed text."""
MAX_PLAIN_STATE = 16_000
"""Size of a STATE message in bytes, above which its state is packed."""
_BOOKMARK = "replication_key_value"
_PLAIN_KEYS = {"replication_key", _BOOKMARK, "version"}
_OMITTED_KEYS = _PLAIN_KEYS - {_BOOKMARK}  # the bookmark tells to which state the details belong

_StreamStates = dict[str, dict[str, Any]]


def pack_state(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a state with bookmarks and versions as they are, and all else packed.

    The streams of a tenant have similar details, which together take little room.
    """
    bookmarks = state.get("bookmarks", {})
    details = {
        name: {key: value for key, value in raw.items() if key not in _OMITTED_KEYS}
        for name, raw in bookmarks.items()
    }
    packed = b64encode(zlib.compress(msgspec.json.encode(details))).decode()
    plain = {name: _plain_keys(raw) for name, raw in bookmarks.items()}
    return {**state, "bookmarks": plain, PACKED: packed}


def unpack_state(state: dict[str, Any]) -> dict[str, Any]:
    """Return the state that `pack_state` packed, without the details of streams that it lacks.

    Raises:
        ValueError: The text is not readable.
    """
    if PACKED not in state:
        return state
    try:
        content = zlib.decompress(b64decode(state[PACKED], validate=True))
        details = msgspec.json.decode(content, type=_StreamStates)
    except (TypeError, zlib.error, msgspec.MsgspecError) as error:
        raise ValueError(*error.args) from error
    bookmarks = {
        name: _with_details(raw, details.get(name, {})) for name, raw in state["bookmarks"].items()
    }
    rest = {key: value for key, value in state.items() if key != PACKED}
    return {**rest, "bookmarks": bookmarks}


def _plain_keys(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in raw.items() if key in _PLAIN_KEYS}


def _with_details(raw: dict[str, Any], details: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of a stream with its details.

    A stream has other keys beside if the runner merged two states, of which one was not packed.
    Then those count whose bookmark is the present one.
    """
    is_merged = raw.keys() - _PLAIN_KEYS
    if is_merged and raw.get(_BOOKMARK) != details.get(_BOOKMARK):
        return raw
    return {**details, **_plain_keys(raw)}
