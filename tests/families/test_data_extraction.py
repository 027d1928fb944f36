"""The Data Extraction API: what is asked, what its answers mean, and its limits."""

from __future__ import annotations

import functools
import itertools
import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.errors import (
    DecodeError,
    DriftError,
    JobFailed,
    JobTimeout,
    NotFound,
    PermissionDenied,
    StreamsFailed,
    Throttled,
)
from tap_cxone.simulator import Fault
from tests.conftest import settings_for
from tests.support.run import run_tap, select

if TYPE_CHECKING:
    from tap_cxone.simulator import RecordedRequest, Simulator
    from tests.support.run import FakeClock, Output

STREAM = "qm_workflows"
SYNC = "/data-extraction/v1/jobs/sync"
ASYNC = "/data-extraction/v1/jobs"
WAIT = '{"message": "Please wait and try again later"}'


def two_days(sim: Simulator, **family: Any) -> dict[str, Any]:
    """Return settings for one window of two whole days."""
    return settings_for(
        sim,
        start_date="2026-03-16T00:00:00Z",
        end_date="2026-03-18T00:00:00Z",
        data_extraction=family,
    )


@functools.cache
def catalog(stream: str) -> dict[str, Any]:
    """Return a catalog with one stream of the built-in ones selected."""
    return select({"access_key_id": "any", "access_key_secret": "any"}, stream)


def run(config: dict[str, Any], clock: FakeClock, stream: str = STREAM, **how: Any) -> Output:
    """Run one stream."""
    if config["data_extraction"].get("entities"):
        return run_tap(config, clock=clock, only=stream, **how)
    return run_tap(config, clock=clock, catalog=catalog(stream), **how)


def posts(sim: Simulator) -> list[RecordedRequest]:
    """Return the submits so far."""
    return [seen for seen in sim.requests if seen.method == "POST" and "/jobs" in seen.path]


def polls(sim: Simulator) -> list[RecordedRequest]:
    """Return the polls so far."""
    return [seen for seen in sim.requests if seen.method == "GET" and f"{ASYNC}/" in seen.path]


def keys(sim: Simulator) -> set[str]:
    """Return the keys of the rows of the two days."""
    rows = sim.expected_rows("qm-workflows", date(2026, 3, 16), date(2026, 3, 18))
    return {row["Workflow ID"] for row in rows}


def ids(out: Output) -> set[str]:
    """Return the keys of the records."""
    return {record["workflow_id"] for record in out.records(STREAM)}


def failure(out: Output, stream: str = STREAM) -> Exception:
    """Return why a stream failed."""
    assert isinstance(out.error, StreamsFailed)
    return out.error.failures[stream]


# What is asked


@pytest.mark.parametrize(("mode", "path"), [("sync", SYNC), ("async", ASYNC)])
def test_request(sim, clock, mode, path):
    """A submit holds the entity, its version as text, and whole days, the end exclusive."""
    run(two_days(sim, mode=mode), clock)

    (post,) = posts(sim)
    assert post.path == path
    assert json.loads(post.body) == {
        "entityName": "qm-workflows",
        "version": "4",
        "startDate": "2026-03-16",
        "endDate": "2026-03-18",
    }


def test_request_of_a_part_of_a_day(sim, clock):
    """A window that ends inside a day asks for the whole of it."""
    config = settings_for(sim, start_date="2026-03-20T05:00:00Z")

    run(config, clock)

    body = json.loads(posts(sim)[0].body)
    assert (body["startDate"], body["endDate"]) == ("2026-03-20", "2026-03-21")


def test_window_that_ends_at_midnight(sim, clock):
    """A window that ends at midnight does not ask for the day that begins there."""
    clock.sleep(timedelta(hours=12, minutes=30))

    run(settings_for(sim, start_date="2026-03-20T00:00:00Z"), clock)

    body = json.loads(posts(sim)[0].body)
    assert (body["startDate"], body["endDate"]) == ("2026-03-20", "2026-03-21")


def test_built_in_entities(sim, clock):
    """The built-in streams ask for these entities and versions."""
    run_tap(two_days(sim), clock=clock)

    asked = {(json.loads(p.body)["entityName"], json.loads(p.body)["version"]) for p in posts(sim)}
    assert asked == {
        ("qm-workflows", "4"),
        ("qm-questions", "1"),
        ("recording-interaction-metadata", "10"),
    }


