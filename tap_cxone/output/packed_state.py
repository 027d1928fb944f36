"""Keep STATE messages short: the details of a long state, or all of it, become compressed text."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKED_DETAILS = "packed"
"""Key of a state with the text of all keys that are not in its bookmarks."""
PACKED_STREAMS = "packed_streams"
"""Key of a state with the text of all its bookmarks."""
MAX_PLAIN_STATE = 16_000
"""Size of a STATE message in bytes, above which the details of its streams are packed."""
MAX_STATE = 18_500
"""Size of such a message, above which its bookmarks are packed too: 20 kB with blanks in it."""
_BOOKMARK = "replication_key_value"
_PLAIN_KEYS = {"replication_key", _BOOKMARK, "version"}
_OMITTED_KEYS = _PLAIN_KEYS - {_BOOKMARK}  # the bookmark tells to which state the details belong

_StreamStates = dict[str, dict[str, Any]]


def pack_details(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a state with bookmarks and versions as they are, and all else packed.

    The streams of a tenant have similar details, which together take little room.
    """
    bookmarks = state.get("bookmarks", {})
    details = {
        name: {key: value for key, value in raw.items() if key not in _OMITTED_KEYS}
        for name, raw in bookmarks.items()
    }
    plain = {name: _plain_keys(raw) for name, raw in bookmarks.items()}
    return {**state, "bookmarks": plain, PACKED_DETAILS: _pack(details)}


def pack_streams(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a state whose streams are packed with their bookmarks."""
    return {**state, "bookmarks": {}, PACKED_STREAMS: _pack(state.get("bookmarks", {}))}


def unpack_state(state: dict[str, Any]) -> dict[str, Any]:
    """Return the state that was packed; one that was not packed stays as it is.

    Details of streams that are not in the bookmarks are omitted.

    Raises:
        ValueError: A text is not readable.
    """
    bookmarks: _StreamStates = state["bookmarks"]
    if PACKED_DETAILS in state:
        details = _unpack(state[PACKED_DETAILS])
        bookmarks = {n: _with_details(raw, details.get(n, {})) for n, raw in bookmarks.items()}
    if PACKED_STREAMS in state:
        packed = _unpack(state[PACKED_STREAMS])
        bookmarks = packed | {n: _later(raw, packed.get(n, {})) for n, raw in bookmarks.items()}
    rest = {key: v for key, v in state.items() if key not in {PACKED_DETAILS, PACKED_STREAMS}}
    return {**rest, "bookmarks": bookmarks}


def _pack(streams: Mapping[str, Any]) -> str:
    return b64encode(zlib.compress(msgspec.json.encode(streams), level=9)).decode()


def _unpack(text: Any) -> _StreamStates:
    try:
        content = zlib.decompress(b64decode(text, validate=True))
        return msgspec.json.decode(content, type=_StreamStates)
    except (TypeError, zlib.error, msgspec.MsgspecError) as error:
        raise ValueError(*error.args) from error


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


def _later(raw: dict[str, Any], packed: dict[str, Any]) -> dict[str, Any]:
    """Return the state of a stream with the later bookmark, if the runner merged two states."""
    is_later = str(raw.get(_BOOKMARK, "")) > str(packed.get(_BOOKMARK, ""))
    return raw if is_later or not packed else packed
