"""The case of kills: runs of a definition that is registered first; no list of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support import scheduled_reports as reports
from tests.support.kill_cases import Case, Work

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator


def _reports(sim: Simulator, number: int) -> dict[str, Any]:
    return reports.report_settings(sim, number, more=[reports.QUEUES])


def _runs(sim: Simulator) -> list[Work]:
    names = {schedule.id: str(schedule.body["name"]) for schedule in sim.schedules}
    return [
        Work(run.id, names[run.schedule_id], run.start, run, run.start, run.start)
        for run in sim.report_runs
    ]


CASES = (
    Case(
        name="reports",
        family="scheduled_reports",
        settings=_reports,
        small=(reports.STREAM,),
        large=(reports.LISTED, reports.STREAM, reports.OTHER),
        works=_runs,
        options={"page_size_reports": 2},
        whole=(reports.LISTED,),
        places=("list", "submit", "run", "poll", "page"),
        sent_once=("list", "submit"),
        with_job=("run", "poll", "page"),
        fast=(("page", "kill"),),
        whole_days=True,
        quick=("poll_interval_seconds",),
    ),
)
