"""Runs of one report, and their results."""

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
    from tap_cxone.jobs.job import PendingJob
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
    """The runs of one report (a `JobApi`).

    Attributes:
        client: The tenant's API.
        schedules: Where its definition is registered.
        wanted: Its definition.
        tenant: What tells this tenant from others.
    """

    client: Client
    schedules: ScheduleRegistry
    definition: Mapping[str, Any]
    tenant: str
    _first_pages: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return what is exported, for messages."""
        return f"report '{self.definition['name']}'"

    def fingerprint(self, window: Window) -> str:
        """Return a text that differs where the tenant or the request differ."""
        payload = json.dumps(
            [self.tenant, self.definition["name"], self.definition["report"], _date_range(window)]
        )
        return hashlib.sha256(payload.encode()).hexdigest()[:16]

    def submit(self, window: Window) -> SubmitResult:
        """Start a run over a window's days, of the definition as it is in the settings."""
        schedule_id = self.schedules.ensure(self.definition)
        path = f"{SCHEDULES_PATH}/{quote(schedule_id, safe='')}/runs"
        response = self.client.submit(path, {"dateRange": _date_range(window)})
        body = response.json if isinstance(response.json, dict) else {}
        run_id = parse_job_id(body.get("runId")) or parse_job_id(body.get("id"))
        if not run_id:
            msg = f"the answer to the submit ({response.status}) names no run"
            raise AmbiguousSubmit(msg, status=response.status)
        return SubmitResult(job_id=run_id)

    def get_status(self, job: PendingJob) -> StatusResponse:
        """Ask for a run. Raises `NotFound` if the API does not know it."""
        path = f"{RESULTS_PATH}/{quote(job.id, safe='')}"
        answer = self.client.get(path).json
        found = answer if isinstance(answer, dict) else {}
        word = str(found.get("state") or found.get("status") or "").strip()
        phase = _STATUSES.get(word.casefold())
        if phase is None:
            said = self.client.redact(word or json.dumps(answer, default=str))
            msg = f"a run's state is {said!r}, which this tap does not know; please report it"
            raise ApiError(msg)
        words = self.client.redact(str(found.get("errorMessage") or ""))
        if phase is not JobStatus.SUCCEEDED:
            return StatusResponse(phase, reason=words, api_status=word)
        # The answer is the first page already; asked again at once it would count as a poll.
        self._first_pages = {path: found}
        link = found.get("downloadUrl")
        return StatusResponse(phase, link if isinstance(link, str) and link else path, words, word)

    def list_active_jobs(self, window: Window) -> None:
        """Return None: this API has no list of runs."""

    def cancel(self, job: PendingJob) -> bool:
        """End a run whose time is up."""
        with suppress(NotFound):  # it ended by itself
            self.client.delete(f"{RESULTS_PATH}/{quote(job.id, safe='')}")
        return True

    def download(self, link: str, description: str) -> Spool:
        """Fetch a run's result: a file, or all its pages.

        Raises:
            NotFound: It is gone.
            DownloadError: A page came twice.
        """
        # Only our own path is asked with the login, never what an answer says.
        if not link.startswith(f"{RESULTS_PATH}/"):
            return self.client.download(link, description)
        return spool_json_pages(self._pages(link, description), description)

    def _pages(self, path: str, name: str) -> Iterator[Sequence[bytes]]:
        page = self._first_pages.pop(path, None) or self.client.get(path).json
        tokens: set[str] = set()
        while True:
            rows = page.get("data") if isinstance(page, dict) else None
            if not isinstance(rows, list):
                msg = f"{name}: a page of the result has no list 'data'; run again"
                raise DownloadError(msg)
            yield list(map(encode_json, rows))
            if not page.get("nextPageToken"):
                return
            token = parse_job_id(page["nextPageToken"])
            if token is None:
                msg = f"{name}: the API's page token is no text; run again"
                raise DownloadError(msg)
            if token in tokens:
                msg = (
                    f"{name}: the API gave the same page token twice; it would never end: run again"
                )
                raise DownloadError(msg)
            tokens.add(token)
            page = self.client.get(f"{path}?pageToken={quote(token, safe='')}").json


def _date_range(window: Window) -> dict[str, str]:
    """Return a window as an absolute date range, its end not included."""
    return {"type": "absolute", "start": iso_z(window.start), "end": iso_z(window.end)}
