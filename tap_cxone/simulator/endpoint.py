"""Where requests come in, and where faults strike them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any, cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from tap_cxone.simulator.connection import close_connection, wait_closed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope, Send

    from tap_cxone.simulator.faults import FamilyName, Fault, FaultPoint, FaultScript

_ERROR_PAGE = "<!DOCTYPE html><html><body><h1>We will be back soon</h1></body></html>"


def _error_response(_: Request, error: HTTPException) -> Response:
    """Write a refusal as most of the APIs do."""
    return JSONResponse({"message": error.detail}, error.status_code)


class Endpoint:
    """An endpoint at which faults may strike."""

    def __init__(
        self,
        handler: Callable[[Request], Awaitable[Response]],
        faults: FaultScript,
        *fault_points: FaultPoint,
        family: FamilyName | Callable[[Request], Awaitable[FamilyName | None]],
        error_response: Callable[[Request, HTTPException], Response] = _error_response,
    ) -> None:
        """Answer with `answer`, unless a fault has it otherwise.

        Args:
            handler: The real answer.
            faults: The script of faults.
            *fault_points: What the script calls this endpoint.
            family: The family that each request belongs to.
            error_response: How its API writes that it will not do something.
        """
        self._handler = handler
        self._faults = faults
        self._fault_points = fault_points
        self._family = family
        self._error_response = error_response

    def route(self, method: str, path: str) -> Route:
        """Return the route that leads here."""
        return Route(path, self, methods=[method])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        family = await self._family(request) if callable(self._family) else self._family
        fault = self._faults.next_fault(self._fault_points, family)
        if fault is not None and fault.kind == "reset":
            await close_connection(scope, receive, reset=True)
            return
        request.state.fault = fault
        response = _scripted_response(fault) or await self._handle(request)
        await _send_response(response, fault, scope, receive, send)

    async def _handle(self, request: Request) -> Response:
        """Return the real answer, be it a refusal."""
        try:
            return await self._handler(request)
        except HTTPException as error:
            return self._error_response(request, error)


class QueryParamSwitch:
    """A path on which the request itself tells behind which of two doors its answer is."""

    def __init__(self, *, parameter: str, present: Endpoint, absent: Endpoint) -> None:
        """Tell them apart by whether a query parameter is there."""
        self._parameter = parameter
        self._endpoints = {True: present, False: absent}

    def route(self, method: str, path: str) -> Route:
        """Return the route that leads here."""
        return Route(path, self, methods=[method])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        is_present = self._parameter in Request(scope, receive).query_params
        await self._endpoints[is_present](scope, receive, send)


def fault_of(request: Request) -> Fault | None:
    """Return the fault that strikes this request."""
    return cast("Fault | None", request.state.fault)


async def json_body(request: Request) -> dict[str, Any]:
    """Return the JSON object in a request's body.

    Raises:
        HTTPException: There is none.
    """
    with contextlib.suppress(ValueError):
        body = json.loads(await request.body())
        if isinstance(body, dict):
            return body
    raise HTTPException(400, "The body must be a JSON object")


def _scripted_response(fault: Fault | None) -> Response | None:
    """Return the answer to a request that a fault keeps from being carried out."""
    match fault and fault.kind:
        case "status":
            return _status_response(cast("Fault", fault))
        case "html":
            return HTMLResponse(_ERROR_PAGE)
        case _:
            return None


def _status_response(fault: Fault) -> Response:
    """Return the scripted answer."""
    status = fault.status or 500
    body = json.dumps({"message": f"Scripted {status}"}) if fault.body is None else fault.payload
    headers = {"content-type": "application/json"} | {k.lower(): v for k, v in fault.headers}
    return Response(body, status, headers)


async def _send_response(
    response: Response, fault: Fault | None, scope: Scope, receive: Receive, send: Send
) -> None:
    """Send an answer, or what a fault leaves of it."""
    body = bytes(response.body)
    match fault and fault.kind:
        case "reply-lost":
            await close_connection(scope, receive)
        case "truncated":
            await _send_start(response, body[: _cut_position(fault, len(body) // 2)], send)
            await close_connection(scope, receive)
        case "stall":
            await _stall(response, cast("Fault", fault), receive, send)
            return
        case "empty":
            response = _with_body(response, b"")
            await response(scope, receive, send)
            return
        # What is wrong with a file must be wrong before it is compressed: its family sees to it.
        case "malformed-json" if cast("Fault", fault).at != "download":
            response = _with_body(response, body[: len(body) // 2])
            await response(scope, receive, send)
            return
        case _:
            await response(scope, receive, send)
            return
    await _run_background(response)


def _with_body(response: Response, body: bytes) -> Response:
    """Return the same answer with another body."""
    headers = {k: v for k, v in response.headers.items() if k != "content-length"}
    return Response(body, response.status_code, headers, background=response.background)


def _cut_position(fault: Fault | None, default: int) -> int:
    """Return how many bytes still arrive."""
    return default if fault is None or fault.cut is None else fault.cut


async def _send_start(response: Response, part: bytes, send: Send) -> None:
    """Send the head of an answer and the first part of its body."""
    await send(
        {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": response.raw_headers,
        }
    )
    await send({"type": "http.response.body", "body": part, "more_body": True})


async def _stall(response: Response, fault: Fault, receive: Receive, send: Send) -> None:
    """Fall silent before the answer, or within its body, and go on later."""
    body = bytes(response.body)
    started = fault.cut is not None
    cut = _cut_position(fault, 0)
    if started:
        await _send_start(response, body[:cut], send)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(wait_closed(receive), 60 if fault.seconds is None else fault.seconds)
    if not started:
        await _send_start(response, b"", send)
    await send({"type": "http.response.body", "body": body[cut:], "more_body": False})
    await _run_background(response)


async def _run_background(response: Response) -> None:
    """Do what remains to be done once an answer has gone its way."""
    if response.background is not None:
        await response.background()
