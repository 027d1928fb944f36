"""A stream commits: when the bookmark moves, and what STATE keeps."""

from __future__ import annotations

import json
import re

import pytest

from tests.conftest import settings_for
from tests.support.examples import csv_jobs
from tests.support.requests import submits
from tests.support.run import Killed, run_tap, select
from tests.support.streams import ENTITIES, HORIZON, bookmarks, submitted_dates


@pytest.mark.ci
@pytest.mark.promise("state-follows-records")
def test_state_is_never_ahead_of_rows(simulate, clock):
    """Wherever the output is cut: the rows of all windows up to a bookmark stand before it."""
    sim = simulate(rows_per_day=3)
    config = settings_for(sim, own={"window_days": 3})

    out = run_tap(config, clock=clock)

    checked = 0
    for place, message in enumerate(out.messages):
        if message["type"] != "STATE":
            continue
        for stream, state in message["value"]["bookmarks"].items():
            if bookmark := state.get("replication_key_value"):
                late = [m for m in out.messages[place:] if m.get("stream") == stream]
                ends = [m["record"]["_window_end"] for m in late if m["type"] == "RECORD"]
                assert all(end > bookmark for end in ends)
                checked += 1
    assert checked > 20


@pytest.mark.promise("state-follows-records")
def test_bookmark_moves_at_commits_only(simulate, clock):
    """The bookmark takes the ends of the windows, one after the other, and nothing between."""
    sim = simulate(rows_per_day=3)
    config = settings_for(sim, start_date="2026-03-18T00:00:00Z")
    config[csv_jobs.FAMILY]["window_days"] = 1

    out = run_tap(config, clock=clock, only="qm_workflows")

    assert list(dict.fromkeys(bookmarks(out, "qm_workflows"))) == [
        None,
        "2026-03-19T00:00:00+00:00",
        "2026-03-20T00:00:00+00:00",
        "2026-03-20T11:30:00+00:00",
    ]


@pytest.mark.promise("state-follows-records")
def test_commit_follows_its_last_row_at_once(simulate, clock):
    """The first message after the last row of a window is the STATE with its end."""
    sim = simulate(rows_per_day=3)
    config = settings_for(sim, own={"window_days": 7})

    out = run_tap(config, clock=clock, only="qm_workflows")

    pairs = list(zip(out.messages, out.messages[1:], strict=False))
    after = [(m["record"]["_window_end"], n) for m, n in pairs if m["type"] == "RECORD"]
    ends = [(end, message) for end, message in after if message["type"] == "STATE"]
    assert len(ends) == 3
    for end, message in ends:
        assert message["value"]["bookmarks"]["qm_workflows"]["replication_key_value"] == end


def test_empty_window_moves_the_bookmark(simulate, clock):
    """A quiet time is committed too, else it would be requested again for ever."""
    sim = simulate(rows_of={"qm-workflows": 0})

    out = run_tap(settings_for(sim), clock=clock, only="qm_workflows")

    assert out.records("qm_workflows") == []
    assert out.bookmark("qm_workflows") == HORIZON.isoformat()


def test_bookmarks_have_one_format(sim, clock, config):
    """Bookmarks are UTC with `+00:00`, also if the start date had another offset."""
    config["start_date"] = "2026-03-18T00:00:00+05:30"

    out = run_tap(config, clock=clock)

    assert submitted_dates(sim)[0][0] == "2026-03-17"
    for stream in ENTITIES:
        found = {bookmark for bookmark in bookmarks(out, stream) if bookmark}
        assert found
        assert all(re.fullmatch(r"[0-9-]{10}T[0-9:]{8}\+00:00", text) for text in found)


