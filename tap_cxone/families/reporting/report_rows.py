"""Base class of the streams of a custom report: columns, client, and the job of each record."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec import structs
from typing_extensions import override

from tap_cxone.clock import iso
from tap_cxone.config.csv import CsvSettings
from tap_cxone.families.reporting.fields import NUMBER_FORMAT
from tap_cxone.families.reporting.report_jobs import (
    NICE_HOSTS,
    JobTimes,
    ReportJobsApi,
    classify_job_error,
)
from tap_cxone.families.reporting.settings import ReportingSettings
from tap_cxone.rows.columns import Column, with_types
from tap_cxone.streams.definition import declare
from tap_cxone.streams.schema import Declaration
from tap_cxone.streams.windowed import WindowedStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Record

    from tap_cxone.context import ApiFamily
    from tap_cxone.families.reporting.report_job_settings import ReportJobSettings
    from tap_cxone.rows.layout import RecordSpec
    from tap_cxone.spool import WindowFile
    from tap_cxone.windows import Window

_JOB_COLUMNS = (
    Column("_job_id", description="ID of the job that made the row."),
    Column("_job_start", "date-time", "When the job started, UTC."),
    Column("_job_end", "date-time", "When the job ended, UTC."),
)


class ReportRowsStream(WindowedStream):
    """Base class of the streams of a report: columns, client, and the job of each record."""

    def __init__(self, tap: Tap, family: ApiFamily, entry: ReportJobSettings) -> None:
        """Store the entry of the settings; declare its columns and those of the job."""
        self.entry = entry
        self._job_id: str | None = None
        self.setting = f"{ReportingSettings.NAME}.report_jobs, entry '{entry.name}'"
        declaration = declare(
            Declaration(name=entry.name, description="A row of a custom report."),
            entry,
            setting=self.setting,
            csv=CsvSettings(number_format=NUMBER_FORMAT),
            columns=(*with_types((), entry.column_types), *_JOB_COLUMNS),
            required=(entry.date_column,) if entry.date_column else (),
            windowed=entry.mode == "collect" or entry.send_dates,
        )
        super().__init__(tap, family, declaration)

    @cached_property
    def api(self) -> ReportJobsApi:
        """Return the client of the report's jobs."""
        section = self.settings.section(ReportingSettings)
        return ReportJobsApi(
            client=structs.replace(self.family.client, classify_error=classify_job_error),
            tenant=self.family.tenant,
            version=section.version_of(self.name),
            report_id=self.entry.report_id,
            delete_after_days=self.entry.delete_after_days,
            skip_lines=self.entry.skip_lines,
            sends_dates=self.entry.send_dates,
            hosts=(*NICE_HOSTS, *section.file_hosts),
        )

    @override
    def _read_window(self, window_file: WindowFile) -> Iterator[Record]:
        self._job_id = window_file.job_id
        yield from super()._read_window(window_file)

    @override
    def _record_spec(self, window: Window) -> RecordSpec:
        spec = super()._record_spec(window)
        times = self.api.job_times.get(self._job_id or "", JobTimes())
        job: dict[str, Any] = {
            "_job_id": self._job_id,
            "_job_start": times.started_at and iso(times.started_at),
            "_job_end": times.ended_at and iso(times.ended_at),
        }
        return structs.replace(spec, constants={**spec.constants, **job})
