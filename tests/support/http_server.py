"""A small HTTP server with given answers, and a client of it."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from tap_cxone.simulator import tap_settings
from tap_cxone.streams.base import CXoneStream
from tap_cxone.tap import TapCXone
from tests.support.run import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_cxone.http.client import Client

TOKEN = "any-token"
LOGIN = "/authentication/v1/token/access-key"
_LOGIN_BODY = [json.dumps({"access_token": TOKEN, "expires_in": 3600}).encode()]


@dataclass
class Answers:
    """What the server answers, and what it was sent.

    Attributes:
        bodies: Address → status and chunks of the body.
        requests: Method, address and Authorization header of each request but the login.
        url: Base URL of the server.
    """

    bodies: dict[str, tuple[int, Iterable[bytes]]]
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    url: str = ""


@contextmanager
def http_api(bodies: dict[str, tuple[int, Iterable[bytes]]]) -> Iterator[Answers]:
    """Yield a running server; it knows no other address than those of `bodies`."""
    answers = Answers({LOGIN: (200, _LOGIN_BODY), **bodies})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path != LOGIN:
                answers.requests.append((self.command, self.path, self.headers["Authorization"]))
            status, chunks = answers.bodies.get(self.path, (404, [b"{}"]))
            self.send_response_only(status)  # without a Date, which would be that of today
            self.end_headers()
            for chunk in chunks:
                self.wfile.write(chunk)

        do_POST = do_GET  # noqa: N815 (the library's name)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        answers.url = f"http://127.0.0.1:{server.server_port}"
        yield answers
        server.shutdown()


def client_of(url: str) -> Client:
    """Return the client of a family whose API is at this URL, without retries."""
    config = {**tap_settings(url), "max_retries": 0}
    tap = TapCXone(config=config, clock=FakeClock())
    stream = tap.streams["qm_workflows"]
    assert isinstance(stream, CXoneStream)
    return stream.family.client
