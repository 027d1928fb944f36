from __future__ import annotations

from urllib.parse import urlsplit

import pytest
import requests

from tap_cxone.simulator import Fault
from tests.support.ids import readable

TABLES = "/observabilitydashboard/v2/tables"
OTHER_DAY = {"startDate": "2026-01-29T00:00:00.000Z", "endDate": "2026-01-29T23:59:59.999Z"}
BOTH = "AutopilotKnowledge/GRTable", "autopilot/GRTable"


def test_submit_answers_with_a_location(sim):
    """An export is accepted with 202, an empty body and the place of its status."""
    response = sim.export()

    assert (response.status_code, response.content) == (202, b"")
    assert response.headers["location"].startswith(f"{sim.simulator.url}{TABLES}/export-data/")


@pytest.mark.parametrize(
    ("style", "host", "end"),
    [
        ("absolute", True, ""),
        ("relative", False, ""),
        ("absolute-status", True, "/status"),
        ("relative-status", False, "/status"),
    ],
)
def test_location_may_be_written_otherwise(sim_call, style, host, end):
    """A location may lack the host, or name the status itself."""
    sim = sim_call(location=style)
    location = sim.export().headers["location"]
    (export,) = sim.simulator.table_exports

    assert bool(urlsplit(location).netloc) == host
    assert urlsplit(location).path == f"{TABLES}/export-data/{export.id}{end}"


def test_submit_may_have_a_body(sim_call):
    """A tenant may tell the id in the body too."""
    response = sim_call(export_body="json").export()
    export_id = response.headers["location"].rpartition("/")[2]

    assert response.json() == {"exportId": export_id, "status": "InProgress"}


def test_export_runs_then_is_complete(sim):
    """An export runs for 20 s, then shows a link."""
    export_id = sim.export_id()
    sim.clock.turn(seconds=19)
    assert sim.export_poll(export_id).json() == {"status": "InProgress"}

    sim.clock.turn(seconds=1)
    answer = sim.export_poll(export_id).json()
    assert answer == {"status": "Completed", "downloadUrl": answer["downloadUrl"]}
    assert sim.fetch(answer["downloadUrl"]).status_code == 200


def test_speed_shortens_an_export(sim_call):
    """At ten times the speed an export takes 2 s."""
    sim = sim_call(speed=10)
    export_id = sim.export_id()
    sim.clock.turn(seconds=2)

    assert sim.export_poll(export_id).json()["status"] == "Completed"


def test_export_may_count_polls(sim_call):
    """With `job_polls`, that many polls find an export running."""
    sim = sim_call(job_polls=2)
    export_id = sim.export_id()

    assert [sim.export_poll(export_id).json()["status"] for _ in range(4)] == [
        "InProgress",
        "InProgress",
        "Completed",
        "Completed",
    ]


def test_several_exports_run_at_once(sim):
    """An export does not wait for another, nor for a job of the other API."""
    sim.submit()

    assert [sim.export().status_code for _ in range(3)] == [202, 202, 202]


@pytest.mark.parametrize("key", ["status", "state", "exportStatus"])
@pytest.mark.parametrize(
    "words",
    [
        ("IN_PROGRESS", "COMPLETED", "ERROR"),
        ("pending", "success", "failed"),
        ("inprogress", "completed", "failed"),
    ],
    ids=readable,
)
def test_status_may_be_worded_otherwise(sim_call, key, words):
    """A tenant has its own words for a status, and its own key for them."""
    sim = sim_call(export_status_key=key, export_status_names=words)
    export_id, failing = sim.export_id(), sim.export_id()
    running = sim.export_poll(export_id).json()
    sim.simulator.faults.add(Fault("poll", "job-failed"))
    failed = sim.export_poll(failing).json()
    sim.clock.turn(seconds=20)
    completed = sim.export_poll(export_id).json()

    assert tuple(answer[key] for answer in (running, completed, failed)) == words


@pytest.mark.parametrize("key", ["downloadUrl", "url", "presignedUrl", "fileUrl", "location"])
def test_link_may_stand_elsewhere(sim_call, key):
    """A tenant has its own key for the link."""
    sim = sim_call(export_link_key=key)
    export_id = sim.export_id()
    sim.clock.turn(seconds=20)

    assert sim.fetch(sim.export_poll(export_id).json()[key]).status_code == 200


