"""Observability: pending exports of killed runs."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tap_cxone.simulator import Fault
from tests.support.observability import (
    AQ,
    AS,
    HOUR,
    KB,
    PATHS,
    months,
    quota_settings,
    run_tables,
    submitted_tables,
    warnings_about,
)
from tests.support.requests import submits


def test_pending_export_is_resumed_without_quota(sim, clock, caplog):
    """A pending export is taken up although none is left; then the run stops."""
    config = quota_settings(sim, "2026-03-18T00:00:00Z", "2026-03-20T00:00:00Z", exports_per_day=1)
    first = run_tables(config, clock, cut_after=2)
    clock.instant += HOUR

    second = run_tables(config, clock, state=first.state)

    assert second.error is None
    assert second.bookmark(KB) == "2026-03-19T00:00:00+00:00"
    assert len(submits(sim)) == 1
    assert len(warnings_about(caplog, "next export")) == 1


def test_pending_exports_of_two_tables_leave_one_to_the_oldest_window(sim, clock):
    """Pending exports of two tables leave the third export to the oldest window of the others."""
    config = quota_settings(sim, "2026-03-18T00:00:00Z", "2026-03-19T00:00:00Z")
    first = run_tables(config, clock, KB, cut_after=2)
    second = run_tables(config, clock, AS, state=first.state, cut_after=2)

    third = run_tables(config, clock, KB, AS, AQ, state=second.state)

    assert third.error is None
    assert third.counts() == {KB: 2, AS: 2, AQ: 2}
    assert Counter(submitted_tables(sim)) == {PATHS[KB]: 1, PATHS[AS]: 1, PATHS[AQ]: 1}


@pytest.mark.ci
@pytest.mark.parametrize("start", ["2025-02-01T00:00:00Z", None])
def test_pending_export_of_yesterday_is_resumed(sim, clock, start):
    """It is also taken up when the day has changed, and with it where reading may begin."""
    config = months(sim, "2026-03-01T00:00:00Z", exports_per_day=1) | {"start_date": start}
    first = run_tables(config, clock, cut_after=2)
    (asked,) = submits(sim)
    clock.instant += 13 * HOUR

    second = run_tables(config, clock, state=first.state)

    window = second.records(KB)[0]["_window_start"] if second.records(KB) else None
    assert len(submits(sim)) == 1
    assert window is not None
    assert window[:10] == json.loads(asked.body)["dateRange"]["startDate"][:10]


def test_pending_export_deleted_is_exported_again(sim, clock):
    """An export that the API knows no more is spent again."""
    config = quota_settings(sim, "2026-03-18T00:00:00Z", "2026-03-19T00:00:00Z")
    first = run_tables(config, clock, cut_after=2)
    clock.instant += 26 * HOUR

    second = run_tables(config, clock, state=first.state)

    assert second.error is None
    assert len(second.records(KB)) == 2
    assert sim.exports == 2


def test_pending_export_deleted_without_quota_stops_the_run(sim, clock, caplog):
    """Where none is left for it the run stops cleanly."""
    config = quota_settings(sim, "2026-03-18T00:00:00Z", "2026-03-19T00:00:00Z", exports_per_day=1)
    first = run_tables(config, clock, cut_after=2)
    sim.faults.add(Fault("poll", "job-lost"))

    second = run_tables(config, clock, state=first.state)

    assert second.error is None
    assert len(submits(sim)) == 1
    assert second.records(KB) == []
    assert len(warnings_about(caplog, "next export")) == 1


@pytest.mark.promise("shared-limits")
def test_submit_is_in_state_before_any_row(sim, clock):
    """The STATE right after the submit counts it, with no row before it."""
    out = run_tables(quota_settings(sim, "2026-03-18T00:00:00Z"), clock, cut_after=2)

    (export,) = sim.table_exports
    state = out.state["bookmarks"][KB]
    assert [message["type"] for message in out.messages] == ["SCHEMA", "STATE"]
    assert state["submits"] == {"observability": ["2026-03-20T12:00:00+00:00"]}
    assert [job["id"] for job in state["pending_jobs"]] == [export.id]
