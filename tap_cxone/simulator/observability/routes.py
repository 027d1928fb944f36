"""The endpoints."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from tap_cxone.simulator.csvfile import file_response
from tap_cxone.simulator.door import Door, fault_of, json_body
from tap_cxone.simulator.jobs import Status, fate_of
from tap_cxone.simulator.observability.answers import PATH, accepted, export_status, refusals
from tap_cxone.simulator.observability.orders import read_order
from tap_cxone.simulator.observability.tables import TABLES

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.faults import Fault
    from tap_cxone.simulator.observability.exports import Export
    from tap_cxone.simulator.world import World

_FAMILY: Final = "observability"
_MILLISECOND = timedelta(milliseconds=1)


def routes(world: World) -> list[BaseRoute]:
    """Return the endpoints of the export API."""
    api = _Api(world)
    refusal = refusals(world.clock)
    submit = Door(api.submit, world.faults, "submit", family=_FAMILY, refusal=refusal)
    poll = Door(api.poll, world.faults, "poll", family=_FAMILY, refusal=refusal)
    return [
        submit.route("POST", f"{PATH}/{{namespace}}/{{table}}/export-data"),
        poll.route("GET", f"{PATH}/export-data/{{export_id}}/status"),
    ]


class _Api:
    """The two calls."""

    def __init__(self, world: World) -> None:
        """Answer for this world's tenant."""
        self._world = world
        self._exports = world.exports
        self._options = world.options

    async def submit(self, request: Request) -> Response:
        """Begin an export and tell where its status is."""
        self._world.tokens.require(request)
        order = read_order(self._table(request), await json_body(request))
        fate, reason = fate_of(fault_of(request))
        export = self._exports.submit(order, fate=fate, reason=reason)
        return accepted(export, str(request.base_url), self._options)

    async def poll(self, request: Request) -> Response:
        """Answer with an export's status, and a new link if it has a file."""
        self._world.tokens.require(request)
        name = request.query_params.get("fileName", "")
        if not name.strip() or "/" in name:
            raise HTTPException(400, "fileName must be the name of a file, without a folder")
        fate, reason = fate_of(fault_of(request))
        export_id = request.path_params["export_id"]
        export = self._exports.poll(export_id, name, fate=fate, reason=reason)
        if export is None:
            raise HTTPException(404, "There is no such export")
        status = export.status(self._world.clock.now())
        url = self._link(request, name) if status is Status.SUCCEEDED else None
        return JSONResponse(export_status(export, status, url, self._options))

    def _table(self, request: Request) -> str:
        """Return the table that a path names."""
        namespace, table = request.path_params["namespace"], request.path_params["table"]
        hidden = table == "GRTable" and self._options.gr_namespace not in {"both", namespace}
        if hidden or f"{namespace}/{table}" not in TABLES:
            raise HTTPException(404, f"There is no table {namespace}/{table}")
        return f"{namespace}/{table}"

    def _link(self, request: Request, name: str) -> str:
        """Return a new link to the file `name`, whichever export's it will be by then."""

        async def serve(fault: Fault | None) -> Response | None:
            export = self._exports.file(name)
            return await run_in_threadpool(self._file, export, fault) if export else None

        return self._world.links.hand_out(str(request.base_url), _FAMILY, f"{name}.csv", serve)

    def _file(self, export: Export, fault: Fault | None) -> Response:
        """Answer with the rows that there were when the export ended."""
        order, tables = export.order, self._world.tables
        seen_at, end = export.ready_at or order.start, order.end + _MILLISECOND
        rows = tables.rows(order.table, order.start, end, seen_at, order.view)
        return file_response(tables.columns(order.table), rows, self._options, fault)
