"""Response bodies of the scheduled reports API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_cxone.simulator.list_pages import list_page
from tap_cxone.simulator.scheduled_reports.spelling import canonical_body

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tap_cxone.simulator.scheduled_reports.options import ScheduledReportsOptions
    from tap_cxone.simulator.scheduled_reports.pages import Page
    from tap_cxone.simulator.scheduled_reports.runs import Run
    from tap_cxone.simulator.scheduled_reports.schedules import Schedule


def schedule_registered(schedule: Schedule, options: ScheduledReportsOptions) -> dict[str, Any]:
    """Return the body of the response to the registration of a schedule."""
    status = "created" if schedule.versions == 1 else "updated"
    body = {"status": status}
    return {options.schedule_id_key: schedule.id, **body} if options.returns_schedule_id else body


def schedule_detail(schedule: Schedule, options: ScheduledReportsOptions) -> dict[str, Any]:
    """Return a schedule in the tenant's spelling."""
    is_canonical = options.schedule_spelling == "canonical"
    body = canonical_body(schedule.body) if is_canonical else schedule.body
    return {options.schedule_id_key: schedule.id, **body}


def schedule_list(
    schedules: Sequence[Schedule], query: Mapping[str, str], options: ScheduledReportsOptions
) -> Any:
    """Return a page of the list of the schedules in the tenant's layout."""
    entries = [schedule_detail(schedule, options) for schedule in schedules]
    if options.list_names_only:
        names = {options.schedule_id_key, "name"}
        entries = [{key: entry[key] for key in names} for entry in entries]
    if options.schedules_shape == "list":
        return entries
    return list_page(entries, options.schedules_shape, query, options)


def run_started(run: Run, options: ScheduledReportsOptions) -> dict[str, Any]:
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
