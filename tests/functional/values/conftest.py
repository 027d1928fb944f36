"""Runs over files that a test writes itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.payroll import PayrollRuns

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_cxone.simulator import Simulator
    from tests.support.run import FakeClock


@pytest.fixture
def payroll(simulate: Callable[..., Simulator], clock: FakeClock) -> PayrollRuns:
    """Return runs of one entity."""
    return PayrollRuns(simulate, clock)
