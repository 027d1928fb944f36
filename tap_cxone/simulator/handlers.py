"""Base classes of the handlers of a family's endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from typing_extensions import override

from tap_cxone.simulator.csvfile import file_response
from tap_cxone.simulator.endpoint import Endpoint, fault_of, message_response
from tap_cxone.simulator.jobs import ForcedOutcome, Status
from tap_cxone.simulator.tenant_jobs import JobT, TenantJobs
from tap_cxone.simulator.validation import error_response as coded_response

if TYPE_CHECKING:
    from starlette.requests import Request

    from tap_cxone.simulator.context import ServerContext
    from tap_cxone.simulator.csvfile import Table
    from tap_cxone.simulator.endpoint import Handler
    from tap_cxone.simulator.faults import FamilyName, Fault, FaultPoint
    from tap_cxone.simulator.tokens import TokenStore


class Handlers:
    """Handlers of the endpoints of one family.

    Attributes:
        name: Name of the family, which is also that of its package.
    """

    name: ClassVar[FamilyName]

    def __init__(self, context: ServerContext) -> None:
        """Create the handlers."""
        self._context = context
        self._options = context.options

    @property
    def tokens(self) -> TokenStore:
        """Return the tokens that the endpoints accept."""
        return self._context.tokens

    def endpoint(
        self, handler: Handler, *fault_points: FaultPoint, scope: str | None = None
    ) -> Endpoint:
        """Return the endpoint of a handler; a request needs a token with this scope."""

        async def respond(request: Request) -> Response:
            return await self.respond(request, handler, scope)

        return Endpoint(
            respond,
            self._context.faults,
            *fault_points,
            family=self.name,
            error_response=self.error_response,
        )

    async def respond(self, request: Request, handler: Handler, scope: str | None) -> Response:
        """Return the response of a handler to a request with a valid token."""
        self.tokens.require(request, scope)
        return await handler(request)

    def error_response(self, request: Request, error: HTTPException) -> Response:
        """Return the response to a request that fails."""
        return message_response(request, error)


class ApplicationHandlers(Handlers):
    """Handlers of a family whose API accepts tokens of a registered application only."""

    @property
    @override
    def tokens(self) -> TokenStore:
        return self._context.client_tokens

    @override
    def error_response(self, request: Request, error: HTTPException) -> Response:
        return coded_response(request, error)


class JobHandlers(Handlers, Generic[JobT]):
    """Handlers of the endpoints of a family with jobs.

    Attributes:
        NOUN: The API's word for a job.
        jobs: The jobs of the tenant.
    """

    NOUN: ClassVar[str] = "job"

    def __init__(self, context: ServerContext, jobs: TenantJobs[JobT] | None = None) -> None:
        """Create the handlers, without jobs unless `jobs` has some."""
        super().__init__(context)
        self.jobs = jobs or TenantJobs(context.options, context.clock)

    async def cancel(self, request: Request) -> Response:
        """Cancel a job."""
        self.jobs.cancel(self.job_of(request))
        return Response(status_code=204)

    def job_of(self, request: Request) -> JobT:
        """Return the job named in the path.

        Raises:
            HTTPException: There is none.
        """
        return self.require_job(self.jobs.find(request.path_params["job_id"]))

    def polled_job(self, request: Request) -> JobT:
        """Return the job named in the path, after one poll.

        Raises:
            HTTPException: There is none.
        """
        return self.require_job(self.jobs.poll(request.path_params["job_id"], outcome_of(request)))

    def require_job(self, job: JobT | None) -> JobT:
        """Return `job`.

        Raises:
            HTTPException: It is None.
        """
        if job is None:
            raise HTTPException(404, f"There is no such {self.NOUN}")
        return job

    def status_and_link(self, job: JobT, request: Request) -> tuple[Status, str | None]:
        """Return the status of a job and, if it has a file, a new link to it."""
        status = job.status(self._context.clock.now())
        return status, self.link(job, request) if status is Status.SUCCEEDED else None

    def link(self, job: JobT, request: Request) -> str:
        """Return a new link to the file of a job."""

        async def serve(fault: Fault | None) -> Response | None:
            current = self.jobs.find(job.id)
            if current is None or current.status(self._context.clock.now()) is not Status.SUCCEEDED:
                return None
            return await run_in_threadpool(self.file, current, fault)

        base_url = str(request.base_url)
        return self._context.links.create(base_url, self.name, f"{job.id}.csv", serve)

    def file(self, job: JobT, fault: Fault | None) -> Response:
        """Return the file with the rows that were visible when a job ended, by default CSV."""
        return file_response(*self.table(job), self._options, fault)

    def table(self, job: JobT) -> Table:
        """Return the titles and the rows of the CSV file of a job."""
        raise NotImplementedError


def outcome_of(request: Request) -> ForcedOutcome:
    """Return the outcome that the fault of a request forces on its job."""
    return ForcedOutcome.of(fault_of(request))
