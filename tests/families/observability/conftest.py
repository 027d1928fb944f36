"""The simulators of the observability dashboard."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_cxone.simulator import Simulator


@pytest.fixture
def simulate(simulate: Callable[..., Simulator]) -> Callable[..., Simulator]:
    """Return the shared function; exports are done when they are first requested."""
    return functools.partial(simulate, job_seconds=3)
