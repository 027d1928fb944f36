"""Presigned links and the files behind them, as an object store serves them."""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.sax.saxutils import escape

from starlette.responses import Response

from tap_cxone.simulator.door import Door, fault_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime, timedelta

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.clock import Clock
    from tap_cxone.simulator.faults import Family, Fault
    from tap_cxone.simulator.world import World

    Serve = Callable[[Fault | None], Awaitable[Response | None]]


@dataclass(frozen=True, slots=True)
class Link:
    """Leave to fetch one file of a family for a while."""

    family: Family
    name: str
    expires_at: datetime
    serve: Serve


class Links:
    """The links handed out so far."""

    def __init__(self, life: timedelta, clock: Clock) -> None:
        """Hand out links that are good for `life`."""
        self._life = life
        self._clock = clock
        self._links: dict[str, Link] = {}

    def hand_out(self, base_url: str, family: Family, name: str, serve: Serve) -> str:
        """Return a new link to the file `name` of a family, which `serve` answers with."""
        signature = secrets.token_hex(32)
        now = self._clock.now()
        self._links[signature] = Link(family, name, now + self._life, serve)
        return (
            f"{base_url.rstrip('/')}/files/{quote(name, safe='')}"
            f"?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={now:%Y%m%dT%H%M%SZ}"
            f"&X-Amz-Expires={math.ceil(self._life.total_seconds())}&X-Amz-Signature={signature}"
        )

    def find(self, request: Request) -> Link | None:
        """Return the link that a request follows, if its signature is for its file."""
        link = self._links.get(request.query_params.get("X-Amz-Signature", ""))
        return link if link is not None and link.name == request.path_params["name"] else None


def routes(world: World) -> list[BaseRoute]:
    """Return the object store."""

    async def download(request: Request) -> Response:
        fault = fault_of(request)
        if "authorization" in request.headers:
            return _error(400, "InvalidArgument", "Only one auth mechanism allowed")
        link = world.links.find(request)
        if link is None:
            return _error(403, "SignatureDoesNotMatch", "The request signature does not match")
        if world.clock.now() >= link.expires_at or (fault and fault.kind == "expired-link"):
            return _error(403, "AccessDenied", "Request has expired")
        missing = _error(404, "NoSuchKey", "The specified key does not exist.")
        return await link.serve(fault) or missing

    async def family(request: Request) -> Family | None:
        link = world.links.find(request)
        return link.family if link else None

    return [Door(download, world.faults, "download", family=family).route("GET", "/files/{name}")]


def _error(status: int, code: str, message: str) -> Response:
    """Answer as an object store refuses."""
    return Response(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>",
        status,
        media_type="application/xml",
    )
