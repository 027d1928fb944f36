"""Endpoints of the Data Extraction API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from tap_cxone.simulator.clock import wait_until
from tap_cxone.simulator.csvfile import file_response
from tap_cxone.simulator.data_extraction.responses import job_status, spell_status, sync_response
from tap_cxone.simulator.data_extraction.validation import parse_spec
from tap_cxone.simulator.endpoint import Endpoint, fault_of, json_body
from tap_cxone.simulator.jobs import Status, forced_end_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.context import ServerContext
    from tap_cxone.simulator.data_extraction.entity_rows import EntityRows
    from tap_cxone.simulator.data_extraction.extraction_jobs import ExtractionJobs
    from tap_cxone.simulator.data_extraction.jobs import Job
    from tap_cxone.simulator.faults import Fault

_FAMILY: Final = "data_extraction"
_PATH = "/data-extraction/v1/jobs"


def routes(context: ServerContext, jobs: ExtractionJobs, rows: EntityRows) -> list[BaseRoute]:
    """Return the endpoints of the Data Extraction API."""
    api = _Api(context, jobs, rows)
    faults = context.faults
    return [
        Endpoint(api.sync, faults, "sync", "submit", family=_FAMILY).route("POST", f"{_PATH}/sync"),
        Endpoint(api.submit, faults, "async", "submit", family=_FAMILY).route("POST", _PATH),
        Endpoint(api.list, faults, "list", family=_FAMILY).route("GET", _PATH),
        Endpoint(api.poll, faults, "poll", family=_FAMILY).route("GET", f"{_PATH}/{{job_id}}"),
    ]


class _Api:
    """Handlers of the four endpoints."""

    def __init__(self, context: ServerContext, jobs: ExtractionJobs, rows: EntityRows) -> None:
        """Create the handlers of the API."""
        self._context = context
        self._jobs = jobs
        self._rows = rows
        self._options = context.options

    async def sync(self, request: Request) -> Response:
        """Start a job, wait for its end and return its link."""
        if self._options.sync_response in {"404", "405"}:
            self._context.tokens.require(request)
            raise HTTPException(int(self._options.sync_response), "There is no such endpoint")
        if self._options.sync_response == "string-id":
            return JSONResponse((await self._start_job(request, client_waiting=False)).id)
        job = await self._start_job(request, client_waiting=True)
        if job.ready_at is not None and job.forced_end != "job-stuck":
            await wait_until(job.ready_at, self._context.clock)
            job = self._jobs.finish(job)
        status, url = self._status_and_link(job, request)
        body = sync_response(job, status, url, self._options)
        return JSONResponse(body, background=BackgroundTask(self._release, job))

    async def submit(self, request: Request) -> Response:
        """Start a job and return its id."""
        job = await self._start_job(request, client_waiting=False)
        as_object = self._options.submit_response == "object"
        return JSONResponse({"jobId": job.id} if as_object else job.id, 202)

    async def list(self, request: Request) -> Response:
        """Return all jobs of the tenant."""
        self._context.tokens.require(request)
        self._jobs.count_request()
        now, case = self._context.clock.now(), self._options.status_case
        visible_jobs = [job for job in self._jobs.jobs() if job.forced_end != "job-lost"]
        return JSONResponse(
            {
                "jobs": [
                    {"id": job.id, "status": spell_status(job.status(now), case)}
                    for job in visible_jobs
                ]
            }
        )

    async def poll(self, request: Request) -> Response:
        """Return the status of a job, with a new link if it has a file."""
        self._context.tokens.require(request)
        self._jobs.count_request()
        forced_end, reason = forced_end_of(fault_of(request))
        job = self._jobs.poll(request.path_params["job_id"], forced_end=forced_end, reason=reason)
        if job is None:
            raise HTTPException(404, "There is no such job")
        return JSONResponse(job_status(job, *self._status_and_link(job, request), self._options))

    async def _start_job(self, request: Request, *, client_waiting: bool) -> Job:
        """Parse a submit and start its job."""
        self._context.tokens.require(request)
        spec = parse_spec(await json_body(request), self._options.forbidden)
        forced_end, reason = forced_end_of(fault_of(request))
        return self._jobs.submit(
            spec, client_waiting=client_waiting, forced_end=forced_end, reason=reason
        )

    async def _release(self, job: Job) -> None:
        """Stop blocking other jobs."""
        self._jobs.release(job)

    def _status_and_link(self, job: Job, request: Request) -> tuple[Status, str | None]:
        """Return the status of a job and, if it has a file, a new link to it."""
        status = job.status(self._context.clock.now())
        if status is not Status.SUCCEEDED:
            return status, None

        async def serve(fault: Fault | None) -> Response | None:
            if job.status(self._context.clock.now()) is not Status.SUCCEEDED:
                return None
            return await run_in_threadpool(self._file, job, fault)

        base_url = str(request.base_url)
        return status, self._context.links.create(base_url, _FAMILY, f"{job.id}.csv", serve)

    def _file(self, job: Job, fault: Fault | None) -> Response:
        """Return the file with the rows that were visible when the job ended."""
        spec = job.spec
        rows = self._rows.file_rows(spec.entity, spec.start, spec.end, job.ready_at)
        return file_response(self._rows.columns(spec.entity), rows, self._options, fault)
