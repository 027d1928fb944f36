"""Endpoints of the Analytics Exports API."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from tap_cxone.simulator.analytics_exports.content import file_response
from tap_cxone.simulator.analytics_exports.conversations import NAME
from tap_cxone.simulator.analytics_exports.responses import (
    accepted_response,
    export_list,
    export_status,
)
from tap_cxone.simulator.analytics_exports.validation import parse_spec, parse_statuses
from tap_cxone.simulator.endpoint import Endpoint, fault_of, json_body
from tap_cxone.simulator.jobs import Status, forced_end_of
from tap_cxone.simulator.validation import error_response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.analytics_exports.exports import Export, Exports
    from tap_cxone.simulator.context import ServerContext
    from tap_cxone.simulator.faults import Fault, FaultPoint
    from tap_cxone.simulator.rows import RowGenerator

_PATH: Final = "/api/v2/analytics/exports"
_READ: Final = "analytics:export:read"
_WRITE: Final = "analytics:export:write"
_MILLISECOND = timedelta(milliseconds=1)


def routes(
    context: ServerContext, exports: Exports, conversations: RowGenerator
) -> list[BaseRoute]:
    """Return the endpoints of the Analytics Exports API."""
    api = _Api(context, exports, conversations)

    def endpoint(
        handler: Callable[[Request], Awaitable[Response]], fault_point: FaultPoint
    ) -> Endpoint:
        return Endpoint(
            handler,
            context.faults,
            fault_point,
            family="analytics_exports",
            error_response=error_response,
        )

    return [
        endpoint(api.list, "list").route("GET", _PATH),
        endpoint(api.submit, "submit").route("POST", _PATH),
        endpoint(api.poll, "poll").route("GET", f"{_PATH}/{{export_id}}"),
        endpoint(api.download, "download").route("GET", f"{_PATH}/{{export_id}}/download"),
    ]


class _Api:
    """Handlers of the four endpoints."""

    def __init__(
        self, context: ServerContext, exports: Exports, conversations: RowGenerator
    ) -> None:
        """Create the handlers of the API."""
        self._context = context
        self._exports = exports
        self._conversations = conversations
        self._options = context.options

    async def list(self, request: Request) -> Response:
        """Return the exports of all clients."""
        self._context.client_tokens.require(request, _READ)
        wanted = request.query_params.get("status")
        statuses = parse_statuses(None if self._options.list_ignores_status else wanted)
        visible_exports = [
            export for export in self._exports.all() if export.forced_end != "job-lost"
        ]
        return JSONResponse(
            export_list(visible_exports, statuses, self._context.clock.now(), self._options)
        )

    async def submit(self, request: Request) -> Response:
        """Start an export and return its id."""
        self._context.client_tokens.require(request, _WRITE)
        spec = parse_spec(await json_body(request))
        forced_end, reason = forced_end_of(fault_of(request))
        export = self._exports.submit(spec, forced_end=forced_end, reason=reason)
        return accepted_response(export, self._options)

    async def poll(self, request: Request) -> Response:
        """Return the status of an export."""
        self._context.client_tokens.require(request, _READ)
        forced_end, reason = forced_end_of(fault_of(request))
        export_id = request.path_params["export_id"]
        export = _require_export(
            self._exports.poll(export_id, forced_end=forced_end, reason=reason)
        )
        return JSONResponse(export_status(export, self._context.clock.now(), self._options))

    async def download(self, request: Request) -> Response:
        """Return the file of an export."""
        self._context.client_tokens.require(request, _READ)
        export = _require_export(self._exports.find(request.path_params["export_id"]))
        now = self._context.clock.now()
        if not export.has_file(now):
            raise HTTPException(404, "The export's file is gone")
        if export.status(now) is not Status.SUCCEEDED:
            raise HTTPException(409, "The export is not completed")
        return await run_in_threadpool(self._file, export, fault_of(request))

    def _file(self, export: Export, fault: Fault | None) -> Response:
        """Return the file with the rows that were visible when the export ended."""
        spec, conversations = export.spec, self._conversations
        seen_at, end = export.ready_at or spec.start, spec.end + _MILLISECOND
        rows = conversations.rows(NAME, spec.start, end, seen_at, spec.view)
        return file_response(spec, conversations.columns(NAME), rows, self._options, fault)


def _require_export(export: Export | None) -> Export:
    """Return `export`.

    Raises:
        HTTPException: It is None.
    """
    if export is None:
        raise HTTPException(404, "There is no such export")
    return export
