"""The types that store numbers in a file, and which numbers each of them stores exactly."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Sequence

DECIMAL_DIGITS = 38
"""Digits of a decimal, of which some are decimals."""
_LEAST, _GREATEST = -(2**63), 2**63 - 1  # of int64


class NumberStorage(Struct, frozen=True):
    """The type of a column's numbers in a file.

    Attributes:
        kind: The type.
        decimals: Number of decimals of a decimal; 0 for other types.
    """

    kind: Literal["int64", "double", "decimal128"]
    decimals: int = 0

    @override
    def __str__(self) -> str:
        """Return the type as error messages name it."""
        is_decimal = self.kind == "decimal128"
        return f"decimal128({DECIMAL_DIGITS}, {self.decimals})" if is_decimal else self.kind

    def holds(self, value: Any) -> bool:
        """Return True if the type preserves each digit of a number."""
        if self.kind == "int64":
            return bool(_LEAST <= value <= _GREATEST)
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        if self.kind == "double":
            return isinstance(value, float) or Decimal(repr(float(value))) == number
        _, digits, exponent = number.as_tuple()
        trailing_zeros = len(digits) - len(bytes(digits).rstrip(b"\0"))
        whole_digits = DECIMAL_DIGITS - self.decimals
        return not number or (
            int(exponent) + trailing_zeros >= -self.decimals and number.adjusted() < whole_digits
        )

    def holds_all(self, values: Sequence[Any]) -> bool:
        """Return True if the type preserves each digit of all numbers."""
        is_exact = self.kind == "double" and set(map(type, values)) <= {float}
        return is_exact or all(map(self.holds, values))
