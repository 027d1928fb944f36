"""Response bodies of the scheduled reports API."""

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
    """Return the body of the response to the registration of a schedule."""
    status = "created" if schedule.versions == 1 else "updated"
    return {options.schedule_id_key: schedule.id, "status": status}


def schedule_list(schedules: Iterable[Schedule], options: Options) -> Any:
    """Return the list of the schedules in the tenant's layout."""
    entries = [{options.schedule_id_key: schedule.id, **schedule.body} for schedule in schedules]
    return entries if options.schedules_shape == "list" else {options.schedules_shape: entries}


def run_started(run: Run, options: Options) -> dict[str, Any]:
    """Return the body of the response to the start of a run."""
    return {options.run_id_key: run.id}


def run_state(run: Run, now: datetime) -> dict[str, Any]:
    """Return the state of a run."""
    api_status = run.api_status(now)
    return {"state": api_status} | (
        {"errorMessage": run.failure_reason(now)} if api_status == "failed" else {}
    )


def result_page(page: Page) -> dict[str, Any]:
    """Return the fields of a response that hold a page of rows."""
    return {"data": page.rows} | ({} if page.token is None else {"nextPageToken": page.token})
