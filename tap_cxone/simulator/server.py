"""ASGI server that runs in a background thread."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import TYPE_CHECKING

import uvicorn

from tap_cxone.simulator.connection import Connection

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class _Server(uvicorn.Server):
    """Server that stops at once, without waiting for open connections."""

    def __init__(self, config: uvicorn.Config) -> None:
        """Create a server that runs in the thread that calls `run`."""
        super().__init__(config)
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = asyncio.Event()

    async def main_loop(self) -> None:
        """Serve requests until `stop` is called."""
        self._loop = asyncio.get_running_loop()
        self.ready.set()
        await self._stopped.wait()

    def stop(self) -> None:
        """Stop the main loop; thread-safe."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002
        """Close every connection and cancel every request."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        for task in list(self.server_state.tasks):
            task.cancel()
        await asyncio.gather(*self.server_state.tasks, return_exceptions=True)


class ThreadedServer:
    """Serves an application on a local port."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        """Bind `host` and `port`, 0 for a free port."""
        self._socket = socket.create_server((host, port))
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            _suppress_cancelled(app),
            http=Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
        )
        self._server = _Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="cxone-simulator", daemon=True
        )

    def start(self) -> None:
        """Start the thread and wait until requests are served.

        Raises:
            RuntimeError: The server did not start within 10 s.
        """
        self._thread.start()
        if not self._server.ready.wait(10):
            msg = "the simulator did not start"
            raise RuntimeError(msg)

    def stop(self) -> None:
        """Stop the server and close its port; idempotent."""
        if self._thread.is_alive():
            self._server.stop()
            self._thread.join(10)
        self._socket.close()


def _suppress_cancelled(app: ASGIApp) -> ASGIApp:
    """Return the application without the CancelledError that stopping raises."""

    async def quiet(scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await app(scope, receive, send)

    return quiet
