"""Observability: exports that fail, hang or give no file."""

from __future__ import annotations

import pytest

from tap_cxone.errors import DecodeError, JobFailed, StreamsFailed
from tap_cxone.simulator import Fault
from tap_cxone.simulator.settings import tap_settings
from tests.support.expectations import failure
from tests.support.observability import AQ, AS, FAMILY, KB, run_tables, table_settings
from tests.support.requests import submits
from tests.support.run import run_tap

# How an export ends


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


@pytest.mark.promise("isolated-failures")
def test_failed_table_does_not_stop_the_others(sim, clock):
    """The streams of the other tables continue."""
    sim.faults.add(Fault("submit", "job-failed", times=1))

    out = run_tables(table_settings(sim), clock, KB, AS, AQ)

    assert isinstance(out.error, StreamsFailed)
    assert len(out.error.failures) == 1
    assert len(out.counts()) == 2


# Secrets


@pytest.mark.parametrize("text", ['{"message": "not found"}', "Internal error", "<html></html>"])
def test_text_in_place_of_a_table_fails_the_window(sim, clock, text):
    """What came in the file's place is no empty table: the window fails and is not committed."""
    sim.faults.add(Fault("download", "bytes", body=text, times=2))

    out = run_tables(table_settings(sim), clock, KB)

    assert isinstance(failure(out), DecodeError)
    assert out.bookmark(KB) is None


@pytest.mark.ci
def test_permission_that_is_missing_is_named(sim, clock):
    """A table that may not be exported says what to give to whom."""
    sim.faults.add(Fault("submit", "status", status=403, body="Forbidden"))
    config = tap_settings(sim.url, families=(FAMILY,))

    out = run_tap(config, clock=clock, only=KB)

    assert "403 Forbidden" in str(out.error)
    assert "the permission to see the Observability Dashboard" in str(out.error)
