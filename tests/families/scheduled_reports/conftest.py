"""The simulators of the scheduled reports, and their check of polls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_cxone.simulator import Simulator


@pytest.fixture
def hasty() -> None:
    """Let polls come too soon in a test of something else."""


@pytest.fixture
def simulate(
    simulate: Callable[..., Simulator], request: pytest.FixtureRequest
) -> Iterator[Callable[..., Simulator]]:
    """Return what starts simulators, none of which may receive polls too often."""
    running: list[Simulator] = []

    def start(**options: Any) -> Simulator:
        running.append(simulate(**options))
        return running[-1]

    yield start
    if "hasty" not in request.fixturenames:
        assert [sim.fast_polls for sim in running] == [0] * len(running)
