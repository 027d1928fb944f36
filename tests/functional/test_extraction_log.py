"""The stream `extraction_log`: one record per committed window, before its STATE."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone import __version__
from tap_cxone.simulator import Fault
from tests.support.audit_log import audit_lines, every
from tests.support.batches import batch_config, rows_in
from tests.support.examples import csv_jobs, json_jobs, quota_jobs
from tests.support.room import QUARANTINE
from tests.support.rooms import NINE, room_of
from tests.support.run import Output, run_tap, select

if TYPE_CHECKING:
    from pathlib import Path

LOG = "extraction_log"
STREAM = "qm_workflows"
THREE = (json_jobs.STREAM, STREAM, quota_jobs.KB)
ROOM = room_of(json_jobs.STREAM)


def run_streams(sim: Any, clock: Any, path: Path, *streams: str, **changes: Any) -> Output:
    """Run streams of several families with the extraction log selected."""
    config = every(sim, path, **changes)
    return run_tap(config, clock=clock, catalog=select(config, *streams, LOG))


def test_extraction_log_describes_a_window(sim, clock, audit_log):
    """The record has what the audit log says of the same window."""
    ROOM.serve(sim, *NINE, ("k0", "9"), ("k9", "many"), times=9)
    config = ROOM.settings(sim, audit_log_path=str(audit_log))

    out = ROOM.run(config, clock, QUARANTINE, LOG)

    (record,) = out.records(LOG)
    (file,) = [line for line in audit_lines(audit_log) if line["event"] == "file_downloaded"]
    (commit,) = [line for line in audit_lines(audit_log) if line["event"] == "window_committed"]
    assert record.pop("started_at") <= record["committed_at"] == commit["at"]
    assert record == {
        "stream": ROOM.stream,
        **{name: commit[name] for name in ("window_start", "window_end", "job_id")},
        "committed_at": commit["at"],
        "rows": 11,
        "records": 9,
        "quarantined": 1,
        "duplicates": 1,
        **{name: file[name] for name in ("bytes", "sha256")},
        "columns_added": None,
        "skip_reason": None,
        "tap_version": __version__,
    }


@pytest.mark.parametrize("kind", ["empty", "malformed-csv"], ids=lambda kind: kind)
def test_extraction_log_names_the_job_of_the_second_file(sim, clock, audit_log, kind):
    """A synchronous extraction that is repeated has another job, whose file is committed."""
    sim.faults.add(Fault("download", kind, family=csv_jobs.FAMILY, times=1))
    mode = {csv_jobs.FAMILY: {"mode": "sync"}}

    out = run_streams(sim, clock, audit_log, STREAM, **mode)

    record = out.records(LOG)[0]
    lines = [line for line in audit_lines(audit_log) if line["event"] == "file_downloaded"]
    (job,) = {line["job_id"] for line in lines if line["sha256"] == record["sha256"]}
    assert (record["job_id"], job != lines[0]["job_id"]) == (job, True)


def test_audit_event_of_a_commit_has_the_facts_of_the_extraction_log(simulate, clock, audit_log):
    """The report reads the audit log, so both state the same."""
    sim = simulate(extra_columns={"qm-workflows": ("Mood of the Day", "Weather")})

    out = run_streams(sim, clock, audit_log, STREAM)

    (record,) = out.records(LOG)
    (line,) = [line for line in audit_lines(audit_log) if line["event"] == "window_committed"]
    names = {"rows": "records", "quarantined": "quarantined", "dropped": "duplicates"}
    assert {name: record[other] for name, other in names.items()} == {n: line[n] for n in names}
    assert (record["bytes"], record["sha256"]) == (line["bytes"], line["sha256"])
    assert (record["columns_added"], line["columns_added"]) == (
        "mood_of_the_day, weather",
        ["mood_of_the_day", "weather"],
    )


@pytest.mark.parametrize("parallel", [False, True], ids=["one thread", "one thread per family"])
def test_extraction_log_precedes_the_state_of_its_window(sim, clock, audit_log, parallel):
    """Whichever threads fetch, a STATE never has a window that the log lacks."""
    out = run_streams(sim, clock, audit_log, *THREE, parallel_families=parallel)

    logged: dict[str, str] = {}
    for message in out.messages:
        if message["type"] == "RECORD" and message["stream"] == LOG:
            logged[message["record"]["stream"]] = message["record"]["window_end"]
        if message["type"] == "STATE":
            bookmarks = message["value"]["bookmarks"]
            ends = {s: b.get("replication_key_value") for s, b in bookmarks.items()}
            ends = {stream: end for stream, end in ends.items() if end}
            assert ends.items() <= logged.items()
    assert logged.keys() == set(THREE)


@pytest.mark.ci
@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_batch_of_the_extraction_log_precedes_the_state(sim, clock, audit_log, tmp_path, form):
    """In batch mode the file of the record is named before the bookmark moves."""
    files = batch_config(tmp_path / "files", form)

    out = run_streams(sim, clock, audit_log, STREAM, batch_config=files)

    kinds = [(message["type"], message.get("stream")) for message in out.messages]
    ((row,),) = (rows_in(message) for message in out.of("BATCH", LOG))
    moved = [
        index
        for index, message in enumerate(out.messages)
        if message["type"] == "STATE" and str(out.bookmark(STREAM)) in str(message)
    ]
    assert row["records"] == sum(len(rows_in(message)) for message in out.of("BATCH", STREAM))
    assert kinds.index(("BATCH", LOG)) < moved[0]


def test_failed_window_has_no_record_in_the_extraction_log(sim, clock, audit_log):
    """Only what was committed is evidence."""
    sim.faults.add(Fault("submit", "status", status=400, family=json_jobs.FAMILY, times=9))

    out = run_streams(sim, clock, audit_log, json_jobs.STREAM, STREAM)

    assert Counter(record["stream"] for record in out.records(LOG)) == {STREAM: 1}


def test_skipped_window_is_logged_with_its_reason(sim, clock, audit_log):
    """A window that `skip_windows` passes is committed, but nothing was read."""
    skip = {"stream": STREAM, "from": "2026-03-15", "to": "2026-03-16", "why": "broken"}

    out = run_streams(sim, clock, audit_log, STREAM, skip_windows=[skip])

    (record,) = out.records(LOG)
    assert (record["skip_reason"], record["records"], record["sha256"]) == ("broken", None, None)


@pytest.mark.ci
def test_extraction_log_is_deselected_by_default(sim, clock, audit_log):
    """Without a catalog no record of it is emitted."""
    config = every(sim, audit_log)

    out = run_tap(config, clock=clock)

    assert out.records(STREAM) != []
    assert out.of("SCHEMA", LOG) == []
