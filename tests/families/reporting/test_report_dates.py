"""Custom reports for windows of dates: their requests, and rows that show whether these count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.errors import ConfigError
from tap_cxone.simulator import Fault
from tap_cxone.simulator.reporting.report_jobs import REPORT as TRUTH
from tap_cxone.tap import TapCXone
from tests.support.reporting import REPORT, job_submits, report_config, run_reporting

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator
    from tests.support.run import Output

DATED = {"send_dates": True, "date_column": "Start Date"}
FIRST = datetime(2026, 3, 16, tzinfo=UTC)
DAY = timedelta(days=1)
SPAN = {"start_date": "2026-03-16T00:00:00Z", "end_date": "2026-03-18T00:00:00Z"}


def run_dated(sim: Simulator, clock: Any, **entry: Any) -> Output:
    """Run the report for two days with dates in its requests."""
    return run_reporting(report_config(sim, {**DATED, **entry}, **SPAN), clock, REPORT)


def serve_dates(sim: Simulator, *dates: str) -> None:
    """Let the file of the next job have rows with these dates."""
    lines = [f"{number},{date}" for number, date in enumerate(dates, start=1)]
    file = "\r\n".join(["Contact ID,Start Date", *lines, ""])
    sim.faults.add(Fault("download", "bytes", body=file.encode()))


def test_dated_report_runs_a_job_per_window(sim, clock):
    """Each window is a job with its dates, and the bookmark is at the end of the last one."""
    out = run_dated(sim, clock)

    wanted = sim.expected_rows(TRUTH, FIRST, FIRST + 2 * DAY)
    assert out.error is None
    assert sorted(r["contact_id"] for r in out.records(REPORT)) == sorted(
        row["Contact ID"] for row in wanted
    )
    assert [(s.query["startDate"], s.query["endDate"]) for s in job_submits(sim)] == [
        ("2026-03-16T00:00:00Z", "2026-03-17T00:00:00Z"),
        ("2026-03-17T00:00:00Z", "2026-03-18T00:00:00Z"),
    ]
    assert out.bookmark(REPORT) == "2026-03-18T00:00:00+00:00"


@pytest.mark.ci
def test_dated_report_continues_at_its_bookmark(sim, clock):
    """The next run requests the days after the last window."""
    first = run_dated(sim, clock)

    config = report_config(sim, DATED, **{**SPAN, "end_date": "2026-03-19T00:00:00Z"})
    run_reporting(config, clock, REPORT, state=first.state)

    assert [s.query["startDate"][8:10] for s in job_submits(sim)] == ["16", "17", "18"]


@pytest.mark.ci
def test_dated_report_has_windows_of_at_most_89_days(sim, clock):
    """`window_days` joins days in one job, and the last job is shorter."""
    entry = {**DATED, "window_days": 89}
    config = report_config(sim, entry, start_date="2025-12-01", end_date="2026-03-10")

    out = run_reporting(config, clock, REPORT)

    assert out.error is None
    assert [(s.query["startDate"][:10], s.query["endDate"][:10]) for s in job_submits(sim)] == [
        ("2025-12-01", "2026-02-28"),
        ("2026-02-28", "2026-03-10"),
    ]


def test_dated_report_of_a_tenant_that_ignores_dates_fails(simulate, clock):
    """Rows of another day emit nothing, and the error names the cause and the setting."""
    sim = simulate(report_dates="ignored")

    out = run_dated(sim, clock)

    assert out.records(REPORT) == []
    assert out.bookmark(REPORT) is None
    assert "12 of 12 rows are outside of the window" in str(out.error)
    assert "the tenant's API ignores the dates of the request" in str(out.error)
    assert f"entry '{REPORT}', send_dates to false" in str(out.error)


def test_dated_report_with_one_row_of_another_day_fails(sim, clock):
    """A range of the template that holds the window is not that of the request."""
    serve_dates(sim, "2026-03-16 10:00", "2026-03-15 23:59")

    out = run_dated(sim, clock)

    assert "1 of 2 rows are outside of the window by their start_date" in str(out.error)


def test_dated_report_with_a_row_at_the_end_is_complete(sim, clock):
    """An API that includes the end of a range gives the first row of the next window too."""
    serve_dates(sim, "2026-03-16 10:00", "2026-03-17 00:00")

    out = run_dated(sim, clock)

    assert out.error is None


@pytest.mark.parametrize(
    "dates", [("2026-03-17 00:00",), ("", "")], ids=["the end alone", "no date"]
)
def test_dated_report_without_a_row_inside_fails(sim, clock, dates):
    """Rows at the end alone, or without a date, do not show that the dates were used."""
    serve_dates(sim, *dates)

    out = run_dated(sim, clock)

    assert f"none of {len(dates)} rows is inside of the window" in str(out.error)


@pytest.mark.parametrize(
    ("day", "problem"), [("2026-03-16", ""), ("2026-03-17", "1 of 1 rows are outside")]
)
def test_date_without_a_time_is_a_day_of_the_zone(sim, clock, day, problem):
    """A column of dates is compared by local days, and the day of the end is outside."""
    serve_dates(sim, day)
    own = {**DATED, "columns": {"start_date": "date"}, "timezone": "America/New_York"}
    span = {"start_date": "2026-03-16T04:00:00Z", "end_date": "2026-03-17T04:00:00Z"}

    out = run_reporting(report_config(sim, own, **span), clock, REPORT)

    (submit,) = job_submits(sim)
    assert submit.query["startDate"] == "2026-03-16T04:00:00Z"
    assert problem in str(out.error)
    assert (out.error is None) == (problem == "")


def test_dated_report_without_its_column_fails(sim, clock):
    """A file that lacks the column cannot be checked."""
    out = run_dated(sim, clock, date_column="Ended")

    assert "no column ended in the header" in str(out.error)


def test_dated_report_without_rows_is_committed(simulate, clock):
    """A window without a row has nothing to check."""
    sim = simulate(rows_of={"contacts_completed": 0})

    out = run_dated(sim, clock)

    assert out.error is None
    assert out.bookmark(REPORT) == "2026-03-18T00:00:00+00:00"


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"send_dates": True}, "has send_dates and no date_column"),
        ({"date_column": "Start Date"}, "has date_column without send_dates"),
        ({**DATED, "mode": "collect"}, "has send_dates, but mode is 'collect'"),
        ({**DATED, "columns": {"start_date": "integer"}}, "declares date_column as integer"),
        ({**DATED, "window_days": 90}, "reporting.report_jobs"),
    ],
    ids=["no column", "column alone", "collect", "type", "window"],
)
def test_invalid_dates_of_a_report_are_named(sim, entry, words):
    """Settings of dates that cannot work are errors before any request."""
    with pytest.raises(ConfigError) as raised:
        TapCXone(config=report_config(sim, entry))

    assert words in str(raised.value)
    assert sim.requests == []
