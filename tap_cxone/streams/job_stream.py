"""Base class of streams that download files made by remote jobs."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_cxone.jobs.runner import JobRunner
from tap_cxone.streams.windowed import WindowedStream

if TYPE_CHECKING:
    from tap_cxone.jobs.api import JobApi
    from tap_cxone.jobs.job import PendingJob
    from tap_cxone.jobs.ledger import JobLedger
    from tap_cxone.planning.workload import Unit
    from tap_cxone.streams.prefetch import FileSource
    from tap_cxone.windows import Window
    from tap_cxone.workers.main_thread import MainThreadExecutor


class JobStream(WindowedStream):
    """A windowed stream whose files are made by remote jobs."""

    unit: ClassVar[Unit] = "exports"

    @property
    @abstractmethod
    def api(self) -> JobApi:
        """Return the API that runs the stream's jobs."""

    @override
    def source(self) -> FileSource:
        family = self.family
        return JobRunner(
            api=self.api,
            store=_StreamJobStore(
                self,
                self.workers.main_thread,
                self.workers.main_thread.call(self.state_view.pending_jobs),
            ),
            rate_limiter=family.rate_limiter,
            slots=family.slots,
            clock=family.context.clock,
            poll_policy=family.poll_policy,
            log=self.logger,
            audit_context=self.audit_context,
        )

    def store_job(self, job: PendingJob) -> None:
        """Store a job and emit STATE, before the job is polled."""
        self.state_view.add_pending_job(job)
        self.write_state()

    @override
    def pending_jobs(self) -> list[PendingJob]:
        state_jobs = self.state_view.pending_jobs()
        job_ids = {job.id for job in state_jobs}
        jobs = [*(job for job in self.ledger_jobs() if job.id not in job_ids), *state_jobs]
        return [job for job in jobs if self.api.fingerprint(job.window) == job.fingerprint]

    def ledger_jobs(self) -> list[PendingJob]:
        """Return the jobs that the journal contains, from all runs."""
        return self.family.ledger.jobs(self.name, self.initial_bookmark)


@dataclass(slots=True)
class _StreamJobStore:
    """The `JobStore` of one stream: its state and the journal.

    `jobs` is a copy of the pending jobs for the worker thread. A call to the main thread could
    block on a slow target until a download link expires.
    """

    stream: JobStream
    main_thread: MainThreadExecutor
    jobs: list[PendingJob]

    def pending_jobs(self) -> list[PendingJob]:
        return list(self.jobs)

    def refresh(self, window: Window) -> None:
        for job in self.stream.ledger_jobs():
            if job.window == window:
                self._add(job)
                self.main_thread.post(partial(self.stream.state_view.add_pending_job, job))

    def record_submit(self, job: PendingJob | None) -> None:
        if job is None:  # no job to resume, and the link would expire
            self.main_thread.post(self.stream.write_state)
            return
        self._add(job)
        try:
            self._ledger.record_submitted(self.stream.name, job)
        finally:  # STATE must contain the job even if the journal fails
            self.main_thread.call(lambda: self.stream.store_job(job))

    def remove(self, job: PendingJob) -> None:
        self.jobs = [other for other in self.jobs if other.id != job.id]
        self.main_thread.post(lambda: self.stream.state_view.remove_pending_job(job))
        self._ledger.remove(self.stream.name, [job])

    def _add(self, job: PendingJob) -> None:
        self.jobs = [*(other for other in self.jobs if other.id != job.id), job]

    @property
    def _ledger(self) -> JobLedger:
        return self.stream.family.ledger
