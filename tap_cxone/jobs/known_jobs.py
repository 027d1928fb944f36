"""What the worker of a stream knows of its jobs while it fetches."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_cxone.jobs.job import Job
    from tap_cxone.jobs.store import JobStore
    from tap_cxone.windows import Window

_T = TypeVar("_T")


class MainThread(Protocol):
    """Executor of tasks on the main thread."""

    def call(self, task: Callable[[], _T]) -> _T:
        """Run a task and return its result."""

    def post(self, task: Callable[[], object]) -> None:
        """Run a task without waiting for it."""


class KnownJobs(Struct):
    """Jobs of one stream that its worker knows: those of STATE and ledger, and those of this run.

    They are a copy, since a call to the main thread could block on a slow target until a download
    link expires. The store has those that can be resumed.

    Attributes:
        store: Store of the stream's jobs.
        main_thread: Executor of the run.
    """

    store: JobStore
    main_thread: MainThread
    _jobs: dict[str, Job] = field(default_factory=dict)

    @classmethod
    def load(cls, store: JobStore, main_thread: MainThread) -> Self:
        """Return the pending jobs of STATE, before the first fetch."""
        jobs = main_thread.call(store.state.pending_jobs)
        return cls(store, main_thread, {job.id: job for job in jobs})

    def find_pending(self, window: Window) -> Job | None:
        """Return the job of exactly this window and today's request, from any run or process."""
        if (job := self.pending_job(window)) is None:
            self._refresh(window)
            job = self.pending_job(window)
        return job

    def pending_job(self, window: Window) -> Job | None:
        """Return the known job of exactly this window and today's request."""
        jobs = (job for job in self._jobs.values() if job.resumable and job.window == window)
        return next(filter(self.store.is_current, jobs), None)

    def running_jobs(self) -> list[Job]:
        """Return the jobs that had not ended at their last poll."""
        return [job for job in self._jobs.values() if job.resumable and not job.status.is_terminal]

    def unusable_ids(self) -> set[str]:
        """Return the IDs of jobs that must not be adopted: they give no further file."""
        return {job.id for job in self._jobs.values() if not job.resumable}

    def last_job_id(self, window: Window) -> str | None:
        """Return the ID of a window's job: the pending one, or the last one of this run."""
        if pending := self.pending_job(window):
            return pending.id
        jobs = [job for job in self._jobs.values() if job.from_this_run and job.window == window]
        return jobs[-1].id if jobs else None

    def record_submit(self, job: Job | None) -> None:
        """Store a submit and its job, before any other step.

        Args:
            job: Job of the submit; None if the API gave no ID.
        """
        if job is not None:
            self.update(job)
        if job is None or not job.resumable:  # the link of the response would expire
            self.main_thread.post(self.store.emit_state)
            return
        try:
            self.store.record_submitted(job)
        finally:  # STATE must contain the job even if the journal fails
            self.main_thread.call(partial(self.store.add_and_emit, job))

    def update(self, job: Job) -> None:
        """Replace what this run knows of a job; STATE and ledger stay."""
        self._jobs[job.id] = job

    def remove(self, job: Job) -> None:
        """Delete a job that will never give a file."""
        self.update(replace(job, resumable=False))
        self.main_thread.post(partial(self.store.delete_from_state, job))
        self.store.delete_from_ledger(job)

    def _refresh(self, window: Window) -> None:
        """Add the jobs of a window that other runs or processes stored in the ledger."""
        for job in self.store.ledger_jobs():
            if job.window == window:
                known = self._jobs.get(job.id, job)
                self.update(replace(job, origin=known.origin, last_polled_at=known.last_polled_at))
                self.main_thread.post(partial(self.store.add_to_state, job))
