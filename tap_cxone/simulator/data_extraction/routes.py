"""Endpoints of the Data Extraction API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from typing_extensions import override

from tap_cxone.simulator.clock import wait_until
from tap_cxone.simulator.data_extraction.jobs import Job
from tap_cxone.simulator.data_extraction.responses import job_status, spell_status, sync_response
from tap_cxone.simulator.data_extraction.validation import parse_spec
from tap_cxone.simulator.endpoint import json_body
from tap_cxone.simulator.handlers import JobHandlers, outcome_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.context import ServerContext
    from tap_cxone.simulator.csvfile import Table
    from tap_cxone.simulator.data_extraction.entity_rows import EntityRows
    from tap_cxone.simulator.data_extraction.extraction_jobs import ExtractionJobs
    from tap_cxone.simulator.data_extraction.options import DataExtractionOptions

NAME: Final = "data_extraction"
_PATH = "/data-extraction/v1/jobs"


def routes(context: ServerContext, jobs: ExtractionJobs, rows: EntityRows) -> list[BaseRoute]:
    """Return the endpoints of the Data Extraction API."""
    api = _Api(context, jobs, rows)
    return [
        api.endpoint(api.sync, "sync", "submit").route("POST", f"{_PATH}/sync"),
        api.endpoint(api.submit, "async", "submit").route("POST", _PATH),
        api.endpoint(api.list, "list").route("GET", _PATH),
        api.endpoint(api.poll, "poll").route("GET", f"{_PATH}/{{job_id}}"),
    ]


class _Api(JobHandlers[Job]):
    """Handlers of the four endpoints."""

    name = NAME
    _options: DataExtractionOptions

    def __init__(self, context: ServerContext, jobs: ExtractionJobs, rows: EntityRows) -> None:
        """Create the handlers of the API."""
        super().__init__(context, jobs)
        self._jobs = jobs
        self._rows = rows

    async def sync(self, request: Request) -> Response:
        """Start a job, wait for its end and return its link."""
        if self._options.sync_response in {"404", "405"}:
            raise HTTPException(int(self._options.sync_response), "There is no such endpoint")
        if self._options.sync_response == "string-id":
            return JSONResponse((await self._start_job(request, client_waiting=False)).id)
        job = await self._start_job(request, client_waiting=True)
        if job.ready_at is not None and job.forced_end != "job-stuck":
            await wait_until(job.ready_at, self._context.clock)
            job = self._jobs.finish(job)
        status, url = self.status_and_link(job, request)
        body = sync_response(job, status, url, self._options)
        return JSONResponse(body, background=BackgroundTask(self._release, job))

    async def submit(self, request: Request) -> Response:
        """Start a job and return its id."""
        job = await self._start_job(request, client_waiting=False)
        as_object = self._options.submit_response == "object"
        return JSONResponse({"jobId": job.id} if as_object else job.id, 202)

    async def list(self, _: Request) -> Response:
        """Return all jobs of the tenant."""
        self._jobs.count_request()
        now, case = self._context.clock.now(), self._options.status_case
        jobs = [
            {"id": job.id, "status": spell_status(job.status(now), case)}
            for job in self._jobs.listed()
        ]
        return JSONResponse({"jobs": jobs})

    async def poll(self, request: Request) -> Response:
        """Return the status of a job, with a new link if it has a file."""
        self._jobs.count_request()
        job = self.polled_job(request)
        return JSONResponse(job_status(job, *self.status_and_link(job, request), self._options))

    async def _start_job(self, request: Request, *, client_waiting: bool) -> Job:
        """Parse a submit and start its job."""
        spec = parse_spec(await json_body(request), self._options.forbidden)
        return self._jobs.submit(spec, outcome_of(request), client_waiting=client_waiting)

    async def _release(self, job: Job) -> None:
        """Stop blocking other jobs."""
        self._jobs.release(job)

    @override
    def table(self, job: Job) -> Table:
        spec = job.spec
        rows = self._rows.file_rows(spec.entity, spec.start, spec.end, job.ended_at)
        return self._rows.columns(spec.entity), rows
