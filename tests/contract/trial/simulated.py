"""The simulated trial API: jobs that can be listed and cancelled, files behind links."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from starlette.responses import JSONResponse
from typing_extensions import override

from tap_cxone.simulator import fake_values
from tap_cxone.simulator.endpoint import json_body
from tap_cxone.simulator.family import SimulatedFamily
from tap_cxone.simulator.handlers import JobHandlers, outcome_of
from tap_cxone.simulator.jobs import Job
from tap_cxone.simulator.rows import RowSource

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.csvfile import Table

_VISITS = RowSource.from_factory(
    "visits", lambda rng, _: [{"Visit ID": fake_values.unique_id(rng), "Page": "/"}]
)
_JOBS = "/trial/v1/jobs"
_JOB = f"{_JOBS}/{{job_id}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialJob(Job):
    """One job, with the body of its submit."""

    body: dict[str, Any]


class TrialServer(SimulatedFamily, JobHandlers[TrialJob]):
    """The simulated trial API."""

    name = "trial"
    token_path = "/trial/token"
    uses_application = False
    SOURCES: ClassVar = {_VISITS.name: _VISITS}

    @override
    def routes(self) -> list[BaseRoute]:
        return [
            self.endpoint(self.submit, "submit").route("POST", _JOBS),
            self.endpoint(self.list, "list").route("GET", _JOBS),
            self.endpoint(self.poll, "poll").route("GET", _JOB),
            self.endpoint(self.cancel, "cancel").route("DELETE", _JOB),
        ]

    async def submit(self, request: Request) -> Response:
        """Start a job."""
        body = await json_body(request)
        job = self.jobs.start(TrialJob, outcome_of(request), body=body)
        return JSONResponse({"id": job.id}, 202)

    async def list(self, _: Request) -> Response:
        """Return the running jobs."""
        return JSONResponse({"jobs": [{"id": job.id} for job in self.jobs.running()]})

    async def poll(self, request: Request) -> Response:
        """Return the status of a job, with a new link if it has a file."""
        job = self.polled_job(request)
        status, url = self.status_and_link(job, request)
        return JSONResponse({"status": status, "errorMessage": job.reason, "url": url})

    @override
    def table(self, job: TrialJob) -> Table:
        start, end = (datetime.fromisoformat(job.body[name]) for name in ("from", "to"))
        return self._rows.columns("visits"), self._rows.rows("visits", start, end, job.ended_at)
