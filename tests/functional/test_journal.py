"""What the journal keeps; and what becomes of a run whose journal is damaged or unwritable."""

from __future__ import annotations

import logging
import signal
import sqlite3
import stat
import threading
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.clock import SystemClock
from tap_cxone.errors import ConfigError, Interrupted, JournalError
from tap_cxone.http.rate_limit import ExportQuota, RateLimiter, RateLimits
from tap_cxone.jobs.job import Job
from tap_cxone.jobs.journal import Journal
from tap_cxone.jobs.ledger import SqliteLedger
from tap_cxone.signals import SignalHandler
from tap_cxone.simulator.credentials import Credentials
from tap_cxone.simulator.settings import tap_settings
from tap_cxone.tap import TapCXone
from tap_cxone.windows import Window
from tests.support import observability as dashboard
from tests.support.expectations import failure
from tests.support.run import NOON, FakeClock, run_tap
from tests.support.streams import STREAM, run_stream, stream_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_cxone.simulator import Simulator
    from tests.support.run import Output

NEVER = frozenset[Window]().__contains__  # no window was committed
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
SECRETS = [value for name, value in vars(Credentials).items() if name.isupper()]


@pytest.fixture
def journal_path(tmp_path: Path) -> Path:
    """Return where the journal is."""
    return tmp_path / "journal.db"


@pytest.fixture
def journal(journal_path, clock) -> Iterator[Callable[[], Journal]]:
    """Yield what opens the journal once more, as another process would."""
    with ExitStack() as opened:

        def open_again() -> Journal:
            journal = Journal(journal_path, clock, SECOND, logging.getLogger("journal"))
            return opened.enter_context(closing(journal))

        yield open_again


def pending_job(name: str = "one", days: int = 0) -> Job:
    """Return a job of one of the days before the present."""
    start = datetime(2026, 3, 10, tzinfo=UTC) + days * DAY
    return Job(name, Window(start, start + DAY), NOON, "as asked")


def journal_settings(sim: Simulator, path: Path, **changes: Any) -> dict[str, Any]:
    """Return settings for three windows of one day, with a journal."""
    config = stream_settings(sim, journal_path=str(path), **changes)
    own = {**config["data_extraction"], "window_days": 1}
    return {**config, "start_date": "2026-03-16", "end_date": "2026-03-19", "data_extraction": own}


def stored_jobs(path: Path) -> list[Any]:
    """Return the jobs in a journal, and whether their windows are committed."""
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT id, committed FROM jobs ORDER BY job").fetchall()


# What it keeps


def test_jobs_survive(journal):
    """The next process that opens the file knows a job."""
    SqliteLedger(journal(), "tenant").record_submitted("stream", pending_job())

    assert SqliteLedger(journal(), "tenant").jobs("stream", NEVER) == [pending_job()]


def test_one_file_for_many(journal):
    """Tenants and streams of one file do not see each other's jobs and submits."""
    one = SqliteLedger(journal(), "one")
    one.record_submitted("stream", pending_job())
    one.register(NOON)

    assert SqliteLedger(journal(), "two").jobs("stream", NEVER) == []
    assert one.jobs("other", NEVER) == []
    assert SqliteLedger(journal(), "two").submit_times(NOON - DAY) == []


def test_committed_jobs_stay(journal):
    """A job of a committed window stays until a state has the commit."""
    entries = SqliteLedger(journal(), "tenant")
    early, late = pending_job("early"), pending_job("late", days=1)
    entries.record_committed("stream", [early, late])

    assert entries.jobs("stream", NEVER) == [early, late]
    assert entries.jobs("stream", {early.window}.__contains__) == [late]
    assert entries.jobs("stream", lambda _: True) == []


@pytest.mark.promise("pending-jobs")
def test_pending_jobs_stay(journal):
    """A job whose window is not committed stays wherever the bookmark is: days are read again."""
    entries = SqliteLedger(journal(), "tenant")
    entries.record_submitted("stream", pending_job())

    assert entries.jobs("stream", lambda _: True) == [pending_job()]


