"""The simulators of the quota tests: few rows a day."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_cxone.simulator import Simulator


@pytest.fixture
def simulate(simulate: Callable[..., Simulator]) -> Callable[..., Simulator]:
    """Return the shared function; rows are few."""
    return functools.partial(simulate, rows_per_day=2)
