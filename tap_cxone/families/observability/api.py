"""Client of the dashboard's export API: send its requests and parse its responses."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from tap_cxone.clock import iso_z
from tap_cxone.errors import AmbiguousSubmit, ApiError, NotFound, QuotaRefused, with_permission_hint
from tap_cxone.jobs.api import SubmitResult
from tap_cxone.jobs.job import JobStatus, StatusResponse

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from tap_cxone.families.observability.tables import DashboardTable
    from tap_cxone.http.client import Client
    from tap_cxone.http.messages import ApiResponse
    from tap_cxone.jobs.job import Job
    from tap_cxone.spool import Spool
    from tap_cxone.windows import Window

TABLES_PATH = "/observabilitydashboard/v2/tables"
_PERMISSION_HINT = (
    "give the access key's user the permission to see the Observability Dashboard (CXone: Admin > "
    "Security > Roles), and ask NICE whether the application may export its tables"
)

_QUOTA_TEXT = re.compile(r"(?i)too many export|exports? per 24")
_STATUS_KEYS = ("status", "state", "exportStatus")
_LINK_KEYS = ("downloadUrl", "url", "presignedUrl", "fileUrl", "location")
_REASON_KEYS = ("errorMessage", "message", "error", "reason")
_STATUSES = {
    **dict.fromkeys(
        ("inprogress", "pending", "running", "queued", "processing", "started", "accepted"),
        JobStatus.RUNNING,
    ),
    **dict.fromkeys(("completed", "complete", "success", "succeeded", "done"), JobStatus.SUCCEEDED),
    **dict.fromkeys(("failed", "failure", "error"), JobStatus.FAILED),
    **dict.fromkeys(("cancelled", "canceled", "aborted"), JobStatus.CANCELLED),
    "expired": JobStatus.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class TableRequest:
    """Parameters of the export of one table, except its dates.

    Attributes:
        table: The table to export.
        channels: Channels to export; empty for all.
        filters: Filter name → values to export; no values for all.
        timezone: IANA zone in which the file shows dates.
        tenant: Text that identifies the tenant in file names.
    """

    table: DashboardTable
    channels: tuple[str, ...]
    filters: Mapping[str, tuple[str, ...]]
    timezone: str
    tenant: str

    def body(self, window: Window) -> dict[str, Any]:
        """Return the JSON body of a submit, with only the keys that the table accepts."""
        last = window.end - timedelta(milliseconds=1)
        dates = {
            "startDate": iso_z(window.start, "milliseconds"),
            "endDate": iso_z(last, "milliseconds"),
        }
        body: dict[str, Any] = {"dateRange": dates, "timeZone": self.timezone}
        if self.table.channels:
            body["channels"] = list(self.channels)
        if self.table.filters:
            body["filters"] = {name: list(self.filters[name]) for name in self.table.filters}
        return body

    def digest(self, window: Window) -> str:
        """Return a hash of the tenant, the table and the body, 16 hexadecimal digits long."""
        payload = json.dumps([self.tenant, self.table.stream, self.body(window)])
        return hashlib.sha256(payload.encode()).hexdigest()[:16]

    def file_name(self, window: Window) -> str:
        """Return a file name that is unique for a tenant, stream and window.

        It consists of letters, digits, `-` and `_`.
        """
        return f"tap-cxone-{self.table.stream}-{window.start:%Y%m%dT%H%M%S}-{self.digest(window)}"


def classify_error(status: int, error_text: str) -> type[ApiError] | None:
    """Return `QuotaRefused` for a 400 whose text names the quota, else None."""
    return (
        QuotaRefused
        if status == HTTPStatus.BAD_REQUEST and _QUOTA_TEXT.search(error_text)
        else None
    )


@dataclass(slots=True)
class ObservabilityApi:
    """Jobs that export one table (a `JobApi`).

    Attributes:
        client: The tenant's API.
        request: Parameters of the export.
        tenant_info: Facts learned about the tenant: stream → the table name that it has.
    """

    client: Client
    request: TableRequest
    tenant_info: MutableMapping[str, Any]

    @property
    def name(self) -> str:
        """Return the name of the export, for messages."""
        return self._paths_to_try()[0]

    def _paths_to_try(self) -> list[str]:
        """Return the names of the table, starting with the one that worked before."""
        working_path = self.tenant_info.get(self.request.table.stream)
        return sorted(self.request.table.paths, key=lambda path: path != working_path)

    def fingerprint(self, window: Window) -> str:
        """Return a text that is equal only for equal requests of one tenant."""
        return self.request.digest(window)

    def submit(self, window: Window) -> SubmitResult:
        """Submit a job for a window, using the table name that the tenant has.

        Raises:
            AmbiguousSubmit: The response names no export.
            NotFound: The tenant has the table under none of its names.
            PermissionDenied: A permission is missing; the error names it.
            QuotaExhausted: The API allows no more exports for now.
        """
        *alternatives, last_path = self._paths_to_try()
        for path in alternatives:
            try:
                return self._submit_export(path, window)
            except NotFound:
                continue
        return self._submit_export(last_path, window)

    def _submit_export(self, path: str, window: Window) -> SubmitResult:
        try:
            with with_permission_hint(_PERMISSION_HINT):
                response = self.client.submit(
                    f"{TABLES_PATH}/{path}/export-data", self.request.body(window)
                )
        except QuotaRefused as error:
            raise self.client.rate_limiter.mark_quota_exhausted() from error
        if len(self.request.table.paths) > 1:
            self.tenant_info[self.request.table.stream] = path
        return SubmitResult(job_id=_export_id(response))

    def get_status(self, job: Job) -> StatusResponse:
        """Return the status of a job.

        Raises:
            ApiError: The status is unknown.
            NotFound: The API does not know the job.
        """
        file_name = quote(self.request.file_name(job.window))
        path = f"{TABLES_PATH}/export-data/{quote(job.id, safe='')}/status?fileName={file_name}"
        return self._parse_status(self.client.get(path).json)

    def _parse_status(self, response_json: Any) -> StatusResponse:
        body = response_json if isinstance(response_json, dict) else {}
        api_status = str(_first_value(body, _STATUS_KEYS) or "")
        link = str(_first_value(body, _LINK_KEYS) or "")
        job_status = _STATUSES.get("".join(filter(str.isalpha, api_status.casefold())))
        if job_status is None and (api_status or not link):
            redacted_status = self.client.redact(
                api_status or json.dumps(response_json, default=str)
            )
            msg = (
                f"an export's status is {redacted_status!r}, which this tap does not know; "
                "please report it"
            )
            raise ApiError(msg)
        if "://" in link and job_status in {None, JobStatus.RUNNING, JobStatus.SUCCEEDED}:
            return StatusResponse(JobStatus.SUCCEEDED, link, api_status=api_status)
        reason = self.client.redact(str(_first_value(body, _REASON_KEYS) or ""))
        return StatusResponse(job_status or JobStatus.RUNNING, reason=reason, api_status=api_status)

    def list_active_jobs(self, window: Window) -> None:
        """Return None: the API has no list of exports."""

    def cancel(self, job: Job) -> bool:  # noqa: ARG002 (the API has no cancel)
        """Return False: the API cannot cancel a job."""
        return False

    def download(self, link: str, description: str) -> Spool:
        """Download the file of a job."""
        return self.client.download(link, description)


def _first_value(body: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    return next((body[key] for key in keys if body.get(key)), None)


def _export_id(response: ApiResponse) -> str:
    """Return the export id in the `Location` header: its last segment, ignoring `status`.

    Only the path is used. The tap sends requests to the configured host, whatever host a
    `Location` names.

    Raises:
        AmbiguousSubmit: The header is missing or names no export.
    """
    segments = [
        part for part in urlsplit(response.headers.get("Location", "")).path.split("/") if part
    ]
    if segments and segments[-1] == "status":
        segments.pop()
    if not segments or segments[-1] == "export-data":
        msg = f"the answer to the submit ({response.status}) has no Location that names an export"
        raise AmbiguousSubmit(msg, status=response.status)
    return unquote(segments[-1])
