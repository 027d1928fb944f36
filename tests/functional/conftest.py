"""What several tests of whole runs need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.history import Reader

if TYPE_CHECKING:
    from pathlib import Path

    from tap_cxone.simulator import Simulator
    from tests.support.run import FakeClock


@pytest.fixture
def reader(sim: Simulator, clock: FakeClock, audit_log: Path) -> Reader:
    """Return the runs of one stream with windows of a day."""
    return Reader(sim, clock, audit_log)


@pytest.fixture
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the user a `.netrc` with credentials for the simulator's host."""
    path = tmp_path / ".netrc"
    path.write_text("machine 127.0.0.1 login somebody password something\n")
    path.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(path))
