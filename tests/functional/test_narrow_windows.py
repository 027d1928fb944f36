"""Windows become narrower after a job that took too long, and wider again later."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.cli.plan_report import plan_lines, plans_as_json
from tap_cxone.errors import JobTimeout, WindowTooLarge
from tap_cxone.simulator import Fault
from tap_cxone.tap import TapCXone
from tests.support.examples import json_jobs, quota_jobs, report_runs
from tests.support.expectations import failure
from tests.support.ids import readable
from tests.support.requests import submits
from tests.support.run import run_tap, select

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator
    from tests.support.run import FakeClock

LIMIT = Fault("submit", "job-failed", body="Execution limit exceeded")


def four_day_windows(sim: Simulator, number: int = 8, **changes: Any) -> dict[str, Any]:
    """Return settings for so many days of conversations in windows of four days."""
    own = {"window_days": 4, "max_concurrent": 1}
    return json_jobs.export_settings(sim, number, own=own, **changes)


def widths(sim: Simulator) -> list[int]:
    """Return the days of each export, in the order of the submits."""
    return [(job.spec.end - job.spec.start).days + 1 for job in json_jobs.export_jobs(sim)]


@pytest.fixture(autouse=True)
def days_are_over(clock: FakeClock) -> None:
    """Let the time be after all windows of the tests."""
    clock.instant += timedelta(days=30)


@pytest.mark.parametrize(
    "reason", ["Execution limit exceeded", "query timed out", "Timeout"], ids=str
)
def test_window_that_reaches_a_limit_of_the_api_is_halved(sim, clock, reason):
    """A job that the API ends at a time limit is repeated with half the days in the same run."""
    sim.faults.add(Fault("submit", "job-failed", body=reason))

    out = json_jobs.run_exports(four_day_windows(sim), clock)

    assert out.error is None
    assert widths(sim) == [4, 2, 2, 2, 2]
    assert json_jobs.conversation_ids(out) == [
        row["id"] for row in json_jobs.expected_conversations(sim, 8)
    ]


def test_job_that_fails_for_another_reason_is_not_halved(sim, clock):
    """A failure that is no time limit ends the stream, and the next run asks for the same days."""
    sim.faults.add(Fault("submit", "job-failed", body="Unknown field"))

    first = json_jobs.run_exports(four_day_windows(sim), clock)
    json_jobs.run_exports(four_day_windows(sim), clock, state=first.state)

    assert not isinstance(failure(first), JobTimeout)
    assert widths(sim) == [4, 4, 4]


def test_windows_are_halved_again_after_a_commit(sim, clock):
    """After a commit a further time limit halves the days again in the same run."""
    sim.faults.add(LIMIT, Fault("submit", "job-failed", after=1, body="Execution limit exceeded"))

    out = json_jobs.run_exports(four_day_windows(sim), clock)

    assert out.error is None
    assert widths(sim) == [4, 2, 2, 1, 1, 1, 1, 1, 1]


@pytest.mark.ci
def test_narrow_windows_stay_narrow_before_ten_good_ones(sim, clock):
    """Nine windows of two days are not enough to try four again."""
    sim.faults.add(LIMIT)
    first = json_jobs.run_exports(four_day_windows(sim, 18), clock)

    json_jobs.run_exports(four_day_windows(sim, 22), clock, state=first.state)

    assert widths(sim) == [4, *[2] * 9, 2, 2]


def test_narrow_windows_double_after_ten_good_ones(sim, clock):
    """After ten windows of two days the next run reads four days at once."""
    sim.faults.add(LIMIT)
    first = json_jobs.run_exports(four_day_windows(sim, 20), clock)

    second = json_jobs.run_exports(four_day_windows(sim, 24), clock, state=first.state)

    assert widths(sim) == [4, *[2] * 10, 4]
    assert "narrow_windows" not in second.state["bookmarks"][json_jobs.STREAM]


@pytest.mark.ci
@pytest.mark.parametrize("order", ["oldest_first", "newest_first"], ids=str)
def test_narrow_windows_double_within_one_run(sim, clock, order):
    """A long history is read in wide windows again soon after ten narrow ones."""
    sim.faults.add(LIMIT)

    out = json_jobs.run_exports(four_day_windows(sim, 32, backfill_order=order), clock)

    days = widths(sim)
    assert out.error is None
    assert days[:11] == [4, *[2] * 10]
    assert sum(days) == 4 + 32
    assert days.count(2) < 15
    assert 4 in days[11:]
    assert len(json_jobs.conversation_ids(out)) == len(set(json_jobs.conversation_ids(out)))
    assert sorted(json_jobs.conversation_ids(out)) == sorted(
        row["id"] for row in json_jobs.expected_conversations(sim, 32)
    )


@pytest.mark.ci
@pytest.mark.parametrize("order", ["oldest_first", "newest_first"], ids=str)
def test_new_windows_that_double_are_all_read(sim, clock, order):
    """With newest_first the rest of the new days follows in wider windows, then the history."""
    sim.faults.add(LIMIT)
    first = json_jobs.run_exports(four_day_windows(sim, 18), clock)
    before = len(widths(sim))
    wanted = four_day_windows(sim, 34, backfill_order=order, start_date="2026-03-07")

    out = json_jobs.run_exports(wanted, clock, state=first.state)

    starts = [job.spec.start.isoformat()[5:10] for job in json_jobs.export_jobs(sim)][before:]
    new = ["04-02", "04-04", "04-08", "04-12", "04-16"]
    assert out.bookmark(json_jobs.STREAM) == "2026-04-18T00:00:00+00:00"
    assert order == "oldest_first" or starts == [*new, "03-11", "03-07"]


def test_days_of_the_lookback_are_not_read_again_in_narrower_windows(sim, clock):
    """The run reads on after the windows that it has committed before the failure."""
    first = json_jobs.run_exports(four_day_windows(sim, 12), clock)
    sim.faults.add(Fault("submit", "job-failed", after=2, body="Execution limit exceeded"))

    out = json_jobs.run_exports(
        four_day_windows(sim, 16, lookback_days=8), clock, state=first.state
    )

    assert out.error is None
    assert widths(sim)[3:] == [4, 4, 4, 2, 2]


@pytest.mark.ci
def test_table_that_is_read_whole_is_not_read_twice_in_narrower_windows(sim, clock):
    """Without a bookmark too, a failure costs only the window that failed."""
    config = four_day_windows(sim, 12)
    catalog = select(config, json_jobs.STREAM)
    (entry,) = (e for e in catalog["streams"] if e["tap_stream_id"] == json_jobs.STREAM)
    entry["replication_method"] = "FULL_TABLE"
    sim.faults.add(Fault("submit", "job-failed", after=2, body="Execution limit exceeded"))

    out = json_jobs.run_exports(config, clock, catalog=catalog)

    assert widths(sim) == [4, 4, 4, 2, 2]
    assert json_jobs.conversation_ids(out) == [
        row["id"] for row in json_jobs.expected_conversations(sim, 12)
    ]


REASON_KEYS = ["errorMessage", "messageError", "message", "error", "reason"]
TIME_LIMIT_REASONS = [
    *({key: "Execution limit exceeded"} for key in REASON_KEYS),
    {"error": {"message": "Execution limit exceeded"}},
]


def failed_poll(**reason: Any) -> Fault:
    """Return the answer to a poll that shows a failed job, for APIs with `status` or `state`."""
    body = json.dumps({"status": "failed", "state": "failed", **reason})
    headers = (("Content-Type", "application/json"),)
    return Fault("poll", "status", status=200, body=body, headers=headers)


@pytest.mark.parametrize("reason", TIME_LIMIT_REASONS, ids=readable)
def test_reason_of_a_failed_export_counts_under_any_key(sim, clock, reason):
    """The reason of a failed export may have any of the keys that APIs use."""
    sim.faults.add(failed_poll(**reason))

    assert json_jobs.run_exports(four_day_windows(sim, 4), clock).error is None
    assert widths(sim) == [4, 2, 2]


@pytest.mark.parametrize("reason", TIME_LIMIT_REASONS, ids=readable)
def test_reason_of_a_failed_report_counts_under_any_key(sim, clock, reason):
    """The reason of a failed report may have any of the keys that APIs use."""
    sim.faults.add(failed_poll(**reason))

    out = report_runs.run_reports(
        report_runs.report_settings(sim, 2, own={"window_days": 2}), clock
    )

    assert out.error is None
    assert report_runs.run_days(sim) == [(15, 17), (15, 16), (16, 17)]


TOO_LARGE = [
    (413, ""),
    (400, "the result is too large"),
    (422, "Too many rows, narrow the date range"),
    (400, "use a shorter date range"),
]


@pytest.mark.parametrize(("status", "text"), TOO_LARGE, ids=str)
def test_window_that_is_refused_as_too_large_is_halved(sim, clock, status, text):
    """A refusal creates no job, so fewer days are tried until the API accepts them."""
    sim.faults.add(Fault("submit", "status", status=status, body=text, times=2))

    out = json_jobs.run_exports(four_day_windows(sim, 4), clock)

    assert out.error is None
    assert widths(sim) == [1, 1, 1, 1]
    assert json_jobs.conversation_ids(out) == [
        row["id"] for row in json_jobs.expected_conversations(sim, 4)
    ]


def test_one_day_that_is_refused_as_too_large_fails(sim, clock):
    """One day cannot be halved, so the third refusal of a window of four days is the last."""
    sim.faults.add(Fault("submit", "status", status=413, times=9))

    out = json_jobs.run_exports(four_day_windows(sim, 4), clock)

    assert isinstance(failure(out), WindowTooLarge)
    assert "lower window_days of the family" in str(failure(out))
    assert len(submits(sim)) == 3


def test_refusal_for_another_reason_is_not_halved(sim, clock):
    """A text that does not speak of the size keeps the days, and so does a header too large."""
    for text in ("unknown field", "Request Header Too Large"):
        sim.faults.add(Fault("submit", "status", status=400, body=text))

        json_jobs.run_exports(four_day_windows(sim, 4), clock)

    assert len(submits(sim)) == 2


def test_job_that_fails_for_its_size_is_halved(sim, clock):
    """The reason of a job counts as that of a refusal."""
    sim.faults.add(Fault("submit", "job-failed", body="Result too large, narrow the query"))

    out = json_jobs.run_exports(four_day_windows(sim, 4), clock)

    assert out.error is None
    assert widths(sim) == [4, 2, 2]


def test_window_that_fails_in_two_runs_is_halved(sim, clock):
    """The second failure of the same window for any reason of its job halves it in that run."""
    sim.faults.add(Fault("submit", "job-failed", body="Unknown field", times=2))

    first = json_jobs.run_exports(four_day_windows(sim, 4), clock)
    second = json_jobs.run_exports(four_day_windows(sim, 4), clock, state=first.state)

    assert first.error is not None
    assert second.error is None
    assert widths(sim) == [4, 4, 2, 2]


def test_window_that_failed_once_is_forgotten_when_it_is_read(sim, clock):
    """Failures of two runs with a success between them halve nothing."""
    fault = Fault("submit", "job-failed", body="Unknown field")
    state = None
    for number in (4, 4, 8):
        if number != 4 or state is None:
            sim.faults.add(fault)
        out = json_jobs.run_exports(four_day_windows(sim, number), clock, state=state)
        state = out.state

    assert widths(sim) == [4, 4, 4]
    assert out.state["bookmarks"][json_jobs.STREAM]["narrow_windows"].keys() == {"failed_start"}


@pytest.mark.ci
def test_counted_exports_are_not_halved_for_two_failures(simulate, clock):
    """Narrower windows need more exports of a quota, so they need a reason."""
    sim = simulate()
    config = quota_jobs.table_settings(sim, window_days=4)
    sim.faults.add(Fault("submit", "job-failed", body="Unknown field", times=2))

    first = run_tap(config, clock=clock, only=quota_jobs.KB)
    second = run_tap(config, clock=clock, only=quota_jobs.KB, state=first.state)

    assert second.error is not None
    assert "days" not in second.state["bookmarks"][quota_jobs.KB]["narrow_windows"]


def test_plan_shows_narrower_windows(sim, clock):
    """The plan names the days and the windows that they make."""
    sim.faults.add(LIMIT)
    config = four_day_windows(sim, 8)
    state = json_jobs.run_exports(four_day_windows(sim, 4), clock).state

    tap = TapCXone(
        config=config, state=state, catalog=select(config, json_jobs.STREAM), clock=clock
    )
    (plan,) = tap.plans()
    (line, *_) = plan_lines(plan)

    assert "2 windows of at most 2 days, since wider ones failed" in line
    assert plans_as_json([plan])["streams"][0]["narrowed_days"] == 2


def test_one_day_that_reaches_a_limit_of_the_api_is_tried_once_more(sim, clock):
    """A window of one day cannot be halved, so its job is submitted once more."""
    sim.faults.add(LIMIT)

    out = json_jobs.run_exports(json_jobs.export_settings(sim, 1), clock)

    assert out.error is None
    assert widths(sim) == [1, 1]


def test_one_day_that_reaches_a_limit_twice_fails(sim, clock):
    """A window of one day is submitted twice in one run, not more often."""
    sim.faults.add(Fault("submit", "job-failed", body="Execution limit exceeded", times=9))

    out = json_jobs.run_exports(json_jobs.export_settings(sim, 1), clock)

    assert isinstance(failure(out), JobTimeout)
    assert "Execution limit exceeded" in str(failure(out))
    assert len(json_jobs.export_jobs(sim)) == 2


def test_halved_day_that_reaches_a_limit_is_tried_once_more(sim, clock):
    """A day that is left of two is submitted twice in the same run, as any other day."""
    sim.faults.add(Fault("submit", "job-failed", body="Execution limit exceeded", times=2))
    own = {"window_days": 2, "max_concurrent": 1}

    out = json_jobs.run_exports(json_jobs.export_settings(sim, 2, own=own), clock)

    assert out.error is None
    assert widths(sim) == [2, 1, 1, 1]


def test_stuck_job_that_cannot_be_cancelled_is_not_halved(sim, clock):
    """A job that stays pending at its time limit is resumed later, not submitted again."""
    sim.faults.add(Fault("submit", "job-stuck", times=9))

    out = json_jobs.run_exports(four_day_windows(sim), clock)

    assert isinstance(failure(out), JobTimeout)
    assert widths(sim) == [4]
    assert len(out.state["bookmarks"][json_jobs.STREAM]["pending_jobs"]) == 1
