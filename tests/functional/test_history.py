"""Committed time: what a run reads before the bookmark, and in which order."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tap_cxone.errors import ConfigError
from tap_cxone.simulator import Fault
from tests.support.examples import csv_jobs
from tests.support.history import DAY, STREAM, day_of_march
from tests.support.requests import submits
from tests.support.run import NOON


@pytest.fixture
def with_jobs(tmp_path):
    """Return settings with a journal that has the job of each window."""
    family = {"window_days": 1, "overlap_days": 0, "mode": "async"}
    return {"journal": str(tmp_path / "journal.db"), csv_jobs.FAMILY: family}


def committed(out):
    return out.state["bookmarks"][STREAM]["history"]["committed"]


def test_committed_windows_are_one_interval(reader):
    """The state has the committed time merged, and the bookmark is its end."""
    out = reader.run(3, 6)

    assert committed(out) == ["2026-03-03/2026-03-07"]
    assert out.bookmark(STREAM) == "2026-03-07T00:00:00+00:00"


def test_start_date_moved_back_reads_the_front_once(reader):
    """The days before the first committed one are read; the next run has nothing to read."""
    out = reader.run(5, 6)
    reader.days()

    out = reader.run(3, 6, out.state)
    third = reader.run(3, 6, out.state)

    assert reader.days() == [3, 4]
    assert committed(out) == committed(third) == ["2026-03-03/2026-03-07"]
    assert out.bookmark(STREAM) == "2026-03-07T00:00:00+00:00"


def test_start_date_moved_back_is_read_before_new_days(reader):
    """By default windows are read in the order of time."""
    out = reader.run(5, 6)
    reader.days()

    reader.run(4, 8, out.state)

    assert reader.days() == [4, 7, 8]


def test_state_with_a_bookmark_only_is_complete_up_to_it(reader):
    """A state of an earlier version reads nothing again, and a later start_date does."""
    state = {"bookmarks": {STREAM: {"replication_key_value": "2026-03-07T00:00:00+00:00"}}}

    out = reader.run(5, 7, state)
    reader.run(3, 7, out.state)

    assert reader.days() == [7, 3, 4]


def test_newest_first_reads_history_backwards(reader):
    """The first run begins with the newest day, and its bookmark is the end of that day."""
    out = reader.run(3, 6, backfill_order="newest_first")

    assert reader.days() == [6, 5, 4, 3]
    assert out.bookmark(STREAM) == "2026-03-07T00:00:00+00:00"
    assert committed(out) == ["2026-03-03/2026-03-07"]


def test_newest_first_reads_new_days_before_the_rest_of_history(reader, sim):
    """A run that failed in the middle of history goes on with it after what is new."""
    sim.faults.add(Fault("submit", "status", status=400, after=2, times=1))
    out = reader.run(3, 6, backfill_order="newest_first")
    first = reader.days()

    later = reader.run(3, 8, out.state, backfill_order="newest_first")

    assert (first, out.error is None) == ([6, 5], False)
    assert reader.days() == [7, 8, 4, 3]
    assert committed(later) == ["2026-03-03/2026-03-09"]


def test_order_may_change_between_runs(reader, sim):
    """A history that newest_first left incomplete is completed by oldest_first."""
    sim.faults.add(Fault("submit", "status", status=400, after=1, times=1))
    out = reader.run(3, 6, backfill_order="newest_first")
    reader.days()

    reader.run(3, 7, out.state)

    assert reader.days() == [3, 4, 5, 7]


RELOAD = {"streams": [STREAM], "from": day_of_march(4), "to": day_of_march(6), "id": "corrected"}


@pytest.mark.ci
def test_reload_reads_a_period_once(reader):
    """The period is read again in the next run, and by no later run with the same ID."""
    out = reader.run(3, 7)
    reader.days()

    second = reader.run(3, 7, out.state, reload=[RELOAD])
    third = reader.run(3, 7, second.state, reload=[RELOAD])
    fourth = reader.run(3, 7, third.state, reload=[{**RELOAD, "id": "once more"}])

    assert reader.days() == [4, 5, 4, 5]
    assert [record["_window_start"][:10] for record in second.records(STREAM)].count(
        day_of_march(4)
    ) > 0
    assert fourth.bookmark(STREAM) == out.bookmark(STREAM)


def test_interrupted_reload_goes_on(reader, sim):
    """A reload whose second day failed reads that day alone in the next run."""
    out = reader.run(3, 7)
    reader.days()
    sim.faults.add(Fault("submit", "status", status=400, after=1, times=1))

    failed = reader.run(3, 7, out.state, reload=[RELOAD])
    reader.run(3, 7, failed.state, reload=[RELOAD])

    assert failed.error is not None
    assert reader.days() == [4, 5]


def test_reload_before_start_date_is_read(reader):
    """A period that was committed with an earlier start_date is read again too."""
    out = reader.run(3, 7)
    reader.days()

    reader.run(7, 7, out.state, reload=[RELOAD])

    assert reader.days() == [4, 5]


def test_reload_in_the_first_run_costs_nothing_more(reader):
    """Without a bookmark the period is part of what is read anyway."""
    out = reader.run(3, 7, reload=[RELOAD])
    reader.run(3, 7, out.state, reload=[RELOAD])

    assert reader.days() == [3, 4, 5, 6, 7]


def test_reload_uses_no_job_of_the_first_reading(reader, sim, tmp_path):
    """With a journal the jobs of committed windows are at hand, but their rows are the old ones."""
    journal = {"journal": str(tmp_path / "journal.db")}
    changes = {csv_jobs.FAMILY: {"window_days": 1, "overlap_days": 0, "mode": "async"}, **journal}
    out = reader.run(4, 5, **changes)
    before = len(submits(sim))

    reader.run(4, 5, out.state, reload=[RELOAD], **changes)

    assert len(submits(sim)) == before + 2


@pytest.mark.ci
@pytest.mark.parametrize(
    "request_again",
    [{"reload": [RELOAD]}, {"deep_lookback": {"days": 2, "every_days": 7}}],
    ids=["reload", "deep lookback"],
)
def test_interrupted_reload_uses_no_job_of_the_first_reading(
    reader, sim, clock, tmp_path, request_again
):
    """The run that goes on with a reload exports the days again too."""
    journal = {"journal": str(tmp_path / "journal.db")}
    changes = {csv_jobs.FAMILY: {"window_days": 1, "overlap_days": 0, "mode": "async"}, **journal}
    out = reader.run(4, 5, **changes)
    before = len(submits(sim))
    sim.faults.add(Fault("submit", "status", status=400, times=1))
    failed = reader.run(4, 5, out.state, **request_again, **changes)

    reader.run(4, 5, failed.state, **request_again, **changes)

    assert failed.error is not None
    assert len(submits(sim)) == before + 3  # one of them was refused


@pytest.mark.ci
def test_interrupted_reload_uses_its_own_job(reader, sim, tmp_path):
    """A job that was submitted for the reload is resumed, and costs no second export."""
    journal = {"journal": str(tmp_path / "journal.db")}
    changes = {csv_jobs.FAMILY: {"window_days": 1, "overlap_days": 0, "mode": "async"}, **journal}
    out = reader.run(4, 5, **changes)
    before = len(submits(sim))
    sim.faults.add(Fault("download", "status", status=403, times=99))
    failed = reader.run(4, 5, out.state, reload=[RELOAD], max_retries=0, **changes)
    sim.faults.clear()

    reader.run(4, 5, failed.state, reload=[RELOAD], **changes)

    assert failed.error is not None
    assert len(submits(sim)) == before + 2


@pytest.mark.parametrize(
    "request_again",
    [{"reload": [RELOAD]}, {"deep_lookback": {"days": 2, "every_days": 7}}],
    ids=["reload", "deep lookback"],
)
@pytest.mark.parametrize("cut_after", [9, None], ids=["killed", "complete"])
def test_reload_whose_state_was_lost_uses_its_own_jobs(reader, with_jobs, request_again, cut_after):
    """The journal has the jobs of a reload that no stored state knows; they cost nothing more."""
    out = reader.run(4, 5, **with_jobs)
    before = len(submits(reader.sim))
    reader.clock.instant += timedelta(minutes=5)
    reader.run(4, 5, out.state, cut_after=cut_after, **request_again, **with_jobs)
    spent = len(submits(reader.sim)) - before
    reader.clock.instant += timedelta(minutes=5)

    last = reader.run(4, 5, out.state, **request_again, **with_jobs)

    assert spent > 0
    assert len(submits(reader.sim)) == before + 2
    assert {r["_window_start"][8:10] for r in last.records(STREAM)} == {"04", "05"}


def test_entry_that_is_set_again_uses_no_job_of_its_first_time(reader, with_jobs):
    """A removed entry is forgotten by the journal too."""
    state = reader.run(4, 5, **with_jobs).state
    state = reader.run(4, 5, state, reload=[RELOAD], **with_jobs).state
    state = reader.run(4, 5, state, **with_jobs).state
    before = len(submits(reader.sim))

    reader.run(4, 5, state, reload=[RELOAD], **with_jobs)

    assert len(submits(reader.sim)) == before + 2


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"to": day_of_march(4)}, "reload.0.to is not after from"),
        ({"streams": ["qm_workflow"]}, "reload.0.streams names 'qm_workflow'"),
        ({"streams": []}, "reload.0.streams"),
    ],
    ids=["empty range", "unknown stream", "no stream"],
)
def test_reload_that_means_nothing_is_refused(reader, entry, message):
    """A range or a stream that cannot be read is an error of the settings."""
    with pytest.raises(ConfigError, match=message):
        reader.run(3, 7, reload=[RELOAD | entry])


def test_reload_with_a_repeated_id_is_refused(reader):
    """Of two entries with one ID the second would never be read."""
    with pytest.raises(ConfigError, match=r"reload\.1\.id 'corrected'"):
        reader.run(3, 7, reload=[RELOAD, RELOAD])


@pytest.mark.ci
def test_deep_lookback_reads_the_last_days_at_its_interval(reader, clock):
    """The last three days are read again once a week, not each night."""
    deep = {"deep_lookback": {"days": 3, "every_days": 7}}
    clock.instant = NOON.replace(day=10)
    state, read = reader.run(3, **deep).state, []
    reader.days()
    for _ in range(8):
        clock.instant += DAY
        state = reader.run(3, state=state, **deep).state
        read.append(len(reader.days()))

    assert read == [2, 2, 2, 2, 2, 2, 5, 2]


@pytest.mark.ci
def test_deep_lookback_of_each_night_ignores_the_second_of_the_start(reader, clock):
    """A night that starts ten seconds earlier than the last one reads the days again too."""
    deep = {"deep_lookback": {"days": 3, "every_days": 1}}
    clock.instant = NOON.replace(day=10)
    state, read = reader.run(3, **deep).state, []
    reader.days()
    for night in range(1, 4):
        clock.instant = NOON.replace(day=10 + night) - night * timedelta(seconds=10)
        state = reader.run(3, state=state, **deep).state
        read.append(len(reader.days()))

    assert read == [5, 5, 5]


FIRST_DAY = "2026-02-18"  # 30 days before the clock of the tests


def committed_from(out):
    return out.state["bookmarks"][STREAM]["history"]["committed"][0][:10]


@pytest.mark.ci
@pytest.mark.parametrize("order", ["newest_first", "oldest_first"], ids=lambda order: order)
def test_interrupted_first_run_without_start_date_is_completed(reader, sim, clock, order):
    """A first run that committed its newest days only leaves older ones to a later run."""
    sim.faults.add(Fault("submit", "status", status=400, after=3, times=1))
    first = reader.run(None, backfill_order="newest_first")
    clock.instant += DAY

    out = reader.run(None, state=first.state, backfill_order=order)

    assert first.error is not None
    assert committed_from(out) == FIRST_DAY
    assert len(out.state["bookmarks"][STREAM]["history"]["committed"]) == 1


@pytest.mark.ci
def test_reload_before_the_first_day_does_not_move_the_begin(reader, clock):
    """The time between the reloaded day and the first committed one stays unread."""
    out = reader.run(None)
    entry = {"streams": [STREAM], "from": "2025-12-01", "to": "2025-12-02", "id": "old"}
    second = reader.run(None, state=out.state, reload=[entry])
    reader.days()
    clock.instant += DAY

    reader.run(None, state=second.state, reload=[entry])

    assert len(reader.days()) == 2


def test_reload_does_not_move_the_begin_of_a_removed_start_date(reader, clock):
    """A state that was written with a `start_date` begins with its first committed day."""
    out = reader.run(5, 8)
    entry = {"streams": [STREAM], "from": "2026-03-01", "to": "2026-03-02", "id": "old"}
    second = reader.run(None, 8, out.state, reload=[entry])
    reader.days()

    reader.run(None, 8, second.state, reload=[entry])

    assert reader.days() == []
