"""The calls of the Data Extraction API, and how its answers are read."""

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
    naming,
)
from tap_cxone.jobs.api import Listing, Receipt
from tap_cxone.jobs.job import JobStatus, Phase, job_name
from tap_cxone.windows import midnight

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from tap_cxone.http.client import Client
    from tap_cxone.http.transport import Answer
    from tap_cxone.jobs.job import PendingJob
    from tap_cxone.redact import Redactor
    from tap_cxone.spool import Spool
    from tap_cxone.windows import Window

JOBS = "/data-extraction/v1/jobs"
NO_SYNC = "no_sync_endpoint"
"""The trait of a tenant without `/jobs/sync`."""

_WAIT = re.compile(
    r"(?i)wait|try again|another (?:request|call|job|extraction)|too many|in progress|throttl"
)


@dataclass(frozen=True, slots=True)
class Request:
    """One entity to extract.

    Attributes:
        entity_name: The API's `entityName`.
        version: Its `version`, as text.
        permission: The CXone permission that the user needs.
    """

    entity_name: str
    version: str
    permission: str

    def body(self, window: Window) -> dict[str, str]:
        """Return what to post: whole days, the end exclusive."""
        last = window.end - timedelta(microseconds=1)
        return {
            "entityName": self.entity_name,
            "version": self.version,
            "startDate": f"{window.start:%Y-%m-%d}",
            "endDate": f"{midnight(last, days=1):%Y-%m-%d}",
        }


def classify(status: int, words: str) -> type[ApiError] | None:
    """Tell a 403 that throttles, as this API does instead of 429, from one that forbids."""
    return Throttled if status == HTTPStatus.FORBIDDEN and _WAIT.search(words) else None


def running(_: Client, answer: Any) -> str:
    """Say of the list of jobs whether one is running: another has to wait for it."""
    jobs = answer.get("jobs") if isinstance(answer, dict) else None
    states = [str(job.get("status", "")).upper() for job in jobs or () if isinstance(job, dict)]
    now = "a job is running now" if "RUNNING" in states else "no job is running now"
    return f"no quota, but one job at a time; {now}"


@dataclass(slots=True)
class DataExtractionApi:
    """The jobs of one entity (a `JobApi`).

    Attributes:
        client: The tenant's API.
        request: What to extract.
        mode: `sync`, `async`, or `auto`: sync until the tenant turns out to have no such endpoint.
        traits: What is known of the tenant; shared by the family's streams.
        longest: How long a synchronous submit may go without an answer.
    """

    client: Client
    request: Request
    mode: Literal["auto", "sync", "async"]
    traits: MutableMapping[str, Any]
    longest: timedelta
    _listed: bool = True

    @property
    def name(self) -> str:
        """Return what is exported, for messages."""
        return f"{self.request.entity_name} version {self.request.version}"

    def fingerprint(self, window: Window) -> str:
        """Return a text that differs where the request differs."""
        return "/".join(self.request.body(window).values())

    def submit(self, window: Window) -> Receipt:
        """Ask for a window, once.

        Raises:
            PermissionDenied: Naming the permission the entity needs.
        """
        body = self.request.body(window)
        with naming(f"give the access key's user the permission {self.request.permission}"):
            if self._is_sync():
                return self._submit_sync(body)
            return self._receipt(self.client.submit(JOBS, body))

    def _is_sync(self) -> bool:
        return self.mode == "sync" or (self.mode == "auto" and not self.traits.get(NO_SYNC))

    def _submit_sync(self, body: dict[str, str]) -> Receipt:
        seconds = self.longest.total_seconds()
        try:
            return self._receipt(self.client.submit(f"{JOBS}/sync", body, read_seconds=seconds))
        except ApiError as error:
            if error.status not in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
                raise
            if self.mode == "sync":
                remedy = "set data_extraction.mode to auto or async: there is no /jobs/sync"
                raise NotFound(error.said, status=error.status, remedy=remedy) from error
        self.traits[NO_SYNC] = True
        return self._receipt(self.client.submit(JOBS, body))

    def _receipt(self, answer: Answer) -> Receipt:
        return _receipt(answer, self.client.redact)

    def status(self, job: PendingJob) -> JobStatus:
        """Ask for a job. Raises `NotFound` if the API does not know it."""
        answer = self.client.get(f"{JOBS}/{quote(job.id, safe='')}")
        return _status(answer, self.client.redact)

    def listing(self, window: Window) -> Listing | None:  # noqa: ARG002 (it lists no windows)
        """Return every job of the tenant; None where the list is not to be had."""
        try:
            answer = self.client.get(JOBS).json if self._listed else None
        except (NotFound, PermissionDenied):
            self._listed = False
            return None
        jobs = answer.get("jobs") if isinstance(answer, dict) else None
        if not isinstance(jobs, list):
            return None
        ids = (str(job["id"]) for job in jobs if isinstance(job, dict) and "id" in job)
        return Listing(frozenset(ids))

    def cancel(self, job: PendingJob) -> bool:  # noqa: ARG002 (this API cannot)
        """Return False: this API cannot end a job."""
        return False

    def download(self, link: str, name: str) -> Spool:
        """Fetch a job's file."""
        return self.client.download(link, name)


def _receipt(answer: Answer, redact: Redactor) -> Receipt:
    """Read the answer to a submit: a link, a job that has one, or the id of a job to poll."""
    found: Any = answer.json
    if isinstance(found, str) and found.strip():
        text = found.strip()
        return Receipt(link=text) if "://" in text else Receipt(job_id=text)
    if isinstance(found, dict):
        job = _inside(found, "jobStatus")
        if "status" in job:
            try:
                _refuse_failed(_job_status(job, redact))
            except ApiError as error:  # a status nobody knows: the job may be there
                raise AmbiguousSubmit(str(error), status=answer.status) from error
        receipt = Receipt(job_name(job.get("id")) or job_name(job.get("jobId")), _link(job))
        if receipt.job_id or receipt.link:
            return receipt
    msg = f"the answer to the submit ({answer.status}) names neither a job nor a link"
    raise AmbiguousSubmit(msg, status=answer.status)


def _refuse_failed(status: JobStatus) -> None:
    if status.phase not in {Phase.RUNNING, Phase.SUCCEEDED}:
        msg = f"the job ended {status.phase.name}: {status.words or 'no reason given'}"
        raise JobFailed(msg)


def _status(answer: Answer, redact: Redactor) -> JobStatus:
    found = answer.json
    job = _inside(found, "jobStatus") if isinstance(found, dict) else {}
    if "status" not in job:
        msg = "the answer to a job's GET has no status; if base_url is the right host, report it"
        raise ApiError(msg, status=answer.status)
    return _job_status(job, redact)


def _job_status(job: dict[str, Any], redact: Redactor) -> JobStatus:
    word = str(job["status"]).strip().upper()
    if word not in Phase.__members__:
        what = f"job {job.get('id')} has the status {word!r}"
        msg = f"{what}, which this tap does not know; please report it"
        raise ApiError(msg)
    result = _inside(job, "result")
    words = result.get("errorMessage") or result.get("messageError") or ""
    return JobStatus(Phase[word], _link(job), redact(str(words)), word)


def _inside(found: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the object under `key`, or the whole where there is none (tenants differ)."""
    inner = found.get(key)
    return inner if isinstance(inner, dict) else found


def _link(job: dict[str, Any]) -> str | None:
    places = (_inside(job, "result"), job)
    links = (place.get(key) for place in places for key in ("url", "downloadUrl"))
    return next((str(link) for link in links if link), None)
