"""The connection of the journal to PostgreSQL: unreachable at first, or lost in mid-run."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tap_cxone.clock import SystemClock
from tap_cxone.errors import JournalError, JournalUnavailable
from tap_cxone.http.rate_limit import RateLimiter, RateLimits
from tap_cxone.jobs.ledger import JournalLedger
from tap_cxone.jobs.postgres_locks import SessionLocks
from tap_cxone.jobs.slots import Poller, TenantLocks, TenantSlots
from tap_cxone.signals import SignalHandler
from tests.support.clocks import Eventful
from tests.support.expectations import failure, warnings_logged
from tests.support.journals import DAY, journal_settings
from tests.support.postgres import make_url
from tests.support.streams import STREAM, run_stream

if TYPE_CHECKING:
    from tests.support.postgres import Postgres

pytestmark = pytest.mark.posix  # the server is ended by signals
SECOND = timedelta(seconds=1)
SOON = Poller(SystemClock(SignalHandler()), SECOND / 200, 20 * SECOND)
LOCK_COUNT = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"


@pytest.fixture
def clock() -> Eventful:
    """Return a clock at noon, with which nothing happens unless a test requests it."""
    return Eventful()


# At the start


@pytest.mark.ci
def test_run_waits_for_the_journals_server_at_its_start(sim, clock, server, caplog):
    """A server that comes back soon costs a run that starts meanwhile nothing but time."""
    server.stop()
    clock.happening = [lambda: None, server.start]
    out = run_stream(journal_settings(sim, server.url), clock)

    assert out.error is None
    assert len(sim.jobs) == 3
    assert clock.slept[:2] == [SECOND, SECOND]
    (line,) = warnings_logged(caplog)
    assert "cannot be reached" in line
    assert "trying again for at most 0:02:00" in line


@pytest.mark.ci
def test_journals_server_that_stays_away_is_a_temporary_failure(sim, clock, server):
    """After two minutes the run ends with exit code 1, not 2, before any request."""
    server.stop()
    out = run_stream(journal_settings(sim, server.url), clock)
    server.start()

    assert isinstance(out.error, JournalUnavailable)
    assert out.error.exit_code == 1
    assert "could not reach the journal postgresql://127.0.0.1:" in str(out.error)
    assert sum(clock.slept, timedelta()) == 120 * SECOND
    assert (sim.requests, out.messages) == ([], [])


@pytest.mark.ci
def test_run_without_its_journals_server_empties_its_summary(sim, clock, server, tmp_path):
    """An engine reads no result of an earlier run from the file of one that did not start."""
    summary = tmp_path / "summary.jsonl"
    summary.write_text('{"complete": true}\n')
    server.stop()
    run_stream(journal_settings(sim, server.url, summary_json=str(summary)), clock)
    server.start()

    assert summary.read_text() == ""


@pytest.mark.ci
def test_run_waits_for_a_connection_of_a_full_server(sim, clock, server):
    """A server with too many connections is waited for, as one that does not answer is."""
    server.execute(
        "DROP ROLE IF EXISTS busy",
        "CREATE ROLE busy LOGIN PASSWORD 'busy-password' CONNECTION LIMIT 0",
        "CREATE SCHEMA tap_cxone AUTHORIZATION busy",
    )
    clock.happening = [lambda: server.execute("ALTER ROLE busy CONNECTION LIMIT -1")]
    url = make_url(**{**server.settings, "user": "busy", "password": "busy-password"})
    out = run_stream(journal_settings(sim, url), clock)

    assert out.error is None
    assert clock.slept[0] == SECOND


def test_wrong_password_of_the_journal_is_not_tried_again(sim, clock, server):
    """A login that the server refuses is an error at once: waiting would not help."""
    url = make_url(**{**server.settings, "password": "another-password"})
    run_stream(journal_settings(sim, url), clock)

    assert clock.slept == []


# Lost connections


@pytest.mark.ci
def test_run_survives_a_restart_of_the_journals_server(sim, clock, server, caplog):
    """A server that restarts in mid-run costs the run nothing but time."""
    clock.happening = [server.stop, lambda: None, server.start]
    out = run_stream(journal_settings(sim, server.url), clock)

    assert out.error is None
    assert len(sim.jobs) == 3
    assert server.ask("SELECT count(*) FROM tap_cxone.jobs WHERE committed = 1") == [(3,)]
    assert "was lost; it is open again" in caplog.text


@pytest.mark.ci
def test_run_survives_a_dropped_connection_to_the_journal(sim, clock, server):
    """A connection that is dropped at any pause is opened again."""
    clock.happening = [server.disconnect] * 20
    out = run_stream(journal_settings(sim, server.url), clock)

    assert out.error is None
    assert clock.happening == [] or len(clock.happening) < 17
    assert len(sim.jobs) == 3


@pytest.mark.ci
def test_run_without_its_journals_server_ends_with_the_job_in_state(sim, clock, server):
    """If the server stays away, the run ends, and the next one resumes the job of its STATE."""
    clock.happening = [server.stop]
    first = run_stream(journal_settings(sim, server.url), clock)
    server.start()
    pending = first.state["bookmarks"][STREAM]["pending_jobs"]
    second = run_stream(journal_settings(sim, server.url), clock, state=first.state)

    assert isinstance(failure(first), JournalError)
    assert [job["id"] for job in pending] == [sim.jobs[0].id]
    assert second.error is None
    assert len(sim.jobs) == 3


@pytest.mark.ci
def test_locks_are_held_again_after_a_lost_connection(server, open_journal):
    """A connection that is opened again holds the locks of the lost one."""
    one, two = open_journal(), open_journal()
    lock = one.try_lock("place")
    server.disconnect()
    one.read("SELECT 1")

    assert two.try_lock("place") is None
    lock.close()
    assert two.try_lock("place") is not None


def test_half_open_connection_does_not_keep_its_locks(open_journal):
    """Locks of a session that the server takes for alive are acquired by the next session."""
    one, two = open_journal(), open_journal()
    lock = one.try_lock("place")
    one._connection.pgconn.finish()  # the server hears nothing of it, as in a broken network
    one.read("SELECT 1")

    assert two.try_lock("place") is None
    lock.close()
    assert two.try_lock("place") is not None


@pytest.mark.ci
@pytest.mark.promise("shared-limits")
def test_submit_whose_slot_was_lost_is_not_sent(server, clock, open_journal):
    """A slot that another process acquired meanwhile allows no submit, until it is released."""
    one, two = open_journal(), open_journal()
    slots = [TenantSlots("family", 1, True, TenantLocks(j, "tenant", SECOND)) for j in (one, two)]
    limiter = RateLimiter(RateLimits(), one.clock, JournalLedger(one, "tenant"))
    with slots[0].acquire():
        server.disconnect()
        with slots[1].acquire():
            with pytest.raises(JournalError, match="another process"), limiter.submitting():
                pytest.fail("submitted")
            other = JournalLedger(one, "another tenant")
            other.register(clock.now())

    with slots[0].acquire(), limiter.submitting():
        pass
    assert len(limiter.submit_log.submit_times(clock.now() - DAY)) == 1


def test_server_releases_the_locks_of_a_vanished_machine_within_a_minute(open_journal):
    """The server's keepalives end the connection of a machine that no longer answers."""
    journal = open_journal()
    names = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count")
    idle, interval, count = (int(journal.read(f"SHOW {name}")[0][0]) for name in names)
    ((unanswered,),) = journal.read("SELECT current_setting('tcp_user_timeout')")

    assert 0 < idle + interval * count <= 60
    assert unanswered == "50000"


