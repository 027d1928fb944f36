"""The newest instant that a run may read, also if this machine's clock is wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tap_cxone.windows import midnight

if TYPE_CHECKING:
    from datetime import datetime

    from tap_cxone.context import ApiFamily

MIN_CLOCK_DIFFERENCE = timedelta(minutes=1)
"""Difference between the clocks of this machine and of a server that is worth a warning."""


def uses_server_time(family: ApiFamily) -> bool:
    """Return True if the clocks differ so much that this machine's would lose rows."""
    return abs(family.clock_offset) >= max(family.availability_delay, MIN_CLOCK_DIFFERENCE)


def present_instant(family: ApiFamily) -> datetime:
    """Return the present instant in UTC: the server's, if the clocks differ too much."""
    offset = family.clock_offset if uses_server_time(family) else timedelta(0)
    return family.context.clock.now() + offset


def available_until(family: ApiFamily, now: datetime) -> datetime:
    """Return the newest instant that a run may read: the API shows every row before it."""
    visible_until = (now - family.availability_delay).replace(microsecond=0)
    return midnight(visible_until) if family.complete_days_only else visible_until
