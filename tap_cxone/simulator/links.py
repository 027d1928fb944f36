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


_HOP = "&hop="


@dataclass(frozen=True, slots=True)
class DownloadLink:
    """Presigned link to one file of a family, with its expiry.

    Attributes:
        target: Path and query that the signature covers; empty if it covers no spelling.
    """

    family: FamilyName
    name: str
    expires_at: datetime
    serve: FileHandler
    target: str = ""


class DownloadLinks:
    """The links created so far."""

    def __init__(
        self, lifetime: timedelta, clock: Clock, *, exact: bool = False, redirects: int = 0
    ) -> None:
        """Create links without past requests.

        Args:
            lifetime: How long a link is valid.
            clock: The clock of the simulator.
            exact: Whether the signature covers the spelling of a link.
            redirects: Number of redirects from a link to its file.
        """
        self._lifetime = lifetime
        self._redirects = redirects
        self._exact = exact
        self._clock = clock
        self._links: dict[str, DownloadLink] = {}

    def create(self, base_url: str, family: FamilyName, name: str, serve: FileHandler) -> str:
        """Return a new link to the file `name` of a family; `serve` returns its response."""
        signature = secrets.token_hex(32)
        now = self._clock.now()
        target = (
            f"/files/{quote(name, safe='')}"
            f"?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={now:%Y%m%dT%H%M%SZ}"
            f"&X-Amz-Expires={math.ceil(self._lifetime.total_seconds())}&X-Amz-Signature={signature}"
        )
        target += "&name=a%7eb%2fc d%C3%A9é" if self._exact else ""
        sent = target.replace(" ", "%20").replace("é", "%C3%A9") if self._exact else ""
        self._links[signature] = DownloadLink(family, name, now + self._lifetime, serve, sent)
        return f"{base_url.rstrip('/')}{target}"

    def next_hop(self, request: Request) -> str | None:
        """Return where a request is redirected to; None if it gets the file."""
        hop = int(request.query_params.get("hop", 0))
        return f"{_target_of(request)}{_HOP}{hop + 1}" if hop < self._redirects else None

    def find(self, request: Request) -> DownloadLink | None:
        """Return the link of a request; None if its signature does not match the file's name."""
        link = self._links.get(request.query_params.get("X-Amz-Signature", ""))
        if link is None or link.name != request.path_params["name"]:
            return None
        return link if link.target in {"", _target_of(request)} else None


def _target_of(request: Request) -> str:
    """Return the path and the query of a request exactly as they were sent, without the hop."""
    path, query = request.scope["raw_path"], request.scope["query_string"]
    return f"{path.decode('latin-1')}?{query.decode('latin-1').partition(_HOP)[0]}"
