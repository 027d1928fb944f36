"""Endpoints of the dashboard's export API."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from typing_extensions import override

from tap_cxone.simulator.endpoint import json_body
from tap_cxone.simulator.handlers import JobHandlers, outcome_of
from tap_cxone.simulator.observability.exports import Export
from tap_cxone.simulator.observability.responses import (
    PATH,
    accepted_response,
    error_response,
    status_response,
)
from tap_cxone.simulator.observability.tables import TABLES
from tap_cxone.simulator.observability.validation import parse_spec

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.context import ServerContext
    from tap_cxone.simulator.csvfile import Table
    from tap_cxone.simulator.faults import Fault
    from tap_cxone.simulator.observability.exports import Exports
    from tap_cxone.simulator.observability.options import ObservabilityOptions
    from tap_cxone.simulator.rows import RowGenerator

NAME: Final = "observability"
_MILLISECOND = timedelta(milliseconds=1)


def routes(context: ServerContext, exports: Exports, rows: RowGenerator) -> list[BaseRoute]:
    """Return the endpoints of the export API."""
    api = _Api(context, exports, rows)
    submit, poll = api.endpoint(api.submit, "submit"), api.endpoint(api.poll, "poll")
    return [
        submit.route("POST", f"{PATH}/{{namespace}}/{{table}}/export-data"),
        poll.route("GET", f"{PATH}/export-data/{{export_id}}/status"),
    ]


class _Api(JobHandlers[Export]):
    """Handlers of the two endpoints."""

    NOUN = "export"
    name = NAME
    _options: ObservabilityOptions

    def __init__(self, context: ServerContext, exports: Exports, rows: RowGenerator) -> None:
        """Create the handlers of the API."""
        super().__init__(context, exports)
        self._exports = exports
        self._rows = rows

    @override
    def error_response(self, request: Request, error: HTTPException) -> Response:
        return error_response(request, error, self._context.clock)

    async def submit(self, request: Request) -> Response:
        """Start an export and return the URL of its status."""
        spec = parse_spec(self._table(request), await json_body(request))
        export = self._exports.submit(spec, outcome_of(request))
        return accepted_response(export, str(request.base_url), self._options)

    async def poll(self, request: Request) -> Response:
        """Return the status of an export, with a new link if it has a file."""
        name = request.query_params.get("fileName", "")
        if not name.strip() or "/" in name:
            raise HTTPException(400, "fileName must be the name of a file, without a folder")
        export_id = request.path_params["export_id"]
        export = self.require_job(self._exports.poll_file(export_id, name, outcome_of(request)))
        return status_response(export, *self.status_and_link(export, request), self._options)

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

    @override
    def link(self, job: Export, request: Request) -> str:
        """Return a new link to the file that a poll names; its export is looked up at download."""
        name = request.query_params["fileName"]

        async def serve(fault: Fault | None) -> Response | None:
            export = self._exports.export_of_file(name)
            return await run_in_threadpool(self.file, export, fault) if export else None

        return self._context.links.create(str(request.base_url), self.name, f"{name}.csv", serve)

    @override
    def table(self, job: Export) -> Table:
        spec, tables = job.spec, self._rows
        end = spec.end + _MILLISECOND
        rows = tables.rows(spec.table, spec.start, end, job.ended_at, spec.view)
        return tables.columns(spec.table), rows
