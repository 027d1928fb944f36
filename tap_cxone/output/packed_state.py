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
_PLAIN_KEYS = {"replication_key", "replication_key_value", "version"}

_StreamStates = dict[str, dict[str, Any]]


def pack_state(state: dict[str, Any]) -> dict[str, Any]:
    """Return a state with bookmarks and versions as they are, and all else packed.

    The streams of a tenant have similar details, which together take little room.
    """
    bookmarks = state.get("bookmarks", {})
    plain = {name: _part(raw, plain=True) for name, raw in bookmarks.items()}
    details = {name: _part(raw, plain=False) for name, raw in bookmarks.items()}
    packed = b64encode(zlib.compress(msgspec.json.encode(details))).decode()
    return {**state, "bookmarks": plain, PACKED: packed}


def _part(raw: Mapping[str, Any], *, plain: bool) -> dict[str, Any]:
    return {key: value for key, value in raw.items() if (key in _PLAIN_KEYS) == plain}


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
    bookmarks = {name: raw | details.get(name, {}) for name, raw in state["bookmarks"].items()}
    rest = {key: value for key, value in state.items() if key != PACKED}
    return {**rest, "bookmarks": bookmarks}
