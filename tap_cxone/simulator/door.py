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

from tap_cxone.simulator.wire import hang_up, hung_up

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope, Send

    from tap_cxone.simulator.faults import Family, Fault, Faults, Place

_ERROR_PAGE = "<!DOCTYPE html><html><body><h1>We will be back soon</h1></body></html>"


def _refusal(_: Request, refusal: HTTPException) -> Response:
    """Write a refusal as most of the APIs do."""
    return JSONResponse({"message": refusal.detail}, refusal.status_code)


class Door:
    """An endpoint at which faults may strike."""

    def __init__(
        self,
        answer: Callable[[Request], Awaitable[Response]],
        faults: Faults,
        *places: Place,
        family: Family | Callable[[Request], Awaitable[Family | None]],
        refusal: Callable[[Request, HTTPException], Response] = _refusal,
    ) -> None:
        """Answer with `answer`, unless a fault has it otherwise.

        Args:
            answer: The real answer.
            faults: The script of faults.
            places: What the script calls this endpoint.
            family: The family that each request belongs to.
            refusal: How its API writes that it will not do something.
        """
        self._answer = answer
        self._faults = faults
        self._places = places
        self._family = family
        self._refusal = refusal

    def route(self, method: str, path: str) -> Route:
        """Return the route that leads here."""
        return Route(path, self, methods=[method])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        family = await self._family(request) if callable(self._family) else self._family
        fault = self._faults.take(self._places, family)
        if fault is not None and fault.kind == "reset":
            await hang_up(scope, receive, reset=True)
            return
        request.state.fault = fault
        response = _instead(fault) or await self._carry_out(request)
        await _deliver(response, fault, scope, receive, send)

    async def _carry_out(self, request: Request) -> Response:
        """Return the real answer, be it a refusal."""
        try:
            return await self._answer(request)
        except HTTPException as refusal:
            return self._refusal(request, refusal)


class Fork:
    """A path on which the request itself tells behind which of two doors its answer is."""

    def __init__(self, *, parameter: str, with_it: Door, without_it: Door) -> None:
        """Tell them apart by whether a query parameter is there."""
        self._parameter = parameter
        self._doors = {True: with_it, False: without_it}

    def route(self, method: str, path: str) -> Route:
        """Return the route that leads here."""
        return Route(path, self, methods=[method])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        given = self._parameter in Request(scope, receive).query_params
        await self._doors[given](scope, receive, send)


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


def _instead(fault: Fault | None) -> Response | None:
    """Return the answer to a request that a fault keeps from being carried out."""
    match fault and fault.kind:
        case "status":
            return _status(cast("Fault", fault))
        case "html":
            return HTMLResponse(_ERROR_PAGE)
        case _:
            return None


def _status(fault: Fault) -> Response:
    """Return the scripted answer."""
    status = fault.status or 500
    body = json.dumps({"message": f"Scripted {status}"}) if fault.body is None else fault.payload
    headers = {"content-type": "application/json"} | {k.lower(): v for k, v in fault.headers}
    return Response(body, status, headers)


async def _deliver(
    response: Response, fault: Fault | None, scope: Scope, receive: Receive, send: Send
) -> None:
    """Send an answer, or what a fault leaves of it."""
    body = bytes(response.body)
    match fault and fault.kind:
        case "reply-lost":
            await hang_up(scope, receive)
        case "truncated":
            await _begin(response, body[: _cut(fault, len(body) // 2)], send)
            await hang_up(scope, receive)
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
    await _afterwards(response)


def _with_body(response: Response, body: bytes) -> Response:
    """Return the same answer with another body."""
    headers = {k: v for k, v in response.headers.items() if k != "content-length"}
    return Response(body, response.status_code, headers, background=response.background)


def _cut(fault: Fault | None, otherwise: int) -> int:
    """Return how many bytes still arrive."""
    return otherwise if fault is None or fault.cut is None else fault.cut


async def _begin(response: Response, part: bytes, send: Send) -> None:
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
    begun = fault.cut is not None
    cut = _cut(fault, 0)
    if begun:
        await _begin(response, body[:cut], send)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(hung_up(receive), 60 if fault.seconds is None else fault.seconds)
    if not begun:
        await _begin(response, b"", send)
    await send({"type": "http.response.body", "body": body[cut:], "more_body": False})
    await _afterwards(response)


async def _afterwards(response: Response) -> None:
    """Do what remains to be done once an answer has gone its way."""
    if response.background is not None:
        await response.background()