@pytest.mark.parametrize("committed", [True, False])
def test_journal_deletes_jobs_after_a_day(journal, clock, committed):
    """After a day a job is of no use: the APIs keep no result for longer."""
    entries = SqliteLedger(journal(), "tenant")
    (entries.record_committed if committed else lambda s, j: entries.record_submitted(s, *j))(
        "stream", [pending_job()]
    )
    clock.sleep(DAY - SECOND)
    before = entries.jobs("stream", NEVER)
    clock.sleep(SECOND)

    assert (before, entries.jobs("stream", NEVER)) == ([pending_job()], [])
    journal().open()
    assert journal().read("SELECT * FROM jobs") == []


def test_forgotten_jobs(journal):
    """A job that was forgotten is not found again."""
    entries = SqliteLedger(journal(), "tenant")
    entries.record_submitted("stream", pending_job())
    entries.remove("stream", [pending_job()])

    assert entries.jobs("stream", NEVER) == []


def test_threads_share_it(journal):
    """Several threads of a process may use one journal at once."""
    shared = journal()

    def work(name: str) -> None:
        for number in range(20):
            SqliteLedger(shared, name).record_submitted("stream", pending_job(str(number)))

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(len(SqliteLedger(shared, name).jobs("stream", NEVER)) == 20 for name in "abcd")


# Submits of all processes


@pytest.fixture
def shared_limiter(journal, clock) -> Callable[..., RateLimiter]:
    """Return what makes the limiter of another process."""
    return lambda limits: RateLimiter(limits, clock, SqliteLedger(journal(), "tenant"))


@pytest.mark.promise("shared-limits")
def test_spacing_of_all(shared_limiter, clock):
    """A submit of another process is kept away from like one's own."""
    limits = RateLimits(min_submit_interval=30 * SECOND)
    with shared_limiter(limits).submitting():
        pass
    clock.sleep(10 * SECOND)

    assert shared_limiter(limits).time_until_submit() == 20 * SECOND


@pytest.mark.promise("shared-limits")
def test_quota_of_all(shared_limiter):
    """The exports of all processes count for the quota."""
    one, two = (
        shared_limiter(RateLimits(quota=ExportQuota(3))),
        shared_limiter(RateLimits(quota=ExportQuota(3))),
    )
    for which in (one, two):
        with which.submitting():
            pass

    assert (one.remaining_exports(), two.remaining_exports()) == (1, 1)


@pytest.mark.promise("shared-limits")
def test_own_submits_count_once(shared_limiter):
    """A submit that state and journal both know counts once."""
    one = shared_limiter(RateLimits(quota=ExportQuota(3)))
    with one.submitting():
        pass
    two = shared_limiter(RateLimits(quota=ExportQuota(3)))
    two.restore(one.submit_times())

    assert two.remaining_exports() == 2


def test_refused_submits_do_not_count(shared_limiter):
    """A submit that was refused spends nothing of the others' quota."""
    with pytest.raises(JournalError), shared_limiter(RateLimits(quota=ExportQuota(3))).submitting():
        raise JournalError

    assert shared_limiter(RateLimits(quota=ExportQuota(3))).remaining_exports() == 3


def test_journal_counts_a_submit_before_it_is_sent(shared_limiter):
    """A submit whose process dies before the answer comes counts: it may have been spent."""
    with shared_limiter(RateLimits(quota=ExportQuota(3))).submitting():
        assert shared_limiter(RateLimits(quota=ExportQuota(3))).remaining_exports() == 2


# Runs with a journal


def test_state_that_is_old_exports_nothing_again(sim, clock, journal_path):
    """A run that begins with an old state finds every job again, and exports nothing again."""
    first = run_stream(journal_settings(sim, journal_path), clock)
    spent = len(sim.jobs)
    second = run_stream(journal_settings(sim, journal_path), clock)

    assert spent == len(sim.jobs) == 3
    assert second.records(STREAM) == first.records(STREAM)
    assert second.bookmark(STREAM) == first.bookmark(STREAM)


