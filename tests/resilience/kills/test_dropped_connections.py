"""Two taps on one tenant, whose connections to the journal's server end while a job runs.

The process with the job acquires its slot again before the other one does. So the API refuses no
submit, as if nothing had happened.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.resilience.kills.processes import case_simulator, wait_while_running
from tests.resilience.kills.test_two import (
    BY_NAME,
    SCARCE,
    alone,
    configured,
    finished,
    pair,
    run_at_once,
)
from tests.resilience.kills.trial import different
from tests.support.postgres import Postgres

if TYPE_CHECKING:
    from pathlib import Path

    from tests.resilience.kills.trial import Key

pytestmark = [pytest.mark.posix, pytest.mark.slow]
JOBS = 6  # three days of two streams


def restart(server: Postgres) -> None:
    """Restart a server whose machine failed."""
    server.stop()
    server.start()


@pytest.mark.promise("shared-limits")
@pytest.mark.parametrize("name", ["extraction-sync", "extraction-async"])
@pytest.mark.parametrize("drop", [Postgres.disconnect, restart], ids=["dropped", "restarted"])
def test_api_refuses_nothing_while_connections_are_lost(tmp_path: Path, server, name, drop):
    """Connections that end during each job cost neither an export nor a refused request."""
    case = BY_NAME[name]
    with case_simulator(case, **SCARCE) as sim:
        config = configured(case, sim)
        shared = {**config, "journal": server.url}
        found: dict[Key, dict[str, Any]] = {}

        with run_at_once(pair(case), tmp_path, shared) as running:

            def has_ended() -> bool:
                return any(process.poll() is not None for process, _ in running)

            def has_begun(number: int) -> bool:
                return len(case.works(sim)) >= number or has_ended()

            for number in range(1, JOBS):
                wait_while_running(partial(has_begun, number), running[-1][0])
                if not has_ended():  # one may have done all its jobs before the other
                    drop(server)
            for process, folder in running:
                found |= finished(process, folder)
        said = "".join((folder / "log.txt").read_text() for _, folder in running)

        assert said.count("was lost; it is open again") >= JOBS - 1
        assert sim.limit_violations == 0
        assert "throttled by the API" not in said
        assert len(case.works(sim)) == JOBS
        assert not different(found, alone(case, sim, config))
