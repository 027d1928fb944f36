"""The audit log: what a run writes, line by line."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tap_cxone import __version__
from tap_cxone.errors import StreamsFailed
from tap_cxone.simulator import Fault
from tests.support.audit_log import EVERYWHERE, FAMILIES, Lines, audit_lines, audit_settings, every
from tests.support.examples import json_jobs, quota_jobs
from tests.support.expectations import failure
from tests.support.requests import submits
from tests.support.run import Killed, run_tap, select

if TYPE_CHECKING:
    from pathlib import Path


def events(found: Lines) -> list[str]:
    """Return the events, in order."""
    return [line["event"] for line in found]


def lines_of_events(path: Path, *names: str) -> Lines:
    """Return the lines of some events."""
    return [line for line in audit_lines(path) if line["event"] in names]


# Every line


@pytest.mark.some(5)
@EVERYWHERE
@pytest.mark.parametrize("spoiled", [None, "bytes", "html", "job-failed"])
def test_every_line_has_its_schema(sim, clock, audit_log, family, spoiled):
    """Whatever happens, in every family, a line holds exactly what its event is said to hold."""
    stream, _ = FAMILIES[family]
    if spoiled == "job-failed":
        sim.faults.add(Fault("submit", spoiled, family=family))
    elif spoiled:
        sim.faults.add(Fault("download", spoiled, body="<html>", times=9, family=family))
    config = every(sim, audit_log, max_retries=1)

    run_tap(config, clock=clock, catalog=select(config, stream, "quarantine"))

    for line in audit_lines(audit_log):
        assert datetime.fromisoformat(line["at"]).utcoffset() is not None
        about_run = line["event"] in {"run_started", "run_ended"}
        assert line["family"] == (None if about_run else family)
        assert line["stream"] == (None if about_run else stream)


@EVERYWHERE
def test_window_that_is_read_writes_all_its_events(sim, clock, audit_log, family):
    """A window that is read logs its job, its file, its rows and its commit."""
    stream, entity = FAMILIES[family]
    config = every(sim, audit_log)

    out = run_tap(config, clock=clock, only=stream)

    found = audit_lines(audit_log)
    rows = sim.expected_rows(entity, json_jobs.START, json_jobs.START + timedelta(days=1))
    about = [line for line in found if line["window_start"]]
    assert out.error is None
    assert events(found)[0] == "run_started"
    assert events(found)[-1] == "run_ended"
    assert [e for e in events(found) if e not in {"job_state", "schema_changed"}] == [
        "run_started",
        "job_created",
        "file_downloaded",
        "window_validated",
        "window_committed",
        "stream_ended",
        "run_ended",
    ]
    assert found[0]["streams"] == [stream]
    assert found[0]["version"] == __version__
    assert (found[-1]["outcome"], found[-1]["failed"]) == ("complete", [])
    assert {(line["window_start"], line["window_end"]) for line in about} == {
        ("2026-03-15T00:00:00+00:00", "2026-03-16T00:00:00+00:00")
    }
    (committed,) = lines_of_events(audit_log, "window_committed")
    assert (committed["rows"], committed["quarantined"]) == (len(rows), 0)
    (file,) = lines_of_events(audit_log, "file_downloaded")
    assert file["rows"] == len(rows)
    (ended,) = lines_of_events(audit_log, "stream_ended")
    assert (ended["outcome"], ended["windows"], ended["exports"]) == ("complete", 1, 1)
    assert (ended["rows"], ended["bytes"]) == (len(rows), file["bytes"])


def test_one_run(sim, clock, audit_log):
    """All lines of a run have one name, the next run appends its own under another."""
    json_jobs.run_exports(audit_settings(sim, audit_log), clock)
    first = audit_lines(audit_log)
    json_jobs.run_exports(audit_settings(sim, audit_log), clock)

    both = audit_lines(audit_log)
    assert both[: len(first)] == first
    assert len({line["run"] for line in first}) == 1
    assert len({line["run"] for line in both}) == 2
    assert events(both).count("run_started") == events(both).count("run_ended") == 2


@pytest.mark.posix
def test_only_its_owner_may_read_it(sim, clock, audit_log):
    """The file is made for its owner alone, whatever the umask."""
    before = os.umask(0)
    try:
        json_jobs.run_exports(audit_settings(sim, audit_log), clock)
    finally:
        os.umask(before)

    assert stat.S_IMODE(audit_log.stat().st_mode) == 0o600


@pytest.mark.posix
def test_audit_log_that_exists_keeps_its_mode(sim, clock, audit_log):
    """A file that is there is appended to as it is."""
    json_jobs.run_exports(audit_settings(sim, audit_log), clock)
    audit_log.chmod(0o640)

    json_jobs.run_exports(audit_settings(sim, audit_log), clock)

    assert events(audit_lines(audit_log)).count("run_started") == 2
    assert stat.S_IMODE(audit_log.stat().st_mode) == 0o640


def test_discovery_writes_nothing(sim, audit_log):
    """Without a run there is no log."""
    select(audit_settings(sim, audit_log), json_jobs.STREAM)

    assert not audit_log.exists()


# What is written


def test_job_created_has_the_request_of_the_job(sim, clock, audit_log):
    """The line of a job has what was asked for: type, filter, dates, format and compression."""
    json_jobs.run_exports(audit_settings(sim, audit_log), clock)

    (created,) = lines_of_events(audit_log, "job_created")
    (submit,) = submits(sim)
    assert created["request"] == json.loads(submit.body)
    assert {"format", "compression"} <= created["request"].keys()


def test_stream_ended_has_planned_windows_beside_committed_ones(sim, clock, audit_log):
    """The totals of a stream that failed have the windows that it should have read."""
    sim.faults.add(Fault("submit", "job-failed", after=1))

    json_jobs.run_exports(audit_settings(sim, audit_log, 3), clock)

    (ended,) = lines_of_events(audit_log, "stream_ended")
    assert (ended["planned"], ended["windows"]) == (3, 1)


def test_job_states_are_written_when_they_change(simulate, clock, audit_log):
    """A job's states are written when they change, in the API's words, with its name."""
    sim = simulate(job_polls=4)

    json_jobs.run_exports(audit_settings(sim, audit_log), clock)

    states = lines_of_events(audit_log, "job_state")
    (created,) = lines_of_events(audit_log, "job_created")
    assert [line["state"] for line in states] == ["queued", "running", "completed"]
    assert {line["job_id"] for line in (*states, created)} == {json_jobs.export_jobs(sim)[0].id}
    assert created["latency_ms"] == 0


def test_latency(sim, clock, audit_log):
    """The time until a job was accepted is in milliseconds."""
    wait = (("Retry-After", "37"),)
    sim.faults.add(Fault("submit", "status", status=429, headers=wait))

    json_jobs.run_exports(audit_settings(sim, audit_log), clock)

    (created,) = lines_of_events(audit_log, "job_created")
    assert created["latency_ms"] == 37_000


def test_download_event_has_size_and_digest(simulate, clock, audit_log):
    """The digest and the size are those of the bytes that were served."""
    sim = simulate()
    body = b'[{"id":"a"},{"id":"b"}]'
    sim.faults.add(Fault("download", "bytes", body=body))
    own = {"exports": [{"name": json_jobs.STREAM, "required_fields": []}]}

    json_jobs.run_exports(audit_settings(sim, audit_log, own=own), clock)

    (line,) = lines_of_events(audit_log, "file_downloaded")
    assert (line["bytes"], line["rows"]) == (len(body), 2)
    assert line["sha256"] == hashlib.sha256(body).hexdigest()


@pytest.mark.promise("whole-files")
def test_damaged_download_is_written_without_rows(sim, clock, audit_log):
    """A damaged file is written with its bytes and no rows, then the one in its place."""
    sim.faults.add(Fault("download", "bytes", body="[{"))

    json_jobs.run_exports(audit_settings(sim, audit_log), clock)

    first, second = lines_of_events(audit_log, "file_downloaded")
    assert (first["bytes"], first["rows"]) == (2, None)
    assert first["sha256"] == hashlib.sha256(b"[{").hexdigest()
    assert second["rows"] == len(json_jobs.expected_conversations(sim))


def test_invalid_rows_are_audited_up_to_a_hundred(sim, clock, audit_log):
    """At most a hundred misfits of a window have lines, all of them are counted."""
    good = json.dumps(
        dict.fromkeys(("dateFrom", "dateTo", "botId", "agentId", "type", "id"), "2026-03-15")
        | {"duration": 1}
    )
    body = f"[{','.join([good, good, *map(str, range(130))])}]"
    sim.faults.add(Fault("download", "bytes", body=body))

    out = json_jobs.run_exports(audit_settings(sim, audit_log, max_invalid_ratio=1), clock)

    found = lines_of_events(audit_log, "record_invalid")
    records = out.records("quarantine")
    (validated,) = lines_of_events(audit_log, "window_validated")
    (committed,) = lines_of_events(audit_log, "window_committed")
    assert len(records) == 130
    assert len(found) == 100
    assert [line["record_id"] for line in found] == [r["record_id"] for r in records[:100]]
    assert {(line["field"], line["reason"]) for line in found} == {(None, "is not an object")}
    assert validated["reasons"] == {"is not an object": 130}
    counts = [validated[name] for name in ("rows", "valid", "invalid", "repeated")]
    assert counts == [132, 2, 130, 1]
    assert (committed["rows"], committed["quarantined"]) == (1, 130)


def test_invalid_rows_are_audited_up_to_a_hundred_a_window(sim, clock, audit_log):
    """A hundred lines is the most of one window, not of a run."""
    body = f"[{','.join(map(str, range(101)))}]"
    sim.faults.add(Fault("download", "bytes", body=body, times=2))

    json_jobs.run_exports(audit_settings(sim, audit_log, 2, max_invalid_ratio=1), clock)

    windows = Counter(line["window_start"] for line in lines_of_events(audit_log, "record_invalid"))
    assert list(windows.values()) == [100, 100]


def test_window_that_is_refused_is_counted_and_not_committed(sim, clock, audit_log):
    """A window of too many misfits is counted too, and not committed."""
    sim.faults.add(Fault("download", "bytes", body="[1,2]"))

    out = json_jobs.run_exports(audit_settings(sim, audit_log), clock)

    (validated,) = lines_of_events(audit_log, "window_validated")
    (failed,) = lines_of_events(audit_log, "stream_failed")
    assert (validated["rows"], validated["invalid"], validated["repeated"]) == (2, 2, None)
    assert failed["reason"] == str(failure(out))
    assert lines_of_events(audit_log, "window_committed", "record_invalid") == []


def test_drift(sim, clock, audit_log):
    """New columns are named."""
    json_jobs.run_exports(audit_settings(sim, audit_log, 2), clock)

    (line,) = lines_of_events(audit_log, "schema_changed")
    assert line["columns"] == [
        *("channel", "escalated", "turns", "intents", "sentiment", "summary")
    ]


def test_failed_job_is_audited_with_stream_and_run(sim, clock, audit_log):
    """A job without a file is written with its reason, then the stream, then the run."""
    sim.faults.add(Fault("submit", "job-failed", body="No store"))

    out = json_jobs.run_exports(audit_settings(sim, audit_log), clock)

    (job,) = lines_of_events(audit_log, "job_failed")
    assert isinstance(out.error, StreamsFailed)
    assert "failed" in job["reason"]
    assert "No store" in job["reason"]
    assert job["job_id"] == json_jobs.export_jobs(sim)[0].id
    assert events(audit_lines(audit_log))[-4:-1] == ["job_failed", "stream_failed", "stream_ended"]
    ended = audit_lines(audit_log)[-1]
    assert (ended["outcome"], ended["failed"]) == ("failed", [json_jobs.STREAM])


def test_job_of_an_earlier_run_is_written_as_adopted(sim, clock, audit_log):
    """A job of an earlier run is found, not created."""
    first = json_jobs.run_exports(audit_settings(sim, audit_log), clock, cut_after=2)
    audit_log.unlink()

    json_jobs.run_exports(audit_settings(sim, audit_log), clock, state=first.state)

    (found,) = lines_of_events(audit_log, "job_adopted")
    assert found["job_id"] == json_jobs.export_jobs(sim)[0].id
    assert lines_of_events(audit_log, "job_created") == []


def test_lost_submit_is_audited_as_adopted(simulate, clock, audit_log):
    """A job whose answer was lost is found too."""
    sim = simulate(job_seconds=60)
    sim.faults.add(Fault("submit", "reply-lost"))

    json_jobs.run_exports(audit_settings(sim, audit_log), clock)

    assert [
        line["job_id"] for line in lines_of_events(audit_log, "job_adopted", "job_created")
    ] == [json_jobs.export_jobs(sim)[0].id]


@pytest.mark.ci
def test_stream_stopped_by_a_quota_stops_the_run(simulate, clock, audit_log):
    """A quota that is used up ends a stream for the day; the run succeeds, and is not complete."""
    sim = simulate(exports_per_day=1)
    own = {"exports_per_day": 1, "window_days": 1}
    config = every(sim, audit_log, end_date="2026-03-18T00:00:00Z", **{quota_jobs.FAMILY: own})

    out = run_tap(config, clock=clock, only=quota_jobs.KB)

    (stopped,) = lines_of_events(audit_log, "stream_stopped")
    assert out.error is None
    assert "quota" in stopped["reason"]
    (ended,) = lines_of_events(audit_log, "stream_ended")
    assert (ended["outcome"], ended["windows"], ended["exports"]) == ("stopped", 1, 1)
    run = audit_lines(audit_log)[-1]
    assert (run["outcome"], run["complete"]) == ("stopped", False)


@pytest.mark.parametrize("after", [1, 3, 6])
def test_run_that_is_killed_writes_that_it_was_interrupted(sim, clock, audit_log, after):
    """A run that ends in its midst says that it was interrupted."""
    out = json_jobs.run_exports(audit_settings(sim, audit_log), clock, cut_after=after)

    assert isinstance(out.error, Killed)
    assert audit_lines(audit_log)[-1]["event"] == "run_ended"
    assert audit_lines(audit_log)[-1]["outcome"] == "interrupted"


def test_how_long_it_took(sim, clock, audit_log):
    """Windows and runs say how many seconds they took."""
    began = clock.now()

    json_jobs.run_exports(audit_settings(sim, audit_log), clock)

    took = (clock.now() - began).total_seconds()
    assert took > 0
    assert audit_lines(audit_log)[-1]["seconds"] == took
    assert lines_of_events(audit_log, "window_committed")[0]["seconds"] == took
