"""Presigned links and the files behind them, as an object store serves them."""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.sax.saxutils import escape

from starlette.responses import Response

from tap_cxone.simulator.endpoint import Endpoint, fault_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime, timedelta

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.backend import Backend
    from tap_cxone.simulator.clock import Clock
    from tap_cxone.simulator.faults import FamilyName, Fault

    FileHandler = Callable[[Fault | None], Awaitable[Response | None]]


@dataclass(frozen=True, slots=True)
class DownloadLink:
    """Leave to fetch one file of a family for a while."""

    family: FamilyName
    name: str
    expires_at: datetime
    serve: FileHandler


class DownloadLinks:
    """The links handed out so far."""

    def __init__(self, lifetime: timedelta, clock: Clock) -> None:
        """Hand out links that are good for `life`."""
        self._lifetime = lifetime
        self._clock = clock
        self._links: dict[str, DownloadLink] = {}

    def create(self, base_url: str, family: FamilyName, name: str, serve: FileHandler) -> str:
        """Return a new link to the file `name` of a family, which `serve` answers with."""
        signature = secrets.token_hex(32)
        now = self._clock.now()
        self._links[signature] = DownloadLink(family, name, now + self._lifetime, serve)
        return (
            f"{base_url.rstrip('/')}/files/{quote(name, safe='')}"
            f"?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={now:%Y%m%dT%H%M%SZ}"
            f"&X-Amz-Expires={math.ceil(self._lifetime.total_seconds())}&X-Amz-Signature={signature}"
        )

    def find(self, request: Request) -> DownloadLink | None:
        """Return the link that a request follows, if its signature is for its file."""
        link = self._links.get(request.query_params.get("X-Amz-Signature", ""))
        return link if link is not None and link.name == request.path_params["name"] else None


def routes(backend: Backend) -> list[BaseRoute]:
    """Return the object store."""

    async def download(request: Request) -> Response:
        fault = fault_of(request)
        if "authorization" in request.headers:
            return _error_response(400, "InvalidArgument", "Only one auth mechanism allowed")
        link = backend.links.find(request)
        if link is None:
            return _error_response(
                403, "SignatureDoesNotMatch", "The request signature does not match"
            )
        if backend.clock.now() >= link.expires_at or (fault and fault.kind == "expired-link"):
            return _error_response(403, "AccessDenied", "Request has expired")
        missing = _error_response(404, "NoSuchKey", "The specified key does not exist.")
        return await link.serve(fault) or missing

    async def family(request: Request) -> FamilyName | None:
        link = backend.links.find(request)
        return link.family if link else None

    return [
        Endpoint(download, backend.faults, "download", family=family).route("GET", "/files/{name}")
    ]


def _error_response(status: int, code: str, message: str) -> Response:
    """Answer as an object store refuses."""
    return Response(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>",
        status,
        media_type="application/xml",
    )
