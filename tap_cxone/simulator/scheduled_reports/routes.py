"""Endpoints of the scheduled reports API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from tap_cxone.simulator.csvfile import file_response
from tap_cxone.simulator.endpoint import Endpoint, QueryParamSwitch, fault_of, json_body
from tap_cxone.simulator.jobs import Status, forced_end_of
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
from tap_cxone.simulator.scheduled_reports.validation import validate_run, validate_schedule
from tap_cxone.simulator.validation import error_response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.context import ServerContext
    from tap_cxone.simulator.faults import Fault, FaultPoint
    from tap_cxone.simulator.scheduled_reports.runs import Run, Runs
    from tap_cxone.simulator.scheduled_reports.schedules import Schedule, Schedules

_FAMILY: Final = "scheduled_reports"
_PATH: Final = "/api/v2/analytics/reports"
_SCHEDULE: Final = f"{_PATH}/schedules/{{schedule_id}}"
_RESULT: Final = f"{_PATH}/results/{{run_id}}"
_READ: Final = "analytics:reports:read"
_WRITE: Final = "analytics:reports:write"
_TOKEN: Final = "pageToken"  # noqa: S105 - no password


def routes(context: ServerContext, schedules: Schedules, runs: Runs) -> list[BaseRoute]:
    """Return the endpoints of the scheduled reports API."""
    api = _Api(context, schedules, runs)

    def endpoint(
        handler: Callable[[Request], Awaitable[Response]], fault_point: FaultPoint
    ) -> Endpoint:
        return Endpoint(
            handler, context.faults, fault_point, family=_FAMILY, error_response=error_response
        )

    results = QueryParamSwitch(
        parameter=_TOKEN, present=endpoint(api.page, "page"), absent=endpoint(api.poll, "poll")
    )
    return [
        endpoint(api.list, "list").route("GET", f"{_PATH}/schedules"),
        endpoint(api.submit, "submit").route("POST", f"{_PATH}/schedules"),
        endpoint(api.detail, "list").route("GET", _SCHEDULE),
        endpoint(api.update, "update").route("PUT", _SCHEDULE),
        endpoint(api.run, "run").route("POST", f"{_SCHEDULE}/runs"),
        results.route("GET", _RESULT),
        endpoint(api.cancel, "cancel").route("DELETE", _RESULT),
    ]


class _Api:
    """Handlers of the eight endpoints."""

    def __init__(self, context: ServerContext, schedules: Schedules, runs: Runs) -> None:
        """Create the handlers of the API."""
        self._context = context
        self._schedules = schedules
        self._runs = runs
        self._options = context.options

    async def list(self, request: Request) -> Response:
        """Return the schedules with a name, or all."""
        self._context.client_tokens.require(request, _READ)
        schedules = self._schedules.find_by_name(request.query_params.get("name"))
        return JSONResponse(schedule_list(schedules, request.query_params, self._options))

    async def detail(self, request: Request) -> Response:
        """Return one schedule."""
        self._context.client_tokens.require(request, _READ)
        if not self._options.schedule_by_id:
            raise HTTPException(404, "There is no such endpoint")
        return JSONResponse(schedule_detail(self._schedule(request), self._options))

    async def submit(self, request: Request) -> Response:
        """Register a schedule and return its id."""
        self._context.client_tokens.require(request, _WRITE)
        body = await json_body(request)
        validate_schedule(body)
        return JSONResponse(schedule_registered(self._schedules.add(body), self._options), 201)

    async def update(self, request: Request) -> Response:
        """Replace the body of a schedule."""
        self._context.client_tokens.require(request, _WRITE)
        schedule, body = self._schedule(request), await json_body(request)
        validate_schedule(body)
        return JSONResponse(
            schedule_registered(self._schedules.update(schedule, body), self._options)
        )

    async def run(self, request: Request) -> Response:
        """Start a run and return its id."""
        self._context.client_tokens.require(request, _WRITE)
        schedule = self._schedule(request)
        body = await json_body(request) if (await request.body()).strip() else {}
        validate_run(body)
        date_range = body.get("dateRange") or schedule.body["report"]["dateRange"]
        zone = schedule.body["schedule"]["timezone"]
        resolved_range = resolve_date_range(date_range, zone, self._context.clock.now())
        forced_end, reason = forced_end_of(fault_of(request))
        run = self._runs.start(schedule, resolved_range, forced_end=forced_end, reason=reason)
        return JSONResponse(run_started(run, self._options), 202)

    async def poll(self, request: Request) -> Response:
        """Return the state of a run and, if it is complete, its first page or a link."""
        self._context.client_tokens.require(request, _READ)
        forced_end, reason = forced_end_of(fault_of(request))
        run = _require_run(
            self._runs.poll(request.path_params["run_id"], forced_end=forced_end, reason=reason)
        )
        return await self._run_response(request, run)

    async def page(self, request: Request) -> Response:
        """Return a further page of a run."""
        self._context.client_tokens.require(request, _READ)
        return await self._run_response(request, self._run(request))

    async def cancel(self, request: Request) -> Response:
        """Cancel a run."""
        self._context.client_tokens.require(request, _WRITE)
        self._runs.cancel(self._run(request))
        return Response(status_code=204)

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
            return {"downloadUrl": self._link(request, run)}
        rows = await run_in_threadpool(self._runs.rows, run)
        return result_page(page(run.id, rows, token, self._options))

    def _link(self, request: Request, run: Run) -> str:
        """Return a new link to the file of a run."""

        async def serve(fault: Fault | None) -> Response | None:
            current_run = self._runs.find(run.id)
            if (
                current_run is None
                or current_run.status(self._context.clock.now()) is not Status.SUCCEEDED
            ):
                return None
            return await run_in_threadpool(self._file, current_run, fault)

        base_url = str(request.base_url)
        return self._context.links.create(base_url, _FAMILY, f"{run.id}.csv", serve)

    def _file(self, run: Run, fault: Fault | None) -> Response:
        """Return the rows of a run as a file."""
        rows = self._runs.rows(run)
        texts = [{name: cell(value) for name, value in row.items()} for row in rows]
        header = columns(run.report, self._options.extra_report_columns)
        return file_response(header, texts, self._options, fault)

    def _schedule(self, request: Request) -> Schedule:
        """Return the schedule named in the path."""
        schedule = self._schedules.find(request.path_params["schedule_id"])
        if schedule is None:
            raise HTTPException(404, "There is no such schedule")
        return schedule

    def _run(self, request: Request) -> Run:
        """Return the run named in the path."""
        return _require_run(self._runs.find(request.path_params["run_id"]))


def _require_run(run: Run | None) -> Run:
    """Return `run`.

    Raises:
        HTTPException: It is None.
    """
    if run is None:
        raise HTTPException(404, "There is no such run")
    return run
