"""Streams that run a custom report: its whole result, or one job per window of dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tap_cxone.families.reporting.collected_reports import CollectedReportStream
from tap_cxone.families.reporting.report_rows import ReportRowsStream
from tap_cxone.families.reporting.window_dates import WindowDates
from tap_cxone.rows.columns import source_column
from tap_cxone.streams.job_stream import JobStream
from tap_cxone.streams.snapshot_job import SnapshotJobStream
from tap_cxone.windows import daily_windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from singer_sdk import Tap

    from tap_cxone.context import ApiFamily
    from tap_cxone.families.reporting.report_job_settings import ReportJobSettings
    from tap_cxone.windows import Window


def report_stream(tap: Tap, family: ApiFamily, entry: ReportJobSettings) -> ReportRowsStream:
    """Return the stream of one report, in the mode of its settings."""
    if entry.mode == "collect":
        return CollectedReportStream(tap, family, entry)
    return (DatedReportStream if entry.send_dates else ReportStream)(tap, family, entry)


class ReportStream(ReportRowsStream, SnapshotJobStream):
    """The result of a report that each run starts, or resumes if an earlier run was killed."""


class DatedReportStream(ReportRowsStream, JobStream):
    """The results of a report for windows of dates; rows with other dates fail their window."""

    @property
    @override
    def configured_window_days(self) -> int:
        return self.entry.window_days

    @override
    def windows(
        self, start: datetime, end: datetime, pending: Iterable[Window]
    ) -> Iterator[Window]:
        zone = self.declaration.text_format.zone
        return daily_windows(start, end, max_days=self.window_days, zone=zone, pending=pending)

    @override
    def row_check(self, window: Window) -> WindowDates:
        column = source_column(self.entry.date_column or "", "").name
        return WindowDates(window, column, self.declaration.text_format.zone, self.setting)
