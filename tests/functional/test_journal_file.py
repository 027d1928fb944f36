"""The journal as a file: its secrets, and a run whose journal is damaged or unwritable."""

from __future__ import annotations

import logging
import signal
import sqlite3
import stat
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.clock import SystemClock
from tap_cxone.errors import ConfigError, Interrupted, JournalError
from tap_cxone.http.rate_limit import ExportQuota, RateLimiter, RateLimits
from tap_cxone.jobs.ledger import JournalLedger
from tap_cxone.signals import SignalHandler
from tap_cxone.simulator.credentials import Credentials
from tests.support.expectations import failure
from tests.support.journals import DAY, journal_at, journal_settings
from tests.support.run import NOON, FakeClock
from tests.support.streams import STREAM, run_stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_cxone.jobs.journal import Journal

SECOND = timedelta(seconds=1)
SECRETS = [value for name, value in vars(Credentials).items() if name.isupper()]


@pytest.fixture
def journal_file(tmp_path: Path) -> Path:
    """Return where the journal is."""
    return tmp_path / "journal.db"


@pytest.fixture
def file_journal(journal_file, clock) -> Iterator[Journal]:
    """Yield a journal in the file."""
    with closing(journal_at(str(journal_file), clock)) as journal:
        yield journal


def stored_jobs(path: Path) -> list[Any]:
    """Return the jobs in a journal, and whether their windows are committed."""
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT id, committed FROM jobs ORDER BY job").fetchall()


# Secrets


@pytest.mark.ci
@pytest.mark.promise("no-secrets")
def test_no_secrets(sim, clock, journal_file):
    """The file is readable by its owner only, and holds neither login nor link."""
    run_stream(journal_settings(sim, journal_file), clock)
    data = journal_file.read_bytes()

    assert stored_jobs(journal_file)
    assert stat.S_IMODE(journal_file.stat().st_mode) == 0o600
    assert all(stat.S_IMODE(p.stat().st_mode) & 0o77 == 0 for p in journal_file.parent.rglob("*"))
    assert not [secret for secret in SECRETS if secret.encode() in data]
    assert b"http" not in data


# Damage


def torn(path: Path) -> None:
    """Leave half of a file."""
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript("PRAGMA page_size = 512; VACUUM")
        rows = [("tenant", "stream", str(n), "x" * 300, "9999", 1) for n in range(40)]
        db.executemany("INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?)", rows)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def no_database(path: Path) -> None:
    """Leave something else."""
    path.write_text("once upon a time\n" * 100)


def scribbled(path: Path) -> None:
    """Leave a file with noise in the middle."""
    data = bytearray(path.read_bytes())
    data[100:4000] = bytes(range(1, 131)) * 30
    path.write_bytes(data)


def other_tables(path: Path) -> None:
    """Leave the database of another program."""
    path.unlink()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE jobs (id TEXT)")


def newer(path: Path) -> None:
    """Leave what a newer version wrote."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA user_version = 99")


@pytest.mark.ci
@pytest.mark.parametrize("damage", [torn, no_database, scribbled, other_tables, newer])
def test_journal_that_is_damaged_is_renamed(sim, clock, journal_file, caplog, damage):
    """A file that is none is renamed with a warning, and the run continues with a new one."""
    run_stream(journal_settings(sim, journal_file), clock)
    damage(journal_file)
    damaged = journal_file.read_bytes()
    caplog.clear()
    second = run_stream(journal_settings(sim, journal_file), clock)

    (aside,) = journal_file.parent.glob("journal.db.damaged-*")
    (said,) = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert second.error is None
    assert aside.read_bytes() == damaged
    assert str(journal_file) in said
    assert str(aside) in said
    assert "spent once more" in said
    assert [committed for _, committed in stored_jobs(journal_file)] == [1, 1, 1]


@pytest.mark.ci
def test_journal_with_an_unreadable_job_fails_the_stream(sim, clock, journal_file):
    """A job that cannot be read fails the stream, with the remedy."""
    run_stream(journal_settings(sim, journal_file), clock)
    with closing(sqlite3.connect(journal_file)) as db, db:
        db.execute("UPDATE jobs SET job = '{}'")
    out = run_stream(journal_settings(sim, journal_file), clock)

    assert isinstance(failure(out), JournalError)
    assert f"{journal_file} has an unreadable job" in str(failure(out))


# What cannot be written


@pytest.mark.parametrize("where", ["missing/journal.db", "file/journal.db", "."])
def test_journal_path_not_writable_is_a_setting_error(sim, clock, tmp_path, where):
    """A path that cannot be written is a mistake of the settings, found before any request."""
    (tmp_path / "file").write_text("")
    out = run_stream(journal_settings(sim, tmp_path / where), clock)

    assert isinstance(out.error, ConfigError)
    assert "journal" in str(out.error)
    assert str(tmp_path) in str(out.error)
    assert (sim.requests, out.messages) == ([], [])


@dataclass
class Failing(FakeClock):
    """A clock with whose first sleep something happens, or a table can take no more rows."""

    path: Path = Path()
    table: str = ""
    happening: Callable[[], None] = lambda: None

    def sleep(self, duration: timedelta) -> None:
        super().sleep(duration)
        self.happening()
        if self.table:
            full = "SELECT RAISE(FAIL, 'database or disk is full')"
            with closing(sqlite3.connect(self.path)) as db, db:
                db.execute(f"CREATE TRIGGER full BEFORE INSERT ON {self.table} BEGIN {full}; END")
            self.table = ""


@pytest.fixture
def clock() -> Failing:
    """Return a clock at noon, with which nothing fails unless a test requests it."""
    return Failing()


def busy(path: Path) -> sqlite3.Connection:
    """Return an exclusive lock of a file, until it is closed."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("BEGIN EXCLUSIVE")
    return db


