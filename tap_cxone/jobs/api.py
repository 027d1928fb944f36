"""Interface between the job runner and the API of a family."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tap_cxone.jobs.job import Job, StatusResponse
    from tap_cxone.spool import Spool
    from tap_cxone.windows import Window


@dataclass(frozen=True, slots=True)
class SubmitResult:
    """Result of a submit: a pending job, or a link to its file, or both.

    Attributes:
        job_id: Id of the job, or None if the API gave none.
        link: Download link of its file, if the file is complete.
        adopted: Whether the job existed before the submit.
    """

    job_id: str | None = None
    link: str | None = field(default=None, repr=False)
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class ActiveJobs:
    """Jobs of a tenant in the list of its API, relative to one window.

    Attributes:
        candidate_ids: Jobs that may belong to the window: all that do not certainly belong to
            another one.
        matching_ids: Running jobs of exactly this window.
        limit_reached: Whether the tenant may start no other job now.
    """

    candidate_ids: frozenset[str] = frozenset()
    matching_ids: frozenset[str] = frozenset()
    limit_reached: bool = False


class JobApi(Protocol):
    """Operations of a family's API on its jobs."""

    @property
    def name(self) -> str:
        """Return the name of the exported data, for messages."""

    def fingerprint(self, window: Window) -> str:
        """Return a text that identifies the request; different requests have different texts."""

    def submit(self, window: Window) -> SubmitResult:
        """Submit a window, once."""

    def get_status(self, job: Job) -> StatusResponse:
        """Return the status of a job, with a new link.

        Raises:
            NotFound: The API does not know the job.
        """

    def list_active_jobs(self, window: Window) -> ActiveJobs | None:
        """Return the jobs of the tenant, or None if the API has no such list."""

    def cancel(self, job: Job) -> bool:
        """Cancel a timed-out job; return False if the API cannot cancel jobs."""

    def download(self, link: str, description: str) -> Spool:
        """Download the file of a job.

        Args:
            link: Download link of the file.
            description: Name of the file in messages.

        Raises:
            NotFound: The file of the job no longer exists.
            DownloadError: The file is incomplete.
        """
