"""The connection itself, which a fault may cut."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

    from starlette.types import Receive, Scope

_TRANSPORT = "tap_cxone.simulator.transport"
_RESET = struct.pack("ii", 1, 0)  # linger for 0 seconds: closing sends RST, not FIN


class Connection(H11Protocol):
    """A connection that shows its transport to the application, so that it may be cut."""

    def connection_made(  # type: ignore[override]  # declared so by asyncio.Protocol's child
        self, transport: asyncio.Transport
    ) -> None:
        """Hand the transport on with every request."""
        # asyncio knows our socket not for a TCP one: without this each answer waits for 40 ms.
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)
        app = self.app

        async def with_transport(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, _TRANSPORT: transport}, receive, send)

        self.app = with_transport


async def close_connection(scope: Scope, receive: Receive, *, reset: bool = False) -> None:
    """Close the connection."""
    transport: asyncio.Transport = scope[_TRANSPORT]
    if reset:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        transport.abort()
    else:
        transport.close()
    await wait_closed(receive)


async def wait_closed(receive: Receive) -> None:
    """Return once the connection is closed, by whomever."""
    while (await receive())["type"] != "http.disconnect":
        pass
