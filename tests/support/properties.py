"""How many examples a property is tried with."""

from __future__ import annotations

from hypothesis import settings

WHOLE = 100
"""The number of examples of the profile `all`, with which `make test-all` tries each property."""


def examples(number: int) -> settings:
    """Return settings for so many examples; other profiles try their share of them."""
    return settings(max_examples=number * settings().max_examples // WHOLE)


many = examples(60)
