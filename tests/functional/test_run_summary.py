"""The run's result for an engine: `complete`, `resume_at`, and the file of `summary_json`."""

from __future__ import annotations

import json
import stat
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tap_cxone.errors import ConfigError, StreamsFailed
from tap_cxone.events.audit_log import COMMON_FIELDS, EVENTS
from tap_cxone.simulator import Fault
from tap_cxone.tap import TapCXone
from tests.support.audit_log import audit_lines
from tests.support.clocks import OnceActingClock
from tests.support.examples import csv_jobs, quota_jobs
from tests.support.run import Killed, run_tap
from tests.support.streams import STREAM, run_stream, stream_settings

if TYPE_CHECKING:
    from pathlib import Path

    from tap_cxone.simulator import Simulator
    from tests.support.run import FakeClock, Output

DAY = timedelta(days=1)


@pytest.fixture
def clock() -> OnceActingClock:
    """Return a clock at noon that runs an action at its next sleep."""
    return OnceActingClock()


@pytest.fixture
def summary(tmp_path: Path) -> Path:
    """Return where the run summary is to be."""
    return tmp_path / "summary.jsonl"


def last_line(path: Path) -> dict[str, Any]:
    """Return the last line of a run summary."""
    found: dict[str, Any] = audit_lines(path)[-1]
    return found


def two_exports(simulate: Any, path: Path, **changes: Any) -> dict[str, Any]:
    """Return settings for four windows of a table under a quota of two exports a day."""
    sim = simulate(exports_per_day=2)
    config = quota_jobs.quota_settings(sim, "2026-03-15", "2026-03-19", exports_per_day=2)
    return {**config, "summary_json": str(path), **changes}


def test_summary_of_a_complete_run_ends_with_complete(sim, clock, summary):
    """All windows are read, so there is no instant to run again at."""
    run_stream(stream_settings(sim, summary_json=str(summary)), clock)

    line = last_line(summary)
    assert (line["event"], line["outcome"]) == ("run_ended", "complete")
    assert (line["complete"], line["resume_at"]) == (True, None)


def test_summary_has_a_line_for_each_stream_before_the_last(sim, clock, summary):
    """The lines are those of the audit log: first the streams, then the run."""
    run_stream(stream_settings(sim, summary_json=str(summary)), clock)

    *streams, run = audit_lines(summary)
    assert [(line["event"], line["stream"]) for line in streams] == [("stream_ended", STREAM)]
    assert streams[0]["rows"] == 12
    assert streams[0]["run"] == run["run"]
    assert list(run) == [*COMMON_FIELDS, *EVENTS["run_ended"][1]]


def test_run_stopped_by_the_quota_names_the_next_export(simulate, clock, summary, audit_log):
    """Exit code 0 does not mean that all is read: the run is not complete."""
    config = two_exports(simulate, summary, audit_log_path=str(audit_log))
    began = clock.now()

    out = run_tap(config, clock=clock, only=quota_jobs.KB)

    line = last_line(summary)
    assert out.error is None
    assert (line["outcome"], line["complete"], line["failed"]) == ("stopped", False, [])
    assert began < datetime.fromisoformat(line["resume_at"]) <= began + DAY + timedelta(minutes=1)
    (stopped,) = [line for line in audit_lines(audit_log) if line["event"] == "stream_stopped"]
    assert stopped["until"] == line["resume_at"]
    assert audit_lines(audit_log)[-1]["resume_at"] == line["resume_at"]


def rerun(config: dict[str, Any], first: Output, clock: FakeClock, path: Path) -> Output:
    """Run again at the instant that the summary of the first run names."""
    clock.instant = datetime.fromisoformat(last_line(path)["resume_at"])
    return run_tap(config, clock=clock, only=quota_jobs.KB, state=first.state)


def test_run_at_the_named_instant_reads_on(simulate, clock, summary):
    """The instant is early enough to lose no time, and late enough that an export is free."""
    config = two_exports(simulate, summary)
    first = run_tap(config, clock=clock, only=quota_jobs.KB)

    second = rerun(config, first, clock, summary)

    assert second.error is None
    assert second.records(quota_jobs.KB)
    assert first.bookmark(quota_jobs.KB) != second.bookmark(quota_jobs.KB)


