from __future__ import annotations

import pytest

from tap_cxone.errors import CircuitOpen, PermissionDenied, StreamsFailed, Unavailable
from tap_cxone.family import Breaker
from tap_cxone.simulator import Fault
from tests.conftest import settings_for
from tests.families.dashboard import PATHS as TABLES
from tests.running import run_tap


def test_a_family_that_fails_three_times_is_left_alone(simulate, clock):
    """After three streams of a family failed for one reason the fourth asks nothing."""
    sim = simulate(exports_per_day=None)
    sim.faults.add(Fault("submit", "status", status=403, times=99, family="observability"))
    config = settings_for(sim, client_id="SIM-CLIENT-ID", client_secret="SIM-CLIENT-SECRET+/=")
    config["observability"] = {"exports_per_day": None}

    out = run_tap(config | {"start_date": "2026-03-19T00:00:00Z"}, clock=clock)

    assert isinstance(out.error, StreamsFailed)
    *failed, last = (out.error.failures[name] for name in sorted(TABLES))
    assert all(isinstance(error, PermissionDenied) for error in failed)
    assert isinstance(last, CircuitOpen)
    assert "failed 3 times in a row" in str(last)
    assert str(failed[-1]) in str(last)
    posts = [seen for seen in sim.requests if seen.path.endswith("export-data")]
    assert {seen.path.rsplit("/", 2)[1] for seen in posts} == {"GRTable", "AQTable", "ASTable"}


def test_other_families_go_on(simulate, clock):
    """What one family does not give concerns no other."""
    sim = simulate(exports_per_day=None)
    sim.faults.add(Fault("submit", "status", status=403, times=99, family="observability"))
    config = settings_for(sim, client_id="SIM-CLIENT-ID", client_secret="SIM-CLIENT-SECRET+/=")
    out = run_tap(config | {"start_date": "2026-03-19T00:00:00Z"}, clock=clock)

    assert isinstance(out.error, StreamsFailed)
    assert set(out.error.failures) == set(TABLES)
    assert out.counts()["qm_workflows"]
    assert out.counts()["bot_conversations"]


@pytest.mark.parametrize("between", ["success", "another reason"])
def test_in_a_row(between):
    """Only failures in a row, for the same reason, count."""
    breaker = Breaker()
    for _ in range(2):
        breaker.failed(Unavailable("down", status=503))
    if between == "success":
        breaker.succeeded()
    else:
        breaker.failed(Unavailable("down", status=500))
    breaker.failed(Unavailable("down", status=503))

    breaker.check("observability")
