"""Analytics exports: killed runs, pending jobs and adopted ones."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tap_cxone.errors import DownloadError
from tap_cxone.simulator import Fault
from tests.support.analytics_exports import (
    STREAM,
    changed_export_settings,
    conversation_ids,
    expected_conversations,
    export_settings,
    run_exports,
)
from tests.support.expectations import failure
from tests.support.requests import submit_bodies, submits
from tests.support.run import Killed


@pytest.mark.promise("no-double-submit")
@pytest.mark.slow
def test_export_run_killed_after_any_line_spends_no_second_export(simulate, clock):
    """Killed after any line: the next run spends no export again, and nothing is lost."""
    undisturbed = run_exports(export_settings(simulate(rows_per_day=2), 3), clock)
    assert undisturbed.error is None
    for lines in range(1, len(undisturbed.messages)):
        sim = simulate(rows_per_day=2)
        config = export_settings(sim, 3)

        first = run_exports(config, clock, cut_after=lines)
        second = run_exports(config, clock, state=first.states[-1] if first.states else None)

        rows = {r["id"]: r for r in (*first.records(STREAM), *second.records(STREAM))}
        assert isinstance(first.error, Killed)
        assert second.error is None
        assert list(rows.values()) == undisturbed.records(STREAM)
        assert second.bookmark(STREAM) == undisturbed.bookmark(STREAM)
        windows = [body["query"]["dateFrom"] for body in submit_bodies(sim)]
        spent_again = len(windows) - len(set(windows))
        # The day of the bookmark is read again; its export was complete and is forgotten.
        assert spent_again == 0


@pytest.mark.slow
def test_killed_while_a_day_is_read_again(simulate, clock):
    """The committed beginning of a day drops no job for all of that day, begun meanwhile."""
    killed, lines = True, 0
    while killed:
        sim, lines = simulate(rows_per_day=2), lines + 1
        morning = run_exports(
            export_settings(sim, end_date="2026-03-15T12:00:00Z"), clock, cut_after=2
        )
        config = export_settings(sim, 2)

        first = run_exports(config, clock, state=morning.state, cut_after=lines)
        second = run_exports(config, clock, state=[morning.state, *first.states][-1])

        killed = isinstance(first.error, Killed)
        assert second.error is None
        windows = [str(body["query"]) for body in submit_bodies(sim)]
        assert len(windows) == len(set(windows)) == 3, lines


@pytest.mark.ci
@pytest.mark.promise("pending-jobs")
def test_export_jobs_pending_are_resumed_without_submit(simulate, clock):
    """Three jobs of a killed run, done meanwhile, are fetched without a submit."""
    sim = simulate(rows_per_day=2)
    first = run_exports(export_settings(sim, 3), clock, cut_after=4)
    assert [len(first.state["bookmarks"][STREAM]["pending_jobs"]), len(submits(sim))] == [3, 3]
    clock.sleep(timedelta(hours=20))

    second = run_exports(export_settings(sim, 3), clock, state=first.state)

    assert second.error is None
    assert conversation_ids(second) == [r["id"] for r in expected_conversations(sim, 3)]
    assert len(submits(sim)) == 3


def test_job_that_only_the_list_shows_is_adopted(sim, clock):
    """Without a state, running exports of exactly these windows are adopted."""
    first = run_exports(export_settings(sim, 3), clock, cut_after=4)
    assert isinstance(first.error, Killed)
    assert len(submits(sim)) == 3

    second = run_exports(export_settings(sim, 3), clock)

    assert second.error is None
    assert conversation_ids(second) == [r["id"] for r in expected_conversations(sim, 3)]
    assert len(submits(sim)) == 3


@pytest.mark.ci
@pytest.mark.promise("pending-jobs")
def test_job_of_another_window_is_not_adopted(sim, clock):
    """A running export that requests another range or filter belongs to another client."""
    run_exports(export_settings(sim, 1, end_date="2026-03-15T12:00:00Z"), clock, cut_after=2)
    run_exports(changed_export_settings(sim, filter="type eq 'voice'"), clock, cut_after=2)
    assert len(submits(sim)) == 2

    out = run_exports(export_settings(sim), clock)

    assert out.error is None
    assert conversation_ids(out) == [r["id"] for r in expected_conversations(sim)]
    assert len(submits(sim)) == 3


@pytest.mark.parametrize("after", [0, 1])
def test_export_file_deleted_is_exported_again(sim, clock, after):
    """A job whose file the API does not give any more is requested again."""
    sim.faults.add(Fault("download", "status", status=404, after=after))

    out = run_exports(export_settings(sim, 2), clock)

    assert out.error is None
    assert conversation_ids(out) == [r["id"] for r in expected_conversations(sim, 2)]
    assert len(submits(sim)) == 3


def test_export_file_never_found_ends_the_stream(sim, clock):
    """A file that is never there ends the stream after max_retries."""
    sim.faults.add(Fault("download", "status", status=404, times=100))

    out = run_exports(export_settings(sim, max_retries=2), clock)

    assert isinstance(failure(out), DownloadError)
    assert "max_retries" in str(failure(out))
    assert len(submits(sim)) == 3