def test_quota_that_fails_the_stream_names_the_next_export_too(simulate, clock, summary):
    """With `on_quota_exhausted: fail` the exit code is 1, and the instant is the same."""
    config = two_exports(simulate, summary, on_quota_exhausted="fail")

    out = run_tap(config, clock=clock, only=quota_jobs.KB)

    line = last_line(summary)
    assert isinstance(out.error, StreamsFailed)
    assert (line["outcome"], line["complete"], line["failed"]) == ("failed", False, [quota_jobs.KB])
    assert line["resume_at"] == audit_lines(summary)[0]["until"] is not None


def test_run_outside_the_hours_names_their_start(sim, clock, summary, audit_log):
    """A family that is postponed is not complete; its hours begin at `until`."""
    config = stream_settings(sim, own={"not_before_utc": "22:00"}, summary_json=str(summary))

    run_stream({**config, "audit_log_path": str(audit_log)}, clock)

    line = last_line(summary)
    assert (line["complete"], line["resume_at"]) == (False, "2026-03-20T22:00:00+00:00")
    (postponed,) = [x for x in audit_lines(audit_log) if x["event"] == "stream_postponed"]
    assert postponed["until"] == line["resume_at"]


def test_two_stopped_families_name_the_earlier_instant(sim, clock, summary):
    """A run at the first of several instants can read on."""
    own = {csv_jobs.FAMILY: {"not_before_utc": "22:00"}, quota_jobs.FAMILY: {}}
    own[quota_jobs.FAMILY] = {"not_before_utc": "20:00", "not_after_utc": "21:00"}
    config = {**quota_jobs.quota_settings(sim, "2026-03-18", "2026-03-19"), **own}

    run_tap({**config, "summary_json": str(summary)}, clock=clock)

    assert last_line(summary)["resume_at"] == "2026-03-20T20:00:00+00:00"


def test_failed_run_is_not_complete_and_names_no_instant(sim, clock, summary):
    """A failure has no instant: the engine retries by its own rule."""
    sim.faults.add(Fault("submit", "job-failed"))

    run_stream(stream_settings(sim, summary_json=str(summary)), clock)

    line = last_line(summary)
    assert (line["outcome"], line["failed"]) == ("failed", [STREAM])
    assert (line["complete"], line["resume_at"]) == (False, None)


def test_interrupted_run_is_not_complete(sim, clock, summary):
    """A run that ends in its midst has a last line too."""
    out = run_stream(stream_settings(sim, summary_json=str(summary)), clock, cut_after=1)

    assert isinstance(out.error, Killed)
    assert (last_line(summary)["outcome"], last_line(summary)["complete"]) == ("interrupted", False)


def test_summary_of_an_earlier_run_is_emptied_at_the_start(sim, clock, summary):
    """A run that dies at once leaves no result of an earlier run: the file is empty then."""
    config = stream_settings(sim, summary_json=str(summary))
    run_stream(config, clock)
    sizes: list[int] = []
    clock.action = lambda: sizes.append(summary.stat().st_size)

    run_stream(config, clock)

    assert sizes == [0]


@pytest.mark.posix
def test_summary_may_be_read_by_its_owner_alone(sim, clock, summary):
    """The file is created with mode 0600."""
    run_stream(stream_settings(sim, summary_json=str(summary)), clock)

    assert stat.S_IMODE(summary.stat().st_mode) == 0o600


def test_summary_that_cannot_be_written_ends_the_run_before_any_request(sim, clock, tmp_path):
    """The path is tried at the start; the message names file, cause and setting."""
    path = tmp_path / "none" / "summary.jsonl"

    out = run_stream(stream_settings(sim, summary_json=str(path)), clock)

    assert isinstance(out.error, ConfigError)
    assert f"cannot write the run summary {path}" in str(out.error)
    assert "correct summary_json" in str(out.error)
    assert sim.requests == []


def test_summary_option_replaces_the_setting(sim: Simulator, tmp_path, summary):
    """`--summary-json` names the file on the command line."""
    other = tmp_path / "other.jsonl"
    hours = {"not_before_utc": "00:00", "not_after_utc": "00:00"}
    config = stream_settings(sim, summary_json=str(other), own=hours)
    file = tmp_path / "config.json"
    file.write_text(json.dumps({**config, "families": [csv_jobs.FAMILY]}))
    sim.faults.add(Fault("token", "status", status=401, times=9))

    result = CliRunner().invoke(
        TapCXone.cli, ["--config", str(file), "--summary-json", str(summary)]
    )

    assert result.exit_code == 1
    assert last_line(summary)["complete"] is False
    assert not other.exists()
