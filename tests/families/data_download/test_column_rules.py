"""Data download: rules of the user for columns, leading zeros, and what was requested in vain."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tap_cxone.errors import ConfigError, DecodeError
from tests.support.data_download import (
    ALL,
    BY,
    FLAG,
    QUARANTINE,
    SCORE,
    STREAM,
    download_settings,
    interaction,
    page,
    run_downloads,
    serve_pages,
)
from tests.support.expectations import failure
from tests.support.ids import readable


def reasons(out) -> list[str]:
    """Return why rows were quarantined."""
    return [record["reason"] for record in out.records(QUARANTINE)]


def run_rows(sim, clock, *rows: Any, entry: dict[str, Any] | None = None, **changes: Any):
    """Run a day that has these rows."""
    serve_pages(sim, page(*rows), page(*rows))
    return run_downloads(download_settings(sim, entry=entry, **{**ALL, **changes}), clock)


@pytest.mark.parametrize("text", ["0012", "-007", "00.5", "+01", " 0012"])
@pytest.mark.parametrize("column", ["duration", "metric"])
def test_number_with_leading_zeros_is_quarantined(sim, clock, column, text):
    """Leading zeros are those of an ID: the number without them would be another value."""
    changes = {"duration": text} if column == "duration" else {"customMetrics": {SCORE: text}}

    out = run_rows(sim, clock, interaction(0, **changes), interaction(1))

    assert out.error is None
    assert [record["interaction_id"] for record in out.records(STREAM)] == ["i1"]
    (reason,) = reasons(out)
    assert "leading zeros" in reason
    assert text.strip() not in reason


@pytest.mark.parametrize("text", ["0", "0.5", "-0.25", "0e1", "10"])
def test_number_without_leading_zeros_is_a_number(sim, clock, text):
    """A single zero before the point is no leading zero."""
    out = run_rows(sim, clock, interaction(0, duration=text))

    (record,) = out.records(STREAM)
    assert record["duration"] == float(text)


def test_declared_number_may_have_leading_zeros(sim, clock):
    """A column that the user declares as a number is read as one."""
    entry = {"columns": {"duration": {"type": "number"}}}

    out = run_rows(sim, clock, interaction(0, duration="0012"), entry=entry)

    (record,) = out.records(STREAM)
    assert record["duration"] == 12


def test_declared_string_keeps_its_zeros(sim, clock):
    """A custom metric that the user declares as a string is emitted as it came."""
    entry = {"columns": {SCORE: {"type": "string"}}}

    out = run_rows(sim, clock, interaction(0, customMetrics={SCORE: "0012"}), entry=entry)

    (record,) = out.records(STREAM)
    assert record[SCORE] == "0012"


@pytest.mark.parametrize(
    ("rule", "values", "reason"),
    [
        ({"precision": 2}, [1.234, 1.23], "at most 2 decimals"),
        ({"precision": 0}, [1.5, 2], "at most 0 decimals"),
        ({"required": True}, [None, 1], "a value is required"),
        ({"allowed": [1, 2.5]}, [3, 2.5], "one of 1, 2.5"),
    ],
    ids=readable,
)
def test_rule_of_the_user_quarantines_rows_that_break_it(sim, clock, rule, values, reason):
    """Precision, required and allowed values hold beside the catalogue's rules."""
    entry = {"columns": {"duration": rule}}
    rows = [interaction(n, duration=value) for n, value in enumerate(values)]

    out = run_rows(sim, clock, *rows, entry=entry)

    assert [record["interaction_id"] for record in out.records(STREAM)] == ["i1"]
    assert [reason in text for text in reasons(out)] == [True]


def test_required_metric_that_no_row_has_quarantines_all_rows(sim, clock):
    """A row without a required column is invalid, also if no row has the column."""
    entry = {"columns": {SCORE: {"required": True}}}

    out = run_rows(sim, clock, interaction(0), entry=entry)

    assert out.records(STREAM) == []
    (reason,) = reasons(out)
    assert SCORE in reason


