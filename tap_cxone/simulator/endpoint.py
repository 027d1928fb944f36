"""HTTP endpoints at which scripted faults apply."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any, cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from tap_cxone.simulator.connection import close_connection, wait_closed, was_idle

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope, Send

    from tap_cxone.simulator.faults import FamilyName, Fault, FaultPoint, FaultScript

    Handler = Callable[[Request], Awaitable[Response]]

_ERROR_PAGE = "<!DOCTYPE html><html><body><h1>We will be back soon</h1></body></html>"


def message_response(_: Request, error: HTTPException) -> Response:
    """Return an error response in the format of most APIs."""
    return JSONResponse({"message": error.detail}, error.status_code)


class Endpoint:
    """ASGI endpoint that applies scripted faults."""

    def __init__(
        self,
        handler: Handler,
        faults: FaultScript,
        *fault_points: FaultPoint,
        family: FamilyName | Callable[[Request], Awaitable[FamilyName | None]],
        error_response: Callable[[Request, HTTPException], Response] = message_response,
    ) -> None:
        """Create an endpoint.

        Args:
            handler: Returns the real response.
            faults: The script of faults.
            *fault_points: Names of this endpoint in the script.
            family: The family of the requests, or a function that returns it.
            error_response: Returns the response for an `HTTPException`.
        """
        self._handler = handler
        self._faults = faults
        self._fault_points = fault_points
        self._family = family
        self._error_response = error_response

    def route(self, method: str, path: str) -> Route:
        """Return a route to this endpoint."""
        return Route(path, self, methods=[method])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        request = Request(scope, receive)
        family = await self._family(request) if callable(self._family) else self._family
        fault = self._faults.next_fault(self._fault_points, family)
        if fault is not None and _resets(fault, scope):
            await close_connection(scope, receive, reset=True)
            return
        request.state.fault = fault
        response = _scripted_response(fault) or await self._handle(request)
        await _send_response(response, fault, scope, receive, send)

    async def _handle(self, request: Request) -> Response:
        """Return the real response, which may be an error response."""
        try:
            return await self._handler(request)
        except HTTPException as error:
            return self._error_response(request, error)


class QueryParamSwitch:
    """Path with two endpoints, selected by the presence of a query parameter."""

    def __init__(self, *, parameter: str, present: Endpoint, absent: Endpoint) -> None:
        """Use `present` if the query parameter is there, else `absent`."""
        self._parameter = parameter
        self._endpoints = {True: present, False: absent}

    def route(self, method: str, path: str) -> Route:
        """Return a route to this endpoint."""
        return Route(path, self, methods=[method])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        is_present = self._parameter in Request(scope, receive).query_params
        await self._endpoints[is_present](scope, receive, send)


def fault_of(request: Request) -> Fault | None:
    """Return the fault that applies to this request."""
    return cast("Fault | None", request.state.fault)


async def json_body(request: Request) -> dict[str, Any]:
    """Return the JSON object in a request's body.

    Raises:
        HTTPException: The body is not a JSON object.
    """
    with contextlib.suppress(ValueError):
        body = json.loads(await request.body())
        if isinstance(body, dict):
            return body
    raise HTTPException(400, "The body must be a JSON object")


def _resets(fault: Fault, scope: Scope) -> bool:
    """Return True if the fault resets the connection before the request is handled."""
    return fault.kind == "reset" or (fault.kind == "reset-idle" and was_idle(scope))


def _scripted_response(fault: Fault | None) -> Response | None:
    """Return the response of a fault that prevents the request from being handled, else None."""
    match fault and fault.kind:
        case "status":
            return _status_response(cast("Fault", fault))
        case "html":
            return HTMLResponse(_ERROR_PAGE)
        case _:
            return None


def _status_response(fault: Fault) -> Response:
    """Return the response of a `status` fault."""
    status = fault.status or 500
    body = json.dumps({"message": f"Scripted {status}"}) if fault.body is None else fault.payload
    headers = {"content-type": "application/json"} | {k.lower(): v for k, v in fault.headers}
    return Response(body, status, headers)


async def _send_response(
    response: Response, fault: Fault | None, scope: Scope, receive: Receive, send: Send
) -> None:
    """Send a response, changed or cut by the fault."""
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
        # A file must be corrupted before compression, so its family applies the fault.
        case "malformed-json" if cast("Fault", fault).at != "download":
            response = _with_body(response, body[: len(body) // 2])
            await response(scope, receive, send)
            return
        case _:
            await response(scope, receive, send)
            return
    await _run_background(response)


def _with_body(response: Response, body: bytes) -> Response:
    """Return the response with another body."""
    headers = {k: v for k, v in response.headers.items() if k != "content-length"}
    return Response(body, response.status_code, headers, background=response.background)


def _cut_position(fault: Fault | None, default: int) -> int:
    """Return the number of body bytes to send before the fault."""
    return default if fault is None or fault.cut is None else fault.cut


async def _send_start(response: Response, part: bytes, send: Send) -> None:
    """Send the head of a response and the start of its body."""
    await send(
        {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": response.raw_headers,
        }
    )
    await send({"type": "http.response.body", "body": part, "more_body": True})


async def _stall(response: Response, fault: Fault, receive: Receive, send: Send) -> None:
    """Send nothing for a while, before the response or within its body; then continue."""
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
    """Run the response's background task."""
    if response.background is not None:
        await response.background()
