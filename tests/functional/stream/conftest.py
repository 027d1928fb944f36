"""The simulator of the stream tests."""

from __future__ import annotations

import pytest


@pytest.fixture
def sim(simulate):
    """Return a simulator with few rows."""
    return simulate(rows_per_day=4)
