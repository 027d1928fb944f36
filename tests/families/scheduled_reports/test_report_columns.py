"""Scheduled reports: rules of the user for columns, and metrics that no row has."""

from __future__ import annotations

import logging

import pytest

from tap_cxone.errors import DecodeError
from tests.support.expectations import failure, warnings_logged
from tests.support.scheduled_reports import (
    QUARANTINE,
    STREAM,
    answer,
    done,
    report_row,
    report_settings,
    run_reports,
)


@pytest.mark.parametrize("declared", [False, True], ids=["metric", "declared number"])
def test_report_metric_with_leading_zeros_needs_a_declaration(sim, clock, declared):
    """A number with leading zeros is quarantined, unless the user declares a number."""
    entry = {"columns": {"handleTime": {"type": "number"}}} if declared else {}
    answer(sim, "poll", done(report_row(handleTime="0012")))

    out = run_reports(report_settings(sim, entry=entry, max_invalid_ratio=1), clock)

    assert out.error is None
    assert [record["handle_time"] for record in out.records(STREAM)] == [12] * declared
    assert len(out.records(QUARANTINE)) == (not declared)


def test_rules_hold_for_the_rows_of_a_csv_file(simulate, clock):
    """Allowed values of a dimension hold for a report that comes as a file too."""
    sim = simulate(report_result="csv")
    agents = {row["agent_id"] for row in run_reports(report_settings(sim), clock).records(STREAM)}
    (allowed, *_) = sorted(agents)
    entry = {"columns": {"agentId": {"allowed": [allowed]}}}

    out = run_reports(report_settings(sim, entry=entry, max_invalid_ratio=1), clock)

    assert {record["agent_id"] for record in out.records(STREAM)} == {allowed}
    assert out.records(QUARANTINE)


def test_report_metric_in_no_row_is_reported_once(sim, clock, caplog):
    """Two days without a requested metric are one warning, and the metric is null."""
    row = report_row()
    del row["talkTime"]
    answer(sim, "poll", done(row), times=2)

    out = run_reports(report_settings(sim, 2), clock)

    assert [record["talk_time"] for record in out.records(STREAM)] == [None, None]
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    (warning,) = [r for r in warnings if "requested, and in none of" in r.msg]
    assert "in none of 1 rows: talk_time" in warning.getMessage()


def test_two_rows_of_one_report_group_fail_the_window(sim, clock):
    """The error names both rows and the setting, and no value of a row."""
    row = report_row(agentId="seventh")  # no job has this text in its ID
    answer(sim, "poll", done(row, {**row, "handleTime": 4}), times=9)

    out = run_reports(report_settings(sim), clock)

    assert isinstance(failure(out), DecodeError)
    assert "rows 1 and 2 have the same key (agent_id, queue_id" in str(failure(out))
    assert "grouping" in str(failure(out))
    assert "seventh" not in str(failure(out))


def test_rule_of_no_column_of_a_report_is_a_setting_error(sim, clock):
    """A rule for a metric that is not requested would never hold."""
    entry = {"columns": {"avgHandleTime": {"required": True}}}

    out = run_reports(report_settings(sim, entry=entry), clock)

    assert "columns has a rule for 'avgHandleTime', which is not requested" in str(failure(out))


@pytest.mark.parametrize(("order", "day"), [("day_first", "2026-11-05"), (None, "2026-05-11")])
def test_date_order_of_a_report_is_used(sim, clock, order, day):
    """A dimension that is declared a date is read in the order of its report."""
    entry = {"columns": {"agentName": {"type": "date"}}, "date_order": order}
    answer(sim, "poll", done(report_row(agentName="05/11/2026")))

    out = run_reports(report_settings(sim, entry=entry), clock)

    assert [record["agent_name"] for record in out.records(STREAM)] == [day]


def test_undecided_dates_of_a_report_name_its_setting(sim, clock, caplog):
    """The warning has the full path of `date_order`."""
    entry = {"columns": {"agentName": {"type": "date"}}}
    answer(sim, "poll", done(report_row(agentName="05/11/2026")))

    run_reports(report_settings(sim, entry=entry), clock)

    (warning,) = [text for text in warnings_logged(caplog) if "shows its order" in text]
    assert warning.endswith(f"set scheduled_reports.reports, entry '{STREAM}', date_order")


def test_invalid_rows_of_a_report_name_its_columns(sim, clock):
    """The error has the full path of the setting that gives a type."""
    answer(sim, "poll", done(report_row(handleTime="many")), times=9)

    out = run_reports(report_settings(sim, max_invalid_rows_free=0), clock)

    assert str(failure(out)).endswith(f"scheduled_reports.reports, entry '{STREAM}', columns")
