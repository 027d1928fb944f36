"""The clock of this machine and that of the server."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tap_cxone.simulator import Options, Simulator
from tests.resilience.faults.play import Skewed
from tests.support.expectations import warnings_logged
from tests.support.streams import STREAM, run_stream, stream_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.run import FakeClock

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def offset(request: pytest.FixtureRequest) -> timedelta:
    """Return the server's time minus that of this machine."""
    difference: timedelta = request.param
    return difference


@pytest.fixture
def skewed(clock: FakeClock, offset: timedelta) -> Iterator[Simulator]:
    """Return a server with another clock."""
    with Simulator(Options(rows_per_day=4), clock=Skewed(clock, offset)) as sim:
        yield sim


def bookmark_of_run(sim: Simulator, clock: FakeClock) -> datetime:
    """Return the bookmark of a run without an end date."""
    out = run_stream(stream_settings(sim, end_date=None), clock)
    assert out.error is None
    return datetime.fromisoformat(str(out.bookmark(STREAM)))


@pytest.mark.parametrize(
    "offset", [-4 * HOUR, -30 * MINUTE, 4 * HOUR], indirect=True, ids=["fast", "settle", "slow"]
)
def test_clock_off_by_the_settle_time_ends_windows_by_the_servers_time(skewed, clock, offset):
    """No window ends after the rows that the server is certain to show."""
    begun = clock.now()

    assert bookmark_of_run(skewed, clock) == begun + offset - 30 * MINUTE


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        (-2 * MINUTE, "0:02:00 ahead of"),
        (2 * MINUTE, "0:02:00 behind"),
        (-4 * HOUR, "by the server's time"),
    ],
    indirect=["offset"],
    ids=["fast", "slow", "very fast"],
)
def test_clock_off_by_a_minute_is_a_warning(skewed, clock, caplog, words):
    """One warning gives the difference, its consequence and the remedy."""
    bookmark_of_run(skewed, clock)

    (warning,) = (w for w in warnings_logged(caplog) if "clock" in w)
    assert words in warning
    assert "Set the clock of this machine" in warning


@pytest.mark.parametrize("offset", [-50 * timedelta(seconds=1)], indirect=True, ids=["seconds"])
def test_clock_off_by_seconds_is_no_warning(skewed, clock, caplog):
    """Less than a minute changes nothing and is not reported."""
    begun = clock.now()

    assert bookmark_of_run(skewed, clock) == begun - 30 * MINUTE
    assert not [w for w in warnings_logged(caplog) if "clock" in w]
