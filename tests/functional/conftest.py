"""What several tests of whole runs need."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pytest

from tests.support.history import Reader
from tests.support.journals import journal_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tap_cxone.clock import Clock
    from tap_cxone.jobs.journal import Journal
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


@pytest.fixture
def open_journal(server, clock) -> Iterator[Callable[..., Journal]]:
    """Yield what opens the journal once more, as another process would."""
    with ExitStack() as stack:

        def open_again(clock: Clock = clock, *, real_time: bool = False) -> Journal:
            journal = journal_at(server.url, clock, real_time=real_time)
            journal.open()
            return stack.enter_context(closing(journal))

        yield open_again
