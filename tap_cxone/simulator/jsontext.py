"""JSON encoding and decoding; fractions are `Decimal`, so that 3.10 stays 3.10."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)

encode: Callable[[Any], bytes] = _ENCODER.encode
decode: Callable[[bytes], Any] = _DECODER.decode


def pretty(text: bytes) -> bytes:
    """Return the JSON text indented, with one value per line."""
    return msgspec.json.format(text, indent=2)


def cell(value: Any) -> str:
    """Return a value as a CSV cell: a string unchanged, empty for null, else JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else encode(value).decode()
