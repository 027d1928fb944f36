"""Base class of the APIs that run jobs: what their requests and responses have in common."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, final
from urllib.parse import quote

from msgspec import Struct

from tap_cxone.errors import AmbiguousSubmit, DownloadError, NotFound, with_permission_hint
from tap_cxone.http.error_body import describe_body
from tap_cxone.http.json_body import (
    error_of,
    find_value,
    find_values,
    first_id,
    json_object,
    outline,
)
from tap_cxone.http.links import parse_link
from tap_cxone.http.pagination import ListPaginator
from tap_cxone.jobs.job import JobStatus, StatusResponse, effective_status
from tap_cxone.redact import SecretStruct
from tap_cxone.spool import spool_chunks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from tap_cxone.http.client import Client
    from tap_cxone.http.messages import ApiResponse
    from tap_cxone.jobs.job import Job
    from tap_cxone.spool import Spool
    from tap_cxone.windows import Window

NO_FILE = "no-file:"
"""Link of a window for which the API has no file, because the window has no rows."""


class SubmitResult(SecretStruct, frozen=True):
    """Result of a submit: a pending job, a link to its file, or both, or a failed job.

    Attributes:
        job_id: Id of the job, or None if the API gave none.
        link: Download link of its file, if the file is complete.
        adopted: Whether the job existed before the submit.
        failure: Status of a job that ended at once without a file; None otherwise.
    """

    job_id: str | None = None
    link: str | None = None
    adopted: bool = False
    failure: StatusResponse | None = None


class ListedJobs(Struct, frozen=True):
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


@dataclass
class JobApi(ABC):
    """Operations of a family's API on the jobs of one stream.

    A family overrides the parts in which its API differs.

    Attributes:
        STATUSES: Status word, only its letters and in lower case → status.
        STATUS_KEYS: Keys of the status in any spelling, in order.
        REASON_KEYS: Keys of the reason of a failure, in any spelling, in order.
        ID_KEYS: Keys of the job ID in the response to a submit, in order.
        LINK_KEYS: Keys of the download link in any spelling, in order.
        NOUN: The API's word for a job, in messages.
        NO_LIST_REASON: Why the job of a lost submit cannot be looked up, in messages.
        JOBS_PATH: Path that receives a submit; the path of a job begins with it.
        LIST_PATH: Path of the API's own list of jobs; empty if it has none.
        LIST_KEYS: Keys under which the response has that list.
        CAN_CANCEL: Whether a DELETE of the path of a job cancels it.
        PERMISSION_HINT: Which permission to grant after a refusal; empty for that of the client.
        client: Client of the tenant's API.
        tenant: Text that identifies the tenant in fingerprints.
    """

    STATUSES: ClassVar[Mapping[str, JobStatus]] = {
        **dict.fromkeys(
            ("queued", "pending", "running", "processing", "inprogress", "started", "accepted"),
            JobStatus.RUNNING,
        ),
        **dict.fromkeys(
            ("completed", "complete", "success", "succeeded", "successful", "done", "finished"),
            JobStatus.SUCCEEDED,
        ),
    }
    STATUS_KEYS: ClassVar[tuple[str, ...]] = ("status",)
    REASON_KEYS: ClassVar[tuple[str, ...]] = (
        "errorMessage",
        "messageError",
        "message",
        "error",
        "reason",
    )
    ID_KEYS: ClassVar[tuple[str, ...]] = ("id",)
    LINK_KEYS: ClassVar[tuple[str, ...]] = ()
    NOUN: ClassVar[str] = "job"
    NO_LIST_REASON: ClassVar[str] = "this API has no list of jobs"
    JOBS_PATH: ClassVar[str] = ""
    LIST_PATH: ClassVar[str] = ""
    LIST_KEYS: ClassVar[tuple[str, ...]] = ()
    CAN_CANCEL: ClassVar[bool] = False
    PERMISSION_HINT: ClassVar[str] = ""

    client: Client
    tenant: str

    @property
    @abstractmethod
    def name(self) -> str:
        """Return the name of the exported data, for messages."""

    @abstractmethod
    def body(self, window: Window) -> Mapping[str, Any]:
        """Return the JSON body of a submit."""

    def submit(self, window: Window) -> SubmitResult:
        """Submit a window, once.

        Raises:
            AmbiguousSubmit: The response names no job.
            ApiError: The API refused the submit.
            PermissionDenied: A permission is missing; the error names it.
        """
        with self.permission_hint():
            return self.read_submit(self.client.submit(self.JOBS_PATH, self.body(window)))

    def permission_hint(self) -> AbstractContextManager[None]:
        """Name the permission of this API in a `PermissionDenied` error of the block."""
        hint = self.PERMISSION_HINT
        return with_permission_hint(hint) if hint else nullcontext()

    def status_path(self, job: Job) -> str:
        """Return the path of a job's status."""
        return f"{self.JOBS_PATH}/{quote(job.id, safe='')}"

    def identity(self, window: Window) -> Sequence[Any]:
        """Return the values that identify a request within the tenant, as JSON."""
        return [self.body(window)]

    @final
    def fingerprint(self, window: Window) -> str:
        """Return a text that is equal only for equal requests of one tenant and login.

        No family replaces it: a pending job is resumed only if its fingerprint is that of today.
        """
        payload = json.dumps([self.tenant, *self.identity(window)])
        return hashlib.sha256(payload.encode()).hexdigest()[:16]

    def read_submit(self, response: ApiResponse) -> SubmitResult:
        """Return the job or the link that the response to a submit names.

        Raises:
            AmbiguousSubmit: It names neither.
        """
        body = json_object(response.json)
        return self.require_job(
            response, SubmitResult(first_id(body, self.ID_KEYS), self.find_link(body))
        )

    def require_job(self, response: ApiResponse, result: SubmitResult) -> SubmitResult:
        """Return the result of a submit.

        Raises:
            AmbiguousSubmit: It has neither a job nor a link.
        """
        if not result.job_id and not result.link:
            content = "it was empty"
            if response.json is not None:
                content = self.client.redact(self._words_of(response.json))
            msg = f"the response to the submit ({response.status}) names no {self.NOUN}: {content}"
            raise AmbiguousSubmit(msg, status=response.status)
        return result

    def _words_of(self, body: Any) -> str:
        """Return what a message shows of a response without a job: no values of a row."""
        if isinstance(body, str):
            return describe_body(body, len(body.encode()), "")
        return error_of(body) or outline(body, (*self.STATUS_KEYS, *self.REASON_KEYS))

    def get_status(self, job: Job) -> StatusResponse:
        """Return the status of a job, with a new link. A redirect of the request leads to the file.

        Raises:
            NotFound: The API does not know the job.
        """
        response = self.request_status(self.status_path(job))
        if response.redirect:
            return StatusResponse(JobStatus.SUCCEEDED, response.redirect)
        return self.read_status(response.json)

    def request_status(self, path: str) -> ApiResponse:
        """Return the response to a poll."""
        return self.client.get(path, accepts_redirect=True)

    def read_status(self, body: Any) -> StatusResponse:
        """Return the status that a response names.

        A link means that the file is complete, unless the status names a failure. A status that
        the tap does not know counts as running.
        """
        link = self.find_link(body)
        api_status, status = effective_status(find_values(body, self.STATUS_KEYS), self.STATUSES)
        if link and status in {None, JobStatus.RUNNING}:
            status = JobStatus.SUCCEEDED
        return StatusResponse(
            status or JobStatus.RUNNING,
            link,
            self.client.redact(find_value(body, self.REASON_KEYS) or ""),
            self.client.redact(api_status),
            is_known=status is not None,
            body=body,
            answer=self.client.redact(outline(body, self.STATUS_KEYS)),
        )

    def find_link(self, body: Any) -> str | None:
        """Return the download link in a response, or None: a URL, or a path on the API's host."""
        values = find_values(body, self.LINK_KEYS)
        links = (parse_link(value, self.client.base_url) for value in values)
        return next(filter(None, links), None)

    def read_list(self, path: str, keys: Sequence[str]) -> list[dict[str, Any]] | None:
        """Return the jobs that all pages of a list show with an ID; None if a response has no list.

        Args:
            path: Path of the list.
            keys: Keys under which the response may have it.
        """
        paginator, jobs = ListPaginator(f"the list of {self.NOUN}s", keys), list[dict[str, Any]]()
        with self.permission_hint(), suppress(DownloadError):  # a repeated token ends the list
            for page in paginator.pages(
                lambda query: self.client.get(path, paginator.params(query)).json
            ):
                if (entries := paginator.entries(page)) is None:
                    return None
                jobs += (job for job in entries if first_id(job, self.ID_KEYS))
        return jobs

    @property
    def list_path(self) -> str:
        """Return what tells this API's list of jobs from that of another stream; empty for none."""
        return self.LIST_PATH

    def list_jobs(self) -> dict[str, StatusResponse]:
        """Return the jobs in the API's own list, by ID; it costs no export."""
        jobs = self.read_list(self.LIST_PATH, self.LIST_KEYS) or ()
        return {str(first_id(job, self.ID_KEYS)): self.read_status(job) for job in jobs}

    def jobs_before_submit(self, window: Window) -> ListedJobs | None:  # noqa: ARG002 (all jobs)
        """Return the jobs of the tenant, by default all of the list; None if the API has none."""
        return ListedJobs(frozenset(self.list_jobs())) if self.list_path else None

    def jobs_after_lost_submit(self, window: Window) -> ListedJobs | None:
        """Return the jobs of the tenant after a submit whose response was lost, or None."""
        return self.jobs_before_submit(window)

    def cancel(self, job: Job) -> bool:
        """Cancel a timed-out job; return False if the API cannot cancel jobs."""
        if self.CAN_CANCEL:
            with suppress(NotFound):  # the job has ended already
                self.client.delete(self.status_path(job))
        return self.CAN_CANCEL

    def download(self, link: str, description: str) -> Spool:
        """Download the file of a job, without the token unless the API itself has the file.

        Args:
            link: Download link of the file, or a path on the API's host.
            description: Name of the file in messages.

        Raises:
            NotFound: The file of the job no longer exists.
            DownloadError: The file is incomplete.
        """
        if link == NO_FILE:
            return spool_chunks([], expected_size=0, description=description)
        return self.client.download(link, description)
