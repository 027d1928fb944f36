"""Custom report jobs: state of the tenant's jobs, and their files."""

from __future__ import annotations

import base64
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import SystemRandom
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from typing_extensions import override

from tap_cxone.simulator.csvfile import csv_text
from tap_cxone.simulator.fake_values import american
from tap_cxone.simulator.jobs import ForcedOutcome, Job, Status
from tap_cxone.simulator.tenant_jobs import TenantJobs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_cxone.simulator.clock import Clock
    from tap_cxone.simulator.faults import Fault
    from tap_cxone.simulator.reporting.contacts import Contacts
    from tap_cxone.simulator.reporting.options import ReportingOptions
    from tap_cxone.simulator.rows import Row

REPORT_ID: Final = 2075
REPORT: Final = f"report-jobs/{REPORT_ID}"
NORMAL = ForcedOutcome()
_DAY = timedelta(days=1)
_DELETE_AFTER = range(7, 15)
_FILE_TYPES = {"CSV", "PDF", "XML", "Excel"}
_COLUMNS = ("Contact ID", "Agent No", "Agent Name", "Start Date", "Total Time")
_LONGEST = timedelta(days=90)
_WORDS = {
    Status.RUNNING: "Running",
    Status.SUCCEEDED: "Finished",
    Status.FAILED: "Failed",
    Status.CANCELLED: "Cancelled",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportJob(Job):
    """One job of a report.

    Attributes:
        delete_after: How long its file is kept.
        start: Start of the range of its rows.
        end: End of it.
    """

    delete_after: timedelta
    start: datetime
    end: datetime
    reason: str = "The report failed"

    @override
    def status(self, now: datetime) -> Status:
        status = Job.status(self, now)
        return Status.SUCCEEDED if status is Status.EXPIRED and not self.forced_end else status

    def is_deleted(self, now: datetime) -> bool:
        """Return True if the file no longer exists."""
        return self.ready_at is not None and now >= self.ready_at + self.delete_after


class ReportJobs(TenantJobs[ReportJob]):
    """The report jobs of the tenant, in the order in which they started."""

    _options: ReportingOptions

    def __init__(self, options: ReportingOptions, clock: Clock, contacts: Contacts) -> None:
        """Create the tenant without jobs."""
        super().__init__(options, clock)
        self._contacts = contacts
        self._file_misses: dict[str, int] = {}
        self._first_id = SystemRandom().randrange(10**6, 10**9)
        self._lock = threading.Lock()

    def submit(self, query: Mapping[str, str], outcome: ForcedOutcome = NORMAL) -> str:
        """Start a job and return its ID; a test does so for another client.

        Raises:
            HTTPException: The API would refuse the request.
        """
        days = query.get("deleteAfter", "7")
        if not days.isdecimal() or int(days) not in _DELETE_AFTER:
            raise HTTPException(400, "DeleteAfter must be between 7 and 14")
        if query.get("fileType", "CSV") not in _FILE_TYPES:
            raise HTTPException(400, "Invalid FileType")
        start, end = self._range(query)
        job_id, kept = str(self._first_id + len(self._jobs)), timedelta(days=int(days))
        self.start(ReportJob, outcome, id=job_id, delete_after=kept, start=start, end=end)
        return job_id

    def _range(self, query: Mapping[str, str]) -> tuple[datetime, datetime]:
        """Return the range of the request, or that of the template: yesterday."""
        midnight = self._clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        template = midnight - _DAY, midnight
        if "startDate" not in query or self._options.report_dates == "ignored":
            return template
        try:
            start, end = (datetime.fromisoformat(query[name]) for name in ("startDate", "endDate"))
        except (KeyError, ValueError):
            raise HTTPException(400, "Invalid startDate or endDate") from None
        if not timedelta(0) < end - start < _LONGEST:
            raise HTTPException(400, "The date range must be under 90 days")
        return start, end

    def status_response(self, job_id: str, base_url: str, outcome: ForcedOutcome) -> Response:
        """Return the status of a job.

        Raises:
            HTTPException: The job does not exist, or its file was deleted.
        """
        job, now = self.poll(job_id, outcome), self._clock.now()
        if job is None:
            raise HTTPException(404, "Invalid jobId")
        if job.forced_end == "job-expired" or job.is_deleted(now):
            raise HTTPException(409, "The result file is not available, run the report again")
        return self._respond("jobResult", self._describe(job, base_url, job.status(now)))

    def listing(self, query: Mapping[str, str], base_url: str) -> Response:
        """Return the running jobs, and those that ended in the requested days; 204 for none."""
        now, span = self._clock.now(), int(query.get("jobSpan", "7")) * _DAY
        status = query.get("jobStatus")
        if query.get("reportId", str(REPORT_ID)) != str(REPORT_ID):
            return Response(status_code=204)
        running = self.running()
        ended = [
            job
            for job in self.listed()
            if job not in running and job.ready_at and now - job.ready_at <= span
        ]
        body = {
            "runningJobs": [self._describe(job, base_url, Status.RUNNING) for job in running],
            "completedJobs": [self._describe(job, base_url, Status.SUCCEEDED) for job in ended],
        }
        if status in {"running", "completed"}:
            del body["completedJobs" if status == "running" else "runningJobs"]
        if not any(body.values()):
            return Response(status_code=204)
        return self._respond("jobResults", body)

    def file(self, name: str, fault: Fault | None) -> Response:
        """Return the file of a job, as base64 in JSON.

        Raises:
            HTTPException: The file does not exist, or does not exist yet.
        """
        now, job = self._clock.now(), self._jobs.get(name.removesuffix(".csv"))
        if job is None or job.ready_at is None or now < job.ready_at or job.is_deleted(now):
            raise HTTPException(404, "There is no such file")
        with self._lock:
            misses = self._file_misses[job.id] = self._file_misses.get(job.id, 0) + 1
        if misses <= self._options.file_misses:
            raise HTTPException(404, "There is no such file")
        content = base64.b64encode(self._content(job, fault)).decode()
        return JSONResponse({"files": {"fileName": name, "file": content}})

    def rows(self, start: datetime, end: datetime) -> list[Row]:
        """Return the rows of the report for contacts that started in `[start, end)`."""
        return [
            {
                "Contact ID": str(contact["contactId"]),
                "Agent No": str(contact["agentId"]),
                "Agent Name": f"{contact['lastName']}, {contact['firstName']}",
                "Start Date": american(datetime.fromisoformat(contact["contactStartDate"])),
                "Total Time": str(contact["totalDurationSeconds"]),
            }
            for contact in self._contacts.started(start, end)
        ]

    def _content(self, job: ReportJob, fault: Fault | None) -> bytes:
        if fault and fault.kind == "bytes":
            return fault.payload
        lines = [[row[column] for column in _COLUMNS] for row in self.rows(job.start, job.end)]
        text = csv_text([_COLUMNS, *lines], _COLUMNS, self._options, fault)
        return ("Contacts of yesterday\r\n" * self._options.report_title_lines + text).encode()

    def _describe(self, job: ReportJob, base_url: str, status: Status) -> dict[str, Any]:
        as_sent: Callable[[str], Any] = str if self._is_wrapped else int
        body: dict[str, Any] = {
            "jobId": as_sent(job.id),
            "reportId": as_sent(str(REPORT_ID)),
            "reportName": "Contacts of yesterday",
            "jobStart": _offset_text(job.submitted_at),
        }
        if status is Status.RUNNING:
            return body | {"state": _WORDS[status]}
        assert job.ready_at is not None  # noqa: S101 (the job has ended)
        if status is not Status.SUCCEEDED:
            body["errorMessage"] = job.reason  # the documents name no field for it
        body |= {"state": _WORDS[status], "jobEnd": _offset_text(job.ready_at)}
        if status is Status.SUCCEEDED:
            body["deleteTime"] = _offset_text(job.ready_at + job.delete_after)
            name = quote(f"{job.id}.csv")
            body["resultFileURL"] = (
                f"{self._options.file_base_url or base_url}"
                f"inContactAPI/services/V35.0/files?fileName={name}"
            )
        return body

    def _respond(self, wrapper: str, body: dict[str, Any]) -> Response:
        return JSONResponse({wrapper: body} if self._is_wrapped else body)

    @property
    def _is_wrapped(self) -> bool:
        return self._options.report_job_wrapper == "present"


def _offset_text(at: datetime) -> str:
    """Return an instant with microseconds and an offset without a colon."""
    return f"{at:%Y-%m-%dT%H:%M:%S.%f%z}"
