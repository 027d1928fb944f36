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
from tests.support.analytics_exports import START, STREAM, failure, run, truth
from tests.support.audit_log import EVERYWHERE, FAMILIES, Lines, audited, every, lines
from tests.support.observability import KB
from tests.support.run import Killed, run_tap, select

if TYPE_CHECKING:
    from pathlib import Path


def events(found: Lines) -> list[str]:
    """Return the events, in order."""
    return [line["event"] for line in found]


def of(path: Path, *names: str) -> Lines:
    """Return the lines of some events."""
    return [line for line in lines(path) if line["event"] in names]


# Every line


@pytest.mark.some(5)
@EVERYWHERE
@pytest.mark.parametrize("spoiled", [None, "bytes", "html", "job-failed"])
def test_every_line_has_its_schema(sim, clock, path, family, spoiled):
    """Whatever happens, in every family, a line holds exactly what its event is said to hold."""
    stream, _ = FAMILIES[family]
    if spoiled == "job-failed":
        sim.faults.add(Fault("submit", spoiled, family=family))
    elif spoiled:
        sim.faults.add(Fault("download", spoiled, body="<html>", times=9, family=family))
    config = every(sim, path, max_retries=1)

    run_tap(config, clock=clock, catalog=select(config, stream, "quarantine"))

    for line in lines(path):
        assert datetime.fromisoformat(line["at"]).utcoffset() is not None
        about_run = line["event"] in {"run_started", "run_ended"}
        assert line["family"] == (None if about_run else family)
        assert line["stream"] == (None if about_run else stream)


@EVERYWHERE
def test_a_complete_run(sim, clock, path, family):
    """A window that is read leaves its job, its file, its rows and its commit."""
    stream, entity = FAMILIES[family]
    config = every(sim, path)

    out = run_tap(config, clock=clock, only=stream)

    found = lines(path)
    rows = sim.expected_rows(entity, START, START + timedelta(days=1))
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
    (committed,) = of(path, "window_committed")
    assert (committed["rows"], committed["quarantined"]) == (len(rows), 0)
    (file,) = of(path, "file_downloaded")
    assert file["rows"] == len(rows)
    (ended,) = of(path, "stream_ended")
    assert (ended["outcome"], ended["windows"], ended["exports"]) == ("complete", 1, 1)
    assert (ended["rows"], ended["bytes"]) == (len(rows), file["bytes"])


def test_one_run(sim, clock, path):
    """All lines of a run have one name, the next run appends its own under another."""
    run(audited(sim, path), clock)
    first = lines(path)
    run(audited(sim, path), clock)

    both = lines(path)
    assert both[: len(first)] == first
    assert len({line["run"] for line in first}) == 1
    assert len({line["run"] for line in both}) == 2
    assert events(both).count("run_started") == events(both).count("run_ended") == 2


@pytest.mark.posix
def test_only_its_owner_may_read_it(sim, clock, path):
    """The file is made for its owner alone, whatever the umask."""
    before = os.umask(0)
    try:
        run(audited(sim, path), clock)
    finally:
        os.umask(before)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.posix
def test_an_existing_file_keeps_its_mode(sim, clock, path):
    """A file that is there is appended to as it is."""
    run(audited(sim, path), clock)
    path.chmod(0o640)

    run(audited(sim, path), clock)

    assert events(lines(path)).count("run_started") == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_discovery_writes_nothing(sim, path):
    """Without a run there is no log."""
    select(audited(sim, path), STREAM)

    assert not path.exists()


# What is written


def test_the_life_of_a_job(simulate, clock, path):
    """A job's states are written when they change, in the API's words, with its name."""
    sim = simulate(job_polls=4)

    run(audited(sim, path), clock)

    states = of(path, "job_state")
    (created,) = of(path, "job_created")
    assert [line["state"] for line in states] == ["queued", "running", "completed"]
    assert {line["job_id"] for line in (*states, created)} == {sim.analytics_exports[0].id}
    assert created["latency_ms"] == 0


def test_latency(sim, clock, path):
    """The time until a job was accepted is in milliseconds."""
    wait = (("Retry-After", "37"),)
    sim.faults.add(Fault("submit", "status", status=429, headers=wait))

    run(audited(sim, path), clock)

    (created,) = of(path, "job_created")
    assert created["latency_ms"] == 37_000


def test_the_download(simulate, clock, path):
    """The digest and the size are those of the bytes that were served."""
    sim = simulate()
    body = b'[{"id":"a"},{"id":"b"}]'
    sim.faults.add(Fault("download", "bytes", body=body))
    own = {"exports": [{"name": STREAM, "required_fields": []}]}

    run(audited(sim, path, analytics_exports=own), clock)

    (line,) = of(path, "file_downloaded")
    assert (line["bytes"], line["rows"]) == (len(body), 2)
    assert line["sha256"] == hashlib.sha256(body).hexdigest()


def test_a_damaged_download(sim, clock, path):
    """A damaged file is written with its bytes and no rows, then the one in its place."""
    sim.faults.add(Fault("download", "bytes", body="[{"))

    run(audited(sim, path), clock)

    first, second = of(path, "file_downloaded")
    assert (first["bytes"], first["rows"]) == (2, None)
    assert first["sha256"] == hashlib.sha256(b"[{").hexdigest()
    assert second["rows"] == len(truth(sim))


