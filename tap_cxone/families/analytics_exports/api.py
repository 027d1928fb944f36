"""Client of the analytics exports API: send its requests and parse its responses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from msgspec import Struct, structs
from typing_extensions import override

from tap_cxone.clock import iso_z, parse_instant
from tap_cxone.families.analytics_exports.listed_exports import may_be_export, shows_rows_of
from tap_cxone.http.date_range import other_range, shown_range
from tap_cxone.http.json_body import find_value, json_list, json_objects
from tap_cxone.jobs.api import JobApi, ListedJobs
from tap_cxone.jobs.job import JobStatus, StatusResponse

if TYPE_CHECKING:
    from tap_cxone.jobs.job import Job
    from tap_cxone.spool import Spool
    from tap_cxone.windows import Window

EXPORTS_PATH = "/api/v2/analytics/exports"
ACTIVE_EXPORTS_PATH = f"{EXPORTS_PATH}?status=queued,running"

PERMISSION_HINT = (
    "grant the application the scopes analytics:export:read and analytics:export:write, and its "
    "user the permission to export analytics"
)
_CREATED_KEYS = ("createdDate", "createdAt", "dateCreated", "created")
_ENDED = {"completed", "failed", "cancelled", "canceled", "expired"}
_MICROSECOND = timedelta(microseconds=1)


def describe_active_exports(response_json: Any) -> str:
    """Return a text with the number of active exports of the tenant, from any client."""
    exports = json_objects(json_list(response_json, ["entities"]))
    count = sum(str(export.get("status")).casefold() not in _ENDED for export in exports)
    return f"no quota; {count} active now, of all clients (see max_concurrent)"


class ExportRequest(Struct, frozen=True):
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


@dataclass
class AnalyticsApi(JobApi):
    """Jobs of one export.

    Attributes:
        request: Parameters of the export.
        max_active_jobs: Number of jobs of the tenant that may be active at once.
        availability_delay: Age at which a row is certainly visible in the API.
    """

    NOUN: ClassVar[str] = "export"
    JOBS_PATH: ClassVar[str] = EXPORTS_PATH
    LIST_PATH: ClassVar[str] = ACTIVE_EXPORTS_PATH
    LIST_KEYS: ClassVar[tuple[str, ...]] = ("entities",)
    PERMISSION_HINT: ClassVar[str] = PERMISSION_HINT

    request: ExportRequest
    max_active_jobs: int
    availability_delay: timedelta = timedelta(0)

    @property
    @override
    def name(self) -> str:
        return f"{self.request.export_type} where {self.request.filter}"

    @override
    def body(self, window: Window) -> dict[str, Any]:
        return self.request.body(window)

    @override
    def get_status(self, job: Job) -> StatusResponse:
        response = super().get_status(job)
        if response.status is not JobStatus.SUCCEEDED:
            return response
        if difference := other_range(shown_range(response.body, "query"), job.window):
            return structs.replace(response, status=JobStatus.FAILED, reason=difference)
        if response.link:
            return response
        return structs.replace(response, link=f"{self.status_path(job)}/download")

    @override
    def jobs_before_submit(self, window: Window) -> ListedJobs | None:
        """Return the active exports of the tenant from any client, or None if there is no list."""
        listed = self.read_list(self.LIST_PATH, self.LIST_KEYS)
        if listed is None:
            return None
        body = self.body(window)
        # An export without a visible window may belong to another client, so it is no candidate.
        # A redundant export occupies a slot for a while; rows of another request would stay wrong.
        candidates = [export for export in listed if may_be_export(export, body)]
        matches = [
            export
            for export in candidates
            if shows_rows_of(export, body) and self._is_usable(export, window)
        ]
        return ListedJobs(
            candidate_ids=frozenset(str(export["id"]) for export in candidates),
            matching_ids=frozenset(str(export["id"]) for export in matches),
            limit_reached=sum(map(self._is_active, listed)) >= self.max_active_jobs,
        )

    def _is_active(self, export: dict[str, Any]) -> bool:
        """Return True unless an export has ended, since some lists ignore the filter by status."""
        return not self.read_status(export).status.is_terminal

    def _is_usable(self, export: dict[str, Any], window: Window) -> bool:
        """Return True if an export of the window runs, or was made after the window was final."""
        if self._is_active(export):
            return True
        created_at = _parse_created(find_value(export, _CREATED_KEYS))
        is_complete = self.read_status(export).status is JobStatus.SUCCEEDED
        final_at = window.end + self.availability_delay
        return is_complete and created_at is not None and created_at >= final_at

    @override
    def download(self, link: str, description: str) -> Spool:
        """Download the file of a job: from the API with the token, from elsewhere without.

        Raises:
            NotFound: The API no longer has the file.
        """
        if not link.startswith("/"):
            return super().download(link, description)
        return self.client.download_authorized(link, description)


def _parse_created(text: str | None) -> datetime | None:
    try:
        return parse_instant(text) if text else None
    except ValueError:
        return None
