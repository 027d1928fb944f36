"""The clock of the tests of data downloads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.clocks import OnceActingClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_cxone.simulator import Simulator


@pytest.fixture
def clock() -> OnceActingClock:
    """Return a clock at noon, 08:00 in New York."""
    return OnceActingClock()


@pytest.fixture
def utc(simulate: Callable[..., Simulator]) -> Callable[..., Simulator]:
    """Return a function that starts a simulator whose tenant keeps UTC: twelve rows a day."""
    return lambda **options: simulate(**{"tenant_zone": "UTC", **options})
