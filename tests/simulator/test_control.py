from __future__ import annotations

import pytest
import requests

from tests.support.ids import readable


@pytest.fixture
def control(sim):
    def call(method, path, **more):
        return requests.request(method, f"{sim.simulator.url}/_simulator/{path}", timeout=5, **more)

    return call


def test_faults_from_outside(sim, control):
    """A script of faults may be posted as JSON, headers as an object."""
    script = [{"at": "list", "kind": "status", "status": 429, "headers": {"Retry-After": 3}}]
    assert control("POST", "faults", json=script).json() == {"pending": 1}
    response = sim.jobs()

    assert (response.status_code, response.headers["retry-after"]) == (429, "3")


@pytest.mark.parametrize(
    "script",
    [[{"at": "list", "kind": "gremlins"}], [{"at": "list"}], [{"where": "list"}], ["x"], 7],
    ids=readable,
)
def test_wrong_faults_are_refused(control, script):
    """A script with a mistake is answered 400 and plays no part."""
    response = control("POST", "faults", json=script)

    assert response.status_code == 400
    assert control("GET", "state").json()["pending_faults"] == 0


def test_requests_from_outside(sim, control):
    """The requests so far may be read as JSON; reading them is not one."""
    sim.jobs()

    assert [seen["path"] for seen in control("GET", "requests").json()] == [
        "/authentication/v1/token/access-key",
        "/data-extraction/v1/jobs",
    ]
    assert len(control("GET", "requests").json()) == 2


def test_truth_from_outside(sim, control):
    """The rows that should come out may be requested."""
    window = {"entity": "qm-workflows", "start": "2026-01-30", "end": "2026-01-31"}

    assert control("GET", "truth", params=window).json() == sim.rows()


def test_truth_of_a_table_from_outside(sim, control):
    """The rows of a table may be requested in any time zone."""
    window = {"entity": "Copilot/ASTable", "start": "2026-01-30", "end": "2026-01-31"}
    query = window | {"zone": "Asia/Tokyo"}

    assert control("GET", "truth", params=query).json() == sim.export_rows(
        "Copilot/ASTable", timeZone="Asia/Tokyo"
    )


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"entity": "nothing", "start": "2026-01-30", "end": "2026-01-31"},
        {"entity": "qm-workflows", "start": "yesterday", "end": "2026-01-31"},
        {"entity": "qm-workflows", "start": "2026-01-30", "end": "2026-01-31", "zone": "Mars"},
    ],
    ids=readable,
)
def test_wrong_question_for_the_truth(control, query):
    """A question without entity or dates is answered 400."""
    assert control("GET", "truth", params=query).status_code == 400


def test_state_from_outside(sim, control):
    """The state tells of the jobs and of broken limits."""
    sim.submit()
    sim.submit()
    state = control("GET", "state").json()

    assert state["refusals"] == 1
    assert [(job["entityName"], job["status"]) for job in state["jobs"]] == [
        ("qm-workflows", "RUNNING")
    ]


def test_control_state_lists_exports(sim, control):
    """The state tells of the exports and of those that were too many."""
    for _ in range(4):
        sim.export()
    state = control("GET", "state").json()

    assert (state["refusals"], state["quota_refusals"]) == (1, 1)
    assert [(e["table"], e["startDate"], e["status"]) for e in state["exports"]] == [
        ("Copilot/KBTable", "2026-01-30T00:00:00.000Z", "RUNNING")
    ] * 3
