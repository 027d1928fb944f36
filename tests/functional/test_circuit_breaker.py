from __future__ import annotations

from typing import Any

import pytest

from tap_cxone.errors import CircuitOpen, PermissionDenied, StreamsFailed, Unavailable
from tap_cxone.http.circuit_breaker import CircuitBreaker
from tap_cxone.simulator import Fault, tap_settings
from tap_cxone.streams.windowed import WindowedStream
from tap_cxone.tap import TapCXone
from tests.conftest import settings_for
from tests.support.examples import json_jobs, quota_jobs
from tests.support.facts import FACTS
from tests.support.run import run_tap, select


def test_circuit_breaker_opens_after_three_failures(simulate, clock):
    """After three streams of a family failed for one reason the fourth asks nothing."""
    sim = simulate(exports_per_day=None)
    sim.faults.add(Fault("submit", "status", status=403, times=99, family=quota_jobs.FAMILY))
    config = settings_for(sim, client_id="SIM-CLIENT-ID", client_secret="SIM-CLIENT-SECRET+/=")
    config[quota_jobs.FAMILY] = {"exports_per_day": None}

    out = run_tap(config | {"start_date": "2026-03-19T00:00:00Z"}, clock=clock)

    assert isinstance(out.error, StreamsFailed)
    *failed, last = (out.error.failures[name] for name in sorted(quota_jobs.PATHS))
    assert all(isinstance(error, PermissionDenied) for error in failed)
    assert isinstance(last, CircuitOpen)
    assert "failed 3 times in a row" in str(last)
    assert str(failed[-1]) in str(last)
    posts = [seen for seen in sim.requests if seen.path.endswith("export-data")]
    assert {seen.path.rsplit("/", 2)[1] for seen in posts} == {"GRTable", "AQTable", "ASTable"}


@pytest.mark.promise("isolated-failures")
def test_other_families_continue(simulate, clock):
    """What one family does not give concerns no other."""
    sim = simulate(exports_per_day=None)
    sim.faults.add(Fault("submit", "status", status=403, times=99, family=quota_jobs.FAMILY))
    config = settings_for(sim, client_id="SIM-CLIENT-ID", client_secret="SIM-CLIENT-SECRET+/=")
    config[json_jobs.FAMILY] = {}
    out = run_tap(config | {"start_date": "2026-03-19T00:00:00Z"}, clock=clock)

    assert isinstance(out.error, StreamsFailed)
    assert set(out.error.failures) == set(quota_jobs.PATHS)
    assert out.counts()["qm_workflows"]
    assert out.counts()["bot_conversations"]


@pytest.mark.parametrize("between", ["success", "another reason"])
def test_in_a_row(between):
    """Only failures in a row, for the same reason, count."""
    breaker = CircuitBreaker()
    for _ in range(2):
        breaker.record_failure(Unavailable("down", status=503))
    if between == "success":
        breaker.record_success()
    else:
        breaker.record_failure(Unavailable("down", status=500))
    breaker.record_failure(Unavailable("down", status=503))

    breaker.raise_if_open(quota_jobs.FAMILY)


FAILING = {name: facts.failing for name, facts in FACTS.items() if facts.failing is not None}


@pytest.mark.promise("isolated-failures")
@pytest.mark.some(3)
@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("family", FAILING)
def test_circuit_breaker_opens_for_every_family(simulate, clock, family, status):
    """Three streams of any family that fail for one reason are enough: the others ask nothing."""
    failing = FAILING[family]
    sim = simulate(exports_per_day=None)
    sim.faults.add(Fault(failing.point, "status", status=status, times=99, family=family))
    (act,) = sim.faults._script
    base = tap_settings(sim.url, families=(family,))
    config = {
        **base,
        "timezone": "America/New_York",
        family: {**base.get(family, {}), **failing.own},
    }
    span = {"start_date": "2026-03-18T04:00:00Z", "end_date": "2026-03-19T04:00:00Z"}
    names = [f"{name}" for name in _names(config, family)]

    out = run_tap(config | span, clock=clock, catalog=select(config, *names))

    assert isinstance(out.error, StreamsFailed)
    errors = list(out.error.failures.values())
    assert len(errors) == len(names) >= 4
    assert not any(isinstance(error, CircuitOpen) for error in errors[:3])
    assert all(isinstance(error, CircuitOpen) for error in errors[3:])
    asked = 6 if status in failing.repeated else 3
    assert 3 <= act.applied <= asked
    assert "failed 3 times in a row" in out.error.lines()[-1]


def _names(config: dict[str, Any], family: str) -> list[str]:
    """Return the streams of a family that are read in windows."""
    streams = TapCXone(config=dict(config), validate_config=False).streams.values()
    return [s.name for s in streams if isinstance(s, WindowedStream) and s.family.name == family]
