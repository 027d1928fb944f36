"""The endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from tap_cxone.simulator.csvfile import file_response
from tap_cxone.simulator.door import Door, Fork, fault_of, json_body
from tap_cxone.simulator.jobs import Status, fate_of
from tap_cxone.simulator.jsontext import cell, encode
from tap_cxone.simulator.scheduled_reports.answers import begun, inline, listed, registered, state
from tap_cxone.simulator.scheduled_reports.grouping import columns
from tap_cxone.simulator.scheduled_reports.orders import check_run, check_schedule
from tap_cxone.simulator.scheduled_reports.pages import page
from tap_cxone.simulator.scheduled_reports.ranges import resolved
from tap_cxone.simulator.strict import refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.faults import Fault, Place
    from tap_cxone.simulator.scheduled_reports.runs import Run
    from tap_cxone.simulator.scheduled_reports.schedules import Schedule
    from tap_cxone.simulator.world import World

_FAMILY: Final = "scheduled_reports"
_PATH: Final = "/api/v2/analytics/reports"
_SCHEDULE: Final = f"{_PATH}/schedules/{{schedule_id}}"
_RESULT: Final = f"{_PATH}/results/{{run_id}}"
_READ: Final = "analytics:reports:read"
_WRITE: Final = "analytics:reports:write"
_TOKEN: Final = "pageToken"  # noqa: S105 - no password


def routes(world: World) -> list[BaseRoute]:
    """Return the endpoints of the scheduled reports API."""
    api = _Api(world)

    def door(answer: Callable[[Request], Awaitable[Response]], place: Place) -> Door:
        return Door(answer, world.faults, place, family=_FAMILY, refusal=refusal)

    results = Fork(
        parameter=_TOKEN, with_it=door(api.page, "page"), without_it=door(api.poll, "poll")
    )
    return [
        door(api.list, "list").route("GET", f"{_PATH}/schedules"),
        door(api.submit, "submit").route("POST", f"{_PATH}/schedules"),
        door(api.update, "update").route("PUT", _SCHEDULE),
        door(api.run, "run").route("POST", f"{_SCHEDULE}/runs"),
        results.route("GET", _RESULT),
        door(api.cancel, "cancel").route("DELETE", _RESULT),
    ]


class _Api:
    """The seven calls."""

    def __init__(self, world: World) -> None:
        """Answer for this world's tenant."""
        self._world = world
        self._schedules = world.schedules
        self._runs = world.report_runs
        self._options = world.options

    async def list(self, request: Request) -> Response:
        """Answer with the schedules of a name, or with all."""
        self._world.client_tokens.require(request, _READ)
        found = self._schedules.named(request.query_params.get("name"))
        return JSONResponse(listed(found, self._options))

    async def submit(self, request: Request) -> Response:
        """Register a schedule and answer with its id."""
        self._world.client_tokens.require(request, _WRITE)
        body = await json_body(request)
        check_schedule(body)
        return JSONResponse(registered(self._schedules.add(body), self._options), 201)

    async def update(self, request: Request) -> Response:
        """Register a schedule anew."""
        self._world.client_tokens.require(request, _WRITE)
        schedule, body = self._schedule(request), await json_body(request)
        check_schedule(body)
        return JSONResponse(registered(self._schedules.update(schedule, body), self._options))

    async def run(self, request: Request) -> Response:
        """Begin a run and answer with its id."""
        self._world.client_tokens.require(request, _WRITE)
        schedule = self._schedule(request)
        body = await json_body(request) if (await request.body()).strip() else {}
        check_run(body)
        given = body.get("dateRange") or schedule.body["report"]["dateRange"]
        zone = schedule.body["schedule"]["timezone"]
        about = resolved(given, zone, self._world.clock.now())
        fate, reason = fate_of(fault_of(request))
        run = self._runs.begin(schedule, about, fate=fate, reason=reason)
        return JSONResponse(begun(run, self._options), 202)

    async def poll(self, request: Request) -> Response:
        """Answer with where a run stands and, if it is complete, its first rows or its file."""
        self._world.client_tokens.require(request, _READ)
        fate, reason = fate_of(fault_of(request))
        run = _known(self._runs.poll(request.path_params["run_id"], fate=fate, reason=reason))
        return await self._result(request, run)

    async def page(self, request: Request) -> Response:
        """Answer with more rows of a run."""
        self._world.client_tokens.require(request, _READ)
        return await self._result(request, self._run(request))

    async def cancel(self, request: Request) -> Response:
        """End a run."""
        self._world.client_tokens.require(request, _WRITE)
        self._runs.cancel(self._run(request))
        return Response(status_code=204)

    async def _result(self, request: Request, run: Run) -> Response:
        """Answer with what there is of a run."""
        now = self._world.clock.now()
        answer = state(run, now)
        if run.status(now) is Status.SUCCEEDED:
            token = request.query_params.get(_TOKEN)
            answer |= await self._rows(request, run, token)
        return Response(encode(answer), media_type="application/json")

    async def _rows(self, request: Request, run: Run, token: str | None) -> dict[str, Any]:
        """Return where the rows of a run that is complete are, or some of them."""
        if self._options.report_result == "csv" and token is None:
            return {"downloadUrl": self._link(request, run)}
        rows = await run_in_threadpool(self._runs.rows, run)
        return inline(page(run.id, rows, token, self._options))

    def _link(self, request: Request, run: Run) -> str:
        """Return a new link to a run's file."""

        async def serve(fault: Fault | None) -> Response | None:
            there = self._runs.find(run.id)
            if there is None or there.status(self._world.clock.now()) is not Status.SUCCEEDED:
                return None
            return await run_in_threadpool(self._file, there, fault)

        base_url = str(request.base_url)
        return self._world.links.hand_out(base_url, _FAMILY, f"{run.id}.csv", serve)

    def _file(self, run: Run, fault: Fault | None) -> Response:
        """Answer with a run's rows as a file."""
        rows = self._runs.rows(run)
        texts = [{name: cell(value) for name, value in row.items()} for row in rows]
        header = columns(run.report, self._options.extra_report_columns)
        return file_response(header, texts, self._options, fault)

    def _schedule(self, request: Request) -> Schedule:
        """Return the schedule that a path names."""
        schedule = self._schedules.find(request.path_params["schedule_id"])
        if schedule is None:
            raise HTTPException(404, "There is no such schedule")
        return schedule

    def _run(self, request: Request) -> Run:
        """Return the run that a path names."""
        return _known(self._runs.find(request.path_params["run_id"]))


def _known(run: Run | None) -> Run:
    """Return a run that there is.

    Raises:
        HTTPException: There is none.
    """
    if run is None:
        raise HTTPException(404, "There is no such run")
    return run
