"""How many examples a property of the unit tests is tried with."""

from __future__ import annotations

from hypothesis import settings

many = settings(max_examples=60, deadline=None)
