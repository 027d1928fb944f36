"""A connection pooler: each transaction of a client goes to the next of several connections."""

from __future__ import annotations

import itertools
import os
import socket
import struct
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import psycopg

from tests.support.postgres import make_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.postgres import Postgres

_ENDS_A_REQUEST = b"QS"  # a query, or the Sync after the parts of one
_REPORTED = (b"server_version", b"client_encoding", b"TimeZone", b"standard_conforming_strings")


@contextmanager
def pooler(server: Postgres, *, announced: int | None) -> Iterator[str]:
    """Run a pooler of two connections for one client; yield its address.

    Args:
        server: The server behind it.
        announced: Process ID that it announces; None for that of the first connection.
    """
    with ExitStack() as opened:
        backends = [opened.enter_context(psycopg.connect(server.url)) for _ in range(2)]
        listener = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
        pid = backends[0].info.backend_pid if announced is None else announced
        thread = threading.Thread(target=_serve_client, args=(listener, backends, pid))
        thread.start()
        opened.callback(thread.join)
        yield make_url(**{**server.settings, "port": listener.getsockname()[1]})


def _serve_client(listener: socket.socket, backends: list[psycopg.Connection], pid: int) -> None:
    with listener.accept()[0] as client, ExitStack() as opened:
        _greet(client, backends[0], pid)
        sockets = []
        for backend in backends:
            copy = socket.socket(fileno=os.dup(backend.fileno()))
            copy.setblocking(True)
            sockets.append(opened.enter_context(copy))
        _relay(client, sockets)


def _greet(client: socket.socket, backend: psycopg.Connection, pid: int) -> None:
    """Answer the requests for encryption and the login, as a server that trusts everybody does."""
    while _read(client, 4) != b"\0\3\0\0":  # after a length, the version of the protocol
        length = client.recv(4, socket.MSG_PEEK)
        if length in {b"\4\xd2\x16\x2f", b"\4\xd2\x16\x30"}:
            client.recv(4)
            client.sendall(b"N")
    client.recv(10_000)
    client.sendall(b"R" + struct.pack("!ii", 8, 0))
    for name in _REPORTED:
        value = backend.pgconn.parameter_status(name) or b""
        body = name + b"\0" + value + b"\0"
        client.sendall(b"S" + struct.pack("!i", len(body) + 4) + body)
    client.sendall(b"K" + struct.pack("!iii", 12, pid, 1) + b"Z" + struct.pack("!i", 5) + b"I")


def _relay(client: socket.socket, backends: list[socket.socket]) -> None:
    """Pass each request on; after the end of a transaction the next connection has its turn."""
    turns = itertools.cycle(backends)
    backend = next(turns)
    while (message := _read_message(client))[:1] not in {b"X", b""}:
        backend.sendall(message)
        if message[:1] in _ENDS_A_REQUEST:
            answer = b""
            while answer[:1] != b"Z":
                answer = _read_message(backend)
                client.sendall(answer)
            if answer.endswith(b"I"):  # no transaction is open
                backend = next(turns)


def _read_message(source: socket.socket) -> bytes:
    """Return a whole message; empty at the end of the connection."""
    head = _read(source, 5)
    return head + _read(source, struct.unpack("!i", head[1:])[0] - 4) if head else b""


def _read(source: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        if not (part := source.recv(size - len(data))):
            return b""
        data += part
    return data
