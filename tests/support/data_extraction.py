"""The data extraction as tests see it: settings for short runs, requests, and expected keys."""

from __future__ import annotations

import functools
from datetime import date
from typing import TYPE_CHECKING, Any

from tap_cxone.errors import StreamsFailed
from tests.conftest import settings_for
from tests.support.run import run_tap, select

if TYPE_CHECKING:
    from tap_cxone.simulator import RecordedRequest, Simulator
    from tests.support.run import FakeClock, Output

STREAM = "qm_workflows"
SYNC = "/data-extraction/v1/jobs/sync"
ASYNC = "/data-extraction/v1/jobs"


def two_days(sim: Simulator, **family: Any) -> dict[str, Any]:
    """Return settings for one window of two whole days."""
    return settings_for(
        sim,
        start_date="2026-03-16T00:00:00Z",
        end_date="2026-03-18T00:00:00Z",
        data_extraction=family,
    )


@functools.cache
def catalog(stream: str) -> dict[str, Any]:
    """Return a catalog with one stream of the built-in ones selected."""
    return select({"access_key_id": "any", "access_key_secret": "any"}, stream)


def run(config: dict[str, Any], clock: FakeClock, stream: str = STREAM, **how: Any) -> Output:
    """Run one stream."""
    if config["data_extraction"].get("entities"):
        return run_tap(config, clock=clock, only=stream, **how)
    return run_tap(config, clock=clock, catalog=catalog(stream), **how)


def posts(sim: Simulator) -> list[RecordedRequest]:
    """Return the submits so far."""
    return [seen for seen in sim.requests if seen.method == "POST" and "/jobs" in seen.path]


def polls(sim: Simulator) -> list[RecordedRequest]:
    """Return the polls so far."""
    return [seen for seen in sim.requests if seen.method == "GET" and f"{ASYNC}/" in seen.path]


def keys(sim: Simulator) -> set[str]:
    """Return the keys of the rows of the two days."""
    rows = sim.expected_rows("qm-workflows", date(2026, 3, 16), date(2026, 3, 18))
    return {row["Workflow ID"] for row in rows}


def ids(out: Output) -> set[str]:
    """Return the keys of the records."""
    return {record["workflow_id"] for record in out.records(STREAM)}


def failure(out: Output, stream: str = STREAM) -> Exception:
    """Return why a stream failed."""
    assert isinstance(out.error, StreamsFailed)
    return out.error.failures[stream]