def test_link_may_be_all(sim_call):
    """A completed export may show its link and no word; a running one has its word."""
    sim = sim_call(export_link_only=True)
    export_id = sim.export_id()
    assert sim.export_poll(export_id).json() == {"status": "InProgress"}

    sim.clock.turn(seconds=20)
    assert list(sim.export_poll(export_id).json()) == ["downloadUrl"]


@pytest.mark.parametrize("name", [None, "", " ", "a/b"])
def test_poll_needs_a_file_name(sim, name):
    """A poll that does not name the file is answered 400."""
    response = sim.export_poll(sim.export_id(), name)

    assert response.status_code == 400
    assert "fileName" in response.json()["message"]


def test_file_has_its_name(sim):
    """The file is called as the poll says, with `.csv` at the end."""
    export_id = sim.export_id()
    sim.clock.turn(seconds=20)
    link = sim.export_link(export_id, "KB table, 1 %")

    assert urlsplit(link).path == "/files/KB%20table%2C%201%20%25.csv"
    assert sim.fetch(link).status_code == 200


def test_files_of_one_name_overwrite_each_other(sim):
    """Of two exports whose file has one name, only the newer one's file stays."""
    older, newer = sim.export_id(), sim.export_id(dateRange=OTHER_DAY)
    sim.clock.turn(seconds=20)
    link = sim.export_link(older, "same")
    first = sim.fetch(link).content
    newer_link = sim.export_link(newer, "same")

    assert sim.fetch(link).content == sim.fetch(newer_link).content != first
    assert sim.fetch(sim.export_link(older, "same")).content != first
    assert sim.fetch(sim.export_link(older, "own")).content == first


def test_unknown_export_is_404(sim):
    """An export that never was is answered 404, as the API writes it."""
    response = sim.export_poll("nothing")

    assert response.status_code == 404
    assert set(response.json()) == {"message", "statusCode", "traceId"}


def test_export_is_forgotten_after_a_day(sim_call):
    """A day after its end an export is unknown, and its file gone."""
    sim = sim_call(link_seconds=10**6, token_seconds=10**6)
    export_id = sim.export_id()
    sim.clock.turn(seconds=20)
    link = sim.export_link(export_id)
    sim.clock.turn(hours=24)

    assert sim.export_poll(export_id).status_code == 404
    assert sim.fetch(link).status_code == 404


def test_link_is_presigned(sim):
    """A link is good for 30 s and wants no other credentials beside its own."""
    export_id = sim.export_id()
    sim.clock.turn(seconds=20)
    link = sim.export_link(export_id)
    assert sim.fetch(link, headers={"Authorization": "Bearer any"}).status_code == 400
    assert sim.fetch(link).status_code == 200

    sim.clock.turn(seconds=30)
    assert sim.fetch(link).status_code == 403
    assert sim.fetch(sim.export_link(export_id)).status_code == 200


@pytest.mark.parametrize("table", ["Copilot/XYTable", "copilot/KBTable", "Copilot/GRTable"])
def test_unknown_table_is_404(sim, table):
    """A table that does not exist is answered 404 and spends nothing."""
    assert sim.export(table).status_code == 404
    assert sim.simulator.exports == 0


@pytest.mark.parametrize(
    ("namespace", "statuses"),
    [("both", [202, 202]), ("AutopilotKnowledge", [202, 404]), ("autopilot", [404, 202])],
    ids=readable,
)
def test_generated_responses_have_two_paths(sim_call, namespace, statuses):
    """A tenant may have its table of generated responses under one path only."""
    sim = sim_call(gr_namespace=namespace)

    assert [sim.export(table).status_code for table in BOTH] == statuses


def test_refusal_for_want_of_a_token(sim):
    """Without a token the answer is 401, written otherwise than the API's own refusals."""
    url = f"{sim.simulator.url}{TABLES}/Copilot/KBTable/export-data"
    response = requests.post(url, json={}, timeout=5)

    assert response.status_code == 401
    assert set(response.json()) == {"timestamp", "status", "error", "path"}


def date_range(**changes):
    usual = {"startDate": "2026-01-30T00:00:00.000Z", "endDate": "2026-01-30T23:59:59.999Z"}
    return {"dateRange": {k: v for k, v in (usual | changes).items() if v is not None}}


KB, AQ, GR = "Copilot/KBTable", "Copilot/AQTable", "autopilot/GRTable"


