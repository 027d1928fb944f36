"""Log of all received requests, and the middleware that fills it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tap_cxone.simulator.clock import Clock
CONTROL_PREFIX = "/_simulator/"
"""Path prefix of the control routes; their requests are not recorded."""


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request; header names are lower-case, `status` is None until the response starts."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    at: datetime
    status: int | None = None


class RequestLog:
    """Thread-safe log of requests."""

    def __init__(self) -> None:
        """Create an empty log."""
        self._lock = threading.Lock()
        self._requests: list[RecordedRequest] = []

    def add(self, request: RecordedRequest) -> int:
        """Append a request; return its index."""
        with self._lock:
            self._requests.append(request)
            return len(self._requests) - 1

    def set_status(self, index: int, status: int) -> None:
        """Store the status of the response to a request."""
        with self._lock:
            self._requests[index] = replace(self._requests[index], status=status)

    def entries(self) -> list[RecordedRequest]:
        """Return the requests received so far."""
        with self._lock:
            return list(self._requests)


class RecordingMiddleware:
    """Logs each request before the application handles it."""

    def __init__(self, app: ASGIApp, log: RequestLog, clock: Clock) -> None:
        """Log the requests to `app` in `log`."""
        self._app = app
        self._log = log
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read and log the whole request, handle it, and log the status of its response."""
        if scope["type"] != "http" or scope["path"].startswith(CONTROL_PREFIX):
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        index = self._log.add(self._describe(scope, body))

        async def send_recorded(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._log.set_status(index, message["status"])
                message = self._with_date(message)
            await send(message)

        await self._app(scope, _replay(body, receive), send_recorded)

    def _with_date(self, message: Message) -> Message:
        """Return the message with a Date header of the simulator's clock, unless it has one."""
        headers = list(message.get("headers", ()))
        if b"date" not in {name.lower() for name, _ in headers}:
            now = format_datetime(self._clock.now().astimezone(UTC), usegmt=True)
            headers.append((b"date", now.encode("ascii")))
        return {**message, "headers": headers}

    def _describe(self, scope: Scope, body: bytes) -> RecordedRequest:
        """Return the log entry of a request."""
        return RecordedRequest(
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


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that first yields the body already read, then later messages."""
    unsent: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay_receive() -> Message:
        return unsent.pop() if unsent else await receive()

    return replay_receive
