"""The limiter of the unit tests."""

from __future__ import annotations

import pytest

from tap_cxone.http.rate_limit import RateLimiter
from tests.support.rate_limits import SPACED


@pytest.fixture
def limiter(clock):
    return RateLimiter(SPACED, clock)
