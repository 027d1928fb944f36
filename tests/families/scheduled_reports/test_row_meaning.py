"""Scheduled reports: settings that change the meaning of the rows after the bookmark."""

from __future__ import annotations

import json

import pytest

from tests.support.expectations import row_meaning_warnings
from tests.support.scheduled_reports import METRICS, STREAM, report_settings, run_reports

REPORT_CHANGES = {
    "metrics": ["handleTime"],
    "filters": [{"dimension": "agentId", "values": ["000012"]}],
    "grouping": ["agentId"],
}


@pytest.mark.parametrize("setting", REPORT_CHANGES)
def test_report_changed_after_the_bookmark_is_reported_once(sim, clock, caplog, audit_log, setting):
    """A warning and an audit event name the setting; the run that committed it is the last."""
    path, entry = str(audit_log), {setting: REPORT_CHANGES[setting]}
    state = run_reports(report_settings(sim), clock).state
    for number in (2, 3):
        config = report_settings(sim, number, entry=entry, audit_log_path=path)
        out = run_reports(config, clock, state=state)
        assert out.error is None
        state = out.state

    events = [json.loads(line) for line in audit_log.read_text().splitlines()]
    assert [e["settings"] for e in events if e["event"] == "row_meaning_changed"] == [[setting]]
    (warning,) = row_meaning_warnings(caplog)
    assert f"{STREAM}: {setting} changed after the bookmark 2026-03-16" in warning


def test_order_of_metrics_is_no_change_of_meaning(sim, clock, caplog):
    """The same metrics in another order give the same rows."""
    metrics = list(METRICS)
    first = run_reports(report_settings(sim, entry={"metrics": metrics}), clock)

    config = report_settings(sim, 2, entry={"metrics": metrics[::-1]})
    run_reports(config, clock, state=first.state)

    assert row_meaning_warnings(caplog) == []


def test_order_of_a_filter_is_no_change_of_meaning(sim, clock, caplog):
    """The values of a filter, and filters themselves, in another order select the same rows."""
    filters = [
        {"dimension": "queueId", "values": ["q_0a17", "q_0b42"], "operator": "notIn"},
        {"dimension": "agentId", "values": ["x"], "operator": "notIn"},
    ]
    reversed_filters = [{**one, "values": one["values"][::-1]} for one in filters[::-1]]
    first = run_reports(report_settings(sim, entry={"filters": filters}), clock)

    out = run_reports(
        report_settings(sim, 2, entry={"filters": reversed_filters}), clock, state=first.state
    )

    assert out.error is None
    assert row_meaning_warnings(caplog) == []
