"""The journal in PostgreSQL: poolers, tables, the server's time, and its secrets."""

from __future__ import annotations

import json
import logging
import sys
import threading
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tap_cxone.clock import OffsetClock, SystemClock
from tap_cxone.errors import ConfigError, JournalError, JournalUnavailable
from tap_cxone.http.rate_limit import RateLimiter, RateLimits
from tap_cxone.jobs import postgres_tables
from tap_cxone.jobs.ledger import JournalLedger
from tap_cxone.signals import SignalHandler
from tap_cxone.simulator import Fault
from tap_cxone.tap import TapCXone
from tests.support.clocks import Eventful
from tests.support.expectations import failure
from tests.support.journals import NEVER, journal_at, journal_settings, pending_job
from tests.support.pooler import pooler
from tests.support.postgres import make_url
from tests.support.streams import run_stream

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.posix  # the server is ended by signals
SECOND = timedelta(seconds=1)
PASSWORD = "PASSWORD-OF-THE-JOURNAL"


@pytest.fixture
def clock() -> Eventful:
    """Return a clock at noon, with which nothing happens unless a test requests it."""
    return Eventful()


# Poolers


@pytest.mark.parametrize("announced", [4711, None], ids=["own number", "that of a connection"])
def test_pooler_before_the_journals_server_is_refused(sim, clock, server, announced):
    """A pooler is recognised before any request, whichever process it claims to be."""
    with pooler(server, announced=announced) as url:
        out = run_stream(journal_settings(sim, url), clock)

    assert isinstance(out.error, ConfigError)
    assert "behind a connection pooler" in str(out.error)
    assert sim.requests == []


# Tables


@pytest.mark.ci
def test_eight_processes_create_the_tables_at_once(server, clock):
    """Processes that open a new database at the same moment create its tables once."""
    errors: list[BaseException] = []

    def work() -> None:
        try:
            with closing(journal_at(server.url, clock)) as journal:
                journal.open()
        except BaseException as error:  # noqa: BLE001 (the test judges it)
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert server.ask("SELECT number FROM tap_cxone.version") == [(1,)]


def test_tables_of_an_older_version_are_upgraded(server, clock, open_journal, monkeypatch):
    """A newer tap adds what its tables have more; what they hold stays."""
    JournalLedger(open_journal(), "tenant").record_submitted("stream", pending_job())
    change = ("ALTER TABLE jobs ADD COLUMN note TEXT",)
    monkeypatch.setattr(postgres_tables, "_UPGRADES", (*postgres_tables._UPGRADES, change))
    newer = JournalLedger(open_journal(), "tenant")

    assert newer.jobs("stream", NEVER) == [pending_job()]
    assert server.ask("SELECT number FROM tap_cxone.version ORDER BY 1") == [(1,), (2,)]
    assert newer.journal.read("SELECT note FROM jobs") == [(None,)]


def test_tables_of_a_newer_version_are_refused(sim, clock, server, open_journal):
    """Tables that a newer tap wrote are not touched; the message has the remedy."""
    open_journal().write("INSERT INTO version VALUES (?)", (99,))
    out = run_stream(journal_settings(sim, server.url), clock)

    assert isinstance(out.error, ConfigError)
    assert "Upgrade tap-cxone" in str(out.error)


def test_user_that_owns_the_schema_needs_no_other_right(server, clock):
    """A user who may create no schema uses one that an administrator has created."""
    server.execute(
        "DROP ROLE IF EXISTS tenant",
        f"CREATE ROLE tenant LOGIN PASSWORD '{PASSWORD}'",
        "CREATE SCHEMA tap_cxone AUTHORIZATION tenant",
    )
    url = make_url(**{**server.settings, "user": "tenant", "password": PASSWORD})
    with closing(journal_at(url, clock)) as journal:
        JournalLedger(journal, "tenant").record_submitted("stream", pending_job())

        assert JournalLedger(journal, "tenant").jobs("stream", NEVER) == [pending_job()]


# Time


def test_time_of_the_server_counts_for_all_machines(open_journal):
    """Machines whose clocks differ keep the interval between submits, as the server counts."""
    here = SystemClock(SignalHandler())
    clocks = [OffsetClock(here, offset * SECOND) for offset in (-40, 3600)]
    limits = RateLimits(min_submit_interval=30 * SECOND)
    first, second = (
        RateLimiter(limits, journal.clock, JournalLedger(journal, "tenant"))
        for journal in (open_journal(clock, real_time=True) for clock in clocks)
    )
    with first.submitting():
        pass

    assert 20 * SECOND < second.time_until_submit() <= 30 * SECOND


class OtherTimeTap(TapCXone):
    """A tap whose journal's server is ten minutes ahead."""

    def __init__(self, **kwargs: Any) -> None:
        """Set the difference, which is measured in real time only."""
        super().__init__(**kwargs)
        if self.journal is not None:
            self.journal.clock.offset = 600 * SECOND  # type: ignore[attr-defined]


