"""Rate limits of the unit tests."""

from __future__ import annotations

from datetime import timedelta

from tap_cxone.http.rate_limit import RateLimits

NOTHING = timedelta(0)
SECOND = timedelta(seconds=1)
SPACED = RateLimits(min_submit_interval=30 * SECOND)
