"""The signal handler of the unit tests."""

from __future__ import annotations

import pytest

from tap_cxone.signals import SignalHandler


@pytest.fixture
def interrupts() -> SignalHandler:
    """Return a signal handler that has seen no signal."""
    return SignalHandler()