@pytest.mark.ci
def test_reset_of_a_rate_limit_is_awaited_whatever_the_servers_time(sim, clock, server):
    """The reset that the API announces is as far away as it says, in the server's time too."""
    headers = (
        ("X-RateLimit-Limit", "100"),
        ("X-RateLimit-Remaining", "0"),
        ("X-RateLimit-Reset", "77"),
    )
    sim.faults.add(Fault("list", "status", status=200, headers=headers, body='{"jobs": []}'))
    out = run_stream(journal_settings(sim, server.url), clock, tap_class=OtherTimeTap)

    assert out.error is None
    assert 77 * SECOND in clock.slept


# What it shows


UNUSABLE = {
    "wrong password": {"password": PASSWORD},
    "no database": {"database": "nowhere"},
}


@pytest.mark.promise("no-secrets")
@pytest.mark.parametrize("changes", UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_server_of_the_journal_is_a_setting_error(sim, clock, server, caplog, changes):
    """A server that cannot be used is an error before any request; it names no password."""
    url = make_url(**server.settings | changes)
    out = run_stream(journal_settings(sim, url), clock)

    assert isinstance(out.error, ConfigError)
    assert "cannot use the journal postgresql://127.0.0.1:" in str(out.error)
    assert (sim.requests, out.messages) == ([], [])
    assert address_secrets_in(f"{out.error} {caplog.text}", url) == []


MALFORMED = {
    "unknown option": f"user:{PASSWORD}@host/database?unknown={PASSWORD}",
    "slash": f"user:a/{PASSWORD}@127.0.0.1:1/database",
    "port": f"user:{PASSWORD}/b@127.0.0.1:1/database",
    "at": f"user:a@{PASSWORD}@127.0.0.1:1/database",
}
UNREACHABLE = {
    "question mark": f"user:a?{PASSWORD}@127.0.0.1:1/database",
    "option": f"127.0.0.1:1/database?password=a@{PASSWORD}",
}


@pytest.mark.promise("no-secrets")
@pytest.mark.parametrize("address", UNREACHABLE.values(), ids=UNREACHABLE)
def test_unreachable_url_of_the_journal_is_not_repeated(sim, clock, caplog, address):
    """An address of no server ends the run after two minutes, and no part of it is repeated."""
    out = run_stream(journal_settings(sim, f"postgresql://{address}"), clock)

    assert isinstance(out.error, JournalUnavailable)
    assert PASSWORD not in f"{out.error} {caplog.text}"


@pytest.mark.promise("no-secrets")
@pytest.mark.parametrize("address", MALFORMED.values(), ids=MALFORMED)
def test_malformed_url_of_the_journal_is_not_repeated(sim, clock, caplog, address):
    """An address with an unescaped password is an error that repeats no part of it."""
    out = run_stream(journal_settings(sim, f"postgresql://{address}"), clock)

    assert isinstance(out.error, ConfigError)
    assert "cannot use the journal" in str(out.error)
    assert PASSWORD not in f"{out.error} {caplog.text}"


def test_journal_in_postgresql_without_its_extra_names_the_extra(clock, server, monkeypatch):
    """Without psycopg the error says what to install."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "tap_cxone.jobs.postgres_journal", raising=False)

    with pytest.raises(ConfigError, match=r"install tap-cxone\[postgres\]"):
        journal_at(server.url, clock)


@pytest.mark.ci
@pytest.mark.promise("no-secrets")
def test_url_of_the_journal_is_shown_nowhere(sim, clock, server, caplog, tmp_path: Path):
    """Neither log, messages nor audit log of a run that lost its journal has the address."""
    caplog.set_level(logging.DEBUG)
    audit_log = tmp_path / "audit.jsonl"
    clock.happening = [server.disconnect, server.stop]
    config = journal_settings(sim, server.url, audit_log_path=str(audit_log))
    out = run_stream(config, clock)
    server.start()
    seen = f"{caplog.text} {out.error} {failure(out)} {json.dumps(out.messages)}"

    assert isinstance(failure(out), JournalError)
    assert address_secrets_in(seen + audit_log.read_text(), server.url) == []


@pytest.mark.promise("no-secrets")
def test_about_marks_the_journal_as_a_secret():
    """`--about` and the schema mark the setting as one that no output may show."""
    about = CliRunner().invoke(TapCXone.cli, ["--about", "--format=json"])
    (entry,) = [
        schema
        for name, schema in json.loads(about.stdout)["settings"]["properties"].items()
        if name == "journal"
    ]

    assert entry["secret"] is True
    assert entry["writeOnly"] is True


def address_secrets_in(text: str, url: str) -> list[str]:
    """Return the parts of an address that a text may not have, as they stand in it."""
    password = url.partition(":")[2].rpartition("@")[0].rpartition(":")[2]
    return [secret for secret in (url, password, password.replace("%20", " ")) if secret in text]
