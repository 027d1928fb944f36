"""Client of the scheduled reports API: submit runs, poll them and download their results."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import structs
from typing_extensions import override

from tap_cxone.clock import iso_z
from tap_cxone.errors import AmbiguousSubmit, DownloadError, NotFound, Unavailable
from tap_cxone.families.scheduled_reports.schedule_list import schedule_path
from tap_cxone.http.date_range import other_range, shown_range
from tap_cxone.http.empty_result import report_empty_result
from tap_cxone.http.json_body import error_of, find_value, json_list, json_object, letters
from tap_cxone.http.json_numbers import encode_json
from tap_cxone.http.json_pages import spool_json_pages
from tap_cxone.http.messages import parse_json_rows
from tap_cxone.http.pagination import TokenPaginator, announced_total
from tap_cxone.jobs.api import JobApi, SubmitResult
from tap_cxone.jobs.job import JobStatus, StatusResponse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_cxone.families.scheduled_reports.schedules import ScheduleRegistry, ScheduleRequest
    from tap_cxone.http.messages import ApiResponse
    from tap_cxone.jobs.job import Job
    from tap_cxone.spool import Spool
    from tap_cxone.windows import Window

_MILLISECOND = timedelta(milliseconds=1)
_SERVER_ERRORS = range(500, 600)
RESULTS_PATH = "/api/v2/analytics/reports/results"


@dataclass
class ReportsApi(JobApi):
    """Jobs of one report, which the API calls runs.

    Attributes:
        schedules: Registry that holds the schedule of the report.
        schedule: The schedule of the report.
    """

    STATUS_KEYS: ClassVar[tuple[str, ...]] = ("state", "status")
    ID_KEYS: ClassVar[tuple[str, ...]] = ("runId", "id")
    LINK_KEYS: ClassVar[tuple[str, ...]] = ("downloadUrl",)
    NOUN: ClassVar[str] = "run"
    JOBS_PATH: ClassVar[str] = RESULTS_PATH
    CAN_CANCEL: ClassVar[bool] = True

    schedules: ScheduleRegistry
    schedule: ScheduleRequest
    _first_pages: dict[str, Any] = field(default_factory=dict)

    @property
    @override
    def name(self) -> str:
        return f"report '{self.schedule.name}'"

    @override
    def body(self, window: Window) -> dict[str, Any]:
        return {"dateRange": _date_range(window)}

    @override
    def identity(self, window: Window) -> list[Any]:
        return [self.schedule.name, self.schedule.definition["report"], _date_range(window)]

    @override
    def submit(self, window: Window) -> SubmitResult:
        """Submit a job for a window; register or update the schedule first.

        A schedule that was deleted meanwhile is registered again, once. A run changes nothing, so
        an error of the server allows a second one.

        Raises:
            AmbiguousSubmit: The response was lost or names no run.
            ApiError: The schedule cannot be registered or changed.
            ConfigError: The schedule cannot be used as it is.
            Unavailable: The server failed.
        """
        try:
            return self._start_run(window)
        except NotFound:
            self.schedules.forget(self.schedule)
            return self._start_run(window)
        except AmbiguousSubmit as error:
            if error.status not in _SERVER_ERRORS:
                raise
            raise Unavailable(error.message, status=error.status, remedy=error.remedy) from error

    def _start_run(self, window: Window) -> SubmitResult:
        path = f"{schedule_path(self.schedules.ensure(self.schedule))}/runs"
        return self.read_submit(self.client.submit(path, self.body(window)))

    @override
    def request_status(self, path: str) -> ApiResponse:
        return self.client.get(path, parse=parse_json_rows, accepts_redirect=True)

    @override
    def get_status(self, job: Job) -> StatusResponse:
        response = super().get_status(job)
        if response.status is not JobStatus.SUCCEEDED:
            return response
        if difference := other_range(_shown_range(response.body), job.window):
            return structs.replace(response, status=JobStatus.FAILED, reason=difference)
        if response.link:
            return response
        if error_text := _error_without_rows(response.body):
            reason = self.client.redact(error_text)
            return structs.replace(response, status=JobStatus.FAILED, reason=reason)
        self._report_if_empty(response.body, job)
        # This response is the first page. A second request for it would count as a poll.
        path = self.status_path(job)
        self._first_pages = {path: response.body}
        return structs.replace(response, link=path)

    def _report_if_empty(self, first_page: Any, job: Job) -> None:
        """Show the API's words about a whole result without rows."""
        result = json_object(first_page)
        if not result.get("data") and not result.get("nextPageToken"):
            texts = {key: value for key, value in result.items() if isinstance(value, str)}
            words = find_value(texts, self.REASON_KEYS)
            description = f"{self.name}, {job.window}"
            report_empty_result(self.schedules.log, self.client, description, words)

    @override
    def download(self, link: str, description: str) -> Spool:
        """Download the result of a job: a file, or all pages.

        Raises:
            DownloadError: A page has no rows list, or a page token is invalid or repeated.
            NotFound: The API no longer has the result.
        """
        # The token is sent only to the results path of the tap, never to a URL from a response.
        if not link.startswith(f"{RESULTS_PATH}/"):
            return self.client.download(link, description)
        return spool_json_pages(self._pages(link, description), description)

    def _pages(self, path: str, description: str) -> Iterator[Sequence[bytes]]:
        paginator = TokenPaginator(description)
        first_page = self._first_pages.pop(path, None)
        count, total = 0, None
        for page in paginator.pages(
            lambda token: self.client.get(path, paginator.params(token), parse_json_rows).json,
            first_page,
        ):
            rows = json_list(json_object(page), ["data"])
            if rows is None:
                msg = f"{description}: a page of the result has no list 'data'; run again"
                raise DownloadError(msg)
            announced = announced_total(json_object(page))
            count, total = count + len(rows), total if announced is None else announced
            yield list(map(encode_json, rows))
        if total is not None and count != total:
            msg = f"{description}: received {count} of {total} announced rows; run again"
            raise DownloadError(msg)


def _error_without_rows(body: Any) -> str:
    """Return the API's words if a result has errors and no row, or an empty text."""
    result = json_object(body)
    errors = {key: value for key, value in result.items() if letters(key) in {"error", "errors"}}
    return "" if result.get("data") else error_of(errors)


def _shown_range(body: Any) -> dict[str, Any]:
    """Return the date range of a result.

    An object in it may describe the report, whose relative range is no statement on the result.
    """
    shown = shown_range(body, "dateRange")
    at_top = (value for key, value in json_object(body).items() if letters(key) == "daterange")
    return {} if "value" in shown and shown not in at_top else shown


def _date_range(window: Window) -> dict[str, str]:
    """Return a window as an absolute date range that shares no instant with its neighbours."""
    end = iso_z(window.end - _MILLISECOND, "milliseconds")
    return {"type": "absolute", "start": iso_z(window.start), "end": end}
