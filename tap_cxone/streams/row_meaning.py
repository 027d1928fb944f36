"""Notice settings that change what the rows of a stream mean."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_DIGEST_LENGTH = 12


def digests(parts: Mapping[str, Any]) -> dict[str, str]:
    """Return a short digest of each setting that is set; the order of a list has no meaning."""
    return {name: _digest(value) for name, value in parts.items() if value}


def changed_settings(previous: Mapping[str, str], current: Mapping[str, str]) -> list[str]:
    """Return the settings whose digests differ."""
    names = sorted(previous.keys() | current.keys())
    return [name for name in names if previous.get(name) != current.get(name)]


def _digest(value: Any) -> str:
    if isinstance(value, list | tuple):
        value = sorted(value, key=json.dumps)
    payload = json.dumps(value, sort_keys=True)
    return hashlib.sha256(payload.encode()).hexdigest()[:_DIGEST_LENGTH]
