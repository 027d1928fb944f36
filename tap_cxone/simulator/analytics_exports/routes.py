"""Endpoints of the Analytics Exports API."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from typing_extensions import override

from tap_cxone.simulator.analytics_exports import conversations
from tap_cxone.simulator.analytics_exports.content import file_response
from tap_cxone.simulator.analytics_exports.exports import Export
from tap_cxone.simulator.analytics_exports.responses import (
    accepted_response,
    export_list,
    export_status,
)
from tap_cxone.simulator.analytics_exports.validation import parse_spec, parse_statuses
from tap_cxone.simulator.endpoint import fault_of, json_body
from tap_cxone.simulator.handlers import ApplicationHandlers, JobHandlers, outcome_of
from tap_cxone.simulator.jobs import Status

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.analytics_exports.exports import Exports
    from tap_cxone.simulator.analytics_exports.options import AnalyticsExportsOptions
    from tap_cxone.simulator.context import ServerContext
    from tap_cxone.simulator.faults import Fault
    from tap_cxone.simulator.rows import RowGenerator

NAME: Final = "analytics_exports"
_PATH: Final = "/api/v2/analytics/exports"
_READ: Final = "analytics:export:read"
_WRITE: Final = "analytics:export:write"
_MILLISECOND = timedelta(milliseconds=1)


def routes(context: ServerContext, exports: Exports, rows: RowGenerator) -> list[BaseRoute]:
    """Return the endpoints of the Analytics Exports API."""
    api = _Api(context, exports, rows)
    job = f"{_PATH}/{{job_id}}"
    return [
        api.endpoint(api.list, "list", scope=_READ).route("GET", _PATH),
        api.endpoint(api.submit, "submit", scope=_WRITE).route("POST", _PATH),
        api.endpoint(api.poll, "poll", scope=_READ).route("GET", job),
        api.endpoint(api.download, "download", scope=_READ).route("GET", f"{job}/download"),
    ]


class _Api(ApplicationHandlers, JobHandlers[Export]):
    """Handlers of the four endpoints."""

    NOUN = "export"
    name = NAME
    _options: AnalyticsExportsOptions

    def __init__(self, context: ServerContext, exports: Exports, rows: RowGenerator) -> None:
        """Create the handlers of the API."""
        super().__init__(context, exports)
        self._exports = exports
        self._rows = rows

    async def list(self, request: Request) -> Response:
        """Return the exports of all clients."""
        wanted = request.query_params.get("status")
        statuses = parse_statuses(None if self._options.list_ignores_status else wanted)
        now, listed = self._context.clock.now(), self._exports.listed()
        return JSONResponse(export_list(listed, statuses, now, self._options))

    async def submit(self, request: Request) -> Response:
        """Start an export and return its id."""
        spec = parse_spec(await json_body(request))
        export = self._exports.submit(spec, outcome_of(request))
        return accepted_response(export, self._options)

    async def poll(self, request: Request) -> Response:
        """Return the status of an export."""
        export, now = self.polled_job(request), self._context.clock.now()
        return JSONResponse(export_status(export, now, self._options))

    async def download(self, request: Request) -> Response:
        """Return the file of an export."""
        export, now = self.job_of(request), self._context.clock.now()
        if not export.has_file(now):
            raise HTTPException(404, "The export's file is gone")
        if export.status(now) is not Status.SUCCEEDED:
            raise HTTPException(409, "The export is not completed")
        return await run_in_threadpool(self.file, export, fault_of(request))

    @override
    def file(self, job: Export, fault: Fault | None) -> Response:
        spec, rows = job.spec, self._rows
        end = spec.end + _MILLISECOND
        found = rows.rows(conversations.NAME, spec.start, end, job.ended_at, spec.view)
        return file_response(spec, rows.columns(conversations.NAME), found, self._options, fault)
