"""Endpoints of the scheduled reports API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from typing_extensions import override

from tap_cxone.simulator.endpoint import QueryParamSwitch, json_body
from tap_cxone.simulator.handlers import ApplicationHandlers, JobHandlers, outcome_of
from tap_cxone.simulator.jobs import Status
from tap_cxone.simulator.jsontext import cell, encode
from tap_cxone.simulator.scheduled_reports.date_ranges import resolve_date_range
from tap_cxone.simulator.scheduled_reports.grouping import columns
from tap_cxone.simulator.scheduled_reports.pages import page
from tap_cxone.simulator.scheduled_reports.responses import (
    result_page,
    run_started,
    run_state,
    schedule_detail,
    schedule_list,
    schedule_registered,
)
from tap_cxone.simulator.scheduled_reports.runs import Run
from tap_cxone.simulator.scheduled_reports.validation import validate_run, validate_schedule

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.context import ServerContext
    from tap_cxone.simulator.csvfile import Table
    from tap_cxone.simulator.scheduled_reports.options import ScheduledReportsOptions
    from tap_cxone.simulator.scheduled_reports.runs import Runs
    from tap_cxone.simulator.scheduled_reports.schedules import Schedule, Schedules

NAME: Final = "scheduled_reports"
_PATH: Final = "/api/v2/analytics/reports"
_SCHEDULE: Final = f"{_PATH}/schedules/{{schedule_id}}"
_RESULT: Final = f"{_PATH}/results/{{job_id}}"
_READ: Final = "analytics:reports:read"
_WRITE: Final = "analytics:reports:write"
_TOKEN: Final = "pageToken"  # noqa: S105 - no password


def routes(context: ServerContext, schedules: Schedules, runs: Runs) -> list[BaseRoute]:
    """Return the endpoints of the scheduled reports API."""
    api = _Api(context, schedules, runs)
    results = QueryParamSwitch(
        parameter=_TOKEN,
        present=api.endpoint(api.page, "page", scope=_READ),
        absent=api.endpoint(api.poll, "poll", scope=_READ),
    )
    return [
        api.endpoint(api.list, "list", scope=_READ).route("GET", f"{_PATH}/schedules"),
        api.endpoint(api.submit, "submit", scope=_WRITE).route("POST", f"{_PATH}/schedules"),
        api.endpoint(api.detail, "list", scope=_READ).route("GET", _SCHEDULE),
        api.endpoint(api.update, "update", scope=_WRITE).route("PUT", _SCHEDULE),
        api.endpoint(api.run, "run", scope=_WRITE).route("POST", f"{_SCHEDULE}/runs"),
        results.route("GET", _RESULT),
        api.endpoint(api.cancel, "cancel", scope=_WRITE).route("DELETE", _RESULT),
    ]


class _Api(ApplicationHandlers, JobHandlers[Run]):
    """Handlers of the eight endpoints."""

    NOUN = "run"
    name = NAME
    _options: ScheduledReportsOptions

    def __init__(self, context: ServerContext, schedules: Schedules, runs: Runs) -> None:
        """Create the handlers of the API."""
        super().__init__(context, runs)
        self._schedules = schedules
        self._runs = runs

    async def list(self, request: Request) -> Response:
        """Return the schedules with a name, or all."""
        schedules = self._schedules.find_by_name(request.query_params.get("name"))
        return JSONResponse(schedule_list(schedules, request.query_params, self._options))

    async def detail(self, request: Request) -> Response:
        """Return one schedule."""
        if not self._options.schedule_by_id:
            raise HTTPException(404, "There is no such endpoint")
        return JSONResponse(schedule_detail(self._schedule(request), self._options))

    async def submit(self, request: Request) -> Response:
        """Register a schedule and return its id."""
        body = await json_body(request)
        validate_schedule(body)
        return JSONResponse(schedule_registered(self._schedules.add(body), self._options), 201)

    async def update(self, request: Request) -> Response:
        """Replace the body of a schedule."""
        schedule, body = self._schedule(request), await json_body(request)
        validate_schedule(body)
        return JSONResponse(
            schedule_registered(self._schedules.update(schedule, body), self._options)
        )

    async def run(self, request: Request) -> Response:
        """Start a run and return its id."""
        schedule = self._schedule(request)
        body = await json_body(request) if (await request.body()).strip() else {}
        validate_run(body)
        date_range = body.get("dateRange") or schedule.body["report"]["dateRange"]
        zone = schedule.body["schedule"]["timezone"]
        resolved_range = resolve_date_range(date_range, zone, self._context.clock.now())
        run = self._runs.submit(schedule, resolved_range, outcome_of(request))
        return JSONResponse(run_started(run, self._options), 202)

    async def poll(self, request: Request) -> Response:
        """Return the state of a run and, if it is complete, its first page or a link."""
        return await self._run_response(request, self.polled_job(request))

    async def page(self, request: Request) -> Response:
        """Return a further page of a run."""
        return await self._run_response(request, self.job_of(request))

    async def _run_response(self, request: Request, run: Run) -> Response:
        """Return the state of a run and, if it is complete, its rows."""
        now = self._context.clock.now()
        body = run_state(run, now)
        if run.status(now) is Status.SUCCEEDED:
            token = request.query_params.get(_TOKEN)
            body |= await self._rows_or_link(request, run, token)
        return Response(encode(body), media_type="application/json")

    async def _rows_or_link(self, request: Request, run: Run, token: str | None) -> dict[str, Any]:
        """Return the fields with a link to the file of a completed run, or a page of its rows."""
        if self._options.report_result == "csv" and token is None:
            return {"downloadUrl": self.link(run, request)}
        rows = await run_in_threadpool(self._runs.rows, run)
        return result_page(page(run.id, rows, token, self._options))

    @override
    def table(self, job: Run) -> Table:
        rows = self._runs.rows(job)
        texts = [{name: cell(value) for name, value in row.items()} for row in rows]
        return columns(job.report, self._options.extra_report_columns), texts

    def _schedule(self, request: Request) -> Schedule:
        """Return the schedule named in the path."""
        schedule = self._schedules.find(request.path_params["schedule_id"])
        if schedule is None:
            raise HTTPException(404, "There is no such schedule")
        return schedule
