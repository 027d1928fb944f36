"""Decode single JSON values; note the numbers that no column can hold."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from json.scanner import make_scanner

from msgspec import Struct

from tap_cxone.http.json_numbers import parse_fraction


class BrokenValue(Struct, frozen=True):
    """A value of the file that cannot be read, while those around it can.

    Attributes:
        reason: Reason, without any text of the file.
    """

    reason: str


NOT_FINITE = BrokenValue("holds NaN, infinity or a number out of range")
NOT_JSON = BrokenValue("is not JSON")


class ValueDecoder:
    """Decoder of single values that notes numbers which no column can hold.

    Attributes:
        decode: Returns the value at an index of a text, and the index behind it. Raises
            JSONDecodeError, or RecursionError if the value is nested too deeply.
        scan: The same, without checks of the text before the value.
        not_finite: Whether a value had such a number since this was last set to False.
    """

    def __init__(self) -> None:
        """Create a decoder; one file uses it."""
        # `strict=False` accepts control characters inside strings; no data are lost.
        decoder = json.JSONDecoder(
            parse_float=self._parse_fraction,
            parse_int=self._parse_integer,
            parse_constant=self._note,
            strict=False,
        )
        self.decode = decoder.raw_decode
        self.scan = make_scanner(decoder)  # type: ignore[arg-type]
        self.not_finite = False

    def _note(self, _: str) -> None:
        self.not_finite = True

    def _parse_fraction(self, text: str) -> Decimal | None:
        try:
            return parse_fraction(text)
        except InvalidOperation:
            self.not_finite = True
            return None

    def _parse_integer(self, text: str) -> int | Decimal | None:
        if text == "-0":
            return Decimal(text)  # a text column keeps its sign
        try:
            return int(text)
        except ValueError:  # Python parses 4300 digits
            self.not_finite = True
            return None