# Locks after a lost connection


def test_lost_connection_of_an_idle_run_is_opened_again_at_once(server, open_journal):
    """A process that waits for the API and does not use its journal has its lock again."""
    journal = open_journal(real_time=True)
    journal.try_lock("place")
    for _ in range(3):
        server.disconnect()
        assert SOON.wait_for(lambda: locks_held(server) or None) == 1


@pytest.mark.slow
def test_idle_run_has_its_lock_again_after_a_restart(server, open_journal):
    """The same holds for a server that is away for a while."""
    journal = open_journal(SOON.clock, real_time=True)
    journal.try_lock("place")
    server.stop()
    server.start()

    assert SOON.wait_for(lambda: locks_held(server) or None) == 1


def test_watch_ends_with_its_journal(server, open_journal):
    """A closed journal leaves neither a thread nor a connection."""
    journal = open_journal(real_time=True)
    journal.try_lock("place")
    during = watching_threads()
    journal.close()

    assert during == 1
    assert SOON.wait_for(lambda: watching_threads() == 0 or None)


@pytest.mark.ci
def test_watch_of_a_lost_connection_ends_with_its_journal(server, open_journal, caplog):
    """A run that ends while the server is away opens no connection afterwards."""
    journal = open_journal(SOON.clock, real_time=True)
    journal.try_lock("place")
    server.stop()
    assert SOON.wait_for(lambda: "cannot be reached" in caplog.text or None)
    journal.close()
    server.start()

    assert SOON.wait_for(lambda: watching_threads() == 0 or None)
    assert server.ask("SELECT pid FROM pg_stat_activity WHERE application_name = 'tap-cxone'") == []