def test_state_that_is_newest_reads_nothing_from_the_journal(sim, clock, journal_path):
    """A run that begins with the last state takes nothing from the journal."""
    first = run_stream(journal_settings(sim, journal_path), clock)
    again = run_stream(
        journal_settings(sim, journal_path) | {"lookback_days": 1}, clock, state=first.state
    )

    assert len(again.records(STREAM)) == 12
    assert len(sim.jobs) == 4


def test_full_table_without_a_bookmark_exports_again(sim, clock, journal_path):
    """Without a bookmark nothing tells an old state from a new one: every run exports again."""
    config = {"access_key_id": "any", "access_key_secret": "any"}
    catalog = TapCXone(config=config).catalog_dict
    for entry in catalog["streams"]:
        entry["replication_method"] = "FULL_TABLE"
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                chosen = entry["tap_stream_id"] == STREAM
                item["metadata"] |= {"selected": chosen, "forced-replication-method": "FULL_TABLE"}
    for _ in range(2):
        assert (
            run_tap(journal_settings(sim, journal_path), clock=clock, catalog=catalog).error is None
        )

    assert len(sim.jobs) == 6


def test_another_request(sim, clock, journal_path):
    """A job that requested something else is not taken for this one."""
    run_stream(journal_settings(sim, journal_path), clock)
    entity = {"name": STREAM, "version": "3"}
    config = journal_settings(sim, journal_path)
    own = {**config["data_extraction"], "entities": [entity]}
    run_stream({**config, "data_extraction": own}, clock)

    assert len(sim.jobs) == 6


def test_plan_knows_the_journal(sim, clock, journal_path):
    """`--plan` has no metrics that the journal has a job for."""
    run_stream(journal_settings(sim, journal_path), clock)
    with closing(TapCXone(config=journal_settings(sim, journal_path), clock=clock)) as tap:
        plans = [plan.workload for family in tap.plans() for plan in family.streams]
    (planned,) = [work for work in plans if work.stream == STREAM]

    assert (len(planned.windows), len(planned.windows_without_job)) == (3, 0)


@pytest.mark.promise("shared-limits")
def test_quota_without_a_state(simulate, clock, journal_path):
    """The day's exports are counted without a state: the API refuses none."""
    sim = simulate(exports_per_day=3)
    for stream in (dashboard.KB, dashboard.AS):
        assert dashboard_run(sim, clock, journal_path, stream).error is None

    assert (sim.exports, sim.quota_violations) == (3, 0)


def dashboard_run(sim: Simulator, clock: FakeClock, path: Path, stream: str) -> Output:
    """Run one table over two days."""
    config = tap_settings(sim.url, families=dashboard.FAMILY) | {
        "start_date": "2026-03-16",
        "end_date": "2026-03-18",
        "observability": {"window_days": 1},
        "journal_path": str(path),
    }
    return run_tap(config, clock=clock, only=stream)


# Secrets


@pytest.mark.promise("no-secrets")
def test_no_secrets(sim, clock, journal_path):
    """The file is readable by its owner only, and holds neither login nor link."""
    run_stream(journal_settings(sim, journal_path), clock)
    data = journal_path.read_bytes()

    assert stored_jobs(journal_path)
    assert stat.S_IMODE(journal_path.stat().st_mode) == 0o600
    assert all(stat.S_IMODE(p.stat().st_mode) & 0o77 == 0 for p in journal_path.parent.rglob("*"))
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


@pytest.mark.parametrize("damage", [torn, no_database, scribbled, other_tables, newer])
def test_journal_that_is_damaged_is_renamed(sim, clock, journal_path, caplog, damage):
    """A file that is none is renamed with a warning, and the run continues with a new one."""
    run_stream(journal_settings(sim, journal_path), clock)
    damage(journal_path)
    damaged = journal_path.read_bytes()
    caplog.clear()
    second = run_stream(journal_settings(sim, journal_path), clock)

    (aside,) = journal_path.parent.glob("journal.db.damaged-*")
    (said,) = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert second.error is None
    assert aside.read_bytes() == damaged
    assert str(journal_path) in said
    assert str(aside) in said
    assert "spent once more" in said
    assert [committed for _, committed in stored_jobs(journal_path)] == [1, 1, 1]


