"""The calls of the analytics export API, and how its answers are read."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from tap_cxone.clock import iso_z
from tap_cxone.errors import AmbiguousSubmit, ApiError, with_permission_hint
from tap_cxone.jobs.api import ActiveJobs, SubmitResult
from tap_cxone.jobs.job import JobStatus, StatusResponse, parse_job_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_cxone.http.client import Client
    from tap_cxone.jobs.job import PendingJob
    from tap_cxone.spool import Spool
    from tap_cxone.windows import Window

EXPORTS_PATH = "/api/v2/analytics/exports"
ACTIVE_EXPORTS_PATH = f"{EXPORTS_PATH}?status=queued,running"

PERMISSION_HINT = (
    "give the application the scopes analytics:export:read and analytics:export:write, and its "
    "user the permission to export analytics"
)
_MICROSECOND = timedelta(microseconds=1)
_STATUSES = {
    "queued": JobStatus.RUNNING,
    "pending": JobStatus.RUNNING,
    "running": JobStatus.RUNNING,
    "processing": JobStatus.RUNNING,
    "completed": JobStatus.SUCCEEDED,
    "failed": JobStatus.FAILED,
    "cancelled": JobStatus.CANCELLED,
    "canceled": JobStatus.CANCELLED,
    "expired": JobStatus.EXPIRED,
}


def describe_active_exports(_: Client, response_json: Any) -> str:
    """Say of the list of active exports how many there are, whosever they are."""
    active = response_json.get("entities") if isinstance(response_json, dict) else response_json
    count = len(active) if isinstance(active, list) else 0
    return f"no quota; {count} active now, whosever they are (see max_concurrent)"


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """One kind of export.

    Attributes:
        export_type: The API's `exportType`.
        filter: Which records.
        format: What the file is to be.
        compression: How it is to be packed; None: not at all.
    """

    export_type: str
    filter: str
    format: Literal["json", "csv"]
    compression: Literal["gzip"] | None

    def query(self, window: Window) -> dict[str, str]:
        """Return which records are asked for: both ends included, no instant in two windows.

        The last instant is the last whole millisecond before the window's end.
        """
        dates = {"dateFrom": window.start, "dateTo": window.end - _MICROSECOND}
        return {name: iso_z(instant, "milliseconds") for name, instant in dates.items()} | {
            "filter": self.filter
        }

    def body(self, window: Window) -> dict[str, Any]:
        """Return what to post."""
        return {
            "query": self.query(window),
            "exportType": self.export_type,
            "format": self.format,
            "compression": self.compression,
            "includeHeaders": True,
        }


@dataclass(frozen=True, slots=True)
class AnalyticsApi:
    """The jobs of one export (a `JobApi`).

    Attributes:
        client: The tenant's API.
        request: What to export.
        tenant: What tells this tenant from others.
        most: How many jobs of the tenant may be active at once.
    """

    client: Client
    request: ExportRequest
    tenant: str
    max_active_jobs: int

    @property
    def name(self) -> str:
        """Return what is exported, for messages."""
        return f"{self.request.export_type} where {self.request.filter}"

    def fingerprint(self, window: Window) -> str:
        """Return a text that differs where the tenant or the request differ."""
        payload = json.dumps([self.tenant, self.request.body(window)])
        return hashlib.sha256(payload.encode()).hexdigest()[:16]

    def submit(self, window: Window) -> SubmitResult:
        """Ask for a window, once.

        Raises:
            Throttled: As many jobs as there may be are active.
            PermissionDenied: Naming the scope that is missing.
        """
        with with_permission_hint(PERMISSION_HINT):
            response = self.client.submit(EXPORTS_PATH, self.request.body(window))
        body = response.json if isinstance(response.json, dict) else {}
        if not (job_id := parse_job_id(body.get("id"))):
            msg = f"the answer to the submit ({response.status}) names no export"
            raise AmbiguousSubmit(msg, status=response.status)
        return SubmitResult(job_id=job_id)

    def get_status(self, job: PendingJob) -> StatusResponse:
        """Ask for an export. Raises `NotFound` if the API does not know it."""
        path = f"{EXPORTS_PATH}/{quote(job.id, safe='')}"
        answer = self.client.get(path).json
        found = answer if isinstance(answer, dict) else {}
        word = str(found.get("status", "")).strip()
        phase = _STATUSES.get(word.casefold())
        if phase is None:
            said = self.client.redact(word or json.dumps(answer, default=str))
            msg = f"an export's status is {said!r}, which this tap does not know; please report it"
            raise ApiError(msg)
        words = self.client.redact(str(found.get("errorMessage") or ""))
        link = f"{path}/download" if phase is JobStatus.SUCCEEDED else None
        return StatusResponse(phase, link, words, word)

    def list_active_jobs(self, window: Window) -> ActiveJobs | None:
        """Return the tenant's active exports, whosever they are."""
        with with_permission_hint(PERMISSION_HINT):
            answer = self.client.get(ACTIVE_EXPORTS_PATH).json
        exports = answer.get("entities") if isinstance(answer, dict) else answer
        if not isinstance(exports, list):
            return None
        active = [export for export in exports if isinstance(export, dict) and export.get("id")]
        same = frozenset(
            str(export["id"]) for export in active if self._matches_window(export, window)
        )
        # One that does not show what it asks for may be anybody's: an export too many costs a
        # place for a while, the rows of another would be wrong for good.
        return ActiveJobs(
            candidate_ids=same, matching_ids=same, limit_reached=len(active) >= self.max_active_jobs
        )

    def _matches_window(self, export: Mapping[str, Any], window: Window) -> bool:
        """Tell whether an export asks for exactly this window."""
        expected_body = self.request.body(window)
        listed = {name: export.get(name) for name in ("query", "exportType", "format")}
        # Whether a CSV file has a header is not listed; JSON needs none.
        return self.request.format == "json" and listed == {
            name: expected_body[name] for name in listed
        }

    def cancel(self, job: PendingJob) -> bool:  # noqa: ARG002 (this API cannot)
        """Return False: this API cannot end a job."""
        return False

    def download(self, link: str, description: str) -> Spool:
        """Fetch an export's file, with the token. Raises `NotFound` once it is gone."""
        return self.client.download_authorized(link, description)
