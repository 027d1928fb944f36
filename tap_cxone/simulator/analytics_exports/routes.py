"""The endpoints."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from tap_cxone.simulator.analytics_exports.answers import accepted, export_status, listed
from tap_cxone.simulator.analytics_exports.content import file_response
from tap_cxone.simulator.analytics_exports.conversations import NAME
from tap_cxone.simulator.analytics_exports.orders import read_order, read_words
from tap_cxone.simulator.door import Door, fault_of, json_body
from tap_cxone.simulator.jobs import Status, fate_of
from tap_cxone.simulator.strict import refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.analytics_exports.exports import Export
    from tap_cxone.simulator.faults import Fault, Place
    from tap_cxone.simulator.world import World

_PATH: Final = "/api/v2/analytics/exports"
_READ: Final = "analytics:export:read"
_WRITE: Final = "analytics:export:write"
_MILLISECOND = timedelta(milliseconds=1)


def routes(world: World) -> list[BaseRoute]:
    """Return the endpoints of the Analytics Exports API."""
    api = _Api(world)

    def door(answer: Callable[[Request], Awaitable[Response]], place: Place) -> Door:
        return Door(answer, world.faults, place, family="analytics_exports", refusal=refusal)

    return [
        door(api.list, "list").route("GET", _PATH),
        door(api.submit, "submit").route("POST", _PATH),
        door(api.poll, "poll").route("GET", f"{_PATH}/{{export_id}}"),
        door(api.download, "download").route("GET", f"{_PATH}/{{export_id}}/download"),
    ]


class _Api:
    """The four calls."""

    def __init__(self, world: World) -> None:
        """Answer for this world's tenant."""
        self._world = world
        self._exports = world.analytics
        self._options = world.options

    async def list(self, request: Request) -> Response:
        """Answer with everybody's exports."""
        self._world.client_tokens.require(request, _READ)
        words = read_words(request.query_params.get("status"))
        known = [export for export in self._exports.all() if export.fate != "job-lost"]
        return JSONResponse(listed(known, words, self._world.clock.now(), self._options))

    async def submit(self, request: Request) -> Response:
        """Begin an export and answer with its id."""
        self._world.client_tokens.require(request, _WRITE)
        order = read_order(await json_body(request))
        fate, reason = fate_of(fault_of(request))
        export = self._exports.submit(order, fate=fate, reason=reason)
        return accepted(export, self._options)

    async def poll(self, request: Request) -> Response:
        """Answer with an export's status."""
        self._world.client_tokens.require(request, _READ)
        fate, reason = fate_of(fault_of(request))
        export_id = request.path_params["export_id"]
        export = _known(self._exports.poll(export_id, fate=fate, reason=reason))
        return JSONResponse(export_status(export, self._world.clock.now(), self._options))

    async def download(self, request: Request) -> Response:
        """Answer with an export's file."""
        self._world.client_tokens.require(request, _READ)
        export = _known(self._exports.find(request.path_params["export_id"]))
        now = self._world.clock.now()
        if not export.kept(now):
            raise HTTPException(404, "The export's file is gone")
        if export.status(now) is not Status.SUCCEEDED:
            raise HTTPException(409, "The export is not completed")
        return await run_in_threadpool(self._file, export, fault_of(request))

    def _file(self, export: Export, fault: Fault | None) -> Response:
        """Answer with the rows that there were when the export ended."""
        order, conversations = export.order, self._world.conversations
        seen_at, end = export.ready_at or order.start, order.end + _MILLISECOND
        rows = conversations.rows(NAME, order.start, end, seen_at, order.view)
        return file_response(order, conversations.columns(NAME), rows, self._options, fault)


def _known(export: Export | None) -> Export:
    """Return an export that there is.

    Raises:
        HTTPException: There is none.
    """
    if export is None:
        raise HTTPException(404, "There is no such export")
    return export
