"""Watch a socket in a thread of its own, to notice the end of an idle connection at once."""

from __future__ import annotations

import socket
from contextlib import suppress
from selectors import EVENT_READ, DefaultSelector
from threading import Thread
from typing import TYPE_CHECKING

from tap_cxone.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Callable


def watch_socket(file_descriptor: int, on_readable: Callable[[], bool]) -> None:
    """Start a thread that calls a function whenever a socket can be read.

    It ends when the function returns False or raises `JournalError`. The end of a connection makes
    its socket readable, so the thread outlives the connection by a moment only.

    Args:
        file_descriptor: File descriptor of a socket; the caller may close it.
        on_readable: Function to call; it reads from the socket.
    """
    # Only a copy stays valid. Its family does not matter, since nothing is sent.
    copy = socket.fromfd(file_descriptor, socket.AF_INET, socket.SOCK_STREAM)
    Thread(target=_watch, args=(copy, on_readable), name="journal", daemon=True).start()


def _watch(watched: socket.socket, on_readable: Callable[[], bool]) -> None:
    with watched, DefaultSelector() as selector, suppress(JournalError):
        selector.register(watched, EVENT_READ)
        while selector.select() and on_readable():
            pass
