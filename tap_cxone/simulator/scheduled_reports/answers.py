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


def registered(schedule: Schedule, options: Options) -> dict[str, Any]:
    """Return what the registration of a schedule is answered with."""
    status = "created" if schedule.versions == 1 else "updated"
    return {options.schedule_id_key: schedule.id, "status": status}


def listed(schedules: Iterable[Schedule], options: Options) -> Any:
    """Return the list of these schedules, as this tenant lays it out."""
    entries = [{options.schedule_id_key: one.id, **one.body} for one in schedules]
    return entries if options.schedules_shape == "list" else {options.schedules_shape: entries}


def begun(run: Run, options: Options) -> dict[str, Any]:
    """Return what the order of a run is answered with."""
    return {options.run_id_key: run.id}


def state(run: Run, now: datetime) -> dict[str, Any]:
    """Return where a run stands."""
    word = run.word(now)
    return {"state": word} | ({"errorMessage": run.why(now)} if word == "failed" else {})


def inline(found: Page) -> dict[str, Any]:
    """Return what the answer to a run that is complete says of its rows."""
    return {"data": found.rows} | ({} if found.token is None else {"nextPageToken": found.token})
