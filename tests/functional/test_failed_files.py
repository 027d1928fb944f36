"""The files of windows that fail because of their rows are kept on request, in every family."""

from __future__ import annotations

import stat

import pytest

from tap_cxone.simulator import Fault
from tests.support.audit_log import audit_lines
from tests.support.expectations import failure, warnings_logged
from tests.support.room import QUARANTINE
from tests.support.rooms import EVERYWHERE, NINE

BAD = [(f"bad{number}", "xyzzy") for number in range(11)]


def kept_files(folder):
    return sorted(folder.iterdir()) if folder.exists() else []


@EVERYWHERE
def test_failed_file_is_kept_as_it_came(sim, clock, tmp_path, audit_log, room):
    """The raw file of a failed window is private; log and audit log name it."""
    folder = tmp_path / "new" / "failed"
    room.serve(sim, *NINE, *BAD)
    config = room.settings(sim, keep_failed_files=str(folder), audit_log_path=str(audit_log))

    out = room.run(config, clock)

    (path,) = kept_files(folder)
    (event,) = (line for line in audit_lines(audit_log) if line["event"] == "file_kept")
    assert "max_invalid_ratio" in str(failure(out))
    assert path.read_bytes() == room.text([*NINE, *BAD]).encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert path.name.startswith(f"{room.stream}_20260315T000000Z_20260316T000000Z_")
    assert event["path"] == str(path)


@EVERYWHERE
@pytest.mark.parametrize(
    "body", ["a,b\r\n1,2\r\n", "<html></html>"], ids=["other columns", "damaged"]
)
def test_file_that_cannot_be_read_is_kept(sim, clock, tmp_path, room, body):
    """So is a file that lacks its key column, or is damaged in both downloads."""
    sim.faults.add(Fault("download", "bytes", body=body, times=9, family=room.family))

    out = room.run(room.settings(sim, keep_failed_files=str(tmp_path)), clock)

    assert out.error is not None
    assert [path.read_bytes() for path in kept_files(tmp_path)] == [body.encode()]


@EVERYWHERE
def test_no_file_is_kept_of_a_window_that_passes(sim, clock, tmp_path, room):
    """A file that is damaged once, or has few misfits, is not kept."""
    sim.faults.add(Fault("download", "bytes", body="<html></html>", family=room.family))
    room.serve(sim, *NINE, *BAD[:3])

    out = room.run(room.settings(sim, keep_failed_files=str(tmp_path)), clock)

    assert out.error is None
    assert len(out.records(QUARANTINE)) == 3
    assert kept_files(tmp_path) == []


@EVERYWHERE
def test_newest_failed_files_are_kept(sim, clock, tmp_path, room):
    """Twenty of them stay, and a file of another origin stays too."""
    other = tmp_path / "other.csv"
    other.touch()
    old = [tmp_path / f"{number}.failed" for number in range(25)]
    for path in old:
        path.touch()
    room.serve(sim, *NINE, *BAD)

    room.run(room.settings(sim, keep_failed_files=str(tmp_path)), clock)

    failed = [path for path in kept_files(tmp_path) if path != other]
    assert other.exists()
    assert len(failed) == 20
    assert len([path for path in failed if path.name.startswith(room.stream)]) == 1


@EVERYWHERE
def test_failed_file_that_cannot_be_kept_hides_no_failure(sim, clock, tmp_path, caplog, room):
    """A directory that cannot be written is a warning; the error of the window stays."""
    blocked = tmp_path / "file"
    blocked.touch()
    room.serve(sim, *NINE, *BAD)

    out = room.run(room.settings(sim, keep_failed_files=str(blocked)), clock)

    (warning,) = (text for text in warnings_logged(caplog) if "keep_failed_files" in text)
    assert "could not be kept" in warning
    assert "max_invalid_ratio" in str(failure(out))
