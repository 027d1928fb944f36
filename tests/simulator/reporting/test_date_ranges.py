"""Lists of a date range in the reporting API: what is refused, and pending intervals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

BASE = "/inContactAPI/services/v34.0"
DATES = {"startDate": "2026-01-30T00:00:00Z", "endDate": "2026-01-31T00:00:00Z"}
SIX_HOURS = {"startDate": "2026-01-30T06:00:00Z", "endDate": "2026-01-30T12:00:00Z"}


def get_list(sim, path, query):
    """Return the response to a request for a list."""
    return sim.call("GET", f"{BASE}/{path}", params=query)


@pytest.mark.parametrize(
    ("path", "changes", "text"),
    [
        ("agents/performance", {"endDate": ""}, "Invalid endDate"),
        ("agents/performance", {"endDate": "2026-01-31T00:00:00+00:00"}, "Invalid endDate"),
        ("agents/performance", {"endDate": "2026-01-29T00:00:00Z"}, "Invalid DateRange"),
        ("teams/performance-total", {"endDate": "2026-01-31T00:10:00Z"}, "quarter of an hour"),
        ("agents/performance", {"endDate": "2026-01-31T12:00:00Z"}, "15 minutes ago"),
        ("skills/summary", {"startDate": "2025-12-31T00:00:00Z"}, "must not exceed 30 days"),
        ("wfm-data/agents", {"startDate": "2026-01-16T00:00:00Z"}, "must not exceed 14 days"),
        ("wfm-data/skills/contacts", {}, "must not exceed 6:00:00"),
        ("wfm-data/agents/schedule-adherence", {}, "must not exceed 0:05:00"),
        ("wfm-data/skills/contacts", SIX_HOURS, "mediaTypeId is missing"),
    ],
    ids=[
        *("no end", "offset", "end before start", "off the grid", "fresh", "31 days"),
        *("15 days", "a day", "a day of states", "no media type"),
    ],
)
def test_date_range_outside_the_rules_is_refused(sim, path, changes, text):
    """The API refuses a date range that its documents exclude, and says why."""
    response = get_list(sim, path, DATES | changes)

    assert response.status_code == 400
    assert text in response.json()["error_description"]


def test_pending_interval_becomes_ready(sim_call):
    """The first requests for WFM figures get 409, and then the interval is ready."""
    sim = sim_call(pending_intervals=2)
    query = SIX_HOURS | {"mediaTypeId": "1"}

    statuses = [get_list(sim, "wfm-data/skills/contacts", query).status_code for _ in range(3)]

    assert statuses == [409, 409, 200]


def test_aggregates_of_a_day_are_the_sums_of_its_quarters(sim):
    """The talk time of an agent in a day is that of all quarters of an hour."""
    rows = sim.simulator.expected_rows
    day, quarters = (
        [
            row
            for start, end in ranges
            for row in rows("agents/performance", start, end)
            if row["agentId"] == 1001
        ]
        for ranges in _ranges()
    )

    assert day[0]["totalHandled"] == sum(row["totalHandled"] for row in quarters) > 1


def _ranges():
    midnight, quarter = datetime(2026, 1, 30, tzinfo=UTC), timedelta(minutes=15)
    quarters = [(midnight + n * quarter, midnight + (n + 1) * quarter) for n in range(96)]
    return [(midnight, midnight + timedelta(days=1))], quarters