@pytest.mark.ci
def test_lock_of_a_lost_connection_waits_for_its_process(server, clock, open_journal):
    """A lock that its process acquires again within three seconds is acquired by no other."""
    one, two = open_journal(), open_journal()
    one.try_lock("place")
    server.disconnect()
    clock.happening = [lambda: one.read("SELECT 1")]

    assert two.try_lock("place") is None
    assert clock.slept == [3 * SECOND]


def test_lock_of_a_connection_lost_again_waits_once_more(server, clock, open_journal):
    """A process that returned and lost its connection again has three seconds once more."""
    one, two = open_journal(), open_journal()
    one.try_lock("place")

    def return_shortly() -> None:
        one.read("SELECT 1")
        server.disconnect()

    server.disconnect()
    clock.happening = [return_shortly]
    during = two.try_lock("place")
    after = two.try_lock("place")

    assert during is None
    assert after is not None
    assert clock.slept == [3 * SECOND] * 2


@pytest.mark.ci
def test_lock_is_acquired_again_after_a_second_loss_while_connecting(
    server, clock, open_journal, monkeypatch
):
    """A connection that is lost while it acquires the locks again leaves none of them behind."""
    one, two = open_journal(), open_journal()
    names = ["first", "second", "third"]
    assert all(one.try_lock(name) for name in names)
    server.disconnect()
    tried: list[str] = []
    original = SessionLocks._lock

    def lose_once(locks, connection, session, name, lost_session):
        tried.append(name)
        if len(tried) == 2:
            server.disconnect()
        return original(locks, connection, session, name, lost_session)

    monkeypatch.setattr(SessionLocks, "_lock", lose_once)
    one.read("SELECT 1")

    assert locks_held(server) == 3
    assert [two.try_lock(name) for name in names] == [None] * 3


def test_released_lock_is_acquired_without_a_wait(clock, open_journal):
    """Only a lock that was lost is waited for."""
    one, two = open_journal(), open_journal()
    one.try_lock("place").close()

    assert two.try_lock("place") is not None
    assert clock.slept == []


def test_lock_of_a_closed_journal_is_acquired_without_a_wait(clock, open_journal):
    """A run that ends in order leaves no lock behind, even if it did not release it."""
    one, two = open_journal(), open_journal()
    one.try_lock("place")
    one.close()

    assert two.try_lock("place") is not None
    assert clock.slept == []


def test_server_does_not_end_the_session_of_an_idle_run(open_journal):
    """A run that waits long for the API stays connected, whatever the server allows others."""
    assert open_journal().read("SHOW idle_session_timeout") == [("0",)]


def locks_held(server: Postgres) -> int:
    """Return how many locks all journals hold."""
    ((count,),) = server.ask(LOCK_COUNT)
    return int(count)


def watching_threads() -> int:
    """Return how many threads watch a connection."""
    return sum(thread.name == "journal" for thread in threading.enumerate())
