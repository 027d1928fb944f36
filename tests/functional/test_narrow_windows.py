"""Windows become narrower after a job that took too long, and wider again later."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.errors import JobTimeout
from tap_cxone.simulator import Fault
from tests.support.analytics_exports import (
    STREAM,
    conversation_ids,
    expected_conversations,
    export_settings,
    run_exports,
)
from tests.support.expectations import failure
from tests.support.scheduled_reports import report_settings, run_reports

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator
    from tests.support.run import FakeClock

LIMIT = Fault("submit", "job-failed", body="Execution limit exceeded")


def four_day_windows(sim: Simulator, number: int = 8, **changes: Any) -> dict[str, Any]:
    """Return settings for so many days of conversations in windows of four days."""
    own = {"window_days": 4, "max_concurrent": 1}
    return export_settings(sim, number, analytics_exports=own, **changes)


def widths(sim: Simulator) -> list[int]:
    """Return the days of each export, in the order of the submits."""
    return [(job.spec.end - job.spec.start).days + 1 for job in sim.analytics_exports]


@pytest.fixture(autouse=True)
def days_are_over(clock: FakeClock) -> None:
    """Let the time be after all windows of the tests."""
    clock.instant += timedelta(days=10)


@pytest.mark.parametrize(
    "reason", ["Execution limit exceeded", "query timed out", "Timeout"], ids=str
)
def test_window_that_reaches_a_limit_of_the_api_is_halved(sim, clock, reason):
    """A job that the API ends at a time limit is repeated with half the days in the same run."""
    sim.faults.add(Fault("submit", "job-failed", body=reason))

    out = run_exports(four_day_windows(sim), clock)

    assert out.error is None
    assert widths(sim) == [4, 2, 2, 2, 2]
    assert conversation_ids(out) == [row["id"] for row in expected_conversations(sim, 8)]


def test_job_that_fails_for_another_reason_is_not_halved(sim, clock):
    """A failure that is no time limit ends the stream, and the next run asks for the same days."""
    sim.faults.add(Fault("submit", "job-failed", body="Unknown field"))

    first = run_exports(four_day_windows(sim), clock)
    run_exports(four_day_windows(sim), clock, state=first.state)

    assert not isinstance(failure(first), JobTimeout)
    assert widths(sim) == [4, 4, 4]


def test_windows_are_halved_again_after_a_commit(sim, clock):
    """After a commit a further time limit halves the days again in the same run."""
    sim.faults.add(LIMIT, Fault("submit", "job-failed", after=1, body="Execution limit exceeded"))

    out = run_exports(four_day_windows(sim), clock)

    assert out.error is None
    assert widths(sim) == [4, 2, 2, 1, 1, 1, 1, 1, 1]


def test_narrow_windows_stay_narrow_for_a_week(sim, clock):
    """A run within a week after the time-out uses the days that succeeded."""
    sim.faults.add(LIMIT)
    first = run_exports(four_day_windows(sim, 4), clock)
    clock.instant += timedelta(days=6)

    run_exports(four_day_windows(sim, 8), clock, state=first.state)

    assert widths(sim)[-2:] == [2, 2]


def test_narrow_windows_become_wider_after_a_week(sim, clock):
    """A week after the time-out the days double, up to those of the setting."""
    sim.faults.add(LIMIT)
    first = run_exports(four_day_windows(sim, 4), clock)
    clock.instant += timedelta(days=8)

    run_exports(four_day_windows(sim, 8), clock, state=first.state)

    assert widths(sim)[-1:] == [4]


def test_one_day_that_reaches_a_limit_of_the_api_is_tried_once_more(sim, clock):
    """A window of one day cannot be halved, so its job is submitted once more."""
    sim.faults.add(LIMIT)

    out = run_exports(export_settings(sim, 1), clock)

    assert out.error is None
    assert widths(sim) == [1, 1]


def test_one_day_that_reaches_a_limit_twice_fails(sim, clock):
    """A window of one day is submitted twice in one run, not more often."""
    sim.faults.add(Fault("submit", "job-failed", body="Execution limit exceeded", times=9))

    out = run_exports(export_settings(sim, 1), clock)

    assert isinstance(failure(out), JobTimeout)
    assert "Execution limit exceeded" in str(failure(out))
    assert len(sim.analytics_exports) == 2


def test_report_of_one_day_that_reaches_a_limit_is_tried_once_more(sim, clock):
    """A run of a report over one day that the engine ends is started once more."""
    sim.faults.add(Fault("run", "job-failed", body="Execution limit of 30 minutes reached"))

    out = run_reports(report_settings(sim), clock)

    assert out.error is None
    assert len(sim.report_runs) > 1


def test_stuck_job_that_cannot_be_cancelled_is_not_halved(sim, clock):
    """A job that stays pending at its time limit is resumed later, not submitted again."""
    sim.faults.add(Fault("submit", "job-stuck", times=9))

    out = run_exports(four_day_windows(sim), clock)

    assert isinstance(failure(out), JobTimeout)
    assert widths(sim) == [4]
    assert len(out.state["bookmarks"][STREAM]["pending_jobs"]) == 1
