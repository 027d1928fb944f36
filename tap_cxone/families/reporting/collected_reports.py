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
from tap_cxone.progress.activity import set_activity
from tap_cxone.spool import WindowFile
from tap_cxone.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from tap_cxone.families.reporting.report_jobs import FinishedJob, ReportJobsApi

_TICK = timedelta(microseconds=1)


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
    def windows(
        self, start: datetime, end: datetime, pending: Iterable[Window]
    ) -> Iterator[Window]:
        end = self.settings.end_date or self.now()  # a finished job needs no time to settle
        span = max(1, -(-(self.now() - start) // timedelta(days=1)))
        jobs = self.api.finished_jobs(min(span, MAX_RETENTION_DAYS))
        self._jobs.update(distinct_ends(jobs))
        for ended_at in sorted(self._jobs):
            if start < ended_at <= end and self._has_file(self._jobs[ended_at]):
                yield Window(start, ended_at)
                start = ended_at

    def _has_file(self, job: FinishedJob) -> bool:
        """Return True unless the API has deleted the file of a job, which is logged once."""
        if job.deleted_at is None or job.deleted_at > self.now():
            return True
        text = (
            "%s: job %s ended at %s, and its file was deleted at %s; its rows were not emitted. "
            "Run the tap more often"
        )
        topic, ended, deleted = f"file of job {job.id}", iso(job.ended_at), iso(job.deleted_at)
        self.log_once(topic, text, self.name, job.id, ended, deleted)
        return False


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