def test_misfits(sim, clock, path):
    """At most a hundred misfits of a window have lines, all of them are counted."""
    good = json.dumps(
        dict.fromkeys(("dateFrom", "dateTo", "botId", "agentId", "type", "id"), "2026-03-15")
        | {"duration": 1}
    )
    body = f"[{','.join([good, good, *map(str, range(130))])}]"
    sim.faults.add(Fault("download", "bytes", body=body))

    out = run(audited(sim, path, max_invalid_ratio=1), clock)

    found = of(path, "record_invalid")
    records = out.records("quarantine")
    (validated,) = of(path, "window_validated")
    (committed,) = of(path, "window_committed")
    assert len(records) == 130
    assert len(found) == 100
    assert [line["record_id"] for line in found] == [r["record_id"] for r in records[:100]]
    assert {(line["field"], line["reason"]) for line in found} == {(None, "is not an object")}
    assert validated["reasons"] == {"is not an object": 130}
    counts = [validated[name] for name in ("rows", "valid", "invalid", "repeated")]
    assert counts == [132, 2, 130, 1]
    assert (committed["rows"], committed["quarantined"]) == (1, 130)


def test_misfits_of_every_window(sim, clock, path):
    """A hundred lines is the most of one window, not of a run."""
    body = f"[{','.join(map(str, range(101)))}]"
    sim.faults.add(Fault("download", "bytes", body=body, times=2))

    run(audited(sim, path, 2, max_invalid_ratio=1), clock)

    windows = Counter(line["window_start"] for line in of(path, "record_invalid"))
    assert list(windows.values()) == [100, 100]


def test_a_window_that_is_refused(sim, clock, path):
    """A window of too many misfits is counted too, and not committed."""
    sim.faults.add(Fault("download", "bytes", body="[1,2]"))

    out = run(audited(sim, path), clock)

    (validated,) = of(path, "window_validated")
    (failed,) = of(path, "stream_failed")
    assert (validated["rows"], validated["invalid"], validated["repeated"]) == (2, 2, None)
    assert failed["reason"] == str(failure(out))
    assert of(path, "window_committed", "record_invalid") == []


def test_drift(sim, clock, path):
    """New columns are named."""
    run(audited(sim, path, 2), clock)

    (line,) = of(path, "schema_changed")
    assert line["columns"] == [
        *("channel", "escalated", "turns", "intents", "sentiment", "summary")
    ]


def test_a_failed_job(sim, clock, path):
    """A job without a file is written with its reason, then the stream, then the run."""
    sim.faults.add(Fault("submit", "job-failed", body="No store"))

    out = run(audited(sim, path), clock)

    (job,) = of(path, "job_failed")
    assert isinstance(out.error, StreamsFailed)
    assert "failed" in job["reason"]
    assert "No store" in job["reason"]
    assert job["job_id"] == sim.analytics_exports[0].id
    assert events(lines(path))[-4:-1] == ["job_failed", "stream_failed", "stream_ended"]
    ended = lines(path)[-1]
    assert (ended["outcome"], ended["failed"]) == ("failed", [STREAM])


def test_a_job_that_was_found(sim, clock, path):
    """A job of an earlier run is found, not created."""
    first = run(audited(sim, path), clock, cut_after=2)
    path.unlink()

    run(audited(sim, path), clock, state=first.state)

    (found,) = of(path, "job_adopted")
    assert found["job_id"] == sim.analytics_exports[0].id
    assert of(path, "job_created") == []


def test_a_lost_answer(simulate, clock, path):
    """A job whose answer was lost is found too."""
    sim = simulate(job_seconds=60)
    sim.faults.add(Fault("submit", "reply-lost"))

    run(audited(sim, path), clock)

    assert [line["job_id"] for line in of(path, "job_adopted", "job_created")] == [
        sim.analytics_exports[0].id
    ]


def test_a_stream_that_stops(simulate, clock, path):
    """A quota that is used up ends a stream for the day; the run is complete."""
    sim = simulate(exports_per_day=1)
    own = {"exports_per_day": 1, "window_days": 1}
    config = every(sim, path, end_date="2026-03-18T00:00:00Z", observability=own)

    out = run_tap(config, clock=clock, only=KB)

    (stopped,) = of(path, "stream_stopped")
    assert out.error is None
    assert "quota" in stopped["reason"]
    (ended,) = of(path, "stream_ended")
    assert (ended["outcome"], ended["windows"], ended["exports"]) == ("stopped", 1, 1)
    assert lines(path)[-1]["outcome"] == "complete"


@pytest.mark.parametrize("after", [1, 3, 6])
def test_a_run_that_is_killed(sim, clock, path, after):
    """A run that ends in its midst says that it was interrupted."""
    out = run(audited(sim, path), clock, cut_after=after)

    assert isinstance(out.error, Killed)
    assert lines(path)[-1]["event"] == "run_ended"
    assert lines(path)[-1]["outcome"] == "interrupted"


def test_how_long_it_took(sim, clock, path):
    """Windows and runs say how many seconds they took."""
    began = clock.now()

    run(audited(sim, path), clock)

    took = (clock.now() - began).total_seconds()
    assert took > 0
    assert lines(path)[-1]["seconds"] == took
    assert of(path, "window_committed")[0]["seconds"] == took
