"""Client of the Data Extraction API: send its requests and parse its responses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from tap_cxone.errors import (
    AmbiguousSubmit,
    ApiError,
    JobFailed,
    NotFound,
    PermissionDenied,
    Throttled,
    with_permission_hint,
)
from tap_cxone.jobs.api import ActiveJobs, SubmitResult
from tap_cxone.jobs.job import JobStatus, StatusResponse, parse_job_id
from tap_cxone.windows import midnight

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from tap_cxone.http.client import Client
    from tap_cxone.http.messages import ApiResponse
    from tap_cxone.jobs.job import Job
    from tap_cxone.redact import Redactor
    from tap_cxone.spool import Spool
    from tap_cxone.windows import Window

JOBS_PATH = "/data-extraction/v1/jobs"
NO_SYNC = "no_sync_endpoint"
"""Key in the tenant info: true for a tenant without the endpoint `/jobs/sync`."""

_THROTTLE_TEXT = re.compile(
    r"(?i)wait|try again|another (?:request|call|job|extraction)|too many|in progress|throttl"
)


@dataclass(frozen=True, slots=True)
class EntityRequest:
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


def describe_running_job(_: Client, response_json: Any) -> str:
    """Return a text that states whether a job of the tenant is running now."""
    jobs = response_json.get("jobs") if isinstance(response_json, dict) else None
    statuses = [str(job.get("status", "")).upper() for job in jobs or () if isinstance(job, dict)]
    activity_text = "a job is running now" if "RUNNING" in statuses else "no job is running now"
    return f"no quota, but one job at a time; {activity_text}"


@dataclass(slots=True)
class DataExtractionApi:
    """Jobs of one entity (a `JobApi`).

    Attributes:
        client: The tenant's API.
        request: The entity to extract.
        mode: `sync`, `async` or `auto`. `auto` uses sync until the tenant proves to lack it.
        tenant_info: Facts learned about the tenant, shared by the streams of the family.
        sync_timeout: Read timeout of a synchronous submit.
    """

    client: Client
    request: EntityRequest
    mode: Literal["auto", "sync", "async"]
    tenant_info: MutableMapping[str, Any]
    sync_timeout: timedelta
    _can_list: bool = True

    @property
    def name(self) -> str:
        """Return the name of the export, for messages."""
        return f"{self.request.entity_name} version {self.request.version}"

    def fingerprint(self, window: Window) -> str:
        """Return a text that is equal only for equal requests."""
        return "/".join(self.request.body(window).values())

    def submit(self, window: Window) -> SubmitResult:
        """Submit a job for a window.

        Raises:
            AmbiguousSubmit: The response names neither a job nor a link.
            JobFailed: The response reports that the job failed.
            NotFound: `mode` is `sync` and the tenant has no such endpoint.
            PermissionDenied: A permission is missing; the error names the one the entity needs.
        """
        body = self.request.body(window)
        with with_permission_hint(
            f"give the access key's user the permission {self.request.permission}"
        ):
            if self._is_sync():
                return self._submit_sync(body)
            return self._submit_result(self.client.submit(JOBS_PATH, body))

    def _is_sync(self) -> bool:
        return self.mode == "sync" or (self.mode == "auto" and not self.tenant_info.get(NO_SYNC))

    def _submit_sync(self, body: dict[str, str]) -> SubmitResult:
        timeout_seconds = self.sync_timeout.total_seconds()
        try:
            return self._submit_result(
                self.client.submit(f"{JOBS_PATH}/sync", body, read_seconds=timeout_seconds)
            )
        except ApiError as error:
            if error.status not in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
                raise
            if self.mode == "sync":
                remedy = "set data_extraction.mode to auto or async: there is no /jobs/sync"
                raise NotFound(error.message, status=error.status, remedy=remedy) from error
        self.tenant_info[NO_SYNC] = True
        return self._submit_result(self.client.submit(JOBS_PATH, body))

    def _submit_result(self, response: ApiResponse) -> SubmitResult:
        return _parse_submit(response, self.client.redact)

    def get_status(self, job: Job) -> StatusResponse:
        """Return the status of a job.

        Raises:
            NotFound: The API does not know the job.
        """
        response = self.client.get(f"{JOBS_PATH}/{quote(job.id, safe='')}")
        return _parse_status(response, self.client.redact)

    def list_active_jobs(self, window: Window) -> ActiveJobs | None:  # noqa: ARG002 (listed without windows)
        """Return all jobs of the tenant, or None if the list is not available."""
        try:
            response_json = self.client.get(JOBS_PATH).json if self._can_list else None
        except (NotFound, PermissionDenied):
            self._can_list = False
            return None
        jobs = response_json.get("jobs") if isinstance(response_json, dict) else None
        if not isinstance(jobs, list):
            return None
        ids = (str(job["id"]) for job in jobs if isinstance(job, dict) and "id" in job)
        return ActiveJobs(frozenset(ids))

    def cancel(self, job: Job) -> bool:  # noqa: ARG002 (the API has no cancel)
        """Return False: the API cannot cancel a job."""
        return False

    def download(self, link: str, description: str) -> Spool:
        """Download the file of a job, without the Authorization header."""
        return self.client.download(link, description)


def _parse_submit(response: ApiResponse, redact: Redactor) -> SubmitResult:
    """Parse the response to a submit: a link, a job with a link, or the id of a job to poll.

    Raises:
        AmbiguousSubmit: It names neither a job nor a link, or the job has an unknown status.
        JobFailed: The job failed at once.
    """
    body: Any = response.json
    if isinstance(body, str) and body.strip():
        text = body.strip()
        return SubmitResult(link=text) if "://" in text else SubmitResult(job_id=text)
    if isinstance(body, dict):
        job = _nested_object(body, "jobStatus")
        if "status" in job:
            try:
                _raise_if_failed(_parse_job(job, redact))
            except ApiError as error:  # unknown status: the job may exist
                raise AmbiguousSubmit(str(error), status=response.status) from error
        result = SubmitResult(
            parse_job_id(job.get("id")) or parse_job_id(job.get("jobId")), _find_link(job)
        )
        if result.job_id or result.link:
            return result
    msg = f"the answer to the submit ({response.status}) names neither a job nor a link"
    raise AmbiguousSubmit(msg, status=response.status)


def _raise_if_failed(response: StatusResponse) -> None:
    if response.status not in {JobStatus.RUNNING, JobStatus.SUCCEEDED}:
        msg = f"the job ended {response.status.name}: {response.reason or 'no reason given'}"
        raise JobFailed(msg)


def _parse_status(response: ApiResponse, redact: Redactor) -> StatusResponse:
    body = response.json
    job = _nested_object(body, "jobStatus") if isinstance(body, dict) else {}
    if "status" not in job:
        msg = "the answer to a job's GET has no status; if base_url is the right host, report it"
        raise ApiError(msg, status=response.status)
    return _parse_job(job, redact)


def _parse_job(job: dict[str, Any], redact: Redactor) -> StatusResponse:
    api_status = str(job["status"]).strip().upper()
    if api_status not in JobStatus.__members__:
        subject = f"job {job.get('id')} has the status {api_status!r}"
        msg = f"{subject}, which this tap does not know; please report it"
        raise ApiError(msg)
    result = _nested_object(job, "result")
    reason = result.get("errorMessage") or result.get("messageError") or ""
    return StatusResponse(JobStatus[api_status], _find_link(job), redact(str(reason)), api_status)


def _nested_object(body: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the object under `key`, or `body` if there is none (tenants differ)."""
    nested = body.get(key)
    return nested if isinstance(nested, dict) else body


def _find_link(job: dict[str, Any]) -> str | None:
    containers = (_nested_object(job, "result"), job)
    links = (container.get(key) for container in containers for key in ("url", "downloadUrl"))
    return next((str(link) for link in links if link), None)
