"""The jobs of one stream: the only writer of the jobs in STATE and in the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from tap_cxone.jobs.job import Job
    from tap_cxone.jobs.ledger import JobLedger
    from tap_cxone.windows import Window

_T = TypeVar("_T")


class JobState(Protocol):
    """The pending jobs in a stream's state; only the main thread may use it."""

    def pending_jobs(self) -> list[Job]:
        """Return the pending jobs."""

    def set_pending_jobs(self, jobs: Iterable[Job]) -> None:
        """Store these jobs as the only pending jobs."""


class MainThread(Protocol):
    """Executor of tasks on the main thread."""

    def call(self, task: Callable[[], _T]) -> _T:
        """Run a task and return its result."""

    def post(self, task: Callable[[], object]) -> None:
        """Run a task without waiting for it."""


@dataclass(slots=True, kw_only=True)
class JobStore:
    """Jobs of one stream, in STATE and in the ledger.

    The main thread plans and commits. While a stream fetches, its worker thread has a copy of the
    jobs. A call to the main thread could block on a slow target until a download link expires.

    Attributes:
        stream: Name of the stream.
        was_committed: Returns True if a window was committed before this run.
        state: State of the stream.
        emit_state: Emits STATE.
        ledger: Ledger of the family.
        fingerprint: Returns the identifier of a window's request today; None without jobs.
    """

    stream: str
    was_committed: Callable[[Window], bool]
    state: JobState
    emit_state: Callable[[], None]
    ledger: JobLedger
    fingerprint: Callable[[Window], str | None]
    _jobs: dict[str, Job] = field(init=False)
    _main_thread: MainThread = field(init=False)

    # On the main thread

    def pending_windows(self) -> list[Window]:
        """Return the windows with a job of today's request, in the ledger or in STATE."""
        state_jobs = self.state.pending_jobs()
        state_ids = {job.id for job in state_jobs}
        ledger_jobs = [job for job in self._ledger_jobs() if job.id not in state_ids]
        return [job.window for job in (*ledger_jobs, *state_jobs) if self._is_current(job)]

    def delete_outdated(self) -> None:
        """Delete the jobs of other requests from STATE."""
        self.state.set_pending_jobs(filter(self._is_current, self.state.pending_jobs()))

    def commit(self, window: Window, *, incremental: bool, unread: Collection[Window] = ()) -> None:
        """Delete the jobs of a committed window from STATE; update the ledger before that.

        A pending job whose window ends later stays, as does that of an unread window.

        Args:
            window: Committed window.
            unread: Windows that this run reads later.
            incremental: Whether a bookmark passes the window. Without one, the next run reads it
                again and must not use these jobs.
        """
        jobs = self.state.pending_jobs()
        ended = [job for job in jobs if job.window.end <= window.end and job.window not in unread]
        record = self.ledger.record_committed if incremental else self.ledger.remove
        record(self.stream, ended)
        self.state.set_pending_jobs(job for job in jobs if job not in ended)

    # While fetching

    def load(self, main_thread: MainThread) -> None:
        """Copy the pending jobs of STATE, before the first fetch; forget those of an earlier run.

        Args:
            main_thread: Executor of the run.
        """
        self._main_thread = main_thread
        jobs = main_thread.call(self.state.pending_jobs)
        self._jobs = {job.id: job for job in jobs}

    def find_pending(self, window: Window) -> Job | None:
        """Return the job of exactly this window and today's request, from any run or process."""
        if (job := self.pending_job(window)) is None:
            self._refresh(window)
            job = self.pending_job(window)
        return job

    def pending_job(self, window: Window) -> Job | None:
        """Return the known job of exactly this window and today's request."""
        jobs = (job for job in self._jobs.values() if job.resumable and job.window == window)
        return next(filter(self._is_current, jobs), None)

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
            self._main_thread.post(self.emit_state)
            return
        try:
            self.ledger.record_submitted(self.stream, job)
        finally:  # STATE must contain the job even if the journal fails
            self._main_thread.call(partial(self._store_and_emit, job))

    def update(self, job: Job) -> None:
        """Replace what this run knows of a job; STATE and ledger stay."""
        self._jobs[job.id] = job

    def remove(self, job: Job) -> None:
        """Delete a job that will never give a file."""
        self.update(replace(job, resumable=False))
        self._main_thread.post(partial(self._delete_from_state, job))
        self.ledger.remove(self.stream, [job])

    def _store_and_emit(self, job: Job) -> None:
        self._store_in_state(job)
        self.emit_state()

    def _store_in_state(self, job: Job) -> None:
        self._delete_from_state(job)
        self.state.set_pending_jobs([*self.state.pending_jobs(), job])

    def _delete_from_state(self, job: Job) -> None:
        jobs = self.state.pending_jobs()
        self.state.set_pending_jobs(other for other in jobs if other.id != job.id)

    def _refresh(self, window: Window) -> None:
        """Add the jobs of a window that other runs or processes stored in the ledger."""
        for job in self._ledger_jobs():
            if job.window == window:
                known = self._jobs.get(job.id, job)
                self.update(replace(job, origin=known.origin, last_polled_at=known.last_polled_at))
                self._main_thread.post(partial(self._store_in_state, job))

    def _ledger_jobs(self) -> list[Job]:
        return self.ledger.jobs(self.stream, self.was_committed)

    def _is_current(self, job: Job) -> bool:
        return job.fingerprint == self.fingerprint(job.window)
