"""Observability: refusals in other words than those of the tutorial."""

from __future__ import annotations

import json

import pytest

from tap_cxone.errors import HistoryRefused, QuotaRefused
from tap_cxone.families.observability.refusals import classify_error, stated_ages
from tap_cxone.simulator import Fault
from tests.support.observability import (
    GR,
    OTHER_GR,
    PATHS,
    months,
    quota_settings,
    run_tables,
    submitted_days,
    table_settings,
)
from tests.support.observability import submitted_tables as tables_of
from tests.support.requests import submits

HISTORY = {
    "Export date range cannot be more than 4 months ago": [{"months": 4}],
    "Start date cannot be more than four months ago": [{"months": 4}],
    "startDate must not be more than 120 days ago": [{"days": 120}],
    "Data older than 4 months is not available": [{"months": 4}],
    "Dates earlier than 16 weeks are not supported": [{"weeks": 16}],
    "Only the last 90 days can be exported": [{"days": 90}],
    "Data is kept for the past twelve months": [{"months": 12}],
    "The start date is 130 days in the past, the limit is 120 days": [{"days": 130}, {"days": 120}],
    "The date range is too far in the past": [],
    "The dates are outside the retention period": [],
}
QUOTA = [
    "Too many exports in the last 24 hours",
    "Limit of 3 exports within 24 hours exceeded",
    "Only three exports per 24 hours are allowed",
    "Maximum of 3 exports reached",
    "Daily export limit reached",
    "You have reached the maximum number of exports for 24 hours",
    "Export quota exceeded",
    "You cannot request more than 3 exports a day",
]
OTHER = [
    "Export date range cannot be longer than 4 months",
    "Export date range exceeds the limit of 31 days",
    "Exports of this table are not allowed",
    "dateRange.endDate must be before now",
    "Invalid filter Team",
]
NO_TABLE = [
    "Unrecognized table 'AutopilotKnowledge/GRTable'",
    "Table GRTable is not supported for this tenant",
    "Invalid table name: GRTable",
    "The table AutopilotKnowledge/GRTable does not exist",
    "Table doesn't exist",
    "Unsupported dashboard namespace AutopilotKnowledge",
    "Table could not be found",
    "table is not available",
]


@pytest.mark.parametrize("text", HISTORY)
def test_refused_history_is_recognised_in_other_words(text):
    """A start too long ago may be named in days, in words, or without a number."""
    assert classify_error(400, text) is HistoryRefused
    assert stated_ages(text) == HISTORY[text]


@pytest.mark.parametrize("text", QUOTA)
def test_refused_quota_is_recognised_in_other_words(text):
    """A used quota may be named in many ways."""
    assert classify_error(400, text) is QuotaRefused


@pytest.mark.parametrize("text", OTHER)
def test_other_refusal_is_neither_quota_nor_history(text):
    """A range that is too long, or a table that may not be exported, is an error."""
    assert classify_error(400, text) is None


@pytest.mark.ci
@pytest.mark.parametrize(
    ("words", "start"),
    [
        ("Start date cannot be more than two months ago", "2026-01-21"),
        ("Data older than 60 days is not available", "2026-01-20"),
        ("The start is 109 days ago; the limit is 60 days", "2026-01-20"),
    ],
)
def test_history_refused_in_other_words_moves_the_start_at_once(simulate, clock, words, start):
    """The age in the text is tried next, not each day up to it."""
    body = json.dumps({"message": words})
    sim = simulate()
    sim.faults.add(Fault("submit", "status", status=400, body=body))

    out = run_tables(months(sim, "2025-12-01T00:00:00Z"), clock)

    assert out.error is None
    assert submitted_days(sim)[:2] == ["2025-12-01", start]


def test_quota_refused_in_other_words_stops_the_stream(sim, clock):
    """A used quota is no failure, and costs no second request."""
    body = json.dumps({"message": "Limit of 3 exports within 24 hours exceeded"})
    sim.faults.add(Fault("submit", "status", status=400, body=body, times=99))

    out = run_tables(quota_settings(sim, "2026-03-17T00:00:00Z"), clock)

    assert out.error is None
    assert len(submits(sim)) == 1


@pytest.mark.parametrize("text", NO_TABLE)
def test_table_that_is_unknown_in_other_words_is_followed_by_the_other(simulate, clock, text):
    """The second name is tried, whatever words the API has for a missing table."""
    sim = simulate(gr_namespace="autopilot")
    sim.faults.add(Fault("submit", "status", status=400, body=json.dumps({"message": text})))

    out = run_tables(table_settings(sim), clock, GR)

    assert out.error is None
    assert tables_of(sim) == [PATHS[GR], OTHER_GR]


def test_other_400_of_a_table_is_final(sim, clock):
    """A wrong filter is no unknown table."""
    sim.faults.add(Fault("submit", "status", status=400, body='{"message": "Invalid filter Team"}'))

    out = run_tables(table_settings(sim), clock, GR)

    assert isinstance(out.error, Exception)
    assert tables_of(sim) == [PATHS[GR]]
