"""IDs of parametrised cases that say what the case is."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import date, timedelta

_LENGTH = 48


def readable(value: object) -> str | None:
    """Return the short text of a value; of plain values pytest makes the ID itself."""
    if value is None or isinstance(value, (str, bytes, int, float)):
        return None
    text = _shown(value)
    return text if len(text) <= _LENGTH else f"{text[:_LENGTH]}…"


def _shown(value: object) -> str:
    match value:
        case Mapping():
            return " ".join(f"{key}={_shown(inner)}" for key, inner in value.items()) or "{}"
        case list() | tuple():
            return " ".join(map(_shown, value)) or "none"
        case AbstractSet():
            return " ".join(sorted(map(_shown, value))) or "none"
        case date() | timedelta() | str():
            return str(value)
        case _:
            text = getattr(value, "__name__", None) or repr(value)
            # An address differs from process to process.
            return type(value).__name__ if " at 0x" in text else text
