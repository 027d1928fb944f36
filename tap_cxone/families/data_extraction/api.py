"""Client of the Data Extraction API: send its requests and parse its responses."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from urllib.parse import quote

from msgspec import Struct
from typing_extensions import override

from tap_cxone.errors import (
    AmbiguousSubmit,
    ApiError,
    JobFailed,
    NotFound,
    PermissionDenied,
    Throttled,
    with_permission_hint,
)
from tap_cxone.http.json_body import first_id, first_value, json_list, json_object, json_objects
from tap_cxone.jobs.api import ActiveJobs, JobApi, SubmitResult
from tap_cxone.jobs.job import JobStatus, StatusResponse
from tap_cxone.windows import midnight

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from tap_cxone.http.messages import ApiResponse
    from tap_cxone.jobs.job import Job
    from tap_cxone.windows import Window

JOBS_PATH = "/data-extraction/v1/jobs"
NO_SYNC = "no_sync_endpoint"
"""Key in the tenant info: true for a tenant without the endpoint `/jobs/sync`."""

_THROTTLE_TEXT = re.compile(
    r"(?i)wait|try again|another (?:request|call|job|extraction)|too many|in progress|throttl"
)


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
    """Return `Throttled` for a 403 whose text asks to wait, else None.

    This API answers 403 where others answer 429. Any other 403 is a missing permission.
    """
    return (
        Throttled if status == HTTPStatus.FORBIDDEN and _THROTTLE_TEXT.search(error_text) else None
    )


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
    """

    STATUSES: ClassVar[Mapping[str, JobStatus]] = {
        status.name.lower(): status for status in JobStatus
    }
    REASON_KEYS: ClassVar[tuple[str, ...]] = ("errorMessage", "messageError")
    ID_KEYS: ClassVar[tuple[str, ...]] = ("id", "jobId")
    LINK_KEYS: ClassVar[tuple[str, ...]] = ("url", "downloadUrl")

    request: EntityRequest
    mode: Literal["auto", "sync", "async"]
    tenant_info: MutableMapping[str, Any]
    sync_timeout: timedelta
    _can_list: bool = True

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
            JobFailed: The response reports that the job failed.
            NotFound: `mode` is `sync` and the tenant has no such endpoint.
            PermissionDenied: A permission is missing; the error names the one the entity needs.
        """
        body = self.body(window)
        with with_permission_hint(
            f"grant the access key's user the permission {self.request.permission}"
        ):
            if self._is_sync():
                return self._submit_sync(body)
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
            if error.status not in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
                raise
            if self.mode == "sync":
                remedy = "the tenant has no /jobs/sync; set data_extraction.mode to auto or async"
                raise NotFound(error.message, status=error.status, remedy=remedy) from error
        self.tenant_info[NO_SYNC] = True
        return self.read_submit(self.client.submit(JOBS_PATH, body))

    @override
    def read_submit(self, response: ApiResponse) -> SubmitResult:
        """Return a link, a job with a link, or the ID of a job to poll.

        Raises:
            AmbiguousSubmit: There is neither a job nor a link, or the job has an unknown status.
            JobFailed: The job failed at once.
        """
        if isinstance(response.json, str):
            text = response.json.strip()
            result = SubmitResult(link=text) if "://" in text else SubmitResult(job_id=text)
            return self.require_job(response, result)
        job = _nested_object(json_object(response.json), "jobStatus")
        if "status" in job:
            try:
                _raise_if_failed(self.read_status(job))
            except ApiError as error:  # unknown status: the job may exist
                raise AmbiguousSubmit(str(error), status=response.status) from error
        result = SubmitResult(first_id(job, self.ID_KEYS), self.find_link(job))
        return self.require_job(response, result)

    @override
    def status_path(self, job: Job) -> str:
        return f"{JOBS_PATH}/{quote(job.id, safe='')}"

    @override
    def read_status(self, body: Any) -> StatusResponse:
        job = _nested_object(json_object(body), "jobStatus")
        if "status" not in job:
            msg = "the response for a job has no status; check base_url, or report this error"
            raise ApiError(msg)
        response = super().read_status(job)
        reason = first_value(_nested_object(job, "result"), self.REASON_KEYS) or ""
        return replace(response, reason=self.client.redact(str(reason)))

    @override
    def find_link(self, job: Mapping[str, Any]) -> str | None:
        """Return the link in the job's result, else the one beside it."""
        links = map(super().find_link, (_nested_object(job, "result"), job))
        return next(filter(None, links), None)

    @override
    def list_active_jobs(self, window: Window) -> ActiveJobs | None:
        """Return all jobs of the tenant, or None if the list is not available."""
        try:
            response_json = self.client.get(JOBS_PATH).json if self._can_list else None
        except (NotFound, PermissionDenied):
            self._can_list = False
            return None
        jobs = json_list(json_object(response_json), ["jobs"])
        if jobs is None:
            return None
        return ActiveJobs(frozenset(str(job["id"]) for job in json_objects(jobs) if "id" in job))


def _raise_if_failed(response: StatusResponse) -> None:
    if response.status not in {JobStatus.RUNNING, JobStatus.SUCCEEDED}:
        msg = f"the job ended {response.status.name}: {response.reason or 'no reason given'}"
        raise JobFailed(msg)


def _nested_object(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the object under `key`, or `body` if there is none (tenants differ)."""
    nested = body.get(key)
    return nested if isinstance(nested, dict) else body
