"""Endpoints of the reporting API."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from typing_extensions import override

from tap_cxone.simulator.endpoint import fault_of
from tap_cxone.simulator.handlers import Handlers, outcome_of
from tap_cxone.simulator.reporting.dimensions import (
    BUSINESS_UNIT,
    DIMENSIONS,
    dimension_rows,
)
from tap_cxone.simulator.reporting.periods import instant_of
from tap_cxone.simulator.reporting.report_jobs import REPORT_ID, ReportJobs
from tap_cxone.simulator.reporting.responses import (
    CONTACT_NAMES,
    SAME_NAMES,
    error_response,
    list_response,
    with_durations,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.context import ServerContext
    from tap_cxone.simulator.endpoint import Handler
    from tap_cxone.simulator.reporting.contacts import Contacts
    from tap_cxone.simulator.reporting.data_downloads import DataDownloads
    from tap_cxone.simulator.reporting.options import ReportingOptions
    from tap_cxone.simulator.reporting.periods import Periods
    from tap_cxone.simulator.rows import Row

FAMILY: Final = "reporting"
PATH: Final = "/inContactAPI/services/{version}"
MAX_PAGE_SIZE: Final = 10_000
_CHANGE_HISTORY = timedelta(days=30)


def routes(
    context: ServerContext,
    contacts: Contacts,
    periods: Periods,
    downloads: DataDownloads,
    report_jobs: ReportJobs,
) -> list[BaseRoute]:
    """Return the endpoints of the reporting API."""
    api = _Api(context, contacts, periods, downloads)
    job_api = _JobApi(context, report_jobs)
    return [
        api.endpoint(api.business_unit, "me").route("GET", f"{PATH}/business-unit"),
        api.endpoint(api.contacts, "page").route("GET", f"{PATH}/contacts/completed"),
        api.endpoint(api.data_download, "download").route(
            "POST", f"{PATH}/report-jobs/datadownload/{{report_id}}"
        ),
        job_api.endpoint(job_api.submit, "submit").route(
            "POST", f"{PATH}/report-jobs/{{report_id}}"
        ),
        job_api.endpoint(job_api.listing, "list").route("GET", f"{PATH}/report-jobs"),
        job_api.endpoint(job_api.poll, "poll").route("GET", f"{PATH}/report-jobs/{{job_id}}"),
        job_api.endpoint(job_api.file, "download").route("GET", f"{PATH}/files"),
        *(
            api.endpoint(api.dimension(name), "page").route("GET", f"{PATH}/{name}")
            for name in DIMENSIONS
        ),
        *(
            api.endpoint(api.period(name), "page").route("GET", f"{PATH}/{name}")
            for name in periods.lists
        ),
    ]


class _Handlers(Handlers):
    """Handlers of the endpoints of this family, with its errors."""

    name = FAMILY
    _options: ReportingOptions

    @override
    def error_response(self, request: Request, error: HTTPException) -> Response:
        return error_response(error, self._options)


class _Api(_Handlers):
    """Handlers of the endpoints."""

    def __init__(
        self,
        context: ServerContext,
        contacts: Contacts,
        periods: Periods,
        downloads: DataDownloads,
    ) -> None:
        """Create the handlers of the API."""
        super().__init__(context)
        self._downloads = downloads
        self._contacts = contacts
        self._periods = periods

    async def business_unit(self, _: Request) -> Response:
        """Return the business unit of the token."""
        return JSONResponse({"businessUnits": [BUSINESS_UNIT]})

    def dimension(self, name: str) -> Handler:
        """Return the handler of one dimension table."""
        dimension = DIMENSIONS[name]

        async def handle(request: Request) -> Response:
            self._require_permission(name)
            for parameter in dimension.required:
                if parameter not in request.query_params:
                    raise HTTPException(400, f"The parameter {parameter} is missing")
            rows = dimension_rows(name, self._options)
            page = self._slice(request, rows) if dimension.paged else rows
            return self._list(dimension.data_key, page, len(rows))

        return handle

    def period(self, name: str) -> Handler:
        """Return the handler of one list of a date range."""
        period, options = self._periods.lists[name], self._options
        is_old = options.reporting_generation == "old"
        data_key = (is_old and period.old_data_key) or period.data_key

        async def handle(request: Request) -> Response:
            self._require_permission(name)
            rows = await run_in_threadpool(self._periods.answer, name, request.query_params)
            page = self._slice(request, rows) if period.paged else rows
            if options.reporting_durations == "iso":
                page = [with_durations(row, period.durations) for row in page]
            return list_response(
                data_key,
                page,
                len(rows),
                self._context.clock.now(),
                options,
                old_names=period.old_names,
                has_envelope=period.paged,
            )

        return handle

    async def contacts(self, request: Request) -> Response:
        """Return a page of completed contacts."""
        self._require_permission("contacts/completed")
        rows = await run_in_threadpool(self._filtered_contacts, request)
        page = self._slice(request, rows)
        response = self._list("completedContacts", page, len(rows), old_names=CONTACT_NAMES)
        self._contacts.move_after(page)
        return response

    async def data_download(self, request: Request) -> Response:
        """Return a data download."""
        self._require_permission("data-download")
        report_id, fault = request.path_params["report_id"], fault_of(request)
        query = request.query_params
        return await run_in_threadpool(self._downloads.respond, report_id, query, fault)

    def _filtered_contacts(self, request: Request) -> list[Row]:
        query = request.query_params
        if "updatedSince" not in query:
            start, end = (instant_of(query, name) for name in ("startDate", "endDate"))
            return self._contacts.started(start, end)
        since = instant_of(query, "updatedSince")
        if since < self._context.clock.now() - _CHANGE_HISTORY:
            raise HTTPException(400, "updatedSince may be at most 30 days ago")
        return self._contacts.updated(since)

    def _slice(self, request: Request, rows: Sequence[Row]) -> Sequence[Row]:
        """Return the requested page; it has at most as many rows as the API serves at once."""
        top, skip = _number(request, "top", MAX_PAGE_SIZE), _number(request, "skip", 0)
        if self._options.slow_page_rows is not None and top > self._options.slow_page_rows:
            raise HTTPException(408, "The request took too long; lower top")
        return rows[skip : skip + min(top, self._options.max_page_rows)]

    def _list(
        self,
        data_key: str,
        page: Sequence[Row],
        total: int,
        *,
        old_names: Mapping[str, str] = SAME_NAMES,
    ) -> Response:
        now = self._context.clock.now()
        return list_response(data_key, page, total, now, self._options, old_names=old_names)

    def _require_permission(self, name: str) -> None:
        if name in self._options.forbidden:
            raise HTTPException(403, "The security profile does not allow this request")


class _JobApi(_Handlers):
    """Handlers of the endpoints of report jobs."""

    def __init__(self, context: ServerContext, report_jobs: ReportJobs) -> None:
        """Create the handlers."""
        super().__init__(context)
        self._report_jobs = report_jobs

    async def submit(self, request: Request) -> Response:
        """Start a job of a report."""
        if "report-jobs" in self._options.forbidden:
            raise HTTPException(403, "The security profile does not allow this request")
        if request.path_params["report_id"] != str(REPORT_ID):
            raise HTTPException(404, "Invalid reportId")
        job_id = self._report_jobs.submit(request.query_params, outcome_of(request))
        return JSONResponse({"jobId": job_id}, 202)

    async def listing(self, request: Request) -> Response:
        """Return the jobs of a report."""
        return self._report_jobs.listing(request.query_params, str(request.base_url))

    async def poll(self, request: Request) -> Response:
        """Return the status of a job."""
        job_id = request.path_params["job_id"]
        return self._report_jobs.status_response(job_id, str(request.base_url), outcome_of(request))

    async def file(self, request: Request) -> Response:
        """Return the file of a job."""
        name = request.query_params.get("fileName", "")
        return await run_in_threadpool(self._report_jobs.file, name, fault_of(request))


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isdecimal() or (int(text) > MAX_PAGE_SIZE and name == "top"):
        raise HTTPException(400, f"Invalid {name}")
    return int(text)
