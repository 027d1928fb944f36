"""Scheduled reports: days that are read again have their former windows, so none counts twice."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.errors import JobTimeout
from tap_cxone.simulator import Fault
from tests.support.expectations import failure
from tests.support.scheduled_reports import (
    STREAM,
    figures,
    long,
    report_settings,
    run_days,
    run_reports,
    sums,
)

if TYPE_CHECKING:
    from tests.support.run import FakeClock

LIMIT = Fault("run", "job-failed", body="Execution limit exceeded")


@pytest.fixture(autouse=True)
def reports_are_final(clock: FakeClock) -> None:
    """Let the time be after all windows of the tests."""
    clock.instant += timedelta(days=10)


def again(first: int, end: int) -> dict[str, Any]:
    """Return a reload from one day of March to another one."""
    dates = {"from": f"2026-03-{first}", "to": f"2026-03-{end}"}
    return {"reload": [{"id": "again", "streams": [STREAM], **dates}]}


def days_read(sim, config, clock, state):
    """Run once more; return the windows of the run, and its output."""
    before = len(sim.report_runs)
    out = run_reports(config, clock, state=state)
    return run_days(sim)[before:], out


def total(rows):
    """Return the calls of all rows by group, whatever their windows are."""
    totals: dict[Any, Any] = {}
    for (*group, _), values in rows.items():
        totals[tuple(group)] = totals.get(tuple(group), 0) + values["callsHandled"]
    return totals


@pytest.mark.parametrize(
    ("first", "later"),
    [
        ({"start_date": "2026-03-17"}, [(15, 17), (17, 20)]),
        ({"end_date": "2026-03-18"}, [(15, 18), (18, 20)]),
    ],
    ids=["start_date", "end_date"],
)
@pytest.mark.parametrize(
    "request_again",
    [again(16, 19), {"deep_lookback": {"days": 5, "every_days": 7}}],
    ids=["reload", "deep lookback"],
)
def test_windows_that_a_date_has_cut_are_read_again_as_they_were(
    sim, clock, first, later, request_again
):
    """The window of five days that both parts make would leave the row of the second part."""
    config = long(sim, 5, 5)
    outs = [run_reports({**config, **first}, clock)]
    outs.append(run_reports(config, clock, state=outs[-1].state))

    days, out = days_read(sim, {**config, **request_again}, clock, outs[-1].state)

    rows: dict[Any, Any] = {}
    for each in (*outs, out):
        rows |= figures(each.records(STREAM))
    assert days == later
    assert total(rows) == total(sums(sim, 5))


def test_halves_are_read_again_as_halves_when_windows_are_wide_again(sim, clock):
    """A reload of one day reads the half that has it, although whole windows are read now."""
    sim.faults.add(LIMIT)
    state = run_reports(long(sim, 5, 5), clock).state
    del state["bookmarks"][STREAM]["narrow_windows"]

    days, _ = days_read(sim, {**long(sim, 10, 5), **again(18, 19)}, clock, state)

    assert days == [(17, 19), (20, 25)]


def test_whole_windows_are_read_again_whole_while_others_are_halved(sim, clock):
    """Half of a window would replace the row of the whole one, and its other days would be lost."""
    state = run_reports(long(sim, 5, 5), clock).state
    sim.faults.add(LIMIT)
    state = run_reports(long(sim, 10, 5), clock, state=state).state

    days, out = days_read(sim, {**long(sim, 10, 5), **again(16, 17)}, clock, state)

    assert days == [(15, 20)]
    assert figures(out.records(STREAM)) == sums(sim, 5, window=5)


def test_window_that_was_read_before_is_not_halved(sim, clock, caplog):
    """It is tried twice; a warning says why it keeps its days, and no record is emitted."""
    config = long(sim, 5, 5)
    state = run_reports(config, clock).state
    sim.faults.add(Fault("run", "job-failed", body="Execution limit exceeded", times=9))

    days, out = days_read(sim, {**config, **again(15, 20)}, clock, state)

    (warning,) = {t for r in caplog.records if "is not halved" in (t := r.getMessage())}
    assert isinstance(failure(out), JobTimeout)
    assert days == [(15, 20), (15, 20)]
    assert f"{STREAM}: 2026-03-15Z to 2026-03-20Z was read as one window before" in warning
    assert "narrow_windows" not in out.state["bookmarks"][STREAM]


def test_windows_of_other_days_change_the_meaning_of_rows(sim, clock, caplog):
    """A row of a week and a row of a day are not the same figure."""
    state = run_reports(report_settings(sim, 5), clock).state

    run_reports(long(sim, 10, 5), clock, state=state)

    assert "scheduled_reports.window_days changed after the bookmark" in caplog.text
