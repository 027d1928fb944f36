"""Analytics exports: concurrent jobs, and the order of their rows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tap_cxone.errors import InvalidRecords, Throttled
from tap_cxone.simulator import Options, Simulator
from tests.support.analytics_exports import (
    EXPORTS,
    STREAM,
    conversation_ids,
    expected_conversations,
    export_settings,
    run_exports,
    typed_conversations,
)
from tests.support.expectations import failure, without_metadata
from tests.support.requests import downloads, listings, submit_bodies, submits
from tests.support.run import FakeClock

# Places


def test_submit_follows_a_listing_of_active_exports(sim, clock):
    """Every submit follows an answer that named the active exports."""
    run_exports(export_settings(sim, 4), clock)

    relevant = [seen for seen in sim.requests if seen.path == EXPORTS]
    posts = [place for place, seen in enumerate(relevant) if seen.method == "POST"]
    assert len(posts) == 4
    assert all(relevant[place - 1].method == "GET" for place in posts)
    assert all(seen.query == {"status": "queued,running"} for seen in listings(sim))


@pytest.mark.ci
@pytest.mark.promise("shared-limits")
@pytest.mark.parametrize("most", [2, 3])
def test_so_many_at_a_time(sim, clock, most):
    """So many jobs are started before the first is requested, another as soon as that is done."""
    config = export_settings(sim, 5, own={"window_days": 1, "max_concurrent": most})

    out = run_exports(config, clock)

    kinds = [
        "submit" if seen.method == "POST" else "download" if "download" in seen.path else "poll"
        for seen in sim.requests
        if seen.path.startswith(EXPORTS) and seen not in listings(sim)
    ]
    first_poll = kinds.index("poll")
    assert out.error is None
    assert kinds[:first_poll] == ["submit"] * most
    between = kinds[first_poll : kinds.index("download")]
    assert between == ["poll"] * (len(between) - 1) + ["submit"]
    assert kinds.count("submit") == 5
    assert (sim.conflicts, sim.limit_violations) == (0, 0)


@pytest.mark.ci
@pytest.mark.parametrize(("most", "submitted"), [(1, 1), (2, 3), (3, 4)])
def test_next_windows_are_submitted_before_records_are_emitted(sim, clock, most, submitted):
    """While the rows of a window are emitted, the next ones have been requested already."""
    config = export_settings(sim, 5, own={"window_days": 1, "max_concurrent": most})
    whole = run_exports(config, clock)
    first_row = 1 + next(i for i, m in enumerate(whole.messages) if m["type"] == "RECORD")
    before = len(submits(sim)), len(downloads(sim))

    out = run_exports(config, clock, cut_after=first_row)

    assert out.messages[-1]["type"] == "RECORD"
    assert len(submits(sim)) - before[0] == submitted
    assert len(downloads(sim)) - before[1] == 1


def test_export_windows_of_concurrent_jobs_are_emitted_in_order(simulate, clock):
    """Rows, bookmarks and windows are emitted in order, though jobs run side by side."""
    sim = simulate(job_seconds=35)

    out = run_exports(export_settings(sim, 5), clock)

    starts = [r["_window_start"] for r in out.records(STREAM)]
    marks = [s["bookmarks"].get(STREAM, {}).get("replication_key_value", "") for s in out.states]
    assert without_metadata(out.records(STREAM)) == typed_conversations(
        expected_conversations(sim, 5)
    )
    assert starts == sorted(starts)
    assert marks == sorted(marks)
    assert len(set(marks)) == 6


@pytest.mark.promise("state-follows-records")
def test_no_state_before_its_rows(sim, clock):
    """A bookmark is emitted only after every row before it."""
    out = run_exports(export_settings(sim, 4), clock)

    left: list[str] = []
    for message in out.messages:
        if message["type"] == "RECORD" and message["stream"] == STREAM:
            left.append(message["record"]["_window_end"])
        if message["type"] == "STATE":
            mark = message["value"]["bookmarks"].get(STREAM, {}).get("replication_key_value", "")
            expected = [r for r in expected_conversations(sim, 4) if r["dateFrom"] < mark]
            assert len(left) == len(expected)


def test_side_by_side_is_faster(simulate):
    """Six jobs of a minute take a little more than two minutes, not six."""
    took = []
    for most in (1, 3):
        clock = FakeClock()
        with Simulator(Options(rows_per_day=2, job_seconds=60), clock=clock) as sim:
            began = clock.now()
            own = {"window_days": 1, "max_concurrent": most}
            assert run_exports(export_settings(sim, 5, own=own), clock).error is None
            took.append(clock.now() - began)

    assert took[0] >= timedelta(minutes=5)
    assert took[1] < timedelta(minutes=3)


def test_one_after_the_other(sim, clock):
    """With max_concurrent 1 a job is submitted when the file before it was fetched."""
    run_exports(export_settings(sim, 3, own={"window_days": 1, "max_concurrent": 1}), clock)

    order = [s.method for s in sim.requests if s in submits(sim) or s in downloads(sim)]
    assert order == ["POST", "GET"] * 3


@pytest.mark.parametrize("foreign", [1, 2])
def test_submit_with_foreign_exports_is_never_refused(simulate, clock, foreign):
    """Exports of others take places: no submit is refused, and all rows come."""
    sim = simulate(foreign_exports=foreign)

    out = run_exports(export_settings(sim, 4), clock)

    assert out.error is None
    assert conversation_ids(out) == [r["id"] for r in expected_conversations(sim, 4)]
    assert sim.conflicts == 0


def test_submit_waits_for_a_free_slot(sim, clock):
    """While others hold all places, nothing is submitted; once one is free, it is taken."""
    sim.add_foreign_exports(3, 600)
    began = clock.now()

    out = run_exports(export_settings(sim, 2), clock)

    assert out.error is None
    assert conversation_ids(out) == [r["id"] for r in expected_conversations(sim, 2)]
    assert submits(sim)[0].at - began >= timedelta(seconds=600)
    assert submits(sim)[0].at - began < timedelta(seconds=600 + 150)
    assert sim.conflicts == 0


def test_submit_without_free_slot_ends_after_the_throttle_timeout(simulate, clock):
    """Slots that never become free end the stream after throttle_timeout_minutes, with an error."""
    sim = simulate(foreign_exports=3)
    began = clock.now()

    out = run_exports(export_settings(sim, throttle_timeout_minutes=7), clock)

    assert isinstance(failure(out), Throttled)
    assert "throttle_timeout_minutes" in str(failure(out))
    assert "another client may be exporting" in str(failure(out))
    assert timedelta(minutes=4) < clock.now() - began <= timedelta(minutes=7)
    assert submits(sim) == []


def test_submit_refused_beyond_the_tenants_slots_is_repeated(simulate, clock):
    """Where the API allows two, its refusals of a third are taken as such."""
    sim = simulate(max_analytics_exports=2)

    out = run_exports(export_settings(sim, 4), clock)

    assert out.error is None
    assert conversation_ids(out) == [r["id"] for r in expected_conversations(sim, 4)]
    assert len(sim.analytics_exports) == 4


# Settings


@pytest.mark.ci
def test_window_that_fails_keeps_prefetched_jobs_pending(sim, clock):
    """A window that fails costs no job that its worker had requested meanwhile."""
    wrong = {"window_days": 1, "exports": [{"name": STREAM, "columns": {"id": "integer"}}]}
    changes = {"parallel_families": True, "max_invalid_rows_free": 0}
    first = run_exports(export_settings(sim, 5, own=wrong, **changes), clock)
    asked = {body["query"]["dateFrom"] for body in submit_bodies(sim)}
    assert isinstance(failure(first), InvalidRecords)
    pending = first.state["bookmarks"][STREAM]["pending_jobs"]
    assert len(pending) == len(asked)

    second = run_exports(export_settings(sim, 5, parallel_families=True), clock, state=first.state)

    assert second.error is None
    assert conversation_ids(second) == [r["id"] for r in expected_conversations(sim, 5)]
    assert len(submits(sim)) == 5
