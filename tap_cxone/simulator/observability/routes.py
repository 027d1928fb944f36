"""Endpoints of the dashboard's export API."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from tap_cxone.simulator.csvfile import file_response
from tap_cxone.simulator.endpoint import Endpoint, fault_of, json_body
from tap_cxone.simulator.jobs import Status, forced_end_of
from tap_cxone.simulator.observability.responses import (
    PATH,
    accepted_response,
    make_error_response,
    status_response,
)
from tap_cxone.simulator.observability.tables import TABLES
from tap_cxone.simulator.observability.validation import parse_spec

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.context import ServerContext
    from tap_cxone.simulator.faults import Fault
    from tap_cxone.simulator.observability.exports import Export, Exports
    from tap_cxone.simulator.rows import RowGenerator

_FAMILY: Final = "observability"
_MILLISECOND = timedelta(milliseconds=1)


def routes(context: ServerContext, exports: Exports, rows: RowGenerator) -> list[BaseRoute]:
    """Return the endpoints of the export API."""
    api = _Api(context, exports, rows)
    error_response = make_error_response(context.clock)
    submit = Endpoint(
        api.submit, context.faults, "submit", family=_FAMILY, error_response=error_response
    )
    poll = Endpoint(api.poll, context.faults, "poll", family=_FAMILY, error_response=error_response)
    return [
        submit.route("POST", f"{PATH}/{{namespace}}/{{table}}/export-data"),
        poll.route("GET", f"{PATH}/export-data/{{export_id}}/status"),
    ]


class _Api:
    """Handlers of the two endpoints."""

    def __init__(self, context: ServerContext, exports: Exports, rows: RowGenerator) -> None:
        """Create the handlers of the API."""
        self._context = context
        self._exports = exports
        self._rows = rows
        self._options = context.options

    async def submit(self, request: Request) -> Response:
        """Start an export and return the URL of its status."""
        self._context.tokens.require(request)
        spec = parse_spec(self._table(request), await json_body(request))
        forced_end, reason = forced_end_of(fault_of(request))
        export = self._exports.submit(spec, forced_end=forced_end, reason=reason)
        return accepted_response(export, str(request.base_url), self._options)

    async def poll(self, request: Request) -> Response:
        """Return the status of an export, with a new link if it has a file."""
        self._context.tokens.require(request)
        name = request.query_params.get("fileName", "")
        if not name.strip() or "/" in name:
            raise HTTPException(400, "fileName must be the name of a file, without a folder")
        forced_end, reason = forced_end_of(fault_of(request))
        export_id = request.path_params["export_id"]
        export = self._exports.poll(export_id, name, forced_end=forced_end, reason=reason)
        if export is None:
            raise HTTPException(404, "There is no such export")
        status = export.status(self._context.clock.now())
        url = self._link(request, name) if status is Status.SUCCEEDED else None
        return status_response(export, status, url, self._options)

    def _table(self, request: Request) -> str:
        """Return the table named in the path."""
        namespace, table = request.path_params["namespace"], request.path_params["table"]
        if f"{namespace}/{table}" in self._options.forbidden:
            raise HTTPException(403, "Forbidden")
        hidden = table == "GRTable" and self._options.gr_namespace not in {"both", namespace}
        if hidden or f"{namespace}/{table}" not in TABLES:
            status = self._options.missing_table
            raise HTTPException(status, f"Unknown table {namespace}/{table}")
        return f"{namespace}/{table}"

    def _link(self, request: Request, name: str) -> str:
        """Return a new link to the file `name`; the export is looked up at download."""

        async def serve(fault: Fault | None) -> Response | None:
            export = self._exports.export_of_file(name)
            return await run_in_threadpool(self._file, export, fault) if export else None

        return self._context.links.create(str(request.base_url), _FAMILY, f"{name}.csv", serve)

    def _file(self, export: Export, fault: Fault | None) -> Response:
        """Return the file with the rows that were visible when the export ended."""
        spec, tables = export.spec, self._rows
        seen_at, end = export.ready_at or spec.start, spec.end + _MILLISECOND
        rows = tables.rows(spec.table, spec.start, end, seen_at, spec.view)
        return file_response(tables.columns(spec.table), rows, self._options, fault)
