"""Options of the reporting API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tap_cxone.simulator.options import CommonOptions


@dataclass(frozen=True, kw_only=True)
class ReportingOptions(CommonOptions):
    """Behaviour of the reporting API.

    Attributes:
        reporting_generation: Generation of the reporting API. The older one has other names, texts
            for numbers, and the wrapper `resultSet`.
        reporting_errors: Where an error of the reporting API has its text.
        reporting_total: Whether lists of the reporting API announce their number of rows, or only
            that of each page.
        contact_order: Order of a list of contacts: by change as requested, or by ID.
        updated_since: Whether `updatedSince` includes changes at that instant.
        max_page_rows: Maximum number of rows that a page of the reporting API has.
        slow_page_rows: Rows above which the reporting API does not build a page in time (408);
            None for no limit.
        download_zone_hours: Offset of the user's time zone in data downloads, without daylight
            saving.
        download_error: Error text of a data download in place of its file; empty for none.
        report_job_wrapper: Whether a report job is inside `jobResult`, and a list of them inside
            `jobResults`, with IDs as texts. Without the wrappers IDs are numbers, as documented.
        report_dates: Whether a report job uses the dates of its request, or ignores them.
        report_title_lines: Number of title lines before the header of a report job's file.
        file_base_url: Base URL in the links to files of report jobs; empty for that of a request.
        file_misses: Number of requests for a file of a report job that get 404 first.
        moving_contacts: Number of contacts that change right after their page was served.
        reporting_durations: How the reporting API spells durations: as ISO 8601, or in seconds.
        pending_intervals: Number of requests for WFM figures that get 409 first, since the
            interval is not ready.
    """

    reporting_generation: Literal["new", "old"] = "new"
    reporting_errors: Literal["body", "header"] = "body"
    reporting_total: Literal["present", "absent", "page"] = "present"
    contact_order: Literal["change", "id"] = "change"
    updated_since: Literal["inclusive", "exclusive"] = "inclusive"
    max_page_rows: int = 10_000
    slow_page_rows: int | None = None
    download_zone_hours: float = -5
    download_error: str = ""
    report_job_wrapper: Literal["present", "absent"] = "present"
    report_dates: Literal["used", "ignored"] = "used"
    report_title_lines: int = 0
    file_base_url: str = ""
    file_misses: int = 0
    moving_contacts: int = 0
    reporting_durations: Literal["iso", "seconds"] = "iso"
    pending_intervals: int = 0
