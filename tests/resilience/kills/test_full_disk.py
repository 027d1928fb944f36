"""On a full disk a download emits no record and its error names the remedy."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from tap_cxone.errors import SpoolError, StreamsFailed
from tests.resilience.kills.cases import CASES
from tests.resilience.kills.killing import TRIED
from tests.resilience.kills.processes import case_simulator, child, messages, process_settings
from tests.resilience.kills.test_processes import goes_on, to_the_end
from tests.resilience.kills.trial import (
    SMALL,
    Trial,
    check_end,
    check_schemas,
    different,
    keyed,
    reference,
)
from tests.support.run import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.kill_cases import Case

everybody = pytest.mark.parametrize("case", CASES, ids=str)
FILES = 2  # of a window: what was downloaded, and the lines made of it
WHERES = ("open", "write", "flush")
LIMIT = 1500
LIMITED = (
    "import os, resource, sys; "
    f"resource.setrlimit(resource.RLIMIT_FSIZE, ({LIMIT}, {LIMIT})); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)


class FullFile(io.BytesIO):
    """A file on a full disk; it cannot even be closed in peace."""

    def __init__(self, where: str) -> None:
        """Refuse at one place."""
        super().__init__()
        self.where = where

    def write(self, data: Any, /) -> int:
        if self.where == "write":
            self._refuse()
        return super().write(data)

    def flush(self) -> None:
        if self.where == "flush":
            self._refuse()

    def close(self) -> None:
        super().close()
        if self.where:
            self.where = ""
            self._refuse()

    def _refuse(self) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def filling(number: int, where: str) -> Callable[..., io.BytesIO]:
    """Return what opens temporary files on a disk that has room for so many."""
    opened = 0

    def temporary(*_: object, **__: object) -> io.BytesIO:
        nonlocal opened
        opened += 1
        if opened <= number:
            return io.BytesIO()
        if where == "open":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return FullFile(where)

    return temporary


@pytest.mark.promise("whole-files")
@pytest.mark.some(5)
@pytest.mark.parametrize("room", [0, 1, 2])
@everybody
def test_full_disk_fails_the_stream_and_emits_no_record(case, room):
    """The stream fails with the remedy and emits no record of the window; the next completes."""
    known = reference(case.name, SMALL)
    for where in WHERES:
        with Trial(case, SMALL, clock=FakeClock()) as trial:
            with patch.object(tempfile, "TemporaryFile", filling(room, where)):
                first = trial.live(None)
            TRIED["full disk"] += 1
            emitted = [message["stream"] for message in first.output.of("RECORD")]
            read = [name for name in emitted if name != "quarantine"]
            stream = next(iter(read), case.small[0])  # the first one that was read
            check_full_disk(first.error, stream)
            windows = {record["_window_end"] for record in first.output.records(stream)}
            assert len(windows) == room // FILES
            bookmark = trial.bookmark(stream)
            assert (bookmark.isoformat() if bookmark else None) == next(iter(windows), None)
            second = trial.live(None)
            assert second.error is None
            check_end(trial)
            assert not different(trial.merged(), known.merged)


@pytest.mark.ci
@pytest.mark.promise("no-double-submit")
@everybody
def test_full_disk_spends_one_job_at_most(case):
    """Asking again makes no room: one job at most is spent for the window that found none."""
    known = reference(case.name, SMALL)
    with Trial(case, SMALL) as trial:
        with patch.object(tempfile, "TemporaryFile", filling(1, "write")):
            trial.live(None)
        TRIED["full disk"] += 1
        trial.live(None)
        check_end(trial)
        # A synchronous extraction has no job to come back to.
        assert len(case.works(trial.sim)) <= known.works + (case.nameless)


def check_full_disk(error: BaseException | None, stream: str) -> None:
    """Check that a stream failed for want of room, with the remedy."""
    assert isinstance(error, StreamsFailed)
    failure = error.failures[stream]
    assert "TMPDIR" in str(failure)
    assert os.strerror(errno.ENOSPC) in str(failure)
    assert isinstance(failure, SpoolError)


@pytest.mark.slow
@everybody
def test_file_size_limit_of_a_process_fails_like_a_full_disk(tmp_path, case: Case):
    """The same with a separate process and the kernel's refusal."""
    rows = 400
    folders = {name: tmp_path / name for name in ("undisturbed", "full", "next")}
    for folder in folders.values():
        folder.mkdir()
    with case_simulator(case, rows_per_day=rows) as sim:
        records = keyed(to_the_end(case, sim, folders["undisturbed"], None))
        known = records, len(case.works(sim))
    limited = (sys.executable, "-c", LIMITED)
    with case_simulator(case, rows_per_day=rows) as sim:
        config = process_settings(case, sim)
        with child(case, config, folders["full"], prefix=limited, log=subprocess.PIPE) as process:
            said, log = (text or b"" for text in process.communicate())
            TRIED["full disk"] += 1
        first = messages(said.splitlines(keepends=True))
        assert process.returncode == 1, log
        assert b"TMPDIR" in log
        assert b"Traceback" not in log
        assert not first.of("RECORD")
        check_schemas(first)
        lost = int(case.nameless)
        goes_on(case, sim, folders["next"], first=first, known=known, lost=lost)
