"""Options of the scheduled reports API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tap_cxone.simulator.options import CommonOptions

SchedulesShape = Literal["list", "entities", "schedules"]
ScheduleSpelling = Literal["as-sent", "canonical"]


@dataclass(frozen=True, kw_only=True)
class ScheduledReportsOptions(CommonOptions):
    """Behaviour of the scheduled reports API.

    Attributes:
        report_token_seconds: Lifetime of a client credentials token with a scope of reports.
        schedules_shape: Field that contains the list of schedules, or `list` for an array.
        schedule_id_key: Field with the id of a schedule.
        returns_schedule_id: True if the response to a registration has the id.
        schedule_spelling: How a schedule is returned: as it was sent, or in another spelling and
            with further fields.
        list_names_only: True if the list of schedules has only their id and name.
        schedule_by_id: True if a schedule can be read by its id.
        hidden_listings: Number of lists of schedules in which a new schedule is missing.
        frozen_schedules: True if an accepted change of a schedule has no effect.
        name_filter: How the list of schedules applies the filter on the name.
        run_id_key: Field with the id of a run.
        report_minutes_max: A run that needs more minutes never ends.
        long_report_days: A run over more days never ends; None for no limit.
        report_result: Where the rows of a run are: in the responses, or in a file.
        page_size_reports: Rows per page of such a response.
        token_quirk: `repeat` if the token of every page leads to the second page.
        final_hour: Hour of the next day, in UTC, after which the metrics of a day are final.
        extra_report_columns: Columns added to the rows of every report.
    """

    report_token_seconds: float = 3600
    schedules_shape: SchedulesShape = "entities"
    schedule_id_key: Literal["scheduleId", "id"] = "scheduleId"
    returns_schedule_id: bool = True
    schedule_spelling: ScheduleSpelling = "as-sent"
    list_names_only: bool = False
    schedule_by_id: bool = True
    hidden_listings: int = 0
    frozen_schedules: bool = False
    name_filter: Literal["exact", "contains", "ignored"] = "exact"
    run_id_key: Literal["runId", "id"] = "runId"
    report_minutes_max: float = 30
    long_report_days: int | None = None
    report_result: Literal["inline", "csv"] = "inline"
    page_size_reports: int = 100
    token_quirk: Literal["none", "repeat"] = "none"  # noqa: S105 - no password
    final_hour: int = 5
    extra_report_columns: tuple[str, ...] = ()
