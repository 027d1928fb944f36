"""The calls of the dashboard's export API, and how its answers are read."""

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
    from tap_cxone.http.transport import ApiResponse
    from tap_cxone.jobs.job import PendingJob
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
    """One table to export, as the user wants it.

    Attributes:
        table: Which one.
        channels: Only these; none: all.
        filters: Filter to values; none: all.
        timezone: IANA zone in which dates are shown.
        tenant: What tells this tenant from others in a file's name.
    """

    table: DashboardTable
    channels: tuple[str, ...]
    filters: Mapping[str, tuple[str, ...]]
    timezone: str
    tenant: str

    def body(self, window: Window) -> dict[str, Any]:
        """Return what to post: the keys that this table takes, and no others."""
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
        """Return a short text that differs where tenant, table or body differ."""
        payload = json.dumps([self.tenant, self.table.stream, self.body(window)])
        return hashlib.sha256(payload.encode()).hexdigest()[:16]

    def file_name(self, window: Window) -> str:
        """Name the file: unique for tenant, stream and window; letters, digits, `-` and `_`."""
        return f"tap-cxone-{self.table.stream}-{window.start:%Y%m%dT%H%M%S}-{self.digest(window)}"


def classify_error(status: int, error_text: str) -> type[ApiError] | None:
    """Tell the quota's 400 from any other: only its text does."""
    return (
        QuotaRefused
        if status == HTTPStatus.BAD_REQUEST and _QUOTA_TEXT.search(error_text)
        else None
    )


@dataclass(slots=True)
class ObservabilityApi:
    """The exports of one table (a `JobApi`).

    Attributes:
        client: The tenant's API.
        request: What to export.
        traits: What is known of the tenant: which of a table's names it has.
    """

    client: Client
    request: TableRequest
    traits: MutableMapping[str, Any]

    @property
    def name(self) -> str:
        """Return what is exported, for messages."""
        return self._paths_to_try()[0]

    def _paths_to_try(self) -> list[str]:
        """Return the table's names, the one that worked before first."""
        working_path = self.traits.get(self.request.table.stream)
        return sorted(self.request.table.paths, key=lambda path: path != working_path)

    def fingerprint(self, window: Window) -> str:
        """Return a text that differs where the request differs."""
        return self.request.digest(window)

    def submit(self, window: Window) -> SubmitResult:
        """Start an export, under the name of the table that the tenant has.

        Raises:
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
            self.traits[self.request.table.stream] = path
        return SubmitResult(job_id=_export_id(response))

    def get_status(self, job: PendingJob) -> StatusResponse:
        """Ask for an export. Raises `NotFound` if the API does not know it."""
        name = quote(self.request.file_name(job.window))
        path = f"{TABLES_PATH}/export-data/{quote(job.id, safe='')}/status?fileName={name}"
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
            msg = f"an export's status is {redacted_status!r}, which this tap does not know; please report it"
            raise ApiError(msg)
        if "://" in link and job_status in {None, JobStatus.RUNNING, JobStatus.SUCCEEDED}:
            return StatusResponse(JobStatus.SUCCEEDED, link, api_status=api_status)
        reason = self.client.redact(str(_first_value(body, _REASON_KEYS) or ""))
        return StatusResponse(job_status or JobStatus.RUNNING, reason=reason, api_status=api_status)

    def list_active_jobs(self, window: Window) -> None:
        """Return None: this API has no list of exports."""

    def cancel(self, job: PendingJob) -> bool:  # noqa: ARG002 (this API cannot)
        """Return False: this API cannot end a job."""
        return False

    def download(self, link: str, description: str) -> Spool:
        """Fetch an export's file."""
        return self.client.download(link, description)


def _first_value(body: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    return next((body[key] for key in keys if body.get(key)), None)


def _export_id(response: ApiResponse) -> str:
    """Read an export's id out of the `Location`: its last segment, but for `status`.

    Only the path counts: the tap asks its own host, wherever a `Location` points.
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
