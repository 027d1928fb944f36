"""Client of the scheduled reports API: submit runs, poll them and download their results."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tap_cxone.clock import iso_z
from tap_cxone.errors import AmbiguousSubmit, ApiError, DownloadError, NotFound
from tap_cxone.families.scheduled_reports.schedules import SCHEDULES_PATH
from tap_cxone.jobs.api import SubmitResult
from tap_cxone.jobs.job import JobStatus, StatusResponse, parse_job_id
from tap_cxone.spool import encode_json, spool_json_pages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_cxone.families.scheduled_reports.schedules import ScheduleRegistry
    from tap_cxone.http.client import Client
    from tap_cxone.jobs.job import Job
    from tap_cxone.spool import Spool
    from tap_cxone.windows import Window

RESULTS_PATH = "/api/v2/analytics/reports/results"

_STATUSES = {
    "queued": JobStatus.RUNNING,
    "pending": JobStatus.RUNNING,
    "processing": JobStatus.RUNNING,
    "running": JobStatus.RUNNING,
    "completed": JobStatus.SUCCEEDED,
    "failed": JobStatus.FAILED,
    "cancelled": JobStatus.CANCELLED,
    "canceled": JobStatus.CANCELLED,
    "expired": JobStatus.EXPIRED,
}


@dataclass(slots=True)
class ReportsApi:
    """Jobs of one report, which the API calls runs (a `JobApi`).

    Attributes:
        client: The tenant's API.
        schedules: Registry that holds the schedule of the report.
        definition: Definition of the schedule, as JSON.
        tenant: Text that identifies the tenant in fingerprints.
    """

    client: Client
    schedules: ScheduleRegistry
    definition: Mapping[str, Any]
    tenant: str
    _first_pages: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return the name of the export, for messages."""
        return f"report '{self.definition['name']}'"

    def fingerprint(self, window: Window) -> str:
        """Return a text that is equal only for equal requests of one tenant."""
        payload = json.dumps(
            [self.tenant, self.definition["name"], self.definition["report"], _date_range(window)]
        )
        return hashlib.sha256(payload.encode()).hexdigest()[:16]

    def submit(self, window: Window) -> SubmitResult:
        """Submit a job for a window; register or update the schedule first.

        Raises:
            AmbiguousSubmit: The response names no run.
            ApiError: The schedule cannot be registered or changed.
            ConfigError: Two schedules have the report's name.
        """
        schedule_id = self.schedules.ensure(self.definition)
        path = f"{SCHEDULES_PATH}/{quote(schedule_id, safe='')}/runs"
        response = self.client.submit(path, {"dateRange": _date_range(window)})
        body = response.json if isinstance(response.json, dict) else {}
        run_id = parse_job_id(body.get("runId")) or parse_job_id(body.get("id"))
        if not run_id:
            msg = f"the answer to the submit ({response.status}) names no run"
            raise AmbiguousSubmit(msg, status=response.status)
        return SubmitResult(job_id=run_id)

    def get_status(self, job: Job) -> StatusResponse:
        """Return the status of a job.

        Raises:
            ApiError: The status is unknown.
            NotFound: The API does not know the job.
        """
        path = f"{RESULTS_PATH}/{quote(job.id, safe='')}"
        response_json = self.client.get(path).json
        body = response_json if isinstance(response_json, dict) else {}
        api_status = str(body.get("state") or body.get("status") or "").strip()
        job_status = _STATUSES.get(api_status.casefold())
        if job_status is None:
            redacted_status = self.client.redact(
                api_status or json.dumps(response_json, default=str)
            )
            msg = (
                f"a run's state is {redacted_status!r}, which this tap does not know; "
                "please report it"
            )
            raise ApiError(msg)
        reason = self.client.redact(str(body.get("errorMessage") or ""))
        if job_status is not JobStatus.SUCCEEDED:
            return StatusResponse(job_status, reason=reason, api_status=api_status)
        # This response is the first page. A second request for it would count as a poll.
        self._first_pages = {path: body}
        download_url = body.get("downloadUrl")
        link = download_url if isinstance(download_url, str) and download_url else path
        return StatusResponse(job_status, link, reason, api_status)

    def list_active_jobs(self, window: Window) -> None:
        """Return None: the API has no list of runs."""

    def cancel(self, job: Job) -> bool:
        """Send a DELETE for a job that exceeded its time-out; return True."""
        with suppress(NotFound):  # the job has ended already
            self.client.delete(f"{RESULTS_PATH}/{quote(job.id, safe='')}")
        return True

    def download(self, link: str, description: str) -> Spool:
        """Download the result of a job: a file, or all pages.

        Raises:
            DownloadError: A page has no rows list, or a page token is invalid or repeated.
            NotFound: The API no longer has the result.
        """
        # The token is sent only to the tap's own results path, never to a URL from a response.
        if not link.startswith(f"{RESULTS_PATH}/"):
            return self.client.download(link, description)
        return spool_json_pages(self._pages(link, description), description)

    def _pages(self, path: str, description: str) -> Iterator[Sequence[bytes]]:
        page = self._first_pages.pop(path, None) or self.client.get(path).json
        tokens: set[str] = set()
        while True:
            rows = page.get("data") if isinstance(page, dict) else None
            if not isinstance(rows, list):
                msg = f"{description}: a page of the result has no list 'data'; run again"
                raise DownloadError(msg)
            yield list(map(encode_json, rows))
            if not page.get("nextPageToken"):
                return
            token = parse_job_id(page["nextPageToken"])
            if token is None:
                msg = f"{description}: the API's page token is no text; run again"
                raise DownloadError(msg)
            if token in tokens:
                msg = (
                    f"{description}: the API gave the same page token twice; "
                    "it would never end: run again"
                )
                raise DownloadError(msg)
            tokens.add(token)
            page = self.client.get(f"{path}?pageToken={quote(token, safe='')}").json


def _date_range(window: Window) -> dict[str, str]:
    """Return a window as an absolute date range; the end is exclusive."""
    return {"type": "absolute", "start": iso_z(window.start), "end": iso_z(window.end)}
