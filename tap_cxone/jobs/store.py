"""What is stored of jobs beyond the process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tap_cxone.jobs.job import PendingJob
    from tap_cxone.windows import Window


class Memory(Protocol):
    """What outlives the process."""

    def pending(self) -> list[PendingJob]:
        """Return the jobs submitted and not committed."""

    def recall(self, window: Window) -> None:
        """Add to them what other runs know of a window."""

    def submitted(self, job: PendingJob | None) -> None:
        """Remember, before anything else happens, a submit and the job that came of it."""

    def forget(self, job: PendingJob) -> None:
        """Drop a job that will never give a file."""
