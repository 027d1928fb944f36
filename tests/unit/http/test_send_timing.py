"""The interval between submits, as the API sees it: between two arrivals."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_cxone.http.rate_limit import RateLimiter
from tests.support.properties import many
from tests.support.rate_limits import NOTHING, SECOND, SPACED
from tests.support.run import FakeClock

if TYPE_CHECKING:
    from datetime import datetime, timedelta

MILLISECOND = SECOND / 1000


def send(limiter: RateLimiter, connecting: timedelta, transit: timedelta, job: timedelta):
    """Submit over a new connection, the answer coming after the job; return the arrival."""
    with limiter.submitting() as timing:
        timing.connecting()
        limiter.clock.sleep(connecting)
        timing.connected()
        timing.sent()
        limiter.clock.sleep(transit)
        arrival = limiter.clock.now()
        limiter.clock.sleep(job)
    return arrival


@pytest.mark.promise("shared-limits")
@many
@given(
    st.lists(
        st.tuples(
            st.timedeltas(NOTHING, 3 * SECOND),  # a pause
            st.timedeltas(NOTHING, SECOND),  # the time to connect
            st.floats(0, 1),  # the transit, as a share of the longest one
            st.timedeltas(NOTHING, 40 * SECOND),  # the job
        ),
        min_size=2,
        max_size=8,
    )
)
def test_submits_never_arrive_too_close(submits):
    """Whatever each transit takes, up to a retransmission, no submit arrives too early."""
    limiter = RateLimiter(SPACED, FakeClock())
    arrivals: list[datetime] = []
    for pause, connecting, share, job in submits:
        limiter.clock.sleep(pause)
        arrivals.append(send(limiter, connecting, share * (connecting + SECOND / 4), job))

    assert all(later - earlier >= 30 * SECOND for earlier, later in pairwise(arrivals))


@pytest.mark.parametrize("job", [NOTHING, SECOND, 20 * SECOND], ids=["at once", "soon", "late"])
def test_interval_of_submits_is_at_most_half_a_second_longer(job):
    """With an ordinary connection, submits arrive at most 30.5 seconds apart."""
    limiter = RateLimiter(SPACED, FakeClock())
    arrivals = [send(limiter, 60 * MILLISECOND, 15 * MILLISECOND, job) for _ in range(3)]

    assert all(later - earlier <= 30.5 * SECOND for earlier, later in pairwise(arrivals))


def test_unobserved_submit_counts_two_seconds_later():
    """A request whose connection is not known to be new has the longest transit."""
    limiter = RateLimiter(SPACED, FakeClock())
    with limiter.submitting() as timing:
        timing.sent()
        limiter.clock.sleep(10 * SECOND)

    assert limiter.time_until_submit() == 22 * SECOND


def test_slow_connection_counts_for_two_seconds():
    """A connection that took minutes to open says nothing about the transit."""
    limiter = RateLimiter(SPACED, FakeClock())
    send(limiter, 60 * SECOND, NOTHING, 10 * SECOND)

    assert limiter.time_until_submit() == 22 * SECOND
