"""Entries of `reload`: whole windows, entries that request nothing, and removed ones."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tap_cxone.simulator import Fault
from tap_cxone.simulator.settings import tap_settings
from tests.support.examples import full_lists, paged_rows, quota_jobs, report_runs
from tests.support.history import STREAM, day_of_march
from tests.support.run import run_tap


def entry(first, end, stream=STREAM, id_="corrected"):
    """Return the settings of one reload, between two days of March or two texts."""
    dates = (day if isinstance(day, str) else day_of_march(day) for day in (first, end))
    return {"id": id_, "streams": [stream], **dict(zip(("from", "to"), dates, strict=True))}


def left(out, stream=STREAM):
    """Return the time that the state still requests to read again, by ID."""
    return out.state["bookmarks"][stream]["history"].get("reload", {})


def lines_about(caplog, about):
    """Return the log lines with some words, each once."""
    return list(dict.fromkeys(t for r in caplog.records if about in (t := r.getMessage())))


@pytest.mark.ci
def test_reload_of_hours_reads_their_day_whole(reader, caplog):
    """A range within a day reads the window of the day again, and a line names it."""
    caplog.set_level("INFO")
    out = reader.run(3, 7)
    reload = entry("2026-03-04T06:00:00Z", "2026-03-04T18:00:00Z")

    second = reader.run(3, 7, out.state, reload=[reload])

    windows = {(r["_window_start"], r["_window_end"]) for r in second.records(STREAM)}
    assert windows == {("2026-03-04T00:00:00+00:00", "2026-03-05T00:00:00+00:00")}
    assert left(second) == {"corrected": []}
    (line,) = lines_about(caplog, "reads whole windows again")
    assert "reload.0 (id 'corrected')" in line
    assert line.endswith("2026-03-04Z to 2026-03-05Z")


@pytest.mark.ci
def test_reload_up_to_the_bookmark_within_a_day_leaves_nothing(reader, clock):
    """The day of the bookmark is read as new, so only time before it is read again."""
    out = reader.run(10)
    clock.instant += timedelta(hours=1)
    reload = entry("2026-03-18T06:00:00Z", "2026-03-21")

    second = reader.run(10, state=out.state, reload=[reload])

    assert second.error is None
    assert left(second) == {"corrected": []}


def test_reload_after_the_present_is_reported(reader, caplog):
    """Time that no run can read yet is read as new later, which a warning says once."""
    out = reader.run(3, 7)
    reload = [entry("2027-01-01", "2027-02-01")]

    second = reader.run(3, state=out.state, reload=reload)
    third = reader.run(3, state=second.state, reload=reload)

    (warning,) = lines_about(caplog, "reads nothing again")
    assert f"{STREAM}: reload.0 (id 'corrected') reads nothing again: it begins after" in warning
    assert "later runs read that time as new" in warning
    assert left(third) == {"corrected": []}


def test_reload_after_end_date_counts_when_end_date_is_raised(reader, caplog):
    """A warning names `end_date`, and the entry is not used up."""
    out = reader.run(3, 9)
    reader.days()
    reload = [entry(8, 9)]

    second = reader.run(3, 6, out.state, reload=reload)
    skipped = reader.days()
    reader.run(3, 9, second.state, reload=reload)

    (warning,) = lines_about(caplog, "reads nothing again")
    assert "it begins after end_date (2026-03-07T00:00:00+00:00); raise end_date" in warning
    assert (skipped, reader.days()) == ([], [8])


def test_reload_before_the_history_limit_is_reported(sim, clock, caplog):
    """The dashboard serves some months only; a warning names the oldest instant."""
    reload = [entry("2025-01-01", "2025-02-01", quota_jobs.KB)]
    first = quota_jobs.run_tables(quota_jobs.quota_settings(sim, "2026-03-19T00:00:00Z"), clock)

    config = quota_jobs.quota_settings(sim, "2026-03-19T00:00:00Z", history_months=4)
    second = quota_jobs.run_tables({**config, "reload": reload}, clock, state=first.state)

    (warning,) = lines_about(caplog, "reads nothing again")
    assert f"{quota_jobs.KB}: reload.0 (id 'corrected')" in warning
    assert "the API serves nothing before 2025-11-21" in warning
    assert left(second, quota_jobs.KB) == {}


def test_reload_of_sums_that_were_never_committed_is_reported(sim, clock, caplog):
    """Rows that sum up a window are read again in the windows that were committed."""
    first = paged_rows.run_downloads(paged_rows.download_settings(sim, 2), clock)
    config = paged_rows.download_settings(sim, 2, reload=[entry(1, 3, paged_rows.STREAM)])

    second = paged_rows.run_downloads(config, clock, state=first.state)

    (warning,) = lines_about(caplog, "reads nothing again")
    assert "reload.0 (id 'corrected')" in warning
    assert "no window in it was committed; set start_date to its first day" in warning
    assert second.records(paged_rows.STREAM) == []


@pytest.mark.parametrize("stream", ["report_schedules", "agents"], ids=str)
def test_reload_of_a_whole_table_is_reported(sim, clock, caplog, stream):
    """A table without windows is read whole in each run anyway."""
    settings = tap_settings(sim.url, families=(full_lists.FAMILY, report_runs.FAMILY))
    config = {**settings, "reload": [entry(1, 3, stream)]}

    out = run_tap(config, clock=clock, only=stream)

    (warning,) = lines_about(caplog, "does nothing")
    assert f"{stream}: reload.0 (id 'corrected') does nothing" in warning
    assert "remove its name from reload.0.streams" in warning
    assert out.error is None


def interrupted_reload(reader):
    """Return the state of a run that read the first of two days again."""
    out = reader.run(3, 7)
    reader.sim.faults.add(Fault("submit", "status", status=400, after=1, times=1))
    failed = reader.run(3, 7, out.state, reload=[entry(4, 6)])
    reader.sim.faults.clear()
    reader.days()
    assert left(failed) == {"corrected": ["2026-03-05/2026-03-06"]}
    return failed.state


def test_removed_entry_ends_its_reload(reader, caplog):
    """What is left of a reload is not read without its entry, and a line says so."""
    caplog.set_level("INFO")
    state = interrupted_reload(reader)

    out = reader.run(3, 7, state)

    assert reader.days() == []
    assert "reload" not in json.dumps(out.state)
    (line,) = lines_about(caplog, "was removed")
    assert "id 'corrected'" in line
    assert "2026-03-05Z to 2026-03-06Z is not read again" in line


@pytest.mark.ci
def test_removed_entry_ends_no_other_reload(reader):
    """Of two entries the one that stays is completed."""
    state = interrupted_reload(reader)

    reader.run(3, 7, state, reload=[entry(3, 5, id_="other")])

    assert reader.days() == [3, 4]


@pytest.mark.ci
def test_entry_that_was_removed_and_set_again_is_read_anew(reader):
    """A removed ID is forgotten."""
    state = reader.run(3, 7, interrupted_reload(reader)).state

    reader.run(3, 7, state, reload=[entry(4, 6)])

    assert reader.days() == [4, 5]


@pytest.mark.ci
def test_removed_deep_lookback_ends(reader):
    """What is left of a deep lookback is not read without the setting."""
    out = reader.run(3, 7)
    reader.sim.faults.add(Fault("submit", "status", status=400, times=1))
    failed = reader.run(3, 7, out.state, deep_lookback={"days": 2, "every_days": 7})
    reader.sim.faults.clear()
    reader.days()

    later = reader.run(3, 7, failed.state)

    assert failed.error is not None
    assert reader.days() == []
    assert "lookback" not in json.dumps(later.state["bookmarks"][STREAM]["history"])


@pytest.mark.ci
def test_reload_of_forty_ranges_keeps_the_state_small(reader):
    """Each entry has one range of the state, and the settings allow forty of them."""
    out = reader.run(3, 7)
    reader.sim.faults.add(Fault("submit", "status", status=400, times=1))
    entries = [
        entry(f"{year}-01-01", f"{year}-02-01", id_=f"corrected in {year}")
        for year in range(1980, 2020)
    ]

    failed = reader.run(3, 7, out.state, reload=entries)

    assert failed.error is not None
    assert len(left(failed)) == 40
    assert len(json.dumps(left(failed))) < 2048