def test_built_in_keys(sim, clock):
    """The built-in streams have these keys."""
    out = run_tap(two_days(sim), clock=clock)

    assert {m["stream"]: m["key_properties"] for m in out.of("SCHEMA")} == {
        "qm_workflows": ["workflow_id"],
        "qm_questions": ["workflow_instance_id", "question_id"],
        "recording_interaction_metadata": ["segment_id"],
        "quarantine": ["record_id"],
    }


def test_at_most_two_weeks(sim, clock):
    """No request is longer than 14 days."""
    config = settings_for(sim, start_date="2026-02-10T00:00:00Z")

    out = run(config, clock)

    bodies = [json.loads(post.body) for post in posts(sim)]
    spans = [
        date.fromisoformat(body["endDate"]) - date.fromisoformat(body["startDate"])
        for body in bodies
    ]
    assert out.error is None
    assert max(spans) == timedelta(days=14)


# Which endpoint


def test_auto_begins_with_sync(sim, clock):
    """Mode auto, the default, asks the synchronous endpoint."""
    run(two_days(sim), clock)

    assert [post.path for post in posts(sim)] == [SYNC]


@pytest.mark.parametrize("answer", ["404", "405"])
def test_auto_without_a_sync_endpoint(simulate, clock, answer):
    """A tenant without the synchronous endpoint is asked for it once, then asynchronously."""
    sim = simulate(sync_response=answer)

    out = run(two_days(sim, window_days=1), clock)

    assert ids(out) == keys(sim)
    assert [post.path for post in posts(sim)] == [SYNC, ASYNC, ASYNC]


def test_no_sync_endpoint_concerns_every_stream(simulate, clock):
    """What one stream learned of the tenant, the others need not try."""
    sim = simulate(sync_response="404")

    run_tap(two_days(sim), clock=clock)

    assert [post.path for post in posts(sim)] == [SYNC, ASYNC, ASYNC, ASYNC]


def test_no_sync_endpoint_is_remembered(simulate, clock):
    """The next run does not try the synchronous endpoint again, whatever the stream."""
    sim = simulate(sync_response="404")
    first = run(two_days(sim), clock)
    before = len(posts(sim))

    run(two_days(sim), clock, stream="qm_questions", state=first.state)

    assert [post.path for post in posts(sim)[before:]] == [ASYNC]


def test_no_sync_endpoint_is_remembered_when_killed(simulate, clock):
    """The first STATE, right after the submit, holds it already."""
    sim = simulate(sync_response="404")
    first = run(two_days(sim), clock, cut_after=2)

    run(two_days(sim), clock, state=first.state)

    assert [post.path for post in posts(sim)] == [SYNC, ASYNC]


def test_sync_without_a_sync_endpoint(simulate, clock):
    """Mode sync does not change the endpoint; the error names the setting."""
    sim = simulate(sync_response="404")

    out = run(two_days(sim, mode="sync"), clock)

    assert isinstance(failure(out), NotFound)
    assert "data_extraction.mode" in str(failure(out))
    assert [post.path for post in posts(sim)] == [SYNC]


def test_async_never_asks_sync(sim, clock):
    """Mode async leaves the synchronous endpoint alone."""
    run(two_days(sim, mode="async"), clock)

    assert [post.path for post in posts(sim)] == [ASYNC]


# What is answered


@pytest.mark.parametrize(
    "answer", ["job-status", "url", "download-url", "result", "string-url", "string-id"]
)
def test_sync_answers(simulate, clock, answer):
    """Every shape of a synchronous answer gives the rows with one submit."""
    sim = simulate(sync_response=answer)

    out = run(two_days(sim, mode="sync"), clock)

    assert out.error is None
    assert ids(out) == keys(sim)
    assert len(posts(sim)) == 1
    assert bool(polls(sim)) == (answer == "string-id")


@pytest.mark.parametrize("answer", ["string", "object"])
def test_async_answers(simulate, clock, answer):
    """A job id comes as a bare JSON string, or as `{"jobId"}`."""
    sim = simulate(submit_response=answer)

    out = run(two_days(sim, mode="async"), clock)

    assert ids(out) == keys(sim)
    assert polls(sim)[0].path == f"{ASYNC}/{sim.jobs[0].id}"


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("case", ["upper", "lower", "title"])
def test_status_words_in_any_case(simulate, clock, mode, case):
    """A job's status may be spelled in any case, running and done."""
    sim = simulate(status_case=case)

    out = run(two_days(sim, mode=mode), clock)

    assert out.error is None
    assert ids(out) == keys(sim)


