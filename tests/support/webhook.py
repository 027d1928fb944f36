"""A listener of the completion webhook, and settings that name it."""

from __future__ import annotations

import json
import socket
import threading
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tests.support.examples import json_jobs

if TYPE_CHECKING:
    from pathlib import Path

    from tap_cxone.simulator import Simulator

PATH = "/hooks/T0PSECRET/key"
SHAPE = [
    *("source", "event", "family", "stream", "job_id", "window_start", "window_end"),
    *("record_count", "timestamp"),
]


class Listener(ThreadingHTTPServer):
    """A receiver of notifications: it responds as scripted, then with 204."""

    daemon_threads = True

    def __init__(self, log: Path) -> None:
        """Listen on this machine, beside an audit log."""
        super().__init__(("127.0.0.1", 0), _Answer)
        self.script: list[int | str] = []
        self.always: int | str = 204
        self.words = ""
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.gone = threading.Event()
        self.log = log

    @property
    def url(self) -> str:
        """Return the address to tell."""
        return f"http://127.0.0.1:{self.server_port}{PATH}"

    @property
    def told(self) -> list[dict[str, Any]]:
        """Return what was posted."""
        return [json.loads(body, parse_float=Decimal) for _, _, body in self.seen]

    @property
    def windows(self) -> list[str]:
        """Return the day of each window that was posted."""
        return [told["window_start"][:10] for told in self.told]


class _Answer(BaseHTTPRequestHandler):
    """One request to a listener."""

    server: Listener

    def do_POST(self) -> None:
        """Note what was posted, and answer as the script says."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.path, headers, body))
        answer = self.server.script.pop(0) if self.server.script else self.server.always
        if answer == "silence":
            self.server.gone.wait(5)
            return
        if answer == "hang up":
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(int(answer))
        if answer in {302, 307}:
            self.send_header("Location", "/elsewhere")
        words = self.server.words.encode()
        self.send_header("Content-Length", str(0 if answer == 204 else len(words)))
        self.end_headers()
        self.wfile.write(b"" if answer == 204 else words)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Be silent."""


def with_webhook(sim: Simulator, listener: Listener, number: int = 1, **own: Any) -> dict[str, Any]:
    """Return settings for some windows of conversations, with an audit log and a webhook."""
    hook = {"url": listener.url, **own}
    return json_jobs.export_settings(
        sim, number, audit_log_path=str(listener.log), completion_webhook=hook
    )


def exact(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return records with decimals in place of floats."""
    found: list[dict[str, Any]] = json.loads(json.dumps(records), parse_float=Decimal)
    return found
