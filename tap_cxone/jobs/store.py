"""What is stored of jobs beyond the process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tap_cxone.jobs.job import PendingJob
    from tap_cxone.windows import Window


class JobStore(Protocol):
    """What outlives the process."""

    def pending_jobs(self) -> list[PendingJob]:
        """Return the jobs submitted and not committed."""

    def refresh(self, window: Window) -> None:
        """Add to them what other runs know of a window."""

    def record_submit(self, job: PendingJob | None) -> None:
        """Remember, before anything else happens, a submit and the job that came of it."""

    def remove(self, job: PendingJob) -> None:
        """Drop a job that will never give a file."""
