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
from tap_cxone.families.scheduled_reports.schedules import SCHEDULES
from tap_cxone.jobs.api import Receipt
from tap_cxone.jobs.job import JobStatus, Phase, job_name
from tap_cxone.spool import fill_pages, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_cxone.families.scheduled_reports.schedules import Schedules
    from tap_cxone.http.client import Client
    from tap_cxone.jobs.job import PendingJob
    from tap_cxone.spool import Spool
    from tap_cxone.windows import Window

RESULTS = "/api/v2/analytics/reports/results"

_PHASES = {
    "queued": Phase.RUNNING,
    "pending": Phase.RUNNING,
    "processing": Phase.RUNNING,
    "running": Phase.RUNNING,
    "completed": Phase.SUCCEEDED,
    "failed": Phase.FAILED,
    "cancelled": Phase.CANCELLED,
    "canceled": Phase.CANCELLED,
    "expired": Phase.EXPIRED,
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
    schedules: Schedules
    wanted: Mapping[str, Any]
    tenant: str
    _first: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return what is exported, for messages."""
        return f"report '{self.wanted['name']}'"

    def fingerprint(self, window: Window) -> str:
        """Return a text that differs where the tenant or the request differ."""
        said = json.dumps([self.tenant, self.wanted["name"], self.wanted["report"], _range(window)])
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def submit(self, window: Window) -> Receipt:
        """Start a run over a window's days, of the definition as it is in the settings."""
        schedule = self.schedules.ensure(self.wanted)
        path = f"{SCHEDULES}/{quote(schedule, safe='')}/runs"
        answer = self.client.submit(path, {"dateRange": _range(window)})
        found = answer.json if isinstance(answer.json, dict) else {}
        run = job_name(found.get("runId")) or job_name(found.get("id"))
        if not run:
            msg = f"the answer to the submit ({answer.status}) names no run"
            raise AmbiguousSubmit(msg, status=answer.status)
        return Receipt(job_id=run)

    def status(self, job: PendingJob) -> JobStatus:
        """Ask for a run. Raises `NotFound` if the API does not know it."""
        path = f"{RESULTS}/{quote(job.id, safe='')}"
        answer = self.client.get(path).json
        found = answer if isinstance(answer, dict) else {}
        word = str(found.get("state") or found.get("status") or "").strip()
        phase = _PHASES.get(word.casefold())
        if phase is None:
            said = self.client.redact(word or json.dumps(answer, default=str))
            msg = f"a run's state is {said!r}, which this tap does not know; please report it"
            raise ApiError(msg)
        words = self.client.redact(str(found.get("errorMessage") or ""))
        if phase is not Phase.SUCCEEDED:
            return JobStatus(phase, words=words, word=word)
        # The answer is the first page already; asked again at once it would count as a poll.
        self._first = {path: found}
        link = found.get("downloadUrl")
        return JobStatus(phase, link if isinstance(link, str) and link else path, words, word)

    def listing(self, window: Window) -> None:
        """Return None: this API has no list of runs."""

    def cancel(self, job: PendingJob) -> bool:
        """End a run whose time is up."""
        with suppress(NotFound):  # it ended by itself
            self.client.delete(f"{RESULTS}/{quote(job.id, safe='')}")
        return True

    def download(self, link: str, name: str) -> Spool:
        """Fetch a run's result: a file, or all its pages.

        Raises:
            NotFound: It is gone.
            DownloadError: A page came twice.
        """
        # Only our own path is asked with the login, never what an answer says.
        if not link.startswith(f"{RESULTS}/"):
            return self.client.download(link, name)
        return fill_pages(self._pages(link, name), name)

    def _pages(self, path: str, name: str) -> Iterator[Sequence[bytes]]:
        page = self._first.pop(path, None) or self.client.get(path).json
        tokens: set[str] = set()
        while True:
            rows = page.get("data") if isinstance(page, dict) else None
            if not isinstance(rows, list):
                msg = f"{name}: a page of the result has no list 'data'; run again"
                raise DownloadError(msg)
            yield list(map(written, rows))
            if not page.get("nextPageToken"):
                return
            token = job_name(page["nextPageToken"])
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


def _range(window: Window) -> dict[str, str]:
    """Return a window as an absolute date range, its end not included."""
    return {"type": "absolute", "start": iso_z(window.start), "end": iso_z(window.end)}
