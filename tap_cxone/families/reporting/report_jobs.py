"""Requests for custom report jobs: start, status, list and file."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct, structs
from typing_extensions import override

from tap_cxone.clock import iso_z, parse_instant
from tap_cxone.errors import ApiError, NotFound
from tap_cxone.families.reporting.api import versioned
from tap_cxone.http.base64_file import Base64Field
from tap_cxone.http.json_body import first_id, json_id, json_object, json_objects
from tap_cxone.http.links import resolve
from tap_cxone.jobs.api import JobApi, SubmitResult
from tap_cxone.jobs.job import JobStatus, StatusResponse
from tap_cxone.progress.activity import sleep

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from tap_cxone.http.messages import ApiResponse
    from tap_cxone.jobs.job import Job
    from tap_cxone.spool import Spool
    from tap_cxone.windows import Window

NICE_HOSTS = ("niceincontact.com", "nice-incontact.com", "incontact.com")
_PATH = "/report-jobs"
_FILE_DELETED = "not available"  # the file of a job; any other 409 is a wait
_WRAPPERS = ("jobResult", "jobResults", "resultSet")
_REPORT_HINT = (
    "correct report_id of the entry in reporting.report_jobs (the stream reports lists all), or "
    "reporting.api_version"
)
_LISTS = {"completedJobs", "runningJobs"}
_REMEDY = "correct reporting.api_version or endpoints.reporting"
_PERMISSION_HINT = (
    "grant the user of the access key the permission Custom Reports > Edit, and access to files "
    "(CXone: Admin > Security > Roles)"
)
# A file may be missing for a minute after its job has finished.
_FILE_DELAYS = tuple(timedelta(seconds=seconds) for seconds in (5, 10, 20, 40))


class FinishedJob(Struct, frozen=True):
    """A finished job of the API's list.

    Attributes:
        id: ID of the job.
        ended_at: When it ended.
        link: URL of its file; None if it has none so far.
        deleted_at: When the API deletes the file; None if the list does not say.
        file_name: Name of the file; empty if the list does not say.
    """

    id: str
    ended_at: datetime
    link: str | None
    deleted_at: datetime | None = None
    file_name: str = ""


class JobTimes(Struct, frozen=True):
    """When a job started and ended, as the API reports it; None if it does not."""

    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass
class ReportJobsApi(JobApi):
    """Jobs of one custom report.

    Attributes:
        version: Version in the paths.
        report_id: ID of the report.
        delete_after_days: Days for which the API keeps the file.
        skip_lines: Lines of the file before its header.
        sends_dates: Whether a submit names the dates of its window.
        hosts: Hosts that may receive the token.
        job_times: Times of the jobs whose status was read, by ID.
    """

    version: str
    report_id: int
    delete_after_days: int
    skip_lines: int
    sends_dates: bool
    hosts: tuple[str, ...]
    job_times: dict[str, JobTimes] = field(default_factory=dict)

    ID_KEYS: ClassVar[tuple[str, ...]] = ("jobId",)
    # A job may be finished before the response has the link of its file.
    # A job is done when its response has the link of the file.
    STATUSES: ClassVar[Mapping[str, JobStatus]] = dict.fromkeys(JobApi.STATUSES, JobStatus.RUNNING)
    STATUS_KEYS: ClassVar[tuple[str, ...]] = ("state",)
    LINK_KEYS: ClassVar[tuple[str, ...]] = ("resultFileURL", "resultFileUrl")
    PERMISSION_HINT: ClassVar[str] = _PERMISSION_HINT

    @property
    @override
    def name(self) -> str:
        return f"report {self.report_id}"

    @override
    def body(self, window: Window) -> dict[str, str]:
        """Return the query of a submit, which has no body."""
        query = {
            "fileType": "CSV",
            "includeHeaders": "true",
            "appendDate": "true",
            "overwrite": "true",
            "deleteAfter": str(self.delete_after_days),
        }
        dates = {"startDate": iso_z(window.start), "endDate": iso_z(window.end)}
        return query | dates if self.sends_dates else query

    @override
    def identity(self, window: Window) -> list[Any]:
        return [self.report_id, self.body(window)]

    @override
    def submit(self, window: Window) -> SubmitResult:
        path = versioned(self.version, f"{_PATH}/{self.report_id}")
        try:
            with self.permission_hint():
                response = self.client.submit(path, None, params=self.body(window))
        except NotFound as error:
            raise error.with_remedy(_REPORT_HINT) from error
        job_id = first_id(unwrap_job(response.json), self.ID_KEYS)
        return self.require_job(response, SubmitResult(job_id))

    @override
    def status_path(self, job: Job) -> str:
        return versioned(self.version, f"{_PATH}/{job.id}")

    @override
    def request_status(self, path: str) -> ApiResponse:
        with self.permission_hint():
            return self.client.get(path)

    @override
    def read_status(self, body: Any) -> StatusResponse:
        """Return the status that a response names.

        The states are not documented, and older versions send none. A job with a link is
        finished, one with a word of failure has failed, and any other one is running.
        """
        job = unwrap_job(body)
        times = JobTimes(*(_instant_or_none(job.get(key)) for key in ("jobStart", "jobEnd")))
        self.job_times[json_id(job.get("jobId")) or ""] = times
        response = super().read_status(job)
        return structs.replace(response, is_known=response.is_known or not response.api_status)

    @property
    @override
    def list_path(self) -> str:
        return f"{_PATH}?reportId={self.report_id}"

    @override
    def list_jobs(self) -> dict[str, StatusResponse]:
        listed = self._list({"jobSpan": "1"}).values()
        jobs = [(first_id(job, self.ID_KEYS), job) for part in listed for job in self._own(part)]
        return {job_id: self.read_status(job) for job_id, job in jobs if job_id}

    def finished_jobs(self, span_days: int) -> list[FinishedJob]:
        """Return the finished jobs of the last days, in the order of their end.

        Raises:
            ApiError: The response has no list, or the end of a job is no date.
        """
        query = {"jobStatus": "completed", "jobSpan": str(span_days)}
        listed = self._list(query)
        if listed and not _LISTS & listed.keys():
            msg = f"{self.list_path}: the response has no list completedJobs; {_REMEDY}"
            raise ApiError(msg)
        found = [
            self._finished_job(job_id, job)
            for job in self._own(listed.get("completedJobs"))
            if (job_id := first_id(job, self.ID_KEYS)) and job.get("jobEnd")
        ]
        return sorted(found, key=lambda job: (job.ended_at, len(job.id), job.id))

    def _own(self, jobs: Any) -> list[dict[str, Any]]:
        """Return the jobs of a list that are not those of another report."""
        own = {None, str(self.report_id)}
        return [job for job in json_objects(jobs) if first_id(job, ("reportId",)) in own]

    def _finished_job(self, job_id: str, job: Mapping[str, Any]) -> FinishedJob:
        ended_at = _instant_or_none(job.get("jobEnd"))
        if ended_at is None:
            msg = f"{self.list_path}: jobEnd of job {job_id} is no ISO 8601 date; {_REMEDY}"
            raise ApiError(msg)
        self.job_times[job_id] = JobTimes(_instant_or_none(job.get("jobStart")), ended_at)
        return FinishedJob(
            job_id,
            ended_at,
            self.find_link(job),
            _instant_or_none(job.get("deleteTime")),
            str(job.get("fileName") or ""),
        )

    def _list(self, query: Mapping[str, str]) -> dict[str, Any]:
        params = {"reportId": str(self.report_id), **query}
        with self.permission_hint():
            response = self.client.get(versioned(self.version, _PATH), params)
        return {} if response.status == HTTPStatus.NO_CONTENT else unwrap_job(response.json)

    @override
    def download(self, link: str, description: str) -> Spool:
        """Download a file with the token; a new file may be missing for a minute."""
        for delay in _FILE_DELAYS:
            try:
                return self._download_once(link, description)
            except NotFound:
                sleep(self.client.transport.clock, delay, "waiting for the file of the job")
        return self._download_once(link, description)

    def _download_once(self, link: str, description: str) -> Spool:
        decode = Base64Field("file", description).decode
        with self.permission_hint():
            return self.client.fetch_url(
                resolve(self.client.base_url, link),
                self.hosts,
                description,
                unwrap=lambda chunks: without_lines(decode(chunks), self.skip_lines),
                hosts_setting="reporting.file_hosts",
            )


def classify_job_error(status: int, error_text: str) -> type[ApiError] | None:
    """Return the error class that report jobs mean by a status and a text, or None."""
    is_deleted = status == HTTPStatus.CONFLICT and _FILE_DELETED in error_text.casefold()
    return NotFound if is_deleted else None


def unwrap_job(body: Any) -> dict[str, Any]:
    """Return the object that describes a job or a list of jobs, with or without a wrapper."""
    outer = json_object(body)
    return next((outer[key] for key in _WRAPPERS if isinstance(outer.get(key), dict)), outer)


def without_lines(chunks: Iterable[bytes], count: int) -> Iterator[bytes]:
    """Yield a file without its first lines."""
    for chunk in chunks:
        rest = chunk
        while count and rest:
            _, line_end, rest = rest.partition(b"\n")
            count -= bool(line_end)
        if rest:
            yield rest


def _instant_or_none(value: Any) -> datetime | None:
    """Return an instant of the API; None if it has none."""
    try:
        return parse_instant(str(value))
    except ValueError:
        return None
