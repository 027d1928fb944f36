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
from tap_cxone.errors import AmbiguousSubmit, ApiError, NotFound, QuotaRefused, naming
from tap_cxone.jobs.api import Receipt
from tap_cxone.jobs.job import JobStatus, Phase

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from tap_cxone.families.observability.tables import DashboardTable
    from tap_cxone.http.client import Client
    from tap_cxone.http.transport import Answer
    from tap_cxone.jobs.job import PendingJob
    from tap_cxone.spool import Spool
    from tap_cxone.windows import Window

BASE = "/observabilitydashboard/v2/tables"
_PERMISSION = (
    "give the access key's user the permission to see the Observability Dashboard (CXone: Admin > "
    "Security > Roles), and ask NICE whether the application may export its tables"
)

_QUOTA = re.compile(r"(?i)too many export|exports? per 24")
_WORDS = ("status", "state", "exportStatus")
_LINKS = ("downloadUrl", "url", "presignedUrl", "fileUrl", "location")
_REASONS = ("errorMessage", "message", "error", "reason")
_PHASES = {
    **dict.fromkeys(
        ("inprogress", "pending", "running", "queued", "processing", "started", "accepted"),
        Phase.RUNNING,
    ),
    **dict.fromkeys(("completed", "complete", "success", "succeeded", "done"), Phase.SUCCEEDED),
    **dict.fromkeys(("failed", "failure", "error"), Phase.FAILED),
    **dict.fromkeys(("cancelled", "canceled", "aborted"), Phase.CANCELLED),
    "expired": Phase.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Request:
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
        said = json.dumps([self.tenant, self.table.stream, self.body(window)])
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def file_name(self, window: Window) -> str:
        """Name the file: unique for tenant, stream and window; letters, digits, `-` and `_`."""
        return f"tap-cxone-{self.table.stream}-{window.start:%Y%m%dT%H%M%S}-{self.digest(window)}"


def classify(status: int, words: str) -> type[ApiError] | None:
    """Tell the quota's 400 from any other: only its text does."""
    return QuotaRefused if status == HTTPStatus.BAD_REQUEST and _QUOTA.search(words) else None


@dataclass(slots=True)
class ObservabilityApi:
    """The exports of one table (a `JobApi`).

    Attributes:
        client: The tenant's API.
        request: What to export.
        traits: What is known of the tenant: which of a table's names it has.
    """

    client: Client
    request: Request
    traits: MutableMapping[str, Any]

    @property
    def name(self) -> str:
        """Return what is exported, for messages."""
        return self._paths()[0]

    def _paths(self) -> list[str]:
        """Return the table's names, the one that worked before first."""
        known = self.traits.get(self.request.table.stream)
        return sorted(self.request.table.paths, key=lambda path: path != known)

    def fingerprint(self, window: Window) -> str:
        """Return a text that differs where the request differs."""
        return self.request.digest(window)

    def submit(self, window: Window) -> Receipt:
        """Start an export, under the name of the table that the tenant has.

        Raises:
            QuotaExhausted: The API allows no more exports for now.
        """
        *others, last = self._paths()
        for path in others:
            try:
                return self._export(path, window)
            except NotFound:
                continue
        return self._export(last, window)

    def _export(self, path: str, window: Window) -> Receipt:
        try:
            with naming(_PERMISSION):
                answer = self.client.submit(f"{BASE}/{path}/export-data", self.request.body(window))
        except QuotaRefused as error:
            raise self.client.limiter.refuse() from error
        if len(self.request.table.paths) > 1:
            self.traits[self.request.table.stream] = path
        return Receipt(job_id=_export_id(answer))

    def status(self, job: PendingJob) -> JobStatus:
        """Ask for an export. Raises `NotFound` if the API does not know it."""
        name = quote(self.request.file_name(job.window))
        path = f"{BASE}/export-data/{quote(job.id, safe='')}/status?fileName={name}"
        return self._read(self.client.get(path).json)

    def _read(self, found: Any) -> JobStatus:
        answer = found if isinstance(found, dict) else {}
        word = str(_first(answer, _WORDS) or "")
        link = str(_first(answer, _LINKS) or "")
        phase = _PHASES.get("".join(filter(str.isalpha, word.casefold())))
        if phase is None and (word or not link):
            said = self.client.redact(word or json.dumps(found, default=str))
            msg = f"an export's status is {said!r}, which this tap does not know; please report it"
            raise ApiError(msg)
        if "://" in link and phase in {None, Phase.RUNNING, Phase.SUCCEEDED}:
            return JobStatus(Phase.SUCCEEDED, link, word=word)
        words = self.client.redact(str(_first(answer, _REASONS) or ""))
        return JobStatus(phase or Phase.RUNNING, words=words, word=word)

    def listing(self, window: Window) -> None:
        """Return None: this API has no list of exports."""

    def cancel(self, job: PendingJob) -> bool:  # noqa: ARG002 (this API cannot)
        """Return False: this API cannot end a job."""
        return False

    def download(self, link: str, name: str) -> Spool:
        """Fetch an export's file."""
        return self.client.download(link, name)


def _first(answer: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    return next((answer[key] for key in keys if answer.get(key)), None)


def _export_id(answer: Answer) -> str:
    """Read an export's id out of the `Location`: its last segment, but for `status`.

    Only the path counts: the tap asks its own host, wherever a `Location` points.
    """
    segments = [
        part for part in urlsplit(answer.headers.get("Location", "")).path.split("/") if part
    ]
    if segments and segments[-1] == "status":
        segments.pop()
    if not segments or segments[-1] == "export-data":
        msg = f"the answer to the submit ({answer.status}) has no Location that names an export"
        raise AmbiguousSubmit(msg, status=answer.status)
    return unquote(segments[-1])
