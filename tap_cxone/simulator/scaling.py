"""Waiting times of the tap at the speed of a simulator."""

from __future__ import annotations

import math


def divide_rounding_up(number: float, speed: float) -> float:
    """Return the quotient rounded up; a spacing rounded down would break the limit."""
    quotient = number / speed
    if quotient.is_integer():
        return int(quotient)
    return math.ceil(quotient * 1e6) / 1e6
