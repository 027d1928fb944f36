"""Observability: exports that fail, hang or give no file."""

from __future__ import annotations

import pytest

from tap_cxone.errors import DecodeError, JobFailed, JobTimeout, StreamsFailed
from tap_cxone.simulator import Fault
from tap_cxone.simulator.settings import tap_settings
from tests.support.expectations import failure
from tests.support.observability import AQ, AS, FAMILY, KB, run_tables, table_settings
from tests.support.requests import downloads, logins, polls, submits
from tests.support.run import run_tap

# How an export ends


def test_a_failed_export(sim, clock):
    """A failed export ends the stream in the API's words; the next run exports again."""
    sim.faults.add(Fault("submit", "job-failed", body="Out of paper"))
    first = run_tables(table_settings(sim), clock)

    second = run_tables(table_settings(sim), clock, state=first.state)

    assert isinstance(failure(first), JobFailed)
    assert "Out of paper" in str(failure(first))
    assert "Copilot/KBTable" in str(failure(first))
    assert first.bookmark(KB) is None
    assert second.error is None
    assert len(second.records(KB)) == 24
    assert len(submits(sim)) == 2


@pytest.mark.parametrize(
    ("fate", "word"),
    [("job-cancelled", "CANCELLED"), ("job-expired", "EXPIRED"), ("job-lost", "EXPIRED")],
)
def test_exports_without_a_file(sim, clock, fate, word):
    """An export of this run that is cancelled, expired or lost is not repeated in it."""
    sim.faults.add(Fault("submit", fate))

    out = run_tables(table_settings(sim, window_days=1), clock)

    assert isinstance(failure(out), JobFailed)
    assert word in str(failure(out)).upper()
    assert len(submits(sim)) == 1
    assert out.records(KB) == []


def test_completed_without_a_link(sim, clock):
    """An export that is done and has no link fails its stream."""
    sim.faults.add(Fault("poll", "status", status=200, body='{"status": "Completed"}'))

    out = run_tables(table_settings(sim), clock)

    assert isinstance(failure(out), JobFailed)
    assert "no download link" in str(failure(out))


def test_a_stuck_export(sim, clock):
    """An export that never ends is given up after a while, and stays for the next run."""
    sim.faults.add(Fault("submit", "job-stuck"))

    out = run_tables(table_settings(sim) | {"job_timeout_minutes": 10}, clock)

    (export,) = sim.table_exports
    assert isinstance(failure(out), JobTimeout)
    assert "job_timeout_minutes" in str(failure(out))
    assert [job["id"] for job in out.state["bookmarks"][KB]["pending_jobs"]] == [export.id]


@pytest.mark.promise("isolated-failures")
def test_a_failed_table_does_not_stop_the_others(sim, clock):
    """The streams of the other tables continue."""
    sim.faults.add(Fault("submit", "job-failed", times=1))

    out = run_tables(table_settings(sim), clock, KB, AS, AQ)

    assert isinstance(out.error, StreamsFailed)
    assert len(out.error.failures) == 1
    assert len(out.counts()) == 2


@pytest.mark.promise("whole-files")
@pytest.mark.parametrize("kind", ["truncated", "reset", "expired-link"])
def test_a_broken_download(sim, clock, kind):
    """A file that did not come whole is fetched with a fresh link, not exported again."""
    sim.faults.add(Fault("download", kind, times=2))

    out = run_tables(table_settings(sim), clock)

    links = {seen.query["X-Amz-Signature"] for seen in downloads(sim)}
    assert out.error is None
    assert len(out.records(KB)) == 24
    assert len(links) == 3
    assert len(submits(sim)) == 1


@pytest.mark.promise("own-hosts")
def test_links_are_followed_without_credentials(sim, clock):
    """A download carries neither the token nor a cookie."""
    run_tables(table_settings(sim), clock)

    (download,) = downloads(sim)
    assert not {"authorization", "cookie"} & download.headers.keys()
    assert download.path.endswith(".csv")


def test_polls_are_authorised(sim, clock):
    """A poll carries the token of the login."""
    run_tables(table_settings(sim), clock)

    (token,) = {poll.headers["authorization"] for poll in polls(sim)}
    assert token == submits(sim)[0].headers["authorization"]


def test_a_token_that_ended(sim, clock):
    """A token that the API takes no more is renewed once; no further export is spent."""
    sim.faults.add(Fault("poll", "status", status=401))

    out = run_tables(table_settings(sim), clock)

    assert len(out.records(KB)) == 24
    assert len(logins(sim)) == 2
    assert len(submits(sim)) == 1


# Secrets


@pytest.mark.parametrize("text", ['{"message": "not found"}', "Internal error", "<html></html>"])
def test_a_text_that_is_no_table(sim, clock, text):
    """What came in the file's place is no empty table: the window fails and is not committed."""
    sim.faults.add(Fault("download", "bytes", body=text, times=2))

    out = run_tables(table_settings(sim), clock, KB)

    assert isinstance(failure(out), DecodeError)
    assert out.bookmark(KB) is None


def test_a_missing_permission_is_named(sim, clock):
    """A table that may not be exported says what to give to whom."""
    sim.faults.add(Fault("submit", "status", status=403, body="Forbidden"))
    config = tap_settings(sim.url, families=FAMILY)

    out = run_tap(config, clock=clock, only=KB)

    assert "403 Forbidden" in str(out.error)
    assert "the permission to see the Observability Dashboard" in str(out.error)