@pytest.mark.parametrize("case", ["lower", "title"])
def test_failed_in_any_case(simulate, clock, case):
    """So it is when the job failed."""
    sim = simulate(status_case=case)
    sim.faults.add(Fault("poll", "job-failed", body="Out of paper"))

    out = run(two_days(sim, mode="async"), clock)

    assert "Out of paper" in str(failure(out))


@pytest.mark.parametrize("shape", ["null", "absent", "empty"])
def test_result_of_a_running_job(simulate, clock, shape):
    """A running job's result may be null, absent or empty."""
    sim = simulate(running_result=shape, job_polls=3)

    out = run(two_days(sim, mode="async"), clock)

    assert ids(out) == keys(sim)
    assert len(polls(sim)) == 4


@pytest.mark.parametrize("compression", ["gzip-encoding", "gzip-type", "gzip-bare", "gzip-members"])
def test_gzip(simulate, clock, compression):
    """A file may be gzip however it shows, of one member or more."""
    sim = simulate(compression=compression)

    out = run(two_days(sim), clock)

    assert ids(out) == keys(sim)


@pytest.mark.parametrize("shape", [{"bom": True}, {"newline": "\n"}, {"content_length": False}])
def test_shapes_of_a_file(simulate, clock, shape):
    """A byte order mark, other line ends, or no length announced change nothing."""
    sim = simulate(**shape)

    out = run(two_days(sim), clock)

    rows = sim.expected_rows("qm-workflows", date(2026, 3, 16), date(2026, 3, 18))
    comments = [row["User Review Comments"] or None for row in rows]
    assert [record["user_review_comments"] for record in out.records(STREAM)] == comments
    assert any("\n" in comment for comment in comments if comment)


@pytest.mark.parametrize("compression", ["none", "gzip-bare"])
@pytest.mark.parametrize("empty", ["header", "zero-bytes", "204"])
def test_files_without_rows(simulate, clock, empty, compression):
    """An empty file is an empty window, which is committed."""
    sim = simulate(empty=empty, rows_per_day=0, compression=compression)

    out = run(two_days(sim), clock)

    assert out.error is None
    assert out.records(STREAM) == []
    assert out.bookmark(STREAM) == "2026-03-18T00:00:00+00:00"


def test_end_date_counted_in(simulate, clock):
    """Should a tenant count the end date in, the overlap has the same keys and values."""
    sim = simulate(end_inclusive=True)

    out = run(two_days(sim, window_days=1), clock)

    by_key: dict[str, list[dict[str, Any]]] = {}
    for record in out.records(STREAM):
        plain = {name: cell for name, cell in record.items() if not name.startswith("_")}
        by_key.setdefault(record["workflow_id"], []).append(plain)
    assert keys(sim) <= by_key.keys()
    assert {len(copies) for copies in by_key.values()} == {1, 2}
    assert all(copy == copies[0] for copies in by_key.values() for copy in copies)


# How a job ends


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("field", ["errorMessage", "messageError"])
def test_failed_jobs(simulate, clock, mode, field):
    """A failed job ends the stream in the API's words, whichever field holds them."""
    sim = simulate(error_field=field)
    sim.faults.add(Fault("submit", "job-failed", body="Disk full on node 7"))

    out = run(two_days(sim, mode=mode), clock)

    assert isinstance(failure(out), JobFailed)
    assert "Disk full on node 7" in str(failure(out))
    assert out.records(STREAM) == []
    assert out.bookmark(STREAM) is None


@pytest.mark.parametrize(
    ("fate", "word"), [("job-cancelled", "CANCELLED"), ("job-expired", "EXPIRED")]
)
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_jobs_without_a_file(simulate, clock, mode, fate, word):
    """A cancelled or expired job ends the stream and says so."""
    sim = simulate()
    sim.faults.add(Fault("submit", fate))

    out = run(two_days(sim, mode=mode), clock)

    assert isinstance(failure(out), JobFailed)
    assert word in str(failure(out)).upper()
    assert len(posts(sim)) == 1


