"""A report that is run once per run, killed at every point: its job is taken up again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tap_cxone.simulator import Options, Simulator
from tests.resilience.kills.killing import KINDS, Life, Point, live
from tests.support.examples import full_lists
from tests.support.run import FakeClock, Killed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.resilience.kills.killing import Kind


def killed_runs(kind: Kind, step: int) -> Iterator[tuple[Life, Life, Simulator]]:
    """Yield a killed run and the next one, for each (`step`-th) point of a kind."""
    number, alive = 1, True
    while alive:
        clock = FakeClock()
        with Simulator(Options(rows_per_day=2, job_seconds=12), clock=clock) as sim:
            config = full_lists.report_config(sim)
            first = live(
                config, clock, (full_lists.REPORT,), point=Point(kind, number, timedelta(0))
            )
            alive = isinstance(first.error, Killed)
            if alive:
                states = first.output.states
                state = states[-1] if states else None
                yield first, live(config, clock, (full_lists.REPORT,), state=state), sim
        number += step


@pytest.mark.ci
@pytest.mark.promise("pending-jobs")
@pytest.mark.promise("no-double-submit")
@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", KINDS)
def test_report_run_killed_anywhere_starts_no_second_job(kind, step):
    """The next run has every row; it starts a job only if none was, or its response was lost."""
    kills = 0
    for first, second, sim in killed_runs(kind, step):
        jobs = sim.report_jobs.all()
        wanted = {r["Contact ID"] for r in sim.report_jobs.rows(jobs[-1].start, jobs[-1].end)}
        lost = [seen for seen in first.asked[-1:] if "POST" in seen and "report-jobs" in seen]
        done = first.output.states and first.output.records(full_lists.REPORT)
        assert second.error is None, first.point
        assert {
            record["contact_id"] for record in second.output.records(full_lists.REPORT)
        } == wanted
        assert len(jobs) <= 1 + bool(lost or done), first.point
        assert not second.output.state["bookmarks"][full_lists.REPORT].get("pending_jobs")
        kills += 1
    assert kills > 1
