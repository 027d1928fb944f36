"""How many examples a property is tried with."""

from __future__ import annotations

from hypothesis import settings

WHOLE = settings.get_profile("all").max_examples
"""The usual number of examples with the profile of `make test-all`."""


def examples(number: int) -> settings:
    """Return settings for so many examples with the profile `all`; others try their share."""
    return settings(max_examples=number * settings().max_examples // WHOLE)


many = examples(60)
