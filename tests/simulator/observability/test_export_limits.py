from __future__ import annotations

from datetime import datetime

import pytest

from tap_cxone.simulator import Fault
from tap_cxone.simulator.observability.exports import months_before

TOO_MANY = (
    "Too many export requests. The limit is 3 exports per 24 hours "
    "for non-Observability Dashboard users"
)
TOO_OLD = "Export date range cannot be more than 4 months ago without authorization"


def since(start):
    return {"dateRange": {"startDate": start, "endDate": "2026-01-31T00:00:00.000Z"}}


def test_three_exports_a_day(sim):
    """A fourth export within 24 h is refused with the words of the document."""
    tables = ["Copilot/KBTable", "Copilot/ASTable", "Copilot/AQTable", "autopilot/GRTable"]
    responses = [sim.export(table) for table in tables]

    assert [response.status_code for response in responses] == [202, 202, 202, 400]
    assert responses[-1].json()["message"] == TOO_MANY
    assert (sim.simulator.exports, sim.simulator.quota_violations) == (3, 1)
    assert sim.simulator.limit_violations == 1


def test_day_is_rolling(sim_call):
    """Each export is forgotten by itself, 24 h after it was accepted."""
    sim = sim_call(token_seconds=10**6)
    for _ in range(3):
        assert sim.export().status_code == 202
        sim.clock.turn(hours=1)
    sim.clock.turn(hours=20, minutes=59)
    assert sim.export().status_code == 400

    sim.clock.turn(minutes=1)
    assert [sim.export().status_code for _ in range(2)] == [202, 400]


def test_refused_exports_do_not_count(sim):
    """Only what was accepted is counted."""
    sim.simulator.faults.add(Fault("submit", "status", status=503))
    refused = [sim.export(), sim.export(timeZone="Mars"), sim.export("Copilot/No")]
    refused.append(sim.export(**since("2025-01-01T00:00:00.000Z")))

    assert [response.status_code for response in refused] == [503, 400, 404, 400]
    assert [sim.export().status_code for _ in range(4)] == [202, 202, 202, 400]


def test_speed_does_not_change_the_day(sim_call):
    """A faster simulator counts in the same 24 h; `quota_hours` is another number of them."""
    fast, short = sim_call(speed=3600), sim_call(quota_hours=0.5)
    for sim in (fast, short):
        for _ in range(3):
            sim.export()
    fast.clock.turn(minutes=30)

    assert fast.export().status_code == 400
    assert short.export().status_code == 202


@pytest.mark.parametrize(("most", "accepted"), [(1, 1), (None, 6)])
def test_limit_is_the_tenants(sim_call, most, accepted):
    """A tenant may have another limit, or none."""
    sim = sim_call(exports_per_day=most)
    statuses = [sim.export().status_code for _ in range(6)]

    assert statuses == [202] * accepted + [400] * (6 - accepted)


@pytest.mark.parametrize(
    ("start", "status"),
    [("2025-09-30T12:00:00.000Z", 202), ("2025-09-30T11:59:59.999Z", 400)],
)
def test_four_months_back(sim, start, status):
    """At noon of 31 January an export may begin at noon of 30 September, not before."""
    response = sim.export(**since(start))

    assert response.status_code == status
    assert sim.simulator.exports == (1 if status == 202 else 0)
    assert sim.simulator.quota_violations == 0
    if status == 400:
        assert response.json()["message"] == TOO_OLD


def test_history_may_be_unlimited(sim_call):
    """An authorized tenant may request anything."""
    sim = sim_call(history_months=None)

    assert sim.export(**since("2001-01-01T00:00:00.000Z")).status_code == 202


@pytest.mark.parametrize(
    ("instant", "expected"),
    [("2026-06-30", "2026-02-28"), ("2026-01-31", "2025-09-30"), ("2026-04-01", "2025-12-01")],
)
def test_months_are_those_of_the_calendar(instant, expected):
    """A month is as long as it is; where the day does not exist, the last one counts."""
    assert months_before(datetime.fromisoformat(instant), 4) == datetime.fromisoformat(expected)