def test_another_process_writes(journal_file, file_journal, clock):
    """While another process writes, the clock is slept by, and then it is one's turn."""
    entries = JournalLedger(file_journal, "tenant")
    entries.register(NOON)
    other = busy(journal_file)
    clock.happening = other.close

    assert entries.submit_times(NOON - DAY) == [NOON]
    assert clock.slept == [SECOND]


def test_another_process_writes_for_ever(journal_file, file_journal, clock, monkeypatch):
    """A file that is never free is an error, after a minute."""
    monkeypatch.setattr("tap_cxone.jobs.sqlite_journal._SQLITE_BUSY_SECONDS", 0)
    entries = JournalLedger(file_journal, "tenant")
    entries.register(NOON)
    entries.journal.close()
    with closing(busy(journal_file)), pytest.raises(JournalError, match="another process"):
        entries.submit_times(NOON - DAY)

    assert clock.instant - NOON == timedelta(minutes=1)


def test_signal_during_a_write_keeps_the_response_of_a_submit(journal_file, monkeypatch):
    """A signal that comes while another process writes does not lose the answer to a submit."""
    monkeypatch.setattr("tap_cxone.jobs.sqlite_journal._SQLITE_BUSY_SECONDS", 0)
    interrupts = SignalHandler()
    clock, answer = SystemClock(interrupts), ""
    journal = journal_at(str(journal_file), clock)
    limiter = RateLimiter(RateLimits(quota=ExportQuota(3)), clock, JournalLedger(journal, "tenant"))
    with closing(journal), ExitStack() as meanwhile:
        with limiter.submitting():
            answer = "job"
            meanwhile.enter_context(closing(busy(journal_file)))
            interrupts.record(signal.SIGTERM)
        assert answer == "job"
        with pytest.raises(Interrupted):
            clock.sleep(SECOND)


def test_submit_that_cannot_be_journalled_is_not_sent(sim, clock, journal_file):
    """Where a submit cannot be noted, it is not sent."""
    clock.path, clock.table = journal_file, "submits"
    out = run_stream(journal_settings(sim, journal_file), clock)

    assert isinstance(failure(out), JournalError)
    assert "disk is full" in str(failure(out))
    assert "journal" in str(failure(out))
    assert sim.jobs == []


@pytest.mark.ci
def test_job_that_the_journal_refuses_is_in_state(sim, clock, journal_file):
    """A job that the journal cannot take is in STATE, and the next run takes it up."""
    clock.path, clock.table = journal_file, "jobs"
    first = run_stream(journal_settings(sim, journal_file), clock)
    pending = first.state["bookmarks"][STREAM]["pending_jobs"]
    assert isinstance(failure(first), JournalError)
    assert [job["id"] for job in pending] == [sim.jobs[0].id]

    second = run_stream(journal_settings(sim, journal_file), clock, state=first.state)
    assert second.error is None
    assert len(sim.jobs) == 3
