"""The data extraction as tests see it: settings for short runs, requests, and expected keys."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from tests.conftest import settings_for
from tests.support.run import offline_catalog, run_tap

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator
    from tests.support.run import FakeClock, Output

FAMILY = "data_extraction"
STREAM = "qm_workflows"
SYNC = "/data-extraction/v1/jobs/sync"
ASYNC = "/data-extraction/v1/jobs"


def extraction_settings(sim: Simulator, **family: Any) -> dict[str, Any]:
    """Return settings for one window of two whole days."""
    return settings_for(
        sim,
        start_date="2026-03-16T00:00:00Z",
        end_date="2026-03-18T00:00:00Z",
        own=family,
    )


def run_extraction(
    config: dict[str, Any], clock: FakeClock, stream: str = STREAM, **how: Any
) -> Output:
    """Run one stream."""
    if config[FAMILY].get("entities"):
        return run_tap(config, clock=clock, only=stream, **how)
    return run_tap(config, clock=clock, catalog=offline_catalog(stream), **how)


def expected_workflow_ids(sim: Simulator) -> set[str]:
    """Return the keys of the rows of the two days."""
    rows = sim.expected_rows("qm-workflows", date(2026, 3, 16), date(2026, 3, 18))
    return {row["Workflow ID"] for row in rows}


def workflow_ids(out: Output) -> set[str]:
    """Return the keys of the records."""
    return {record["workflow_id"] for record in out.records(STREAM)}