@pytest.mark.parametrize(
    ("table", "body", "message"),
    [
        (KB, {"dateRange": None}, "dateRange must be an object"),
        (KB, date_range(startDate=None), "startDate must be a date-time"),
        (KB, date_range(endDate=None), "endDate must be a date-time"),
        (KB, date_range(startDate="2026-01-30T00:00:00Z"), "startDate must be a date-time"),
        (KB, date_range(startDate="2026-01-30"), "startDate must be a date-time"),
        (KB, date_range(startDate="2026-01-30T00:00:00.000+00:00"), "must be a date-time"),
        (KB, date_range(endDate="2026-01-32T00:00:00.000Z"), "endDate must be a date-time"),
        (KB, date_range(endDate="2026-01-30T00:00:00.000Z"), "startDate must be before endDate"),
        (KB, date_range(end="2026-01-31T00:00:00.000Z"), "Unknown field in dateRange: end"),
        (KB, {"timeZone": None}, "timeZone must be an IANA time zone"),
        (KB, {"timeZone": "Pacific Standard Time"}, "timeZone must be an IANA time zone"),
        (KB, {"timeZone": "+01:00"}, "timeZone must be an IANA time zone"),
        (KB, {"timezone": "UTC"}, "Unknown field in the body: timezone"),
        (KB, {"channels": ["email"]}, "channels must be among digital, voice"),
        (KB, {"channels": "voice"}, "channels must be a list of strings"),
        (KB, {"filters": []}, "filters must be an object"),
        (KB, {"filters": {"Team": "North"}}, "Team must be a list of strings"),
        (KB, {"filters": {"AgentNumber": [12]}}, "AgentNumber must be a list of strings"),
        (KB, {"filters": {"team": []}}, "Unknown field in filters: team"),
        (AQ, {"filters": {"Team": []}}, "Unknown field in filters: Team"),
        (AQ, {"channels": []}, "Unknown field in the body: channels"),
        (GR, {"filters": {}}, "Unknown field in the body: filters"),
        (GR, {"channels": []}, "Unknown field in the body: channels"),
    ],
    ids=readable,
)
def test_wrong_export_is_refused(sim, table, body, message):
    """A body that the API does not accept is answered 400 and spends nothing."""
    response = sim.export(table, **body)

    assert response.status_code == 400
    assert message in response.json()["message"]
    assert response.json()["statusCode"] == 400
    assert response.json()["traceId"]
    assert sim.simulator.exports == 0


def test_export_body_must_be_json(sim):
    """A body that is no JSON object is answered 400, in the API's own words."""
    response = sim.call("POST", f"{TABLES}/Copilot/KBTable/export-data", data=b"[]")

    assert (response.status_code, response.json()["statusCode"]) == (400, 400)


@pytest.mark.parametrize(
    ("table", "body"),
    [
        (KB, {"channels": [], "filters": {"Team": [], "Skill": [], "CopilotProfileId": []}}),
        ("Copilot/ASTable", {"channels": ["digital", "voice"], "filters": {"AgentNumber": []}}),
        (AQ, {"filters": {"CopilotProfileId": [], "AgentNumber": []}}),
        (GR, {}),
    ],
    ids=readable,
)
def test_empty_filters_request_all(sim, table, body):
    """A filter without values keeps every row."""
    assert len(sim.export_rows(table, **body)) == 48


@pytest.mark.parametrize(
    ("kind", "word"),
    [("job-failed", "Failed"), ("job-cancelled", "Cancelled"), ("job-expired", "Expired")],
)
def test_export_ends_badly(sim, kind, word):
    """An export ends after its time as the fault of its submit says."""
    sim.simulator.faults.add(Fault("submit", kind, body="disk full"))
    export_id = sim.export_id()
    assert sim.export_poll(export_id).json()["status"] == "InProgress"

    sim.clock.turn(seconds=20)
    answer = sim.export_poll(export_id).json()
    assert answer["status"] == word
    assert answer.get("message") == ("disk full" if word == "Failed" else None)


def test_export_is_lost_or_stuck(sim):
    """A lost export is unknown, a stuck one runs for ever."""
    sim.simulator.faults.add(Fault("submit", "job-lost"), Fault("submit", "job-stuck"))
    lost, stuck = sim.export_id(), sim.export_id()
    sim.clock.turn(minutes=50)

    assert sim.export_poll(lost).status_code == 404
    assert sim.export_poll(stuck).json() == {"status": "InProgress"}


def test_lost_reply_keeps_the_export(sim):
    """An export whose reply was lost has been spent."""
    sim.simulator.faults.add(Fault("submit", "reply-lost"))
    with pytest.raises(requests.ConnectionError):
        sim.export()

    assert sim.simulator.exports == 1