def test_full_table_commits_nothing(sim, clock, config):
    """A stream that a catalog makes FULL_TABLE has no bookmark in any state."""
    catalog = select(config, "qm_workflows")
    for stream in catalog["streams"]:
        stream["replication_method"] = "FULL_TABLE"
        for item in stream["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["forced-replication-method"] = "FULL_TABLE"

    out = run_tap(config, clock=clock, catalog=catalog)

    assert out.error is None
    assert len(out.records("qm_workflows")) > 70
    assert set(bookmarks(out, "qm_workflows")) == {None}


def test_full_table_reads_all_again(sim, clock, config):
    """A FULL_TABLE stream begins at start_date whatever its bookmark says."""
    state = run_tap(config, clock=clock, only="qm_workflows").state
    before = len(submits(sim))
    catalog = select(config, "qm_workflows")
    for stream in catalog["streams"]:
        stream["replication_method"] = "FULL_TABLE"

    run_tap(config, clock=clock, catalog=catalog, state=state)

    assert submitted_dates(sim)[before][0] == "2026-03-01"


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_one_state_a_submit_and_one_a_commit(simulate, clock, mode):
    """Between two submits there are exactly two STATE: after the submit, and at the commit."""
    sim = simulate(rows_per_day=2)
    config = settings_for(sim, start_date="2026-03-15T00:00:00Z")
    config[csv_jobs.FAMILY] = {"mode": mode, "window_days": 2}

    out = run_tap(config, clock=clock, only="qm_workflows")

    windows = len(submits(sim))
    assert windows == 3
    assert len(out.states) == 2 * windows + 1  # and the SDK's at the end


@pytest.mark.promise("pending-jobs")
def test_state_right_after_a_submit_holds_the_job(simulate, clock):
    """Right after each asynchronous submit a STATE with the job is emitted, before any poll."""
    sim = simulate()
    config = settings_for(sim, own={"mode": "async"})

    out = run_tap(config, clock=clock, only="qm_workflows", cut_after=2)

    (job,) = sim.jobs
    (pending,) = out.state["bookmarks"]["qm_workflows"]["pending_jobs"]
    assert isinstance(out.error, Killed)
    assert pending["id"] == job.id
    assert (pending["start"], pending["end"]) == (
        "2026-03-01T00:00:00+00:00",
        "2026-03-15T00:00:00+00:00",
    )
    assert pending["submitted_at"] == job.submitted_at.isoformat()
    assert not [seen for seen in sim.requests if job.id in seen.path]


@pytest.mark.promise("pending-jobs")
def test_every_job_is_remembered_until_its_commit(simulate, clock):
    """Each job is in the states from its submit to its window's commit, and in none later."""
    sim = simulate(rows_per_day=2)
    config = settings_for(sim, own={"mode": "async", "window_days": 4})

    out = run_tap(config, clock=clock, only="qm_workflows")

    found = [state["bookmarks"]["qm_workflows"].get("pending_jobs", []) for state in out.states]
    ids = [[job["id"] for job in pending] for pending in found]
    assert ids == [step for job in sim.jobs for step in ([job.id], [])] + [[]]


def test_synchronous_submit_stores_no_job(simulate, clock):
    """A synchronous answer has no job to take up, and none is remembered."""
    sim = simulate()
    config = settings_for(sim, own={"mode": "sync"})

    out = run_tap(config, clock=clock, only="qm_workflows")

    assert all(
        "pending_jobs" not in state["bookmarks"].get("qm_workflows", {}) for state in out.states
    )


@pytest.mark.ci
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_state_does_not_grow_with_windows(simulate, clock, mode):
    """The largest STATE of sixteen windows is as long as that of two."""
    sim = simulate(rows_per_day=1)

    def largest(days: int) -> int:
        config = settings_for(sim, start_date=f"2026-03-{20 - days:02d}T00:00:00Z")
        config[csv_jobs.FAMILY] = {"mode": mode, "window_days": 1}
        out = run_tap(config, clock=clock, only="qm_workflows")
        assert len(out.states) == 2 * days + 3
        return max(len(json.dumps(state)) for state in out.states)

    first, again = largest(1), largest(15)
    assert abs(first - again) <= len(".000000") * 2  # fractions of seconds
