"""How often a year's run asks, counted by the simulator."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tap_cxone.simulator.settings import ALL_FAMILIES, tap_settings
from tests.benchmarks.waiting import request_counts
from tests.support.examples import full_lists, json_jobs, quota_jobs
from tests.support.run import run_tap

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator

DAYS = 365


def count_jobs(sim: Simulator) -> int:
    """Count the jobs of all families."""
    lists = sim.jobs, sim.table_exports, json_jobs.export_jobs(sim), sim.report_runs
    return sum(map(len, lists))


@pytest.mark.slow
def test_year_of_windows_needs_the_fewest_requests(simulate, clock):
    """Beside submits, downloads and pages there are three looks a job, and a login a token life."""
    sim = simulate(rows_per_day=2, exports_per_day=None, history_months=None)
    families = [name for name in ALL_FAMILIES if name != full_lists.FAMILY]  # lists without jobs
    config = tap_settings(sim.url, families=families)
    config |= {"start_date": (clock.now() - timedelta(days=DAYS)).isoformat()}
    began: datetime = clock.now()

    unlimited = {"exports_per_day": None, "history_months": None}
    out = run_tap(config | {quota_jobs.FAMILY: unlimited}, clock=clock)

    assert out.error is None
    asked = request_counts(sim)
    assert asked["submit"] == count_jobs(sim) + 1  # and the schedule
    assert asked["look"] <= 3 * count_jobs(sim)
    lives = (clock.now() - began) / timedelta(seconds=1200 * 0.8) + len(families)
    assert asked["login"] <= lives
