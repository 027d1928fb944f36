"""Store of pending jobs that outlives the process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tap_cxone.jobs.job import PendingJob
    from tap_cxone.windows import Window


class JobStore(Protocol):
    """Store of one stream's pending jobs that outlives the process."""

    def pending_jobs(self) -> list[PendingJob]:
        """Return the submitted jobs whose windows are not committed."""

    def refresh(self, window: Window) -> None:
        """Add the jobs of a window that other runs stored."""

    def record_submit(self, job: PendingJob | None) -> None:
        """Store a submit and its job, if it has one, before any other step."""

    def remove(self, job: PendingJob) -> None:
        """Delete a job that will never give a file."""