def test_a_failed_job_is_not_taken_up(sim, clock):
    """A failed job is forgotten: the next run submits its window again."""
    sim.faults.add(Fault("async", "job-failed"))
    first = run(two_days(sim, mode="async"), clock)
    clock.sleep(timedelta(minutes=1))

    second = run(two_days(sim, mode="async"), clock, state=first.state)

    assert second.error is None
    assert ids(second) == keys(sim)
    assert len(posts(sim)) == 2


def test_stuck_jobs(sim, clock):
    """A job that never ends is given up after job_timeout_minutes; the error names the setting."""
    sim.faults.add(Fault("async", "job-stuck"))
    began = clock.now()

    out = run(two_days(sim, mode="async") | {"job_timeout_minutes": 10}, clock)

    assert isinstance(failure(out), JobTimeout)
    assert "job_timeout_minutes" in str(failure(out))
    assert sim.jobs[0].id in str(failure(out))
    waited = clock.now() - began
    assert timedelta(minutes=10) <= waited <= timedelta(minutes=11)
    assert len(posts(sim)) == 1


# Refusals


@pytest.mark.parametrize(
    "words",
    [
        "Please wait and try again later",
        "Another request is running",
        "Too many requests",
    ],
)
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_403_that_says_wait(sim, clock, mode, words):
    """A 403 whose words say 'wait' is waited out."""
    body = json.dumps({"message": words})
    sim.faults.add(Fault(mode, "status", status=403, times=3, body=body))

    out = run(two_days(sim, mode=mode), clock)

    assert out.error is None
    assert ids(out) == keys(sim)
    assert len(posts(sim)) == 4
    times = [post.at for post in posts(sim)]
    waits = [after - at for at, after in itertools.pairwise(times)]
    assert min(waits) >= timedelta(seconds=15)


@pytest.mark.parametrize(("place", "path"), [("list", "/jobs"), ("poll", "/jobs/")])
def test_403_that_says_wait_to_a_read(sim, clock, place, path):
    """So is one to the list of jobs or to a poll: nobody takes it for a missing permission."""
    sim.faults.add(Fault(place, "status", status=403, times=2, body=WAIT))

    out = run(two_days(sim, mode="async"), clock)

    reads = [seen for seen in sim.requests if seen.method == "GET" and path in seen.path]
    assert ids(out) == keys(sim)
    assert [seen.status for seen in reads][:3] == [403, 403, 200]
    assert len(posts(sim)) == 1


def test_403_that_says_wait_for_ever(sim, clock):
    """It is given up after throttle_timeout_minutes, with the API's words and the setting."""
    sim.faults.add(Fault("submit", "status", status=403, times=999, body=WAIT))
    began = clock.now()

    out = run(two_days(sim) | {"throttle_timeout_minutes": 10}, clock)

    assert isinstance(failure(out), Throttled)
    assert "try again later" in str(failure(out))
    assert "throttle_timeout_minutes" in str(failure(out))
    assert timedelta(minutes=5) <= clock.now() - began <= timedelta(minutes=11)


def test_somebody_else_exports(simulate, clock):
    """While another client's job is running the tap waits, then reads everything."""
    sim = simulate(job_seconds=120)
    config = two_days(sim, mode="async")
    run(config, clock, cut_after=2)  # another client, gone without a trace

    out = run(config, clock)

    assert out.error is None
    assert ids(out) == keys(sim)


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize(
    ("stream", "permission"),
    [
        ("qm_workflows", "QM Tools > Data Extraction APIs > QM Workflow API"),
        ("qm_questions", "QM Tools > Data Extraction APIs > QM Workflow API"),
        (
            "recording_interaction_metadata",
            "Search & Playback > APIs > Extract Interaction Metadata",
        ),
    ],
)
def test_403_without_permission(simulate, clock, mode, stream, permission):
    """Any other 403 is a missing permission: the one that the entity needs is named, at once."""
    entity = stream.replace("_", "-")
    sim = simulate(forbidden=frozenset({entity}))

    out = run(two_days(sim, mode=mode), clock, stream=stream)

    assert isinstance(failure(out, stream), PermissionDenied)
    assert permission in str(failure(out, stream))
    assert f"no permission to extract {entity}" in str(failure(out, stream))
    assert len(posts(sim)) == 1


