"""Presigned download links, as an object store issues them."""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime, timedelta

    from starlette.requests import Request
    from starlette.responses import Response

    from tap_cxone.simulator.clock import Clock
    from tap_cxone.simulator.faults import FamilyName, Fault

    FileHandler = Callable[[Fault | None], Awaitable[Response | None]]


@dataclass(frozen=True, slots=True)
class DownloadLink:
    """Presigned link to one file of a family, with its expiry."""

    family: FamilyName
    name: str
    expires_at: datetime
    serve: FileHandler


class DownloadLinks:
    """The links created so far."""

    def __init__(self, lifetime: timedelta, clock: Clock) -> None:
        """Create links that are valid for `lifetime`."""
        self._lifetime = lifetime
        self._clock = clock
        self._links: dict[str, DownloadLink] = {}

    def create(self, base_url: str, family: FamilyName, name: str, serve: FileHandler) -> str:
        """Return a new link to the file `name` of a family; `serve` returns its response."""
        signature = secrets.token_hex(32)
        now = self._clock.now()
        self._links[signature] = DownloadLink(family, name, now + self._lifetime, serve)
        return (
            f"{base_url.rstrip('/')}/files/{quote(name, safe='')}"
            f"?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={now:%Y%m%dT%H%M%SZ}"
            f"&X-Amz-Expires={math.ceil(self._lifetime.total_seconds())}&X-Amz-Signature={signature}"
        )

    def find(self, request: Request) -> DownloadLink | None:
        """Return the link of a request; None if its signature does not match the file's name."""
        link = self._links.get(request.query_params.get("X-Amz-Signature", ""))
        return link if link is not None and link.name == request.path_params["name"] else None