def test_journal_with_an_unreadable_job_fails_the_stream(sim, clock, journal_path):
    """A job that cannot be read fails the stream, with the remedy."""
    run_stream(journal_settings(sim, journal_path), clock)
    with closing(sqlite3.connect(journal_path)) as db, db:
        db.execute("UPDATE jobs SET job = '{}'")
    out = run_stream(journal_settings(sim, journal_path), clock)

    assert isinstance(failure(out), JournalError)
    assert f"{journal_path} has an unreadable job" in str(failure(out))


# What cannot be written


@pytest.mark.parametrize("where", ["missing/journal.db", "file/journal.db", "."])
def test_journal_path_not_writable_is_a_setting_error(sim, clock, tmp_path, where):
    """A path that cannot be written is a mistake of the settings, found before any request."""
    (tmp_path / "file").write_text("")
    out = run_stream(journal_settings(sim, tmp_path / where), clock)

    assert isinstance(out.error, ConfigError)
    assert "journal_path" in str(out.error)
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


def test_another_process_writes(journal_path, journal, clock):
    """While another process writes, the clock is slept by, and then it is one's turn."""
    entries = SqliteLedger(journal(), "tenant")
    entries.register(NOON)
    other = busy(journal_path)
    clock.happening = other.close

    assert entries.submit_times(NOON - DAY) == [NOON]
    assert clock.slept == [SECOND]


def test_another_process_writes_for_ever(journal_path, journal, clock, monkeypatch):
    """A file that is never free is an error, after a minute."""
    monkeypatch.setattr("tap_cxone.jobs.journal._SQLITE_BUSY_SECONDS", 0)
    entries = SqliteLedger(journal(), "tenant")
    entries.register(NOON)
    entries.journal.close()
    with closing(busy(journal_path)), pytest.raises(JournalError, match="another process"):
        entries.submit_times(NOON - DAY)

    assert clock.instant - NOON == timedelta(minutes=1)


def test_signal_during_a_write_keeps_the_response_of_a_submit(journal_path, monkeypatch):
    """A signal that comes while another process writes does not lose the answer to a submit."""
    monkeypatch.setattr("tap_cxone.jobs.journal._SQLITE_BUSY_SECONDS", 0)
    interrupts = SignalHandler()
    clock, answer = SystemClock(interrupts), ""
    journal = Journal(journal_path, clock, SECOND, logging.getLogger("journal"))
    limiter = RateLimiter(RateLimits(quota=ExportQuota(3)), clock, SqliteLedger(journal, "tenant"))
    with closing(journal), ExitStack() as meanwhile:
        with limiter.submitting():
            answer = "job"
            meanwhile.enter_context(closing(busy(journal_path)))
            interrupts.record(signal.SIGTERM)
        assert answer == "job"
        with pytest.raises(Interrupted):
            clock.sleep(SECOND)


def test_submit_that_cannot_be_journalled_is_not_sent(sim, clock, journal_path):
    """Where a submit cannot be noted, it is not sent."""
    clock.path, clock.table = journal_path, "submits"
    out = run_stream(journal_settings(sim, journal_path), clock)

    assert isinstance(failure(out), JournalError)
    assert "disk is full" in str(failure(out))
    assert "journal_path" in str(failure(out))
    assert sim.jobs == []


def test_job_that_the_journal_refuses_is_in_state(sim, clock, journal_path):
    """A job that the journal cannot take is in STATE, and the next run takes it up."""
    clock.path, clock.table = journal_path, "jobs"
    first = run_stream(journal_settings(sim, journal_path), clock)
    pending = first.state["bookmarks"][STREAM]["pending_jobs"]
    assert isinstance(failure(first), JournalError)
    assert [job["id"] for job in pending] == [sim.jobs[0].id]

    second = run_stream(journal_settings(sim, journal_path), clock, state=first.state)
    assert second.error is None
    assert len(sim.jobs) == 3
