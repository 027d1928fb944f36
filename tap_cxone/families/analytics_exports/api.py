"""The calls of the analytics export API, and how its answers are read."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from tap_cxone.clock import iso_z
from tap_cxone.errors import AmbiguousSubmit, ApiError, naming
from tap_cxone.jobs.api import Listing, Receipt
from tap_cxone.jobs.job import JobStatus, Phase, job_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_cxone.http.client import Client
    from tap_cxone.jobs.job import PendingJob
    from tap_cxone.spool import Spool
    from tap_cxone.windows import Window

EXPORTS = "/api/v2/analytics/exports"
ACTIVE = f"{EXPORTS}?status=queued,running"

PERMISSIONS = (
    "give the application the scopes analytics:export:read and analytics:export:write, and its "
    "user the permission to export analytics"
)
_MICROSECOND = timedelta(microseconds=1)
_PHASES = {
    "queued": Phase.RUNNING,
    "pending": Phase.RUNNING,
    "running": Phase.RUNNING,
    "processing": Phase.RUNNING,
    "completed": Phase.SUCCEEDED,
    "failed": Phase.FAILED,
    "cancelled": Phase.CANCELLED,
    "canceled": Phase.CANCELLED,
    "expired": Phase.EXPIRED,
}


def taken(_: Client, answer: Any) -> str:
    """Say of the list of active exports how many there are, whosever they are."""
    active = answer.get("entities") if isinstance(answer, dict) else answer
    number = len(active) if isinstance(active, list) else 0
    return f"no quota; {number} active now, whosever they are (see max_concurrent)"


@dataclass(frozen=True, slots=True)
class Request:
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
        return {name: iso_z(at, "milliseconds") for name, at in dates.items()} | {
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
    request: Request
    tenant: str
    most: int

    @property
    def name(self) -> str:
        """Return what is exported, for messages."""
        return f"{self.request.export_type} where {self.request.filter}"

    def fingerprint(self, window: Window) -> str:
        """Return a text that differs where the tenant or the request differ."""
        said = json.dumps([self.tenant, self.request.body(window)])
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def submit(self, window: Window) -> Receipt:
        """Ask for a window, once.

        Raises:
            Throttled: As many jobs as there may be are active.
            PermissionDenied: Naming the scope that is missing.
        """
        with naming(PERMISSIONS):
            answer = self.client.submit(EXPORTS, self.request.body(window))
        found = answer.json if isinstance(answer.json, dict) else {}
        if not (job_id := job_name(found.get("id"))):
            msg = f"the answer to the submit ({answer.status}) names no export"
            raise AmbiguousSubmit(msg, status=answer.status)
        return Receipt(job_id=job_id)

    def status(self, job: PendingJob) -> JobStatus:
        """Ask for an export. Raises `NotFound` if the API does not know it."""
        path = f"{EXPORTS}/{quote(job.id, safe='')}"
        answer = self.client.get(path).json
        found = answer if isinstance(answer, dict) else {}
        word = str(found.get("status", "")).strip()
        phase = _PHASES.get(word.casefold())
        if phase is None:
            said = self.client.redact(word or json.dumps(answer, default=str))
            msg = f"an export's status is {said!r}, which this tap does not know; please report it"
            raise ApiError(msg)
        words = self.client.redact(str(found.get("errorMessage") or ""))
        link = f"{path}/download" if phase is Phase.SUCCEEDED else None
        return JobStatus(phase, link, words, word)

    def listing(self, window: Window) -> Listing | None:
        """Return the tenant's active exports, whosever they are."""
        with naming(PERMISSIONS):
            answer = self.client.get(ACTIVE).json
        exports = answer.get("entities") if isinstance(answer, dict) else answer
        if not isinstance(exports, list):
            return None
        active = [export for export in exports if isinstance(export, dict) and export.get("id")]
        same = frozenset(str(export["id"]) for export in active if self._asks(export, window))
        # One that does not show what it asks for may be anybody's: an export too many costs a
        # place for a while, the rows of another would be wrong for good.
        return Listing(ids=same, same=same, full=len(active) >= self.most)

    def _asks(self, export: Mapping[str, Any], window: Window) -> bool:
        """Tell whether an export asks for exactly this window."""
        wanted = self.request.body(window)
        shown = {name: export.get(name) for name in ("query", "exportType", "format")}
        # Whether a CSV file has a header is not listed; JSON needs none.
        return self.request.format == "json" and shown == {name: wanted[name] for name in shown}

    def cancel(self, job: PendingJob) -> bool:  # noqa: ARG002 (this API cannot)
        """Return False: this API cannot end a job."""
        return False

    def download(self, link: str, name: str) -> Spool:
        """Fetch an export's file, with the token. Raises `NotFound` once it is gone."""
        return self.client.fetch(link, name)
