"""The file, or the listener, that the tests of this folder share."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.support.webhook import Listener

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    """Return a listener that listens."""
    server = Listener(tmp_path / "audit.jsonl")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.gone.set()
    server.shutdown()
    thread.join()
    server.server_close()
