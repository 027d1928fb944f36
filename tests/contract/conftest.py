"""The simulator with the trial family, and a clock that acts once."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest

from tests.contract.families import SIMULATED_WITH_TRIAL
from tests.support.clocks import OnceActingClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_cxone.simulator import Simulator


@pytest.fixture
def clock() -> OnceActingClock:
    """Return a clock at noon that runs an action at its next sleep."""
    return OnceActingClock()


@pytest.fixture
def simulate(simulate: Callable[..., Simulator]) -> Callable[..., Simulator]:
    """Return a function that starts a simulator of all families and the trial family."""
    return functools.partial(simulate, families=SIMULATED_WITH_TRIAL)