# Limits


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_spacing_over_all_streams(simulate, clock, mode):
    """Two submits are 30 seconds apart, whichever streams they are for."""
    sim = simulate(rows_per_day=1, job_seconds=3)
    config = two_days(sim, mode=mode, window_days=1)

    run_tap(config, clock=clock)

    times = [post.at for post in posts(sim)]
    gaps = {after - at for at, after in itertools.pairwise(times)}
    assert len(times) == 6
    assert min(gaps) == timedelta(seconds=30)
    assert sim.limit_violations == 0


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_spacing_over_runs(simulate, clock, mode):
    """A run that follows at once waits for the rest of the 30 seconds, whatever its streams."""
    sim = simulate(job_seconds=3)
    first = run(two_days(sim, mode=mode), clock)

    second = run(two_days(sim, mode=mode), clock, stream="qm_questions", state=first.state)

    assert second.error is None
    one, two = (post.at for post in posts(sim))
    assert two - one == timedelta(seconds=30)
    assert sim.limit_violations == 0


def test_spacing_over_runs_later(sim, clock):
    """A run that follows later does not wait."""
    first = run(two_days(sim), clock)
    clock.sleep(timedelta(minutes=1))
    clock.slept.clear()

    run(two_days(sim), clock, stream="qm_questions", state=first.state)

    assert clock.slept == []


def test_request_spacing_seconds(simulate, clock):
    """The spacing is a setting."""
    sim = simulate(rows_per_day=1, spacing_seconds=7)

    run(two_days(sim, request_spacing_seconds=7, window_days=1), clock)

    one, two = (post.at for post in posts(sim))
    assert two - one == timedelta(seconds=7)


def test_polls_are_not_spaced(simulate, clock):
    """Polls follow the poll interval, not the 30 seconds between submits."""
    sim = simulate(job_polls=3)

    run(two_days(sim, mode="async") | {"poll_interval_seconds": 2}, clock)

    times = [sim.jobs[0].submitted_at, *(poll.at for poll in polls(sim))]
    gaps = [after - at for at, after in itertools.pairwise(times)]
    assert len(gaps) == 4
    assert timedelta(seconds=2) <= min(gaps) <= max(gaps) < timedelta(seconds=30)


def test_one_active_call(simulate, clock):
    """No submit is made while a job of any stream is running."""
    sim = simulate(rows_per_day=1, job_seconds=90)

    out = run_tap(two_days(sim, mode="async", window_days=1), clock=clock)

    jobs = sim.jobs
    assert out.error is None
    assert len(jobs) == 6
    for job, following in itertools.pairwise(jobs):
        assert job.ready_at is not None
        assert following.submitted_at >= job.ready_at
    assert sim.limit_violations == 0


# Configured entities

PAYROLL = {
    "name": "wfm_payroll",
    "entity_name": "wfm-payroll",
    "version": "1",
    "primary_keys": ["Payroll Entry ID"],
    "columns": {"Paid Hours": "number", "overtime": "boolean", "Work Date": "date"},
}


def test_a_configured_entity(sim, clock):
    """A configured entity is a stream with its keys and the types of its columns."""
    out = run(two_days(sim, entities=[PAYROLL]), clock, stream="wfm_payroll")

    rows = sim.expected_rows("wfm-payroll", date(2026, 3, 16), date(2026, 3, 18))
    expected = [
        {
            "payroll_entry_id": row["Payroll Entry ID"],
            "employee_number": row["Employee Number"],
            "employee_name": row["Employee Name"],
            "work_date": row["Work Date"],
            "paid_hours": float(row["Paid Hours"]),
            "overtime": row["Overtime"] == "true",
            "_window_start": "2026-03-16T00:00:00+00:00",
            "_window_end": "2026-03-18T00:00:00+00:00",
        }
        for row in rows
    ]
    assert out.error is None
    assert out.records("wfm_payroll") == expected
    assert {message["key_properties"][0] for message in out.of("SCHEMA")} == {"payroll_entry_id"}


def test_built_in_streams_stay_beside_configured_ones(sim, clock):
    """A configured entity is added to the built-in streams."""
    out = run_tap(two_days(sim, entities=[PAYROLL]), clock=clock)

    assert out.counts().keys() == {
        *("qm_workflows", "qm_questions", "recording_interaction_metadata"),
        "wfm_payroll",
    }


