"""Base class of the APIs that run jobs: what their requests and responses have in common."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, final

from msgspec import Struct

from tap_cxone.errors import AmbiguousSubmit, ApiError
from tap_cxone.http.json_body import first_id, first_value, json_object
from tap_cxone.jobs.job import JobStatus, StatusResponse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_cxone.http.client import Client
    from tap_cxone.http.messages import ApiResponse
    from tap_cxone.jobs.job import Job
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


class ActiveJobs(Struct, frozen=True):
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
        STATUS_KEYS: Keys of the status, in order.
        REASON_KEYS: Keys of the reason of a failure, in order.
        ID_KEYS: Keys of the job ID in the response to a submit, in order.
        LINK_KEYS: Keys of the download link, in order.
        NOUN: The API's word for a job, in messages.
        client: Client of the tenant's API.
        tenant: Text that identifies the tenant in fingerprints.
    """

    STATUSES: ClassVar[Mapping[str, JobStatus]] = {
        **dict.fromkeys(("queued", "pending", "running", "processing"), JobStatus.RUNNING),
        **dict.fromkeys(("cancelled", "canceled"), JobStatus.CANCELLED),
        "completed": JobStatus.SUCCEEDED,
        "failed": JobStatus.FAILED,
        "expired": JobStatus.EXPIRED,
    }
    STATUS_KEYS: ClassVar[tuple[str, ...]] = ("status",)
    REASON_KEYS: ClassVar[tuple[str, ...]] = ("errorMessage",)
    ID_KEYS: ClassVar[tuple[str, ...]] = ("id",)
    LINK_KEYS: ClassVar[tuple[str, ...]] = ()
    NOUN: ClassVar[str] = "job"

    client: Client
    tenant: str

    @property
    @abstractmethod
    def name(self) -> str:
        """Return the name of the exported data, for messages."""

    @abstractmethod
    def body(self, window: Window) -> Mapping[str, Any]:
        """Return the JSON body of a submit."""

    @abstractmethod
    def submit(self, window: Window) -> SubmitResult:
        """Submit a window, once.

        Raises:
            AmbiguousSubmit: The response names no job.
            ApiError: The API refused the submit.
        """

    @abstractmethod
    def status_path(self, job: Job) -> str:
        """Return the path of a job's status."""

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
            msg = f"the response to the submit ({response.status}) names no {self.NOUN}"
            raise AmbiguousSubmit(msg, status=response.status)
        return result

    def get_status(self, job: Job) -> StatusResponse:
        """Return the status of a job, with a new link.

        Raises:
            ApiError: The status is unknown.
            NotFound: The API does not know the job.
        """
        return self.read_status(self.client.get(self.status_path(job)).json)

    def read_status(self, body: Any) -> StatusResponse:
        """Return the status that a response names.

        Raises:
            ApiError: The status is unknown.
        """
        job = json_object(body)
        api_status = str(first_value(job, self.STATUS_KEYS) or "").strip()
        status = self.STATUSES.get("".join(filter(str.isalpha, api_status.casefold())))
        if status is None:
            status_text = self.client.redact(api_status or json.dumps(body, default=str))
            msg = (
                f"the status of the {self.NOUN} is {status_text!r}, which tap-cxone does not know; "
                "please report it"
            )
            raise ApiError(msg)
        reason = self.client.redact(str(first_value(job, self.REASON_KEYS) or ""))
        return StatusResponse(status, self.find_link(job), reason, api_status)

    def find_link(self, job: Mapping[str, Any]) -> str | None:
        """Return the download link in an object, or None."""
        link = first_value(job, self.LINK_KEYS)
        return str(link) if link else None

    def list_active_jobs(self, window: Window) -> ActiveJobs | None:  # noqa: ARG002 (no list)
        """Return the jobs of the tenant, or None if the API has no such list."""
        return None

    def cancel(self, job: Job) -> bool:  # noqa: ARG002 (no cancel)
        """Cancel a timed-out job; return False if the API cannot cancel jobs."""
        return False

    def download(self, link: str, description: str) -> Spool:
        """Download the file of a job, without the token.

        Args:
            link: Download link of the file.
            description: Name of the file in messages.

        Raises:
            NotFound: The file of the job no longer exists.
            DownloadError: The file is incomplete.
        """
        return self.client.download(link, description)
