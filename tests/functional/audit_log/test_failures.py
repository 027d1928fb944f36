"""The audit log: a file that cannot be written."""

from __future__ import annotations

import errno
import itertools
import json
import os
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tap_cxone.errors import AuditError, ConfigError
from tap_cxone.tap import TapCXone
from tests.support.audit_log import audit_settings
from tests.support.examples import json_jobs
from tests.support.run import select

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("where", ["missing/audit.jsonl", ".", "file/audit.jsonl"])
def test_audit_log_path_not_writable_is_a_setting_error(sim, clock, tmp_path, where):
    """A path that cannot be written is a mistake of the settings, found before any request."""
    (tmp_path / "file").write_text("")

    out = json_jobs.run_exports(audit_settings(sim, tmp_path / where), clock)

    assert isinstance(out.error, ConfigError)
    assert "audit_log_path" in str(out.error)
    assert str(tmp_path) in str(out.error)
    assert sim.requests == []
    assert out.messages == []


def test_audit_log_that_cannot_be_opened_exits_with_two(sim, tmp_path):
    """The command exits with 2."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps(audit_settings(sim, tmp_path / "missing" / "audit.jsonl")))
    chosen = tmp_path / "catalog.json"
    chosen.write_text(json.dumps(select(json_jobs.export_settings(sim), json_jobs.STREAM)))

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

        monkeypatch.setattr("tap_cxone.events.local_file.os.write", full)

    return after


@pytest.mark.some(3)
@pytest.mark.parametrize("written", range(1, 9))
def test_audit_log_on_a_full_disk_ends_the_run(sim, clock, audit_log, fill_up, written):
    """A log that cannot be written any more ends the run with an error that states it."""
    fill_up(written)

    out = json_jobs.run_exports(audit_settings(sim, audit_log), clock)

    causes = [out.error, *getattr(out.error, "failures", {}).values()]
    assert any(isinstance(cause, AuditError) for cause in causes)
    assert "audit_log_path" in str(out.error)
    assert "No space left" in str(out.error)


def test_audit_log_on_a_full_disk_has_whole_lines_only(sim, clock, audit_log, fill_up, monkeypatch):
    """A line that did not fit leaves no part behind; later runs append whole lines."""
    with monkeypatch.context():
        fill_up(4)
        json_jobs.run_exports(audit_settings(sim, audit_log), clock)
    monkeypatch.undo()

    json_jobs.run_exports(audit_settings(sim, audit_log), clock)

    runs = [json.loads(line)["run"] for line in audit_log.read_text().splitlines()]
    assert len(set(runs)) == 2


def test_audit_log_with_an_incomplete_end_glues_no_line_to_it(sim, clock, audit_log):
    """After an incomplete line, such as of a crash, the next one begins a new line."""
    audit_log.write_text('{"at": "2026-03')

    json_jobs.run_exports(audit_settings(sim, audit_log), clock)

    first, *others = audit_log.read_text().splitlines()
    assert first == '{"at": "2026-03'
    assert json.loads(others[0])["event"] == "run_started"


def test_after_a_full_disk(sim, clock, audit_log, monkeypatch):
    """What was not committed when the log failed is read by the next run."""
    with monkeypatch.context() as patched:
        write = os.write

        def full(descriptor: int, data: bytes) -> int:
            if b'"event": "window_validated"' in data:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return write(descriptor, data)

        patched.setattr("tap_cxone.events.local_file.os.write", full)
        first = json_jobs.run_exports(audit_settings(sim, audit_log), clock)

    second = json_jobs.run_exports(audit_settings(sim, audit_log), clock, state=first.state)

    assert first.error is not None
    assert first.bookmark(json_jobs.STREAM) is None
    assert second.error is None
    assert json_jobs.conversation_ids(second) == [
        row["id"] for row in json_jobs.expected_conversations(sim)
    ]