def test_types_of_a_configured_entity(sim, clock):
    """The SCHEMA of a configured entity has the declared types before any file is seen."""
    out = run(two_days(sim, entities=[PAYROLL]), clock, stream="wfm_payroll")

    properties = out.of("SCHEMA")[0]["schema"]["properties"]
    assert properties["paid_hours"]["type"] == ["number", "null"]
    assert properties["overtime"]["type"] == ["boolean", "null"]
    assert properties["work_date"]["format"] == "date"
    assert properties["payroll_entry_id"]["type"] in ("string", ["string"])


NOTES = {"name": "qm_evaluator_notes", "entity_name": "qm-evaluator-notes", "version": "1"}


def test_an_entity_without_keys(sim, clock):
    """Without keys `_row_hash` is the key: present, and different for different rows."""
    out = run(two_days(sim, entities=[NOTES]), clock, stream="qm_evaluator_notes")

    hashes = [record["_row_hash"] for record in out.records("qm_evaluator_notes")]
    truth = sim.expected_rows("qm-evaluator-notes", date(2026, 3, 16), date(2026, 3, 18))
    assert {tuple(message["key_properties"]) for message in out.of("SCHEMA")} == {("_row_hash",)}
    assert len(set(hashes)) == len(truth) == 24


def test_row_hash_is_the_same_in_every_run(sim, clock):
    """The same row has the same hash whatever window it was read with."""
    config = two_days(sim, entities=[NOTES])
    first = run(config, clock, stream="qm_evaluator_notes")
    config["data_extraction"]["window_days"] = 1
    clock.sleep(timedelta(minutes=1))

    second = run(config, clock, stream="qm_evaluator_notes")

    hashes = [
        {record["note_id"]: record["_row_hash"] for record in out.records("qm_evaluator_notes")}
        for out in (first, second)
    ]
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize("key", ["Note ID", "note_id", "noteId"])
def test_keys_in_either_spelling(sim, clock, key):
    """Keys may be written as the source spells them, or as we do."""
    entity = {**NOTES, "primary_keys": [key]}

    out = run(two_days(sim, entities=[entity]), clock, stream="qm_evaluator_notes")

    assert out.error is None
    assert {tuple(message["key_properties"]) for message in out.of("SCHEMA")} == {("note_id",)}


def test_an_override_of_the_version(sim, clock):
    """An entry with the name of a built-in stream changes its version and leaves its keys."""
    config = two_days(sim, entities=[{"name": STREAM, "version": "3"}])

    out = run(config, clock)

    assert json.loads(posts(sim)[0].body)["version"] == "3"
    assert json.loads(posts(sim)[0].body)["entityName"] == "qm-workflows"
    assert out.of("SCHEMA")[0]["key_properties"] == ["workflow_id"]
    assert ids(out) == keys(sim)


@pytest.mark.parametrize("title", ["Form Version", "form_version", "formVersion"])
def test_an_override_of_a_type(sim, clock, title):
    """A column's type may be changed, by the source's name or ours; the others keep theirs."""
    config = two_days(sim, entities=[{"name": STREAM, "columns": {title: "integer"}}])

    out = run(config, clock)

    rows = sim.expected_rows("qm-workflows", date(2026, 3, 16), date(2026, 3, 18))
    records = out.records(STREAM)
    assert [record["form_version"] for record in records] == [
        int(row["Form Version"]) for row in rows
    ]
    assert [record["score"] for record in records] == [float(row["Score"]) for row in rows]
    assert len(records[0]) == len(rows[0]) + 2


def test_an_override_of_the_keys(sim, clock):
    """The keys of a built-in stream may be changed."""
    entity = {"name": STREAM, "primary_keys": ["Workflow ID", "lastUpdated"]}

    out = run(two_days(sim, entities=[entity]), clock)

    assert out.error is None
    assert out.of("SCHEMA")[0]["key_properties"] == ["workflow_id", "last_updated"]


def test_an_override_with_no_keys(sim, clock):
    """A built-in stream told to have no keys gets `_row_hash`."""
    out = run(two_days(sim, entities=[{"name": STREAM, "primary_keys": []}]), clock)

    assert out.of("SCHEMA")[0]["key_properties"] == ["_row_hash"]
    assert all(record["_row_hash"] for record in out.records(STREAM))


# Columns that appear or vanish


