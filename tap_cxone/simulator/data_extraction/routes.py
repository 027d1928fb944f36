"""The endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from tap_cxone.simulator.clock import until
from tap_cxone.simulator.csvfile import file_response
from tap_cxone.simulator.data_extraction.answers import job_status, spelled, sync_answer
from tap_cxone.simulator.data_extraction.orders import read_order
from tap_cxone.simulator.door import Door, fault_of, json_body
from tap_cxone.simulator.jobs import Status, fate_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.data_extraction.jobs import Job
    from tap_cxone.simulator.faults import Fault
    from tap_cxone.simulator.world import World

_FAMILY: Final = "data_extraction"
_PATH = "/data-extraction/v1/jobs"


def routes(world: World) -> list[BaseRoute]:
    """Return the endpoints of the Data Extraction API."""
    api = _Api(world)
    faults = world.faults
    return [
        Door(api.sync, faults, "sync", "submit", family=_FAMILY).route("POST", f"{_PATH}/sync"),
        Door(api.submit, faults, "async", "submit", family=_FAMILY).route("POST", _PATH),
        Door(api.list, faults, "list", family=_FAMILY).route("GET", _PATH),
        Door(api.poll, faults, "poll", family=_FAMILY).route("GET", f"{_PATH}/{{job_id}}"),
    ]


class _Api:
    """The four calls."""

    def __init__(self, world: World) -> None:
        """Answer for this world's tenant."""
        self._world = world
        self._tenant = world.extraction
        self._options = world.options

    async def sync(self, request: Request) -> Response:
        """Begin a job, wait for its end and answer with its link."""
        if self._options.sync_answer in {"404", "405"}:
            self._world.tokens.require(request)
            raise HTTPException(int(self._options.sync_answer), "There is no such endpoint")
        if self._options.sync_answer == "string-id":
            return JSONResponse((await self._begin(request, held=False)).id)
        job = await self._begin(request, held=True)
        if job.ready_at is not None and job.fate != "job-stuck":
            await until(job.ready_at, self._world.clock)
            job = self._tenant.finish(job)
        status, url = self._outcome(job, request)
        answer = sync_answer(job, status, url, self._options)
        return JSONResponse(answer, background=BackgroundTask(self._answered, job))

    async def submit(self, request: Request) -> Response:
        """Begin a job and answer with its id."""
        job = await self._begin(request, held=False)
        as_object = self._options.submit_answer == "object"
        return JSONResponse({"jobId": job.id} if as_object else job.id, 202)

    async def list(self, request: Request) -> Response:
        """Answer with every job of the tenant."""
        self._world.tokens.require(request)
        now, case = self._world.clock.now(), self._options.status_case
        known = [job for job in self._tenant.jobs() if job.fate != "job-lost"]
        return JSONResponse(
            {"jobs": [{"id": job.id, "status": spelled(job.status(now), case)} for job in known]}
        )

    async def poll(self, request: Request) -> Response:
        """Answer with a job's status, and a new link if it has a file."""
        self._world.tokens.require(request)
        fate, reason = fate_of(fault_of(request))
        job = self._tenant.poll(request.path_params["job_id"], fate=fate, reason=reason)
        if job is None:
            raise HTTPException(404, "There is no such job")
        return JSONResponse(job_status(job, *self._outcome(job, request), self._options))

    async def _begin(self, request: Request, *, held: bool) -> Job:
        """Read a submit and begin its job."""
        self._world.tokens.require(request)
        order = read_order(await json_body(request), self._options.forbidden)
        fate, reason = fate_of(fault_of(request))
        return self._tenant.submit(order, held=held, fate=fate, reason=reason)

    async def _answered(self, job: Job) -> None:
        """Free the tenant for the next caller."""
        self._tenant.release(job)

    def _outcome(self, job: Job, request: Request) -> tuple[Status, str | None]:
        """Return where a job stands and, if it has a file, a new link to it."""
        status = job.status(self._world.clock.now())
        if status is not Status.SUCCEEDED:
            return status, None

        async def serve(fault: Fault | None) -> Response | None:
            if job.status(self._world.clock.now()) is not Status.SUCCEEDED:
                return None
            return await run_in_threadpool(self._file, job, fault)

        base_url = str(request.base_url)
        return status, self._world.links.hand_out(base_url, _FAMILY, f"{job.id}.csv", serve)

    def _file(self, job: Job, fault: Fault | None) -> Response:
        """Answer with the rows that could be seen when the job ended."""
        order = job.order
        data = self._world.data
        rows = data.file_rows(order.entity, order.start, order.end, job.ready_at)
        return file_response(data.columns(order.entity), rows, self._options, fault)
