"""Settings that change what the rows of a stream mean, after the bookmark."""

from __future__ import annotations

import json

import pytest

from tests.support import analytics_exports, data_download, scheduled_reports
from tests.support.analytics_exports import changed_export_settings, run_exports
from tests.support.data_download import download_settings, run_downloads
from tests.support.observability import KB, run_tables, table_settings
from tests.support.scheduled_reports import report_settings, run_reports

TEXT = "have two meanings"


def warnings_of(caplog):
    """Return the warnings about changed settings."""
    return [r.getMessage() for r in caplog.records if TEXT in r.getMessage()]


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
    (warning,) = warnings_of(caplog)
    assert f"{scheduled_reports.STREAM}: {setting} changed after the bookmark 2026-03-16" in warning


@pytest.mark.parametrize(
    ("entry", "setting"),
    [
        ({"group": {"type": "queue", "id": "q_0a17"}}, "group"),
        ({"group_by": ["interactionId"]}, "group_by"),
        ({"metrics": ["duration"]}, "metrics"),
    ],
    ids=["group", "group_by", "metrics"],
)
def test_download_changed_after_the_bookmark_is_reported(sim, clock, caplog, entry, setting):
    """A warning names the setting and the choice."""
    first = run_downloads(download_settings(sim), clock)

    second = run_downloads(download_settings(sim, 2, entry=entry), clock, state=first.state)

    assert second.error is None
    (warning,) = warnings_of(caplog)
    assert f"{data_download.STREAM}: {setting} changed after the bookmark" in warning
    assert "start_date" in warning
    assert "another name" in warning


def test_order_of_metrics_is_no_change_of_meaning(sim, clock, caplog):
    """The same metrics in another order give the same rows."""
    metrics = list(scheduled_reports.METRICS)
    first = run_reports(report_settings(sim, entry={"metrics": metrics}), clock)

    config = report_settings(sim, 2, entry={"metrics": metrics[::-1]})
    run_reports(config, clock, state=first.state)

    assert warnings_of(caplog) == []


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
    assert warnings_of(caplog) == []


def test_export_with_another_filter_is_reported(sim, clock, caplog):
    """An export whose filter changed after the bookmark has rows of two meanings."""
    first = run_exports(changed_export_settings(sim), clock)

    config = changed_export_settings(sim, 2, filter="type eq 'voice'")
    run_exports(config, clock, state=first.state)

    (warning,) = warnings_of(caplog)
    assert f"{analytics_exports.STREAM}: filter changed after the bookmark" in warning


def test_dashboard_table_that_gets_a_filter_is_reported(sim, clock, caplog):
    """A table that was exported without filters, and has one later, has rows of two meanings."""
    first = run_tables(table_settings(sim), clock)

    config = {**table_settings(sim, filters={"AgentNumber": ["7"]}), "end_date": "2026-03-19"}
    run_tables(config, clock, state=first.state)

    (warning,) = warnings_of(caplog)
    assert f"{KB}: filters changed after the bookmark" in warning
