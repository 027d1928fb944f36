"""What the API says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tap_cxone.simulator.options import Options
    from tap_cxone.simulator.scheduled_reports.pages import Page
    from tap_cxone.simulator.scheduled_reports.runs import Run
    from tap_cxone.simulator.scheduled_reports.schedules import Schedule


def schedule_registered(schedule: Schedule, options: Options) -> dict[str, Any]:
    """Return what the registration of a schedule is answered with."""
    status = "created" if schedule.versions == 1 else "updated"
    return {options.schedule_id_key: schedule.id, "status": status}


def schedule_list(schedules: Iterable[Schedule], options: Options) -> Any:
    """Return the list of these schedules, as this tenant lays it out."""
    entries = [{options.schedule_id_key: one.id, **one.body} for one in schedules]
    return entries if options.schedules_shape == "list" else {options.schedules_shape: entries}


def run_started(run: Run, options: Options) -> dict[str, Any]:
    """Return what the order of a run is answered with."""
    return {options.run_id_key: run.id}


def run_state(run: Run, now: datetime) -> dict[str, Any]:
    """Return where a run stands."""
    api_status = run.api_status(now)
    return {"state": api_status} | (
        {"errorMessage": run.failure_reason(now)} if api_status == "failed" else {}
    )


def result_page(page: Page) -> dict[str, Any]:
    """Return what the answer to a run that is complete says of its rows."""
    return {"data": page.rows} | ({} if page.token is None else {"nextPageToken": page.token})
