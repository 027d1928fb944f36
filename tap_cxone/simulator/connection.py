"""HTTP connections that faults can close or reset."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

    from starlette.types import Receive, Scope

_TRANSPORT = "tap_cxone.simulator.transport"
_WAS_IDLE = "tap_cxone.simulator.was_idle"
_RESET = struct.pack("ii", 1, 0)  # linger for 0 seconds: closing sends RST, not FIN


class Connection(H11Protocol):
    """Connection that passes its transport to the application, so that faults can close it."""

    def connection_made(  # type: ignore[override]  # asyncio.Protocol declares BaseTransport
        self, transport: asyncio.Transport
    ) -> None:
        """Store in the scope of every request the transport, and whether an earlier one used it."""
        # asyncio does not recognise this socket as TCP and leaves Nagle's algorithm on.
        # Each response would take 40 ms.
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)
        app, was_idle = self.app, False

        async def with_transport(scope: Any, receive: Any, send: Any) -> None:
            nonlocal was_idle
            extended = {**scope, _TRANSPORT: transport, _WAS_IDLE: was_idle}
            was_idle = True
            await app(extended, receive, send)

        self.app = with_transport


def was_idle(scope: Scope) -> bool:
    """Return True if the connection served an earlier request and was idle since."""
    return bool(scope[_WAS_IDLE])


async def close_connection(scope: Scope, receive: Receive, *, reset: bool = False) -> None:
    """Close the connection, with a TCP reset if `reset`."""
    transport: asyncio.Transport = scope[_TRANSPORT]
    if reset:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        transport.abort()
    else:
        transport.close()
    await wait_closed(receive)


async def wait_closed(receive: Receive) -> None:
    """Wait until either side has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
