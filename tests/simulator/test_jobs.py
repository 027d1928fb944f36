from __future__ import annotations

import pytest

from tests.support.ids import readable


def test_submit_answers_with_a_bare_id(sim):
    """An asynchronous submit is answered 202 with the id as a JSON string."""
    response = sim.submit()

    assert response.status_code == 202
    assert isinstance(response.json(), str)


def test_submit_may_answer_with_an_object(sim_call):
    """A tenant may wrap the id in an object."""
    sim = sim_call(submit_response="object")

    assert sim.status(sim.submit().json()["jobId"])["status"] == "RUNNING"


def test_job_runs_then_succeeds(sim):
    """A job runs for its 20 s, then shows a link."""
    job_id = sim.submit().json()
    sim.clock.turn(seconds=19)
    assert sim.status(job_id) == {"id": job_id, "status": "RUNNING", "result": None}

    sim.clock.turn(seconds=1)
    assert sim.status(job_id)["status"] == "SUCCEEDED"
    assert sim.fetch(sim.status(job_id)["result"]["url"]).status_code == 200


def test_speed_shortens_a_job(sim_call):
    """At ten times the speed a job takes 2 s."""
    sim = sim_call(speed=10)
    job_id = sim.submit().json()

    sim.clock.turn(seconds=2)
    assert sim.status(job_id)["status"] == "SUCCEEDED"


def test_job_may_count_polls(sim_call):
    """With `job_polls`, that many polls find a job running, whatever the time."""
    sim = sim_call(job_polls=2)
    job_id = sim.submit().json()
    sim.clock.turn(minutes=50)

    assert [sim.status(job_id)["status"] for _ in range(4)] == [
        "RUNNING",
        "RUNNING",
        "SUCCEEDED",
        "SUCCEEDED",
    ]


def test_job_expires_after_a_day(sim):
    """A day after its end a job has no file any more."""
    job_id = sim.submit().json()
    sim.clock.turn(seconds=20)
    sim.clock.turn(hours=24)
    sim._token = None

    assert sim.status(job_id) == {"id": job_id, "status": "EXPIRED", "result": None}


def test_list_shows_every_job(sim):
    """The list holds the id and the status of each job, in order."""
    first = sim.submit().json()
    sim.clock.turn(seconds=30)
    second = sim.submit().json()

    assert sim.jobs().json() == {
        "jobs": [{"id": first, "status": "SUCCEEDED"}, {"id": second, "status": "RUNNING"}]
    }


def test_unknown_job_is_404(sim):
    """A job that never was is answered 404."""
    assert sim.poll("nothing").status_code == 404


@pytest.mark.parametrize(
    ("case", "expected"), [("upper", "RUNNING"), ("lower", "running"), ("title", "Running")]
)
def test_status_may_be_spelled_otherwise(sim_call, case, expected):
    """A tenant may spell a status in any case, in polls and in the list."""
    sim = sim_call(status_case=case)
    job_id = sim.submit().json()

    assert sim.status(job_id)["status"] == expected
    assert sim.jobs().json()["jobs"][0]["status"] == expected


@pytest.mark.parametrize(
    ("style", "expected"),
    [("null", {"result": None}), ("absent", {}), ("empty", {"result": {}})],
    ids=readable,
)
def test_running_job_has_no_result(sim_call, style, expected):
    """What stands for a missing result is the tenant's choice."""
    sim = sim_call(running_result=style)
    job_id = sim.submit().json()

    assert sim.status(job_id) == {"id": job_id, "status": "RUNNING"} | expected


def test_sync_answers_with_a_finished_job(sim):
    """A synchronous submit is answered with a job that has succeeded, and its link."""
    answer = sim.sync().json()["jobStatus"]

    assert answer["status"] == "SUCCEEDED"
    assert answer["id"] == sim.simulator.jobs[0].id
    assert sim.fetch(answer["result"]["url"]).status_code == 200


@pytest.mark.parametrize(
    ("style", "find"),
    [
        ("url", lambda answer: answer["url"]),
        ("download-url", lambda answer: answer["downloadUrl"]),
        ("result", lambda answer: answer["result"]["url"]),
        ("string-url", lambda answer: answer),
    ],
    ids=readable,
)
def test_sync_may_show_the_link_otherwise(sim_call, style, find):
    """A tenant may put the link elsewhere in the answer."""
    sim = sim_call(sync_response=style)

    assert sim.fetch(find(sim.sync().json())).status_code == 200


def test_sync_may_answer_with_an_id(sim_call):
    """A tenant may answer a synchronous submit with the id of a job to poll."""
    sim = sim_call(sync_response="string-id")

    assert sim.status(sim.sync().json())["status"] == "RUNNING"


@pytest.mark.parametrize("status", [404, 405])
def test_sync_may_be_missing(sim_call, status):
    """A tenant may have no synchronous endpoint; asking for it spends nothing."""
    sim = sim_call(sync_response=str(status))

    assert sim.sync().status_code == status
    assert sim.submit().status_code == 202


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"entityName": "qm-secrets"}, "Unknown entityName"),
        ({"entityName": None}, "entityName must be a string"),
        ({"version": 4}, "version must be a string"),
        ({"version": "2"}, "no version 2"),
        ({"startDate": "30.01.2026"}, "startDate must be a date"),
        ({"startDate": "20260130"}, "startDate must be a date"),
        ({"endDate": "2026-02-30"}, "endDate must be a date"),
        ({"endDate": "2026-01-30"}, "startDate must be before endDate"),
        ({"startDate": "2026-01-16"}, "must not exceed 14 days"),
    ],
    ids=readable,
)
def test_wrong_order_is_refused(sim, body, message):
    """A body that the API does not accept is answered 400 and spends nothing."""
    response = sim.submit(**body)

    assert response.status_code == 400
    assert message in response.json()["message"]
    assert sim.simulator.jobs == []


def test_fourteen_days_are_accepted(sim):
    """A fortnight is the longest range."""
    assert sim.submit(startDate="2026-01-17").status_code == 202


def test_job_body_must_be_json(sim):
    """A body that is no JSON object is answered 400."""
    path = "/data-extraction/v1/jobs"

    assert sim.call("POST", path, data=b"[]").status_code == 400
    assert sim.call("POST", path, data=b"{").status_code == 400


@pytest.mark.parametrize("entity", ["wfm-payroll", "qm-evaluator-notes"])
def test_invented_entities_exist(sim, entity):
    """There are entities to try that no tap knows by itself."""
    assert len(sim.rows(entityName=entity, version="1")) == 48
