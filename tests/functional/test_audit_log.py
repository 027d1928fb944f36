"""The audit log: what every line holds, what is written of a run, and what never is."""

from __future__ import annotations

import errno
import hashlib
import itertools
import json
import os
import re
import stat
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tap_cxone import __version__
from tap_cxone.errors import AuditError, ConfigError, StreamsFailed
from tap_cxone.events.audit_log import COMMON_FIELDS, EVENTS
from tap_cxone.simulator import Credentials, Fault
from tap_cxone.simulator.settings import ALL_FAMILIES, tap_settings
from tap_cxone.tap import TapCXone
from tests.support.analytics_exports import START, STREAM, days, failure, ids, run, truth
from tests.support.observability import KB
from tests.support.run import Killed, run_tap, select

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tap_cxone.simulator import Simulator

Lines = list[dict[str, Any]]
FAMILIES = {
    "analytics_exports": (STREAM, "bot_conversations"),
    "data_extraction": ("qm_workflows", "qm-workflows"),
    "observability": (KB, "Copilot/KBTable"),
}
EVERYWHERE = pytest.mark.parametrize("family", FAMILIES)
DAY = {"start_date": "2026-03-15T00:00:00Z", "end_date": "2026-03-16T00:00:00Z"}
SECRETS = [
    Credentials.ACCESS_KEY_SECRET,
    Credentials.CLIENT_SECRET,
    "sim-access-token",
    "Bearer",
    "signature",
    "?",
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the audit log is to be."""
    return tmp_path / "audit.jsonl"


def audited(sim: Simulator, path: Path, number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return settings for some windows of conversations, with an audit log."""
    return days(sim, number, audit_log_path=str(path), **changes)


def every(sim: Simulator, path: Path, **changes: Any) -> dict[str, Any]:
    """Return settings for one window of every family, with an audit log."""
    settings = tap_settings(sim.url, families=ALL_FAMILIES)
    return {**settings, **DAY, "audit_log_path": str(path), **changes}


def lines(path: Path) -> Lines:
    """Return what was written, each line being what its event is said to be."""
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n")
    found = [json.loads(line) for line in text.splitlines()]
    for line in found:
        assert list(line) == [*COMMON_FIELDS, *EVENTS[line["event"]][1]]
    return found


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


# What is never written


@EVERYWHERE
@pytest.mark.parametrize("bad", [False, True])
def test_no_secret_and_no_value(simulate, clock, path, family, bad):
    """Neither a secret, nor a signed query, nor what stands in a row is in any line."""
    sim = simulate(invalid_elements=5, rows_per_day=48)
    stream, entity = FAMILIES[family]
    if bad:
        sim.faults.add(
            Fault("poll", "status", status=401),
            Fault("download", "status", status=500, body='{"token": "Bearer sim-access-token-1"}'),
        )
    config = every(sim, path, max_invalid_ratio=1)

    run_tap(config, clock=clock, catalog=select(config, stream, "quarantine"))

    text = path.read_text()
    rows = sim.expected_rows(entity, START, START + timedelta(days=1))
    cells = {c for r in rows for c in r.values() if isinstance(c, str) and len(c) > 7}
    assert len(cells) > 20
    assert [secret for secret in SECRETS if secret in text] == []
    assert [cell for cell in cells if json.dumps(cell)[1:-1] in text] == []


@pytest.mark.some(3)
@pytest.mark.parametrize(
    "body",
    [
        '[{"id":"SECRETVALUE","duration":"SECRETVALUE"}]',
        '[{"id":"SECRETVALUE"} "SECRETVALUE"]',
        '["SECRETVALUE"]',
        "SECRETVALUE",
        '<html>SECRETVALUE"',
        "id,type,dateFrom,dateTo,botId,agentId,duration\r\nSECRETVALUE,1,1,1,1,1,1\r\n",
        "id,type,dateFrom,dateTo,botId,agentId,duration\r\nSECRETVALUE\r\n",
        'id,type,dateFrom,dateTo,botId,agentId,duration\r\n"SECRETVALUE',
    ],
)
def test_no_value_of_a_file_that_fails(sim, clock, path, caplog, body):
    """Nor does a file that fails its stream show its values, in the log or in the error."""
    sim.faults.add(Fault("download", "bytes", body=body, times=9))

    out = run(audited(sim, path), clock)

    said = re.sub(r"in the header: SECRETVALUE", "", str(failure(out)))  # titles are no values
    assert "SECRETVALUE" not in said
    if body != "SECRETVALUE":
        assert "SECRETVALUE" not in path.read_text()
        assert "SECRETVALUE" not in caplog.text


# What cannot be written


@pytest.mark.parametrize("where", ["missing/audit.jsonl", ".", "file/audit.jsonl"])
def test_a_path_that_cannot_be_written(sim, clock, tmp_path, where):
    """A path that cannot be written is a mistake of the settings, found before any request."""
    (tmp_path / "file").write_text("")

    out = run(audited(sim, tmp_path / where), clock)

    assert isinstance(out.error, ConfigError)
    assert "audit_log_path" in str(out.error)
    assert str(tmp_path) in str(out.error)
    assert sim.requests == []
    assert out.messages == []


def test_the_command_exits_with_two(sim, tmp_path):
    """The command exits with 2."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps(audited(sim, tmp_path / "missing" / "audit.jsonl")))
    chosen = tmp_path / "catalog.json"
    chosen.write_text(json.dumps(select(days(sim), STREAM)))

    result = CliRunner().invoke(TapCXone.cli, [f"--config={file}", f"--catalog={chosen}"])

    assert result.exit_code == 2
    assert sim.requests == []


@pytest.fixture(params=["nothing", "a part"])
def fill_up(request, monkeypatch) -> Callable[[int], None]:
    """Return a function after which so many lines more can be written, then nothing or a part."""
    write = os.write

    def after(lines: int) -> None:
        left = itertools.count(lines, -1)

        def full(descriptor: int, data: bytes) -> int:
            if b'"run":' not in data or next(left) > 0:
                return write(descriptor, data)
            if request.param == "a part":
                return write(descriptor, data[:5])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr("tap_cxone.events.audit_log.os.write", full)

    return after


@pytest.mark.some(3)
@pytest.mark.parametrize("written", range(1, 9))
def test_a_disk_that_fills_up(sim, clock, path, fill_up, written):
    """A log that cannot be written any more ends the run with an error that says so."""
    fill_up(written)

    out = run(audited(sim, path), clock)

    causes = [out.error, *getattr(out.error, "failures", {}).values()]
    assert any(isinstance(cause, AuditError) for cause in causes)
    assert "audit_log_path" in str(out.error)
    assert "No space left" in str(out.error)


def test_after_a_full_disk(sim, clock, path, monkeypatch):
    """What was not committed when the log failed is read by the next run."""
    with monkeypatch.context() as patched:
        write = os.write

        def full(descriptor: int, data: bytes) -> int:
            if b'"event": "window_validated"' in data:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return write(descriptor, data)

        patched.setattr("tap_cxone.events.audit_log.os.write", full)
        first = run(audited(sim, path), clock)

    second = run(audited(sim, path), clock, state=first.state)

    assert first.error is not None
    assert first.bookmark(STREAM) is None
    assert second.error is None
    assert ids(second) == [row["id"] for row in truth(sim)]
