"""Read and write JSON whose numbers stay exact and keep their text."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Self

import msgspec
from typing_extensions import override


class NumberWithText(Decimal):
    """A decimal whose text differs from the one that Python formats, such as `0.00000010`.

    Attributes:
        text: The number as in the file.
    """

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Self:
        """Parse a text. Raises `decimal.InvalidOperation` if it is no number."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    @override
    def __str__(self) -> str:
        return self.text


def parse_fraction(text: str) -> Decimal:
    """Return a number of JSON that has a fraction or an exponent; `str` returns its text.

    Raises:
        decimal.InvalidOperation: The exponent is out of the range of `Decimal`.
    """
    # Python formats other numbers as they came.
    if "e" in text or "E" in text or "0.000000" in text:
        return NumberWithText(text)
    return Decimal(text)


def encode_number(number: object) -> msgspec.Raw:
    """Return a number as JSON; the hook of encoders for types that msgspec does not know.

    Raises:
        NotImplementedError: The object is no such number.
    """
    if isinstance(number, NumberWithText):
        return msgspec.Raw(number.text.encode())
    raise NotImplementedError(type(number).__name__)


_ENCODER = msgspec.json.Encoder(decimal_format="number", enc_hook=encode_number)


def encode_json(value: Any) -> bytes:
    """Return a value as JSON; decimals keep all digits."""
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:  # a lone surrogate: row validation reports it
        return json.dumps(value, default=str).encode()