def test_a_missing_key_column(simulate, clock):
    """A file without a key column fails its window: header found, setting to change, no rows."""
    sim = simulate(missing_columns={"qm-workflows": ("Workflow ID",)})

    out = run(two_days(sim), clock)

    assert isinstance(failure(out), DriftError)
    message = str(failure(out))
    assert "workflow_id" in message
    assert "Tenant Name, Agent ID, Type" in message
    assert "primary_keys" in message
    assert "data_extraction.entities" in message
    assert out.records(STREAM) == []
    assert out.bookmark(STREAM) is None


def test_a_missing_column(simulate, clock):
    """A known column that a file lacks is null."""
    sim = simulate(missing_columns={"qm-workflows": ("Plan Name", "Score")})

    out = run(two_days(sim), clock)

    assert out.error is None
    assert {(record["plan_name"], record["score"]) for record in out.records(STREAM)} == {
        (None, None)
    }


MORE = {"qm-workflows": ("Mood of the Day", "ACD-ID")}


def test_new_columns(simulate, clock):
    """New columns are nullable strings in one new SCHEMA before the first row that has them."""
    sim = simulate(extra_columns=MORE)

    out = run(two_days(sim, window_days=1), clock)

    rows = sim.expected_rows("qm-workflows", date(2026, 3, 16), date(2026, 3, 18))
    kinds = [message["type"] for message in out.messages]
    old, new = out.of("SCHEMA")
    assert "mood_of_the_day" not in old["schema"]["properties"]
    assert new["schema"]["properties"]["mood_of_the_day"]["type"] == ["string", "null"]
    assert new["schema"]["properties"].keys() - old["schema"]["properties"].keys() == {
        "mood_of_the_day",
        "acd_id_2",
    }
    assert len(kinds) - kinds[::-1].index("SCHEMA") - 1 < kinds.index("RECORD")
    assert [(r["mood_of_the_day"], r["acd_id_2"]) for r in out.records(STREAM)] == [
        (row["Mood of the Day"] or None, row["ACD-ID"] or None) for row in rows
    ]
    assert [r["acd_id"] for r in out.records(STREAM)] == [row["ACD ID"] for row in rows]


def test_new_columns_are_remembered(simulate, clock):
    """The next run knows them from its first SCHEMA on and writes no other."""
    sim = simulate(extra_columns=MORE)
    first = run(two_days(sim, window_days=1), clock)
    config = settings_for(sim, start_date="2026-03-16T00:00:00Z")

    second = run_tap(config, clock=clock, state=first.state)

    (schema,) = second.of("SCHEMA", STREAM)
    assert {"mood_of_the_day", "acd_id_2"} <= schema["schema"]["properties"].keys()
    assert "mood_of_the_day" in second.records(STREAM)[0]


def test_new_columns_and_a_catalog_from_before(simulate, clock):
    """With a catalog that lacks learned columns they are announced again before the first row."""
    sim = simulate(extra_columns=MORE)
    first = run(two_days(sim, window_days=1), clock)
    config = settings_for(sim, start_date="2026-03-16T00:00:00Z")

    second = run(config, clock, state=first.state)

    kinds = [message["type"] for message in second.messages]
    _, schema = second.of("SCHEMA")
    assert {"mood_of_the_day", "acd_id_2"} <= schema["schema"]["properties"].keys()
    assert kinds[:4].count("SCHEMA") == 2
    assert "mood_of_the_day" in second.records(STREAM)[0]
    columns = second.state["bookmarks"][STREAM]["columns"]
    assert [column["name"] for column in columns] == ["mood_of_the_day", "acd_id_2"]


def test_new_columns_are_remembered_once(simulate, clock):
    """The state holds each of them once, however many windows had it."""
    sim = simulate(extra_columns=MORE)

    out = run(two_days(sim, window_days=1), clock)

    columns = out.state["bookmarks"][STREAM]["columns"]
    assert [column["name"] for column in columns] == ["mood_of_the_day", "acd_id_2"]


def test_new_columns_that_vanish(simulate, clock):
    """A learned column that later files lack stays in the SCHEMA and is null."""
    first = run(two_days(simulate(extra_columns=MORE)), clock)
    sim = simulate()
    clock.sleep(timedelta(minutes=1))
    config = settings_for(sim, start_date="2026-03-16T00:00:00Z")

    second = run_tap(config, clock=clock, state=first.state)

    assert second.error is None
    assert {record["mood_of_the_day"] for record in second.records(STREAM)} == {None}


