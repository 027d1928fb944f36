"""Every request that came in, in order."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from tap_cxone.simulator.control import PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tap_cxone.simulator.clock import Clock


@dataclass(frozen=True, slots=True)
class Seen:
    """One request; `headers` have lower-case names, `status` is None while there is no answer."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    at: datetime
    status: int | None = None


class RequestLog:
    """The requests so far."""

    def __init__(self) -> None:
        """Start empty."""
        self._lock = threading.Lock()
        self._seen: list[Seen] = []

    def add(self, seen: Seen) -> int:
        """Append a request and return its place."""
        with self._lock:
            self._seen.append(seen)
            return len(self._seen) - 1

    def answered(self, place: int, status: int) -> None:
        """Note what a request was answered with."""
        with self._lock:
            self._seen[place] = replace(self._seen[place], status=status)

    def entries(self) -> list[Seen]:
        """Return the requests so far."""
        with self._lock:
            return list(self._seen)


class Recorder:
    """Notes each request of the application before passing it on."""

    def __init__(self, app: ASGIApp, log: RequestLog, clock: Clock) -> None:
        """Note the requests to `app` in `log`."""
        self._app = app
        self._log = log
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the request whole, note it, and note the status of its answer."""
        if scope["type"] != "http" or scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        place = self._log.add(self._seen(scope, body))

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._log.answered(place, message["status"])
                message = self._dated(message)
            await send(message)

        await self._app(scope, _replayed(body, receive), noting)

    def _dated(self, message: Message) -> Message:
        """Add the time of the simulator's clock, unless the answer tells another."""
        headers = list(message.get("headers", ()))
        if b"date" not in {name.lower() for name, _ in headers}:
            now = format_datetime(self._clock.now().astimezone(UTC), usegmt=True)
            headers.append((b"date", now.encode("ascii")))
        return {**message, "headers": headers}

    def _seen(self, scope: Scope, body: bytes) -> Seen:
        """Describe a request."""
        return Seen(
            method=scope["method"],
            path=scope["path"],
            query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
            headers={name.decode("latin-1"): v.decode("latin-1") for name, v in scope["headers"]},
            body=body,
            at=self._clock.now(),
        )


async def _read(receive: Receive) -> bytes:
    """Return the whole body of a request."""
    parts = []
    while (message := await receive())["type"] == "http.request":
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
    return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives a body already read, then what comes after it."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return left.pop() if left else await receive()

    return again
