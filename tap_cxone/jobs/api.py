"""Remote jobs: where they stand, and what an API must be able to do with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tap_cxone.jobs.job import PendingJob, StatusResponse
    from tap_cxone.spool import Spool
    from tap_cxone.windows import Window


@dataclass(frozen=True, slots=True)
class SubmitResult:
    """The answer to a submit: a job to wait for, or a link at once (or both).

    Attributes:
        job_id: The job's name.
        link: Where its file is.
        found: Whether the job was there already.
    """

    job_id: str | None = None
    link: str | None = field(default=None, repr=False)
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class ActiveJobs:
    """The jobs of a tenant, as far as its API lists them.

    Attributes:
        ids: Those that may have asked for a window: all that are not known to ask for another.
        same: Those that ask for exactly this window, and run.
        full: Whether no more may run, whosever they are.
    """

    candidate_ids: frozenset[str] = frozenset()
    matching_ids: frozenset[str] = frozenset()
    limit_reached: bool = False


class JobApi(Protocol):
    """What a family's API must be able to do."""

    @property
    def name(self) -> str:
        """Return what is exported, for messages."""

    def fingerprint(self, window: Window) -> str:
        """Return a text that differs where the request differs."""

    def submit(self, window: Window) -> SubmitResult:
        """Ask for a window, once."""

    def get_status(self, job: PendingJob) -> StatusResponse:
        """Ask for a job; its link is fresh. Raises `NotFound` if the API does not know it."""

    def list_active_jobs(self, window: Window) -> ActiveJobs | None:
        """Return the tenant's jobs; None where the API has no such list."""

    def cancel(self, job: PendingJob) -> bool:
        """End a job whose time is up; tell whether the API can do that."""

    def download(self, link: str, description: str) -> Spool:
        """Fetch a job's file. Raises `NotFound` if the job has none any more."""
