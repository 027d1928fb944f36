"""The jobs of one stream: the only writer, in a run, of the jobs in STATE and in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from tap_cxone.jobs.job import Job
    from tap_cxone.jobs.ledger import JobLedger
    from tap_cxone.windows import Window


class JobState(Protocol):
    """The pending jobs in a stream's state; only the main thread may use it."""

    def pending_jobs(self) -> list[Job]:
        """Return the pending jobs."""

    def set_pending_jobs(self, jobs: Iterable[Job]) -> None:
        """Store these jobs as the only pending jobs."""


class JobStore(Struct, kw_only=True):
    """Jobs of one stream, in STATE and in the ledger.

    Only the main thread may use its methods on STATE. A worker that fetches has `KnownJobs`.

    Attributes:
        stream: Name of the stream.
        was_committed: Returns True if a window was committed before this run.
        reload_of: Returns a digest of the settings that request to read a window again; else empty.
        state: State of the stream.
        emit_state: Emits STATE.
        ledger: Ledger of the family.
        fingerprint: Returns the identifier of a window's request today; None without jobs.
    """

    stream: str
    was_committed: Callable[[Window], bool]
    reload_of: Callable[[Window], str]
    state: JobState
    emit_state: Callable[[], None]
    ledger: JobLedger
    fingerprint: Callable[[Window], str | None]

    def pending_windows(self) -> list[Window]:
        """Return the windows with a current job, in the ledger or in STATE."""
        state_jobs = self.state.pending_jobs()
        state_ids = {job.id for job in state_jobs}
        ledger_jobs = [job for job in self.ledger_jobs() if job.id not in state_ids]
        return [job.window for job in (*ledger_jobs, *state_jobs) if self.is_current(job)]

    def delete_outdated(self) -> None:
        """Delete the jobs that are not current from STATE, and those of former reloads.

        The same settings may request a reload once more, which needs new jobs.
        """
        self.state.set_pending_jobs(filter(self.is_current, self.state.pending_jobs()))
        known = self.ledger.jobs(self.stream, lambda _: False)
        former = [job for job in known if job.reload and not self.serves_reload(job)]
        if former:
            self.ledger.remove(self.stream, former)

    def commit(self, window: Window, *, incremental: bool, later: Collection[Window] = ()) -> None:
        """Delete the jobs of a committed window from STATE; update the ledger before that.

        A pending job whose window ends later stays, as does that of a window in `later`.

        Args:
            window: Committed window.
            later: Windows that this run commits later.
            incremental: Whether a bookmark passes the window. Without one, the next run reads it
                again and must not use these jobs.
        """
        jobs = self.state.pending_jobs()
        ended = [job for job in jobs if job.window.end <= window.end and job.window not in later]
        record = self.ledger.record_committed if incremental else self.ledger.remove
        record(self.stream, ended)
        self.state.set_pending_jobs(job for job in jobs if job not in ended)

    def add_to_state(self, job: Job) -> None:
        """Store a job in STATE, in place of one with its ID."""
        self.delete_from_state(job)
        self.state.set_pending_jobs([*self.state.pending_jobs(), job])

    def add_and_emit(self, job: Job) -> None:
        """Store a job in STATE, and emit STATE."""
        self.add_to_state(job)
        self.emit_state()

    def delete_from_state(self, job: Job) -> None:
        """Delete a job from STATE; the ledger stays."""
        jobs = self.state.pending_jobs()
        self.state.set_pending_jobs(other for other in jobs if other.id != job.id)

    # On any thread

    def ledger_jobs(self) -> list[Job]:
        """Return the jobs of the stream in the ledger, from any run or process."""
        return self.ledger.jobs(self.stream, self.was_committed)

    def record_submitted(self, job: Job) -> None:
        """Store a job in the ledger."""
        self.ledger.record_submitted(self.stream, job)

    def delete_from_ledger(self, job: Job) -> None:
        """Delete a job from the ledger; STATE stays."""
        self.ledger.remove(self.stream, [job])

    def is_current(self, job: Job) -> bool:
        """Return True if a job is that of today's request, and of the same reload, if any."""
        return job.fingerprint == self.fingerprint(job.window) and self.serves_reload(job)

    def serves_reload(self, job: Job) -> bool:
        """Return True unless the window of a job is to be read again, for which it was not made."""
        return job.reload == self.reload_of(job.window)
