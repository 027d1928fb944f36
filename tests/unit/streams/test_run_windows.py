"""The windows of one run: which of them are planned again, and when."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from tap_cxone.errors import HistoryRefused
from tap_cxone.planning.workload import Workload
from tap_cxone.progress.tracker import StreamProgress
from tap_cxone.streams.run_windows import RunWindows
from tap_cxone.windows import Window, daily_windows
from tests.support.run import FakeClock

START, DAY = datetime(2026, 3, 1, tzinfo=UTC), timedelta(days=1)
LENGTH = 8


@dataclass
class DailyPlan:
    """Eight days from 1 March on, cut into windows of some days."""

    days: int = 1
    first_day: int = 0
    clock: FakeClock = field(default_factory=FakeClock)

    def workload(self, excluded):
        start, end = START + self.first_day * DAY, START + LENGTH * DAY
        windows = tuple(
            window
            for missing in (excluded.missing(Window(start, end)) if start < end else ())
            for window in daily_windows(missing.start, missing.end, max_days=self.days)
        )
        return Workload("family", "stream", "exports", windows, windows, start)

    def raise_history_limit(self, *_refused):
        self.first_day += 1

    def run_windows(self):
        return RunWindows(
            plan_workload=self.workload,
            limit_to_quota=lambda workload: workload.windows,
            raise_history_limit=self.raise_history_limit,
            window_days=lambda: self.days,
            bookmark=lambda: None,
            now=self.clock.now,
            progress=StreamProgress(self.clock, None, threading.RLock()),
            max_upcoming=1,
        )


def first_and_end(window):
    return (window.start - START) // DAY, (window.end - START) // DAY


def days_to_fetch(windows):
    return [first_and_end(window) for window, _ in iter(windows.next, None)]


def test_windows_of_a_run_come_with_the_upcoming_one():
    windows = DailyPlan(days=4).run_windows()

    assert windows.plan()
    first, last = iter(windows.next, None)

    assert [first_and_end(window) for window in (first[0], *first[1])] == [(0, 4), (4, 8)]
    assert (first_and_end(last[0]), last[1]) == ((4, 8), ())


def test_windows_that_are_fetched_and_not_committed_are_planned_again_at_a_restart():
    windows = DailyPlan(days=2).run_windows()
    windows.plan()
    (committed, _), _lost = windows.next(), windows.next()
    windows.commit(committed)

    windows.plan()

    assert days_to_fetch(windows) == [(2, 4), (4, 6), (6, 8)]


def test_windows_become_wider_without_the_time_that_the_worker_has():
    plan = DailyPlan(days=1)
    windows = plan.run_windows()
    windows.plan()
    windows.next()

    plan.days = 4

    assert days_to_fetch(windows) == [(1, 5), (5, 8)]


def test_windows_start_later_after_a_refused_start():
    windows = DailyPlan(days=4).run_windows()
    windows.plan()
    (refused, _) = windows.next()

    windows.refuse(refused, HistoryRefused("too long ago"))

    assert days_to_fetch(windows) == [(1, 5), (5, 8)]


def test_windows_that_are_all_refused_raise_the_last_refusal():
    windows = DailyPlan(first_day=7).run_windows()
    windows.plan()
    (refused, _) = windows.next()

    windows.refuse(refused, HistoryRefused("too long ago"))

    with pytest.raises(HistoryRefused, match="too long ago"):
        windows.next()


def test_windows_of_a_later_plan_end_where_those_of_the_first_did():
    plan = DailyPlan(days=8)
    plan.clock.instant = START + 9 * DAY
    windows = plan.run_windows()
    windows.plan()
    windows.next()

    plan.days = 9

    assert windows.next() is None
    assert first_and_end(windows.excluded.intervals[-1]) == (0, 10)
