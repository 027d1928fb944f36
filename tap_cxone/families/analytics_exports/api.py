"""Client of the analytics exports API: send its requests and parse its responses."""

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
    from tap_cxone.jobs.job import Job
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
    """Return a text with the number of active exports of the tenant, from any client."""
    active = response_json.get("entities") if isinstance(response_json, dict) else response_json
    count = len(active) if isinstance(active, list) else 0
    return f"no quota; {count} active now, whosever they are (see max_concurrent)"


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Parameters of one export, except its dates.

    Attributes:
        export_type: The API's `exportType`.
        filter: The API's filter expression.
        format: Format of the file.
        compression: Compression of the file; None for no compression.
    """

    export_type: str
    filter: str
    format: Literal["json", "csv"]
    compression: Literal["gzip"] | None

    def query(self, window: Window) -> dict[str, str]:
        """Return the query of a window: the filter, and dates that include both ends.

        `dateTo` is the last whole millisecond before the window's end, so that adjacent windows
        share no instant.
        """
        dates = {"dateFrom": window.start, "dateTo": window.end - _MICROSECOND}
        return {name: iso_z(instant, "milliseconds") for name, instant in dates.items()} | {
            "filter": self.filter
        }

    def body(self, window: Window) -> dict[str, Any]:
        """Return the JSON body of a submit."""
        return {
            "query": self.query(window),
            "exportType": self.export_type,
            "format": self.format,
            "compression": self.compression,
            "includeHeaders": True,
        }


@dataclass(frozen=True, slots=True)
class AnalyticsApi:
    """Jobs of one export (a `JobApi`).

    Attributes:
        client: The tenant's API.
        request: Parameters of the export.
        tenant: Text that identifies the tenant in fingerprints.
        max_active_jobs: Number of jobs of the tenant that may be active at once.
    """

    client: Client
    request: ExportRequest
    tenant: str
    max_active_jobs: int

    @property
    def name(self) -> str:
        """Return the name of the export, for messages."""
        return f"{self.request.export_type} where {self.request.filter}"

    def fingerprint(self, window: Window) -> str:
        """Return a text that is equal only for equal requests of one tenant."""
        payload = json.dumps([self.tenant, self.request.body(window)])
        return hashlib.sha256(payload.encode()).hexdigest()[:16]

    def submit(self, window: Window) -> SubmitResult:
        """Submit a job for a window.

        Raises:
            AmbiguousSubmit: The response names no export.
            PermissionDenied: A permission is missing; the error names the scopes.
            Throttled: The maximum number of jobs is active.
        """
        with with_permission_hint(PERMISSION_HINT):
            response = self.client.submit(EXPORTS_PATH, self.request.body(window))
        body = response.json if isinstance(response.json, dict) else {}
        if not (job_id := parse_job_id(body.get("id"))):
            msg = f"the answer to the submit ({response.status}) names no export"
            raise AmbiguousSubmit(msg, status=response.status)
        return SubmitResult(job_id=job_id)

    def get_status(self, job: Job) -> StatusResponse:
        """Return the status of a job.

        Raises:
            ApiError: The status is unknown.
            NotFound: The API does not know the job.
        """
        path = f"{EXPORTS_PATH}/{quote(job.id, safe='')}"
        response_json = self.client.get(path).json
        body = response_json if isinstance(response_json, dict) else {}
        api_status = str(body.get("status", "")).strip()
        job_status = _STATUSES.get(api_status.casefold())
        if job_status is None:
            redacted_status = self.client.redact(
                api_status or json.dumps(response_json, default=str)
            )
            msg = (
                f"an export's status is {redacted_status!r}, which this tap does not know; "
                "please report it"
            )
            raise ApiError(msg)
        reason = self.client.redact(str(body.get("errorMessage") or ""))
        link = f"{path}/download" if job_status is JobStatus.SUCCEEDED else None
        return StatusResponse(job_status, link, reason, api_status)

    def list_active_jobs(self, window: Window) -> ActiveJobs | None:
        """Return the active exports of the tenant from any client, or None if there is no list."""
        with with_permission_hint(PERMISSION_HINT):
            response_json = self.client.get(ACTIVE_EXPORTS_PATH).json
        exports = (
            response_json.get("entities") if isinstance(response_json, dict) else response_json
        )
        if not isinstance(exports, list):
            return None
        active = [export for export in exports if isinstance(export, dict) and export.get("id")]
        matching_ids = frozenset(
            str(export["id"]) for export in active if self._matches_window(export, window)
        )
        # An export without a visible request may belong to another client, so it is no candidate.
        # A redundant export occupies a slot for a while; rows of another request would stay wrong.
        return ActiveJobs(
            candidate_ids=matching_ids,
            matching_ids=matching_ids,
            limit_reached=len(active) >= self.max_active_jobs,
        )

    def _matches_window(self, export: Mapping[str, Any], window: Window) -> bool:
        """Return True if an export requests exactly this window."""
        expected_body = self.request.body(window)
        listed = {name: export.get(name) for name in ("query", "exportType", "format")}
        # The list does not show whether a CSV file has a header. JSON has none.
        return self.request.format == "json" and listed == {
            name: expected_body[name] for name in listed
        }

    def cancel(self, job: Job) -> bool:  # noqa: ARG002 (the API has no cancel)
        """Return False: the API cannot cancel a job."""
        return False

    def download(self, link: str, description: str) -> Spool:
        """Download the file of a job, with the token.

        Raises:
            NotFound: The API no longer has the file.
        """
        return self.client.download_authorized(link, description)
