"""Stream of the finished jobs of a custom report, also those of other clients."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct, field
from typing_extensions import override

from tap_cxone.clock import iso
from tap_cxone.families.reporting.report_job_settings import MAX_RETENTION_DAYS
from tap_cxone.families.reporting.report_rows import ReportRowsStream
from tap_cxone.jobs.collected import LatestCollected
from tap_cxone.progress.activity import set_activity
from tap_cxone.spool import WindowFile
from tap_cxone.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from tap_cxone.families.reporting.report_jobs import FinishedJob, ReportJobsApi

_TICK = timedelta(microseconds=1)
_FILE_DELAY = timedelta(hours=1)  # a finished job may get its link later
_NO_TABLES = (".pdf", ".xls", ".xlsx", ".xml")


class CollectedReportStream(ReportRowsStream):
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
    def newest_available(self, now: datetime) -> datetime:
        return now  # a finished job needs no time to settle

    @override
    def windows(
        self, start: datetime, end: datetime, pending: Iterable[Window]
    ) -> Iterator[Window]:
        latest = self._latest_before(start)
        span_days = (self.now() - start) // timedelta(days=1) + 1
        for job in self.api.finished_jobs(min(span_days, MAX_RETENTION_DAYS)):
            if job.ended_at > end or latest.has_collected(job.id, job.ended_at):
                continue
            if job.link is None and self.now() - job.ended_at < _FILE_DELAY:
                return  # the next run reads it, and the jobs after it
            if self._has_table(job):
                # Jobs that ended at one instant are windows that end a microsecond apart.
                window = Window(start, max(job.ended_at, start + _TICK))
                self._jobs[window.end] = job
                yield window
                start = window.end

    def _latest_before(self, start: datetime) -> LatestCollected:
        """Return the jobs that were collected up to the start of a time range."""
        latest = self.state_view.latest_collected()
        return latest if latest and start == self._bookmark() else LatestCollected(start)

    @override
    def commit(self, window: Window) -> None:
        """Store the jobs that were collected last, then commit the window."""
        if self._incremental:
            latest = self.state_view.latest_collected() or LatestCollected(window.start)
            job = self._jobs.get(window.end)
            # A window without a job is one that `skip_windows` passes.
            latest = latest.add(job.id, job.ended_at) if job else latest.skip_to(window.end)
            self.state_view.set_latest_collected(latest)
        super().commit(window)

    def _has_table(self, job: FinishedJob) -> bool:
        """Return True unless a job has no file with a table, which is logged once."""
        problem, remedy = self._problem(job)
        if not problem:
            return True
        text = "%s: job %s ended at %s, and %s; its rows were not emitted. %s"
        topic = f"file of job {job.id}"
        self.log_once(topic, text, self.name, job.id, iso(job.ended_at), problem, remedy)
        return False

    def _problem(self, job: FinishedJob) -> tuple[str, str]:
        """Return why the file of a job cannot be read, and what to do; empty if it can."""
        if job.deleted_at is not None and job.deleted_at <= self.now():
            return f"its file was deleted at {iso(job.deleted_at)}", "Run the tap more often"
        if job.link is None:
            return "it has no file", "Run the report again in CXone if its rows are needed"
        if job.file_name.casefold().endswith(_NO_TABLES):
            return "its file is no CSV", "Select the format CSV for the report in CXone"
        return "", ""


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
        assert job.link is not None  # noqa: S101 (a job without a file has no window)
        spool = self.api.download(job.link, description)
        return WindowFile(window, upcoming, description, job.id, spool)

    def discard(self, window: Window) -> None:
        """Do nothing: every fetch requests the file again."""
