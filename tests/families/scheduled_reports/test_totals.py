"""Scheduled reports: the sums of a window's rows against the ungrouped figures of the window."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.errors import ConfigError, TotalsMismatch
from tap_cxone.tap import TapCXone
from tests.support.expectations import failure, warnings_logged
from tests.support.run import select
from tests.support.scheduled_reports import (
    OFFLINE,
    QUARANTINE,
    STREAM,
    answer,
    done,
    registrations,
    report_row,
    report_settings,
    run_days,
    run_reports,
    whole,
)

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator

ROWS = done(report_row(handleTime=10), report_row(agentId="008", handleTime=15))


def with_totals(sim: Simulator, number: int = 1, **totals: Any) -> dict[str, Any]:
    """Return settings for so many days whose handle time is compared with totals."""
    entry = {"verify_totals": {"metrics": ["handleTime"], **totals}}
    return report_settings(sim, number, entry=entry)


@pytest.mark.parametrize("result", ["inline", "csv"])
def test_report_whose_rows_add_up_is_emitted(simulate, clock, result):
    """Sums that equal a run of the ungrouped report let the window through, whatever its format."""
    sim = simulate(report_result=result)

    out = run_reports(with_totals(sim, metrics=["handleTime", "callsHandled"]), clock)

    assert whole(out, sim)
    assert run_days(sim) == [(15, 16), (15, 16)]


@pytest.mark.ci
def test_plan_counts_the_runs_of_the_totals(sim, clock):
    """The totals of a window are a second run, which the plan counts."""
    config = with_totals(sim, 3)
    (plan,) = TapCXone(config=config, clock=clock, catalog=select(config, STREAM)).plans()

    out = run_reports(config, clock)

    assert out.error is None
    assert [stream.workload.needed for stream in plan.streams] == [6]
    assert len(sim.report_runs) == 6


def test_ungrouped_report_is_registered_once(sim, clock):
    """The totals have a schedule of their own without dimensions, for all windows and runs."""
    first = run_reports(with_totals(sim, 2), clock)
    run_reports(with_totals(sim, 3), clock, state=first.state)

    grouped, totals = (json.loads(sent.body) for sent in registrations(sim))
    assert totals["name"] == f"{STREAM} (totals)"
    assert totals["report"] == {
        **grouped["report"],
        "metrics": ["handleTime"],
        "dimensions": [],
        "grouping": [],
    }


@pytest.mark.parametrize("number", [2, 3], ids=["two rows", "a row of no number"])
def test_report_whose_rows_miss_a_part_is_not_committed(sim, clock, number):
    """Sums that differ fail the window before any record, with both figures and the setting."""
    more = [report_row(agentId="009", handleTime="n/a")] if number > 2 else []
    answer(sim, "poll", {**ROWS, "data": [*ROWS["data"], *more]}, done({"handleTime": 26}))

    out = run_reports(with_totals(sim), clock)

    assert isinstance(failure(out), TotalsMismatch)
    assert "handleTime: rows 25, total 26" in str(failure(out))
    assert f"scheduled_reports.reports, entry '{STREAM}', verify_totals.tolerance" in str(
        failure(out)
    )
    assert out.records(STREAM) == []
    assert out.bookmark(STREAM) is None


def test_difference_of_a_report_within_the_tolerance_is_accepted(sim, clock):
    """A difference up to the tolerance, a share of the total, is accepted."""
    answer(sim, "poll", ROWS, done({"handleTime": 26}))

    out = run_reports(with_totals(sim, tolerance=0.04), clock)

    assert out.error is None
    assert len(out.records(STREAM)) == 2


@pytest.mark.ci
def test_invalid_rows_of_a_report_count_for_its_totals(sim, clock):
    """A row that goes to the quarantine for another column is part of the sum."""
    rows = done(report_row(handleTime=10), report_row(agentId="008", talkTime="x", handleTime=15))
    answer(sim, "poll", rows, done({"handleTime": 25}))

    out = run_reports({**with_totals(sim), "max_invalid_ratio": 1}, clock)

    assert out.error is None
    assert (len(out.records(STREAM)), len(out.records(QUARANTINE))) == (1, 1)


def test_baseline_file_stands_in_for_the_totals_of_a_report(sim, clock, tmp_path):
    """Totals of a file are used without a run, by the day on which the window starts."""
    path = tmp_path / "totals.json"
    path.write_text(json.dumps({"2026-03-15": {"handleTime": 25}}))
    answer(sim, "poll", ROWS)

    out = run_reports(with_totals(sim, baseline=str(path)), clock)

    assert out.error is None
    assert len(registrations(sim)) == 1


def test_totals_of_an_interrupted_run_are_requested_again(sim, clock):
    """A run that dies before its totals resumes its report, and only the totals run again."""
    config = with_totals(sim)
    first = run_reports(config, clock, cut_after=3)

    second = run_reports(config, clock, state=first.state)

    assert whole(second, sim)
    main, *totals = (run.schedule_id for run in sim.report_runs)
    assert main not in totals


def test_schedule_of_totals_is_not_reported_as_unused(sim, clock, caplog):
    """A schedule of totals belongs to its report, so no warning names it."""
    first = run_reports(with_totals(sim), clock)

    run_reports(with_totals(sim, 2), clock, state=first.state)

    assert not [text for text in warnings_logged(caplog) if "No report of the settings" in text]


def test_totals_of_a_metric_that_the_report_lacks_are_a_setting_error():
    """A metric that is not requested is in no row, so its sum would verify nothing."""
    report = {
        "name": "a",
        "type": "agent",
        "metrics": ["handleTime"],
        "dimensions": ["agentId"],
        "verify_totals": {"metrics": ["talkTime"]},
    }

    with pytest.raises(ConfigError) as caught:
        TapCXone(config={**OFFLINE, "scheduled_reports": {"reports": [report]}})

    assert "verify_totals.metrics has 'talkTime'" in str(caught.value)


def test_missing_schedule_of_totals_without_register_names_the_settings(sim, clock):
    """Without `register` the totals need a schedule of CXone; the error says which settings do."""
    first = run_reports(report_settings(sim), clock)
    config = with_totals(sim, 2)
    config["scheduled_reports"]["reports"][0]["register"] = False

    out = run_reports(config, clock, state=first.state)

    message = str(failure(out))
    assert isinstance(failure(out), ConfigError)
    assert f"scheduled_reports.reports, entry '{STREAM}': no schedule has the name" in message
    assert f"'{STREAM} (totals)'; make it in CXone without dimensions" in message
    assert "remove verify_totals, or set register to true" in message
