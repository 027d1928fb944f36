"""Observability: the name that the tap gives a file."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from tap_cxone.simulator import Fault, Simulator
from tap_cxone.windows import Window
from tests.families.observability.facts import table_api
from tests.support.observability import AS, GR, KB, PATHS, run_tables, table_settings
from tests.support.requests import polls


def polled_file_names(sim: Simulator) -> set[str]:
    """Return the names that the tap gave to files so far."""
    return {poll.query["fileName"] for poll in polls(sim)}


def test_file_names_are_safe(sim, clock):
    """A name may stand in an address as it is; the API adds `.csv` itself."""
    run_tables(table_settings(sim), clock, KB, AS, GR)

    assert len(polled_file_names(sim)) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,128}", name) for name in polled_file_names(sim))


def test_one_name_an_export(simulate, clock):
    """Each poll of an export names the same file."""
    sim = simulate(job_polls=4)

    run_tables(table_settings(sim), clock)

    assert len(polls(sim)) == 5
    assert len(polled_file_names(sim)) == 1


def test_names_of_windows(sim, clock):
    """Each window has a unique name, also two that begin together."""
    run_tables(table_settings(sim, window_days=1), clock)
    run_tables(table_settings(sim) | {"end_date": "2026-03-16T09:00:00Z"}, clock)

    assert len(polled_file_names(sim)) == 3


def test_names_of_tables(simulate, clock):
    """Each table has a unique name for the same window."""
    sim = simulate(exports_per_day=4)

    run_tables(table_settings(sim, exports_per_day=4), clock, *PATHS)

    assert len(polled_file_names(sim)) == 4


@pytest.mark.parametrize("name", ["access_key_id", "client_id"])
def test_names_of_tenants(sim, clock, name):
    """Two tenants at one host, who differ in their credentials, use different names."""
    tenants = ("alpha", "beta")
    for tenant in tenants:
        sim.faults.add(
            Fault("token", "status", status=200, body='{"access_token": "t", "expires_in": 60}'),
            Fault("submit", "status", status=202, headers=(("Location", "/x/1"),), body=""),
            Fault("poll", "status", status=200, body='{"status": "Failed"}'),
        )
        run_tables(table_settings(sim) | {name: tenant}, clock)

    assert len(polls(sim)) == 2
    assert len(polled_file_names(sim)) == 2
    assert not any(tenant in file for file in polled_file_names(sim) for tenant in tenants)


def test_file_name_of_a_table_is_that_of_earlier_versions():
    """A table's export is polled by its file name, so the name stays."""
    window = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 15, tzinfo=UTC))
    expected = "tap-cxone-copilot_knowledge_suggestions-20260101T000000-a29bb3eb1f42f0cf"

    assert table_api(0).file_name(window) == expected
