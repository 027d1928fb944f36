"""Client of the dashboard's export API: send its requests and parse its responses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, unquote, urlsplit

from msgspec import Struct
from typing_extensions import override

from tap_cxone.clock import iso_z
from tap_cxone.errors import ApiError, NotFound, QuotaRefused
from tap_cxone.families.observability.refusals import names_no_table
from tap_cxone.http.json_body import find_value
from tap_cxone.jobs.api import JobApi, SubmitResult

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from tap_cxone.families.observability.tables import DashboardTable
    from tap_cxone.http.messages import ApiResponse
    from tap_cxone.jobs.job import Job
    from tap_cxone.windows import Window

TABLES_PATH = "/observabilitydashboard/v2/tables"
_BARE_ID = r"(?=.*\d)[\w.:=-]+"  # a word without a digit is a status
_PERMISSION_HINT = (
    "grant the access key's user the permission to see the Observability Dashboard (CXone: Admin > "
    "Security > Roles). Ask NICE whether the application may export its tables"
)


class TableRequest(Struct, frozen=True):
    """Parameters of the export of one table, except its dates.

    Attributes:
        table: The table to export.
        channels: Channels to export; empty for all.
        filters: Filter name → values to export; no values for all.
        timezone: IANA zone in which the file shows dates.
    """

    table: DashboardTable
    channels: tuple[str, ...]
    filters: Mapping[str, tuple[str, ...]]
    timezone: str

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


@dataclass
class ObservabilityApi(JobApi):
    """Jobs that export one table.

    Attributes:
        request: Parameters of the export.
        tenant_info: Facts learned about the tenant: stream → the table name that it has.
    """

    STATUS_KEYS: ClassVar[tuple[str, ...]] = ("status", "state", "exportStatus")
    LINK_KEYS: ClassVar[tuple[str, ...]] = (
        "downloadUrl",
        "url",
        "presignedUrl",
        "fileUrl",
        "location",
    )
    ID_KEYS: ClassVar[tuple[str, ...]] = ("exportId", "id", "jobId")
    NOUN: ClassVar[str] = "export"
    PERMISSION_HINT: ClassVar[str] = _PERMISSION_HINT

    request: TableRequest
    tenant_info: MutableMapping[str, Any]

    @property
    @override
    def name(self) -> str:
        return self._paths_to_try()[0]

    @override
    def body(self, window: Window) -> dict[str, Any]:
        return self.request.body(window)

    @override
    def identity(self, window: Window) -> list[Any]:
        return [self.request.table.stream, self.body(window)]

    def file_name(self, window: Window) -> str:
        """Return a file name that is unique for a tenant, stream and window.

        It consists of letters, digits, `-` and `_`.
        """
        stream, fingerprint = self.request.table.stream, self.fingerprint(window)
        return f"tap-cxone-{stream}-{window.start:%Y%m%dT%H%M%S}-{fingerprint}"

    def _paths_to_try(self) -> list[str]:
        """Return the names of the table, starting with the one that worked before."""
        working_path = self.tenant_info.get(self.request.table.stream)
        return sorted(self.request.table.paths, key=lambda path: path != working_path)

    @override
    def submit(self, window: Window) -> SubmitResult:
        """Submit a job for a window, using the table name that the tenant has.

        Raises:
            AmbiguousSubmit: The response names no export.
            HistoryRefused: The window starts too long ago.
            NotFound: The tenant has the table under none of its names.
            PermissionDenied: A permission is missing; the error names it.
            QuotaExhausted: The API allows no more exports for now.
        """
        refusal: ApiError | None = None
        for path in self._paths_to_try():
            try:
                return self._submit_export(path, window)
            except ApiError as error:
                if not names_no_table(error):
                    raise
                # A missing permission says more than that the other name does not exist.
                refusal = error if refusal is None or isinstance(refusal, NotFound) else refusal
        assert refusal is not None  # noqa: S101 (a table has a name)
        if not isinstance(refusal, NotFound):
            raise refusal
        remedy = (
            f"{refusal.remedy}. If other tables work, this tenant lacks the table: deselect the "
            "stream, or correct path in observability.table_streams"
        )
        raise refusal.with_remedy(remedy)

    def _submit_export(self, path: str, window: Window) -> SubmitResult:
        try:
            with self.permission_hint():
                response = self.client.submit(
                    f"{TABLES_PATH}/{path}/export-data", self.body(window)
                )
        except QuotaRefused:
            limiter = self.client.rate_limiter
            limiter.await_export(limiter.mark_quota_exhausted())
            return self._submit_export(path, window)
        if len(self.request.table.paths) > 1:
            self.tenant_info[self.request.table.stream] = path
        return self.read_submit(response)

    @override
    def read_submit(self, response: ApiResponse) -> SubmitResult:
        """Return the export that the `Location` header names, else the one that the body names.

        A body that is one text names it too.

        Raises:
            AmbiguousSubmit: Neither names an export.
        """
        body_id = find_value(response.json, self.ID_KEYS) or _bare_id(response.json)
        return self.require_job(response, SubmitResult(job_id=_export_id(response) or body_id))

    @override
    def status_path(self, job: Job) -> str:
        file_name = quote(self.file_name(job.window))
        return f"{TABLES_PATH}/export-data/{quote(job.id, safe='')}/status?fileName={file_name}"


def _bare_id(body: Any) -> str | None:
    return body if isinstance(body, str) and re.fullmatch(_BARE_ID, body) else None


def _export_id(response: ApiResponse) -> str | None:
    """Return the export id in the `Location` header: its last segment, ignoring `status`.

    Only the path is used. The tap sends requests to the configured host, whatever host a
    `Location` names. The result is None if the header is missing or names no export.
    """
    segments = [
        part for part in urlsplit(response.headers.get("Location", "")).path.split("/") if part
    ]
    if segments and segments[-1].lower() == "status":
        segments.pop()
    if not segments or segments[-1] == "export-data":
        return None
    return unquote(segments[-1])
