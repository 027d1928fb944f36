"""The case of kills: pages and files that are responses, and jobs of a report with dates."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tap_cxone.simulator.settings import tap_settings
from tests.support import reporting as api
from tests.support.kill_cases import Case, Work, span

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator


def _reporting(sim: Simulator, number: int) -> dict[str, Any]:
    own = {
        "page_size": 2,
        "lookback_minutes": 0,
        "data_downloads": [{"name": api.CALLS, "lookback_days": 0}],
        "report_jobs": [api.report_entry(send_dates=True, date_column="Start Date")],
    }
    return {**tap_settings(sim.url, families=(api.FAMILY,)), **span(number), "reporting": own}


def _reporting_pages(sim: Simulator) -> list[str]:
    asked = (seen.query.get("startDate") for seen in sim.requests if seen.path in _WINDOW_PATHS)
    return [start for start in asked if start]


def _report_jobs(sim: Simulator) -> list[Work]:
    return [
        Work(
            job.id,
            api.REPORT,
            job.start,
            (job.start, job.end),
            job.submitted_at,
            job.ready_at or datetime.max.replace(tzinfo=UTC),
        )
        for job in sim.report_jobs.all()
    ]


_WINDOW_PATHS = (api.CONTACTS_PATH, api.FIGURES_PATH, f"{api.DOWNLOAD_PATH}/524")


CASES = (
    Case(
        name="reporting",
        family="reporting",
        settings=_reporting,
        small=(api.CALLS, api.FIGURES, api.CONTACTS, api.REPORT),
        large=("agents", api.FIGURES, api.CALLS, api.CONTACTS, api.REPORT, "teams"),
        works=_report_jobs,
        pages=_reporting_pages,
        options={"download_zone_hours": 0},
        whole=("agents", "teams"),
    ),
)
