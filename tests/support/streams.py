"""One stream over one window of one day: the shortest run that asks for everything."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from tap_cxone.errors import StreamsFailed
from tests.conftest import settings_for
from tests.support.run import run_tap, select

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator
    from tests.support.run import FakeClock, Output

STREAM = "qm_workflows"


def settings(sim: Simulator, mode: str = "async", **changes: Any) -> dict[str, Any]:
    """Return settings for one window of one day, or more with changes."""
    short = {"start_date": "2026-03-18T00:00:00Z", "end_date": "2026-03-19T00:00:00Z"}
    family = {"data_extraction": {"mode": mode}, "poll_interval_seconds": 25}
    return settings_for(sim, **short, **family) | changes


@functools.cache
def catalog() -> dict[str, Any]:
    """Return a catalog with one stream selected."""
    return select({"access_key_id": "any", "access_key_secret": "any"}, STREAM)


def run(config: dict[str, Any], clock: FakeClock, **how: Any) -> Output:
    """Run one stream."""
    return run_tap(config, clock=clock, catalog=catalog(), **how)


def failure(out: Output) -> Exception:
    """Return why the stream failed."""
    assert isinstance(out.error, StreamsFailed)
    return out.error.failures[STREAM]