@pytest.mark.parametrize("selected", ["*", "name"])
def test_metric_required_by_its_display_name_is_checked_by_its_id(sim, clock, selected):
    """A rule under the display name of a metric means the values under its ID in the rows."""
    name = BY[SCORE].name
    entry = {
        "custom_metrics": ["*" if selected == "*" else name],
        "columns": {name: {"required": True}},
    }
    rows = [interaction(0, customMetrics={SCORE: 0.5}), interaction(1, customMetrics={})]

    out = run_rows(sim, clock, *rows, entry=entry)

    assert [record["interaction_id"] for record in out.records(STREAM)] == ["i0"]
    (reason,) = reasons(out)
    assert SCORE in reason


@pytest.mark.parametrize("custom", [None, {}], ids=["null", "empty"])
def test_requested_metric_in_no_row_is_reported(sim, clock, caplog, audit_log, custom):
    """What was requested and did not come is a warning and an audit event, and null."""
    rows = [interaction(number, customMetrics=custom) for number in range(3)]
    entry = {"custom_metrics": [SCORE, FLAG]}

    out = run_rows(sim, clock, *rows, entry=entry, audit_log_path=str(audit_log))

    assert len(out.records(STREAM)) == 3
    (warning,) = [r.getMessage() for r in caplog.records if "requested, and in none of" in r.msg]
    assert f"in none of 3 rows: {SCORE}, {FLAG}" in warning
    events = map(json.loads, audit_log.read_text().splitlines())
    (event,) = [e for e in events if e["event"] == "requested_columns_absent"]
    assert (event["columns"], event["rows"]) == ([SCORE, FLAG], 3)


def test_requested_metric_that_is_null_in_a_row_came(sim, clock, caplog):
    """A null is an answer; only a key that is in no row is reported."""
    custom = {SCORE: None, FLAG: None}
    entry = {"custom_metrics": [SCORE, FLAG]}

    run_rows(sim, clock, interaction(0, customMetrics=custom), entry=entry)

    assert [r for r in caplog.records if "requested, and in none of" in r.msg] == []


@pytest.mark.parametrize("agent", ["007", None, ""], ids=["key", "null", "empty"])
def test_two_rows_of_one_group_are_an_error_that_names_them(sim, clock, agent):
    """Groups without a value are kept, but two rows under one key are not emitted."""
    entry = {"group_by": ["agentId"]}
    rows = [interaction(n, agentId=a, duration=n) for n, a in enumerate(["x", agent, "y", agent])]

    out = run_rows(sim, clock, *rows, entry=entry)

    error = failure(out)
    assert isinstance(error, DecodeError)
    assert "rows 2 and 4 have the same key (agent_id" in str(error)
    assert "group_by" in str(error)
    assert out.records(STREAM) == []


def test_group_without_a_value_is_kept(sim, clock):
    """One group without a value is a row like any other."""
    entry = {"group_by": ["agentId"]}

    out = run_rows(sim, clock, interaction(0), interaction(1, agentId=None), entry=entry)

    assert [record["agent_id"] for record in out.records(STREAM)] == ["007", ""]


def test_rule_of_a_display_name_holds(sim, clock):
    """A custom metric may be named by its display name, as in custom_metrics."""
    entry = {"columns": {BY[SCORE].name: {"allowed": [1]}}}

    out = run_rows(sim, clock, interaction(0, customMetrics={SCORE: 0.5}), entry=entry)

    (found,) = out.records(QUARANTINE)
    assert found["field"] == SCORE


def test_rule_of_no_column_is_a_setting_error(sim, clock):
    """A rule whose name is mistyped would never hold, so the stream fails and names it."""
    entry = {"columns": {"duratoin": {"required": True}}}

    out = run_rows(sim, clock, interaction(0), entry=entry)

    assert isinstance(failure(out), ConfigError)
    assert "columns has a rule for 'duratoin', which is not requested; did you mean 'duration'" in (
        str(failure(out))
    )
