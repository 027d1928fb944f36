"""Client of the Data Extraction API: send its requests and parse its responses."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from msgspec import Struct
from typing_extensions import override

from tap_cxone.errors import (
    ApiError,
    NotFound,
    Throttled,
    with_permission_hint,
)
from tap_cxone.families.data_extraction.job_list import JOBS_PATH
from tap_cxone.http.json_body import first_id, json_list, json_object, json_objects
from tap_cxone.jobs.api import NO_FILE, JobApi, SubmitResult
from tap_cxone.jobs.job import JobStatus
from tap_cxone.windows import midnight

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, MutableMapping

    from tap_cxone.families.data_extraction.job_list import JobList
    from tap_cxone.http.messages import ApiResponse
    from tap_cxone.jobs.api import ListedJobs
    from tap_cxone.jobs.job import StatusResponse
    from tap_cxone.windows import Window

NO_SYNC = "no_sync_endpoint"
"""Key in the tenant info: true for a tenant without the endpoint `/jobs/sync`."""

_PERMISSION_TEXT = (
    r"(?i)(?:un|not )authori[sz]ed|authori[sz]ation|permission|privilege|entitle|licen[cs]e"
    r"|\brights?\b|\brole\b|\bscopes?\b|no access|lacks? access|\bdeny\b"
)
_BUSY_TEXT = (
    r"(?i)\bwait|another (?:request|call|job|extraction)|too many|in progress|throttl"
    r"|already running|rate limit|\bbusy\b|concurrent|only one (?:request|call|job|extraction)"
    r"|(?:job|extraction|request)\b.{0,20}\balready\b"
)
_RETRY_TEXT = r"(?i)try again"
_BUSY_STATUSES = {HTTPStatus.BAD_REQUEST, HTTPStatus.LOCKED}  # 409 means it in any family
_REFUSAL_TEXT = r"(?i)not allowed|not permitted|forbidden|denied|administrator"


class EntityRequest(Struct, frozen=True):
    """One entity to extract.

    Attributes:
        entity_name: The API's `entityName`.
        version: The API's `version`, as text.
        permission: The CXone permission that the user needs.
    """

    entity_name: str
    version: str
    permission: str

    def body(self, window: Window) -> dict[str, str]:
        """Return the JSON body of a submit: whole days, the end date exclusive."""
        last = window.end - timedelta(microseconds=1)
        return {
            "entityName": self.entity_name,
            "version": self.version,
            "startDate": f"{window.start:%Y-%m-%d}",
            "endDate": f"{midnight(last, days=1):%Y-%m-%d}",
        }


def classify_error(status: int, error_text: str) -> type[ApiError] | None:
    """Return the error class that a refusal means by its text, or None if the status decides.

    This API answers 403 where others answer 429. Words of permission win over a request to wait,
    and any other 403 is a missing permission. A 400 or 423 is throttling only if it says that the
    API is busy, because 'try again' may follow there on a wrong value.
    """
    is_busy = bool(re.search(_BUSY_TEXT, error_text))
    if status == HTTPStatus.FORBIDDEN and not re.search(_PERMISSION_TEXT, error_text):
        is_refused = re.search(_REFUSAL_TEXT, error_text)
        asks_to_retry = re.search(_RETRY_TEXT, error_text) and not is_refused
        return Throttled if is_busy or asks_to_retry else None
    return Throttled if is_busy and status in _BUSY_STATUSES else None


def describe_running_job(response_json: Any) -> str:
    """Return a text that states whether a job of the tenant is running now."""
    jobs = json_objects(json_list(json_object(response_json), ["jobs"]))
    statuses = [str(job.get("status", "")).upper() for job in jobs]
    activity_text = "a job is running now" if "RUNNING" in statuses else "no job is running now"
    return f"no quota, but one job at a time; {activity_text}"


@dataclass
class DataExtractionApi(JobApi):
    """Jobs of one entity.

    Attributes:
        request: The entity to extract.
        mode: `sync`, `async` or `auto`. `auto` uses sync until the tenant proves to lack it.
        tenant_info: Facts learned about the tenant, shared by the streams of the family.
        sync_timeout: Read timeout of a synchronous submit.
        job_list: Known jobs of the tenant, shared by the streams of the family.
    """

    ID_KEYS: ClassVar[tuple[str, ...]] = ("id", "jobId")
    LINK_KEYS: ClassVar[tuple[str, ...]] = ("url", "downloadUrl")
    NO_LIST_REASON: ClassVar[str] = "the list of jobs is not available"
    JOBS_PATH: ClassVar[str] = JOBS_PATH
    LIST_PATH: ClassVar[str] = JOBS_PATH
    LIST_KEYS: ClassVar[tuple[str, ...]] = ("jobs",)

    request: EntityRequest
    mode: Literal["auto", "sync", "async"]
    tenant_info: MutableMapping[str, Any]
    sync_timeout: timedelta
    job_list: JobList

    @property
    @override
    def name(self) -> str:
        return f"{self.request.entity_name} version {self.request.version}"

    @override
    def body(self, window: Window) -> dict[str, str]:
        return self.request.body(window)

    @override
    def submit(self, window: Window) -> SubmitResult:
        """Submit a job for a window.

        Raises:
            AmbiguousSubmit: The response names neither a job nor a link.
            NotFound: `mode` is `sync` and the tenant has no such endpoint.
            PermissionDenied: A permission is missing; the error names the one the entity needs.
        """
        body = self.body(window)
        permission_hint = f"grant the access key's user the permission {self.request.permission}"
        with with_permission_hint(permission_hint), self._entity_hint():
            result = self._submit_sync(body) if self._is_sync() else self._submit_async(body)
        self.job_list.add(result.job_id)
        return result

    @contextmanager
    def _entity_hint(self) -> Iterator[None]:
        """Name the setting of the entity in the error for a 400."""
        try:
            yield
        except ApiError as error:
            if error.status != HTTPStatus.BAD_REQUEST or type(error) is not ApiError:
                raise
            remedy = (
                f"{error.remedy}. Name and version of the entity are set in "
                f"data_extraction.entities (now {self.name})"
            )
            raise error.with_remedy(remedy) from error

    def _submit_async(self, body: dict[str, str]) -> SubmitResult:
        return self.read_submit(self.client.submit(JOBS_PATH, body))

    def _is_sync(self) -> bool:
        return self.mode == "sync" or (self.mode == "auto" and not self.tenant_info.get(NO_SYNC))

    def _submit_sync(self, body: dict[str, str]) -> SubmitResult:
        timeout_seconds = self.sync_timeout.total_seconds()
        try:
            return self.read_submit(
                self.client.submit(f"{JOBS_PATH}/sync", body, read_seconds=timeout_seconds)
            )
        except ApiError as error:
            has_no_such_method = error.status == HTTPStatus.METHOD_NOT_ALLOWED
            if not (isinstance(error, NotFound) or has_no_such_method):
                raise
            if self.mode == "sync":
                remedy = "the tenant has no /jobs/sync; set data_extraction.mode to auto or async"
                raise NotFound(error.message, status=error.status, remedy=remedy) from error
        self.tenant_info[NO_SYNC] = True
        return self._submit_async(body)

    @override
    def read_submit(self, response: ApiResponse) -> SubmitResult:
        """Return a link, a job with a link, a failed job, or the ID of a job to poll.

        A 204 has no rows.

        Raises:
            AmbiguousSubmit: There is neither a job nor a link.
        """
        if response.status == HTTPStatus.NO_CONTENT:
            return SubmitResult(link=NO_FILE)
        if isinstance(response.json, str):
            text = response.json.strip()
            is_link = "://" in text or text.startswith("/")
            result = SubmitResult(link=text) if is_link else SubmitResult(job_id=text)
            return self.require_job(response, result)
        job = _nested_object(json_object(response.json), "jobStatus")
        status = self.read_status(job)
        if status.status not in {JobStatus.RUNNING, JobStatus.SUCCEEDED}:
            return SubmitResult(first_id(job, self.ID_KEYS), failure=status)
        result = SubmitResult(first_id(job, self.ID_KEYS), self.find_link(job))
        return self.require_job(response, result)

    @override
    def read_status(self, body: Any) -> StatusResponse:
        job = _nested_object(json_object(body), "jobStatus")
        return super().read_status(job or body)

    @override
    def find_link(self, body: Any) -> str | None:
        """Return the link in the job's result, else the one beside it."""
        links = map(super().find_link, (json_object(body).get("result"), body))
        return next(filter(None, links), None)

    @override
    def jobs_before_submit(self, window: Window) -> ListedJobs | None:
        return self.job_list.before_submit(self.client)

    @override
    def jobs_after_lost_submit(self, window: Window) -> ListedJobs | None:
        return self.job_list.after_lost_submit(self.client)


def _nested_object(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the object under `key`, or `body` if there is none (tenants differ)."""
    nested = body.get(key)
    return nested if isinstance(nested, dict) else body