def test_drift_ignored(simulate, clock):
    """With schema_drift ignore new columns are left out of SCHEMA and rows."""
    sim = simulate(extra_columns=MORE)

    out = run(two_days(sim) | {"schema_drift": "ignore"}, clock)

    (schema,) = out.of("SCHEMA")
    assert out.error is None
    assert ids(out) == keys(sim)
    assert "mood_of_the_day" not in schema["schema"]["properties"]
    assert all("mood_of_the_day" not in record for record in out.records(STREAM))


def test_drift_that_fails(simulate, clock):
    """With schema_drift fail a new column fails its window before any row; the error names it."""
    sim = simulate(extra_columns=MORE)

    out = run(two_days(sim) | {"schema_drift": "fail"}, clock)

    assert isinstance(failure(out), DriftError)
    assert "mood_of_the_day" in str(failure(out))
    assert "schema_drift" in str(failure(out))
    assert out.records(STREAM) == []
    assert out.bookmark(STREAM) is None


def test_an_old_catalog(sim, clock):
    """A catalog from before a column was known: it is announced before the first row."""
    config = two_days(sim)
    catalog = select(config, STREAM)
    for stream in catalog["streams"]:
        stream["schema"]["properties"].pop("plan_name", None)
        stream["metadata"] = [
            item for item in stream["metadata"] if item["breadcrumb"][-1:] != ["plan_name"]
        ]

    out = run_tap(config, clock=clock, catalog=catalog)

    rows = sim.expected_rows("qm-workflows", date(2026, 3, 16), date(2026, 3, 18))
    schema = out.of("SCHEMA")[-1]
    assert out.error is None
    assert "plan_name" in schema["schema"]["properties"]
    assert [record["plan_name"] for record in out.records(STREAM)] == [
        row["Plan Name"] or None for row in rows
    ]


def test_deselected_columns(simulate, clock):
    """A column that the catalog deselects stays out, also when new columns come."""
    sim = simulate(extra_columns=MORE)
    config = two_days(sim)
    catalog = select(config, STREAM)
    for stream in catalog["streams"]:
        for item in stream["metadata"]:
            if item["breadcrumb"] == ["properties", "phone_number"]:
                item["metadata"]["selected"] = False

    out = run_tap(config, clock=clock, catalog=catalog)

    assert out.error is None
    assert all("phone_number" not in m["schema"]["properties"] for m in out.of("SCHEMA"))
    assert all("phone_number" not in record for record in out.records(STREAM))
    assert all("mood_of_the_day" in record for record in out.records(STREAM))


# Files that are not what they should be


@pytest.mark.parametrize(
    "kind", ["html", "malformed-csv", "ragged-csv", "truncated-gzip", "malformed-bytes"]
)
def test_spoiled_files(sim, clock, kind):
    """A spoiled file fails its window; no row of it leaves and the bookmark stays."""
    if kind == "malformed-bytes":
        sim.faults.add(Fault("download", "bytes", body=b"Workflow ID\r\n\xff\xfe\x00", times=99))
    else:
        sim.faults.add(Fault("download", kind, times=99))

    out = run(two_days(sim), clock)

    assert isinstance(failure(out), DecodeError)
    assert out.records(STREAM) == []
    assert out.bookmark(STREAM) is None


def test_a_value_that_does_not_fit(sim, clock):
    """A value that is none of its type fails the window: line and column, not the value."""
    config = two_days(sim, entities=[{"name": STREAM, "columns": {"Tenant Name": "integer"}}])

    out = run(config, clock)

    message = str(failure(out))
    assert isinstance(failure(out), DecodeError)
    assert "tenant_name" in message
    assert "line 2" in message
    assert "Simulated Tenant" not in message
    assert out.records(STREAM) == []


@pytest.mark.parametrize(
    ("entity", "permission"),
    [
        ("wfm-payroll", "WFM > Data Extraction APIs > WFM Payroll API"),
        ("qm-evaluator-notes", "QM Tools > Data Extraction APIs > QM Evaluator Notes API"),
    ],
)
def test_the_permission_of_a_configured_entity(simulate, clock, entity, permission):
    """A refused entity that only the settings know is told with the permission it likely needs."""
    sim = simulate(forbidden=frozenset({entity}))
    own = {"name": "own", "entity_name": entity, "version": "1"}
    config = settings_for(sim)
    config["data_extraction"] |= {"entities": [own]}

    out = run_tap(config, clock=clock, only="own")

    assert permission in str(out.error)
