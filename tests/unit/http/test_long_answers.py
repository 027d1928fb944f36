"""Answers that unpack to more than memory should hold."""

from __future__ import annotations

import gzip
import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tap_cxone.errors import AmbiguousSubmit, ApiError
from tap_cxone.http.messages import ApiRequest
from tap_cxone.http.retry import RetryPolicy
from tap_cxone.http.transport import Transport
from tap_cxone.redact import Redactor
from tap_cxone.signals import SignalHandler

if TYPE_CHECKING:
    from collections.abc import Iterator

BOMB = gzip.compress(b'"' + b" " * 5_000_000 + b'"')


@contextmanager
def answering(status: int) -> Iterator[str]:
    """Yield the address of a server that answers everything with the bomb."""

    class Bomb(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(BOMB)))
            self.end_headers()
            self.wfile.write(BOMB)

        do_POST = do_GET  # noqa: N815 (the library's name)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Bomb) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/jobs"
        server.shutdown()


@pytest.fixture
def transport(clock):
    made = Transport(
        clock=clock,
        redact=Redactor(set()),
        signals=SignalHandler(),
        user_agent="test",
        retry_policy=RetryPolicy(attempts=1, max_elapsed=timedelta(minutes=1)),
        max_bytes=1_000_000,
    )
    with made.session:
        yield made


@pytest.mark.ci
@pytest.mark.parametrize(
    ("method", "error"), [("GET", ApiError), ("POST", AmbiguousSubmit)], ids=["read", "submit"]
)
def test_response_that_unpacks_without_end_is_refused(transport, method, error):
    """It is an error that says what to lower, of a submit one that may have been accepted."""
    with answering(200) as url:
        call = ApiRequest(method=method, url=url, creates_job=method == "POST")
        with pytest.raises(ApiError, match=r"larger than 1 MB.*lower page_size") as raised:
            transport.send(call)

    assert type(raised.value) is error


def test_refusal_that_unpacks_without_end_is_cut(transport):
    """Of what a refusal says no more is read than a person would."""
    with answering(400) as url, pytest.raises(ApiError, match="400 Bad Request") as raised:
        transport.send(ApiRequest(method="GET", url=url))

    assert len(str(raised.value)) < 10_000
