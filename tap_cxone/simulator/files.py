"""Routes of the object store that serves files behind presigned links."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from starlette.responses import Response

from tap_cxone.simulator.endpoint import Endpoint, fault_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.context import ServerContext
    from tap_cxone.simulator.faults import FamilyName


def routes(context: ServerContext) -> list[BaseRoute]:
    """Return the route of the object store."""

    async def download(request: Request) -> Response:
        fault = fault_of(request)
        if "authorization" in request.headers:
            return _error_response(400, "InvalidArgument", "Only one auth mechanism allowed")
        link = context.links.find(request)
        if link is None:
            return _error_response(
                403, "SignatureDoesNotMatch", "The request signature does not match"
            )
        if location := context.links.next_hop(request):
            status = context.options.link_redirect_status
            return Response(status_code=status, headers={"location": location})
        if context.clock.now() >= link.expires_at or (fault and fault.kind == "expired-link"):
            return _error_response(403, "AccessDenied", "Request has expired")
        missing = _error_response(404, "NoSuchKey", "The specified key does not exist.")
        return await link.serve(fault) or missing

    async def family(request: Request) -> FamilyName | None:
        link = context.links.find(request)
        return link.family if link else None

    return [
        Endpoint(download, context.faults, "download", family=family).route("GET", "/files/{name}")
    ]


def _error_response(status: int, code: str, message: str) -> Response:
    """Return an error response in the format of an object store."""
    return Response(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>",
        status,
        media_type="application/xml",
    )
