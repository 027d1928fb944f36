"""Data extraction: responses and files in all their shapes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tap_cxone.simulator import Fault
from tests.support.data_extraction import (
    ASYNC,
    STREAM,
    expected_workflow_ids,
    extraction_settings,
    run_extraction,
    workflow_ids,
)
from tests.support.expectations import failure
from tests.support.ids import readable
from tests.support.requests import polls, submits


@pytest.mark.parametrize(
    "answer", ["job-status", "url", "download-url", "result", "string-url", "string-id"]
)
def test_sync_answers(simulate, clock, answer):
    """Every shape of a synchronous answer gives the rows with one submit."""
    sim = simulate(sync_response=answer)

    out = run_extraction(extraction_settings(sim, mode="sync"), clock)

    assert out.error is None
    assert workflow_ids(out) == expected_workflow_ids(sim)
    assert len(submits(sim)) == 1
    assert bool(polls(sim)) == (answer == "string-id")


def test_sync_204_is_an_empty_window(sim, clock):
    """A 204 says that there are no rows: like an empty file it is confirmed once."""
    sim.faults.add(Fault("sync", "status", status=204, body="", times=2))

    out = run_extraction(extraction_settings(sim, mode="sync"), clock)

    assert out.error is None
    assert out.records(STREAM) == []
    assert out.bookmark(STREAM) == "2026-03-18T00:00:00+00:00"
    assert len(submits(sim)) == 2


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("", "it was empty"),
        ("{}", "{}"),
        ('{"note": "come back"}', '"note": "…"'),
        ('{"message": "come back"}', "come back"),
        ('["come back"]', "…"),
        ('{"jobStatus": {"status": "SUCCEEDED", "result": null}}', "SUCCEEDED"),
        ('{"errors": [{"message": "No such entity"}, {"message": "v9"}]}', "No such entity; v9"),
    ],
    ids=["empty", "object", "note", "message", "list", "no result", "errors"],
)
def test_sync_answer_without_a_job_is_shown(sim, clock, body, shown):
    """An answer that names neither a job nor a link is no empty window: the error shows it."""
    sim.faults.add(Fault("sync", "status", status=200, body=body, times=999))

    out = run_extraction(extraction_settings(sim, mode="sync"), clock)

    message = str(failure(out))
    assert message.startswith("qm-workflows version 4, 2026-03-16Z to 2026-03-18Z: ")
    assert "names no job" in message
    assert shown in message
    assert "run again later; if the error persists, send this message to NICE support" in message
    assert out.bookmark(STREAM) is None


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_result_null_of_a_job_that_succeeded_is_shown(sim, clock, mode):
    """A job that succeeded without a result gives no file: the error shows what came."""
    status = '{"jobStatus": {"id": "j-1", "status": "SUCCEEDED", "result": null}}'
    submitted = status if mode == "sync" else '"j-1"'
    sim.faults.add(
        Fault(mode, "status", status=200, body=submitted),
        Fault("poll", "status", status=200, body=status),
    )

    out = run_extraction(extraction_settings(sim, mode=mode), clock)

    assert "no download link" in str(failure(out))
    assert '"result": null' in str(failure(out))


@pytest.mark.parametrize("answer", ["string", "object"])
def test_async_answers(simulate, clock, answer):
    """A job id comes as a bare JSON string, or as `{"jobId"}`."""
    sim = simulate(submit_response=answer)

    out = run_extraction(extraction_settings(sim, mode="async"), clock)

    assert workflow_ids(out) == expected_workflow_ids(sim)
    assert polls(sim)[0].path == f"{ASYNC}/{sim.jobs[0].id}"


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("case", ["upper", "lower", "title"])
def test_status_words_in_any_case(simulate, clock, mode, case):
    """A job's status may be spelled in any case, running and done."""
    sim = simulate(status_case=case)

    out = run_extraction(extraction_settings(sim, mode=mode), clock)

    assert out.error is None
    assert workflow_ids(out) == expected_workflow_ids(sim)


@pytest.mark.parametrize("case", ["lower", "title"])
def test_failed_in_any_case(simulate, clock, case):
    """So it is when the job failed."""
    sim = simulate(status_case=case)
    sim.faults.add(Fault("poll", "job-failed", body="Out of paper"))

    out = run_extraction(extraction_settings(sim, mode="async"), clock)

    assert "Out of paper" in str(failure(out))


@pytest.mark.parametrize("shape", ["null", "absent", "empty"])
def test_result_of_a_running_job(simulate, clock, shape):
    """A running job's result may be null, absent or empty."""
    sim = simulate(running_result=shape, job_polls=3)

    out = run_extraction(extraction_settings(sim, mode="async"), clock)

    assert workflow_ids(out) == expected_workflow_ids(sim)
    assert len(polls(sim)) == 4


@pytest.mark.parametrize("compression", ["gzip-encoding", "gzip-type", "gzip-bare", "gzip-members"])
def test_extraction_file_may_be_gzip(simulate, clock, compression):
    """A file may be gzip however it shows, of one member or more."""
    sim = simulate(compression=compression)

    out = run_extraction(extraction_settings(sim), clock)

    assert workflow_ids(out) == expected_workflow_ids(sim)


@pytest.mark.parametrize(
    "shape", [{"bom": True}, {"newline": "\n"}, {"content_length": False}], ids=readable
)
def test_shapes_of_a_file(simulate, clock, shape):
    """A byte order mark, other line ends, or no length announced change nothing."""
    sim = simulate(**shape)

    out = run_extraction(extraction_settings(sim), clock)

    rows = sim.expected_rows("qm-workflows", date(2026, 3, 16), date(2026, 3, 18))
    comments = [row["User Review Comments"] or None for row in rows]
    assert [record["user_review_comments"] for record in out.records(STREAM)] == comments
    assert any("\n" in comment for comment in comments if comment)


@pytest.mark.parametrize("compression", ["none", "gzip-bare"])
@pytest.mark.parametrize("empty", ["header", "zero-bytes", "204"])
def test_extraction_file_without_rows_is_committed(simulate, clock, empty, compression):
    """An empty file is an empty window, which is committed."""
    sim = simulate(empty=empty, rows_per_day=0, compression=compression)

    out = run_extraction(extraction_settings(sim), clock)

    assert out.error is None
    assert out.records(STREAM) == []
    assert out.bookmark(STREAM) == "2026-03-18T00:00:00+00:00"


def test_end_date_counted_in(simulate, clock):
    """Should a tenant count the end date in, the overlap has the same keys and values."""
    sim = simulate(end_inclusive=True)

    out = run_extraction(extraction_settings(sim, window_days=1), clock)

    by_key: dict[str, list[dict[str, Any]]] = {}
    for record in out.records(STREAM):
        plain = {name: cell for name, cell in record.items() if not name.startswith("_")}
        by_key.setdefault(record["workflow_id"], []).append(plain)
    assert expected_workflow_ids(sim) <= by_key.keys()
    assert {len(copies) for copies in by_key.values()} == {1, 2}
    assert all(copy == copies[0] for copies in by_key.values() for copy in copies)
