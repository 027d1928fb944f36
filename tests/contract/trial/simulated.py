"""The simulated trial API: jobs that can be listed and cancelled, files behind links."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from typing_extensions import override

from tap_cxone.simulator import fake_values
from tap_cxone.simulator.credentials import access_key_handler
from tap_cxone.simulator.csvfile import file_response
from tap_cxone.simulator.endpoint import Endpoint, fault_of, json_body
from tap_cxone.simulator.family import SimulatedFamily
from tap_cxone.simulator.jobs import Job, Status, forced_end_of
from tap_cxone.simulator.rows import RowGenerator, RowSource

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.context import ServerContext
    from tap_cxone.simulator.family import Handler, RowQuery
    from tap_cxone.simulator.faults import Fault
    from tap_cxone.simulator.rows import Row

VISITS = "visits"
_WORDS = {Status.RUNNING: "running", Status.SUCCEEDED: "completed"}


def _make_visit(rng: Random, _: datetime) -> list[Row]:
    return [{"Visit ID": fake_values.unique_id(rng), "Page": rng.choice(("/", "/a", "/b"))}]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialJob(Job):
    """One job, with the body of its submit."""

    body: dict[str, Any]


class TrialApiServer(SimulatedFamily):
    """The simulated trial API."""

    name = "trial"
    token_path = "/trial/token"
    uses_application = False

    def __init__(self, context: ServerContext) -> None:
        """Create the API without jobs."""
        super().__init__(context)
        source = RowSource.from_factory(VISITS, _make_visit)
        self._rows = RowGenerator(context.options, {VISITS: source}, timedelta(0))
        self.trial_jobs: dict[str, TrialJob] = {}

    @override
    def login_handler(self) -> Handler:
        return access_key_handler(self._context.tokens)

    @override
    def routes(self) -> list[BaseRoute]:
        faults, one = self._context.faults, "/trial/v1/jobs/{job_id}"
        return [
            Endpoint(self._submit, faults, "submit", family=self.name).route("POST", one[:14]),
            Endpoint(self._list, faults, "list", family=self.name).route("GET", one[:14]),
            Endpoint(self._poll, faults, "poll", family=self.name).route("GET", one),
            Endpoint(self._cancel, faults, "cancel", family=self.name).route("DELETE", one),
        ]

    @override
    def serves(self, entity: str) -> bool:
        return entity == VISITS

    @override
    def expected_rows(self, query: RowQuery) -> Iterable[Row]:
        return self._rows.rows(VISITS, query.start, query.end, query.seen_at)

    @override
    def state(self) -> dict[str, Any]:
        return {"trial_jobs": list(self.trial_jobs)}

    async def _submit(self, request: Request) -> Response:
        self._context.tokens.require(request)
        now, (forced_end, reason) = self._context.clock.now(), forced_end_of(fault_of(request))
        job = TrialJob(
            id=str(uuid.uuid4()),
            submitted_at=now,
            ready_at=now + self._context.options.job_time,
            forced_end=forced_end,
            reason=reason or "The job failed",
            body=await json_body(request),
        )
        self.trial_jobs[job.id] = job
        return JSONResponse({"id": job.id}, 202)

    async def _list(self, request: Request) -> Response:
        self._context.tokens.require(request)
        now = self._context.clock.now()
        known = [job for job in self.trial_jobs.values() if job.forced_end != "job-lost"]
        active = [job for job in known if job.status(now) is Status.RUNNING]
        return JSONResponse({"jobs": [{"id": job.id, "body": job.body} for job in active]})

    async def _poll(self, request: Request) -> Response:
        self._context.tokens.require(request)
        now, (forced_end, reason) = self._context.clock.now(), forced_end_of(fault_of(request))
        job = self._find(request).after_poll(now, forced_end=forced_end, reason=reason)
        self.trial_jobs[job.id] = job
        self._find(request)
        status = job.status(now)
        body = {"state": _WORDS.get(status, status.lower()), "errorMessage": job.reason}
        if status is Status.SUCCEEDED:

            async def serve(fault: Fault | None) -> Response:
                return self._file(job, fault)

            base_url, name = str(request.base_url), f"{job.id}.csv"
            body["url"] = self._context.links.create(base_url, self.name, name, serve)
        return JSONResponse(body)

    async def _cancel(self, request: Request) -> Response:
        self._context.tokens.require(request)
        job = self._find(request)
        now = self._context.clock.now()
        self.trial_jobs[job.id] = replace(job, forced_end="job-cancelled", ready_at=now)
        return Response(status_code=204)

    def _find(self, request: Request) -> TrialJob:
        job = self.trial_jobs.get(request.path_params["job_id"])
        if job is None or job.forced_end == "job-lost":
            raise HTTPException(404, "There is no such job")
        return job

    def _file(self, job: TrialJob, fault: Fault | None) -> Response:
        start, end = (datetime.fromisoformat(job.body[name]) for name in ("from", "to"))
        rows = self._rows.rows(VISITS, start, end, job.ready_at or job.submitted_at)
        return file_response(self._rows.columns(VISITS), rows, self._context.options, fault)
