"""Streams of custom report jobs: one that runs the report, and one that collects its jobs."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field, structs
from typing_extensions import override

from tap_cxone.config.csv import CsvSettings
from tap_cxone.families.reporting.fields import NUMBER_FORMAT
from tap_cxone.families.reporting.report_jobs import (
    NICE_HOSTS,
    FinishedJob,
    JobTimes,
    ReportJobsApi,
)
from tap_cxone.families.reporting.settings import ReportingSettings
from tap_cxone.progress.activity import set_activity
from tap_cxone.rows.columns import Column, with_types
from tap_cxone.spool import WindowFile
from tap_cxone.streams.definition import declare
from tap_cxone.streams.schema import Declaration
from tap_cxone.streams.snapshot_job import SnapshotJobStream
from tap_cxone.streams.windowed import WindowedStream
from tap_cxone.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Record

    from tap_cxone.context import ApiFamily
    from tap_cxone.families.reporting.settings import ReportJobSettings
    from tap_cxone.rows.layout import RecordSpec

_JOB_COLUMNS = (
    Column("_job_id", description="ID of the job that made the row."),
    Column("_job_start", "date-time", "When the job started, UTC."),
    Column("_job_end", "date-time", "When the job ended, UTC."),
)
_TICK = timedelta(microseconds=1)


def report_stream(tap: Tap, family: ApiFamily, entry: ReportJobSettings) -> WindowedStream:
    """Return the stream of one report, in the mode of its settings."""
    stream_class = CollectedReportStream if entry.mode == "collect" else ReportStream
    return stream_class(tap, family, entry)


class _ReportRows(WindowedStream):
    """Base class of both streams: columns, client, and the job of each record."""

    def __init__(self, tap: Tap, family: ApiFamily, entry: ReportJobSettings) -> None:
        """Store the entry of the settings; declare its columns and those of the job."""
        self.entry = entry
        self._job_id: str | None = None
        declaration = declare(
            Declaration(name=entry.name, description="A row of a custom report."),
            entry,
            setting=f"{ReportingSettings.NAME}.report_jobs, entry '{entry.name}'",
            csv=CsvSettings(number_format=NUMBER_FORMAT),
            columns=(*with_types((), entry.columns), *_JOB_COLUMNS),
            windowed=entry.mode == "collect",
        )
        super().__init__(tap, family, declaration)

    @cached_property
    def api(self) -> ReportJobsApi:
        """Return the client of the report's jobs."""
        section = self.settings.section(ReportingSettings)
        return ReportJobsApi(
            client=self.family.client,
            tenant=self.family.tenant,
            version=section.version_of(self.name),
            report_id=self.entry.report_id,
            delete_after_days=self.entry.delete_after_days,
            skip_lines=self.entry.skip_lines,
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
            "_job_start": times.started_at,
            "_job_end": times.ended_at,
        }
        return structs.replace(spec, constants={**spec.constants, **job})


class ReportStream(_ReportRows, SnapshotJobStream):
    """The result of a report that each run starts, or resumes if an earlier run was killed."""


class CollectedReportStream(_ReportRows):
    """The results of all jobs that finished since the bookmark; no job is started.

    Each job is a window that ends when the job ended.
    """

    has_history = False

    @override
    def source(self) -> CollectedJobs:
        return CollectedJobs(self.api, self._jobs)

    @cached_property
    def _jobs(self) -> dict[datetime, FinishedJob]:
        return {}

    @override
    def windows(
        self, start: datetime, end: datetime, pending: Iterable[Window]
    ) -> Iterator[Window]:
        span = max(1, -(-(self.now() - start) // timedelta(days=1)))
        jobs = self.api.finished_jobs(min(span, self.entry.delete_after_days))
        self._jobs.update(distinct_ends(jobs))
        for ended_at in sorted(self._jobs):
            if start < ended_at <= self.now():
                yield Window(start, ended_at)
                start = ended_at


def distinct_ends(jobs: Iterable[FinishedJob]) -> dict[datetime, FinishedJob]:
    """Return the jobs by their ends; a later job with the same end follows a microsecond later."""
    by_end: dict[datetime, FinishedJob] = {}
    for job in jobs:
        ended_at = job.ended_at
        while ended_at in by_end:
            ended_at += _TICK
        by_end[ended_at] = job
    return by_end


class CollectedJobs(Struct, frozen=True):
    """Source of the files of finished jobs (a `FileSource`).

    Attributes:
        api: Client of the report's jobs.
        jobs: The jobs by the ends of their windows.
    """

    api: ReportJobsApi
    jobs: dict[datetime, FinishedJob] = field(default_factory=dict)

    def fetch(self, window: Window, upcoming: Sequence[Window]) -> WindowFile:
        """Download the file of the job that ended with the window."""
        set_activity(f"downloading {window}")
        job = self.jobs[window.end]
        description = f"{self.api.name}, job {job.id}"
        spool = self.api.download(job.link, description)
        return WindowFile(window, upcoming, description, job.id, spool)

    def discard(self, window: Window) -> None:
        """Do nothing: every fetch requests the file again."""
