"""Observability: submit bodies and windows."""

from __future__ import annotations

from collections import Counter
from zoneinfo import ZoneInfo

import pytest

from tests.support.ids import readable
from tests.support.observability import (
    AQ,
    AS,
    BASE,
    DAYS,
    GR,
    KB,
    PATHS,
    cells,
    named,
    run_tables,
    table_settings,
)
from tests.support.requests import json_body, submits

DATES = {"startDate": "2026-03-16T00:00:00.000Z", "endDate": "2026-03-17T23:59:59.999Z"}


@pytest.mark.parametrize(
    ("stream", "rest"),
    [
        (
            KB,
            {
                "channels": [],
                "filters": {"Team": [], "Skill": [], "CopilotProfileId": [], "AgentNumber": []},
            },
        ),
        (
            AS,
            {
                "channels": [],
                "filters": {"Team": [], "Skill": [], "CopilotProfileId": [], "AgentNumber": []},
            },
        ),
        (AQ, {"filters": {"CopilotProfileId": [], "AgentNumber": []}}),
        (GR, {}),
    ],
    ids=readable,
)
def test_table_submit_has_dates_zone_and_filters(sim, clock, stream, rest):
    """A submit holds the dates, the zone, and of channels and filters what the table takes."""
    run_tables(table_settings(sim), clock, stream)

    (post,) = submits(sim)
    assert post.method == "POST"
    assert post.path == f"{BASE}/{PATHS[stream]}/export-data"
    assert post.headers["content-type"] == "application/json"
    assert post.headers["authorization"].startswith("Bearer sim-access-token-")
    assert json_body(post) == {"dateRange": DATES, "timeZone": "UTC", **rest}


@pytest.mark.parametrize("stream", [KB, AS])
def test_channels_and_filters(sim, clock, stream):
    """Channels and the four filters are sent as they are set."""
    wanted = {
        "channels": ["digital", "voice"],
        "filters": {
            "Team": ["Support Team A"],
            "Skill": ["Technical Support", "Billing"],
            "CopilotProfileId": ["profile-abc123"],
            "AgentNumber": ["12345"],
        },
    }

    run_tables(table_settings(sim, tables=[PATHS[stream]], **wanted), clock, stream)

    assert json_body(submits(sim)[0]) == {"dateRange": DATES, "timeZone": "UTC", **wanted}


def test_filters_of_questions(sim, clock):
    """The table of questions takes a profile and an agent."""
    wanted = {"CopilotProfileId": ["profile-abc123"], "AgentNumber": ["12345"]}

    run_tables(table_settings(sim, tables=[PATHS[AQ]], filters=wanted), clock, AQ)

    assert json_body(submits(sim)[0]) == {"dateRange": DATES, "timeZone": "UTC", "filters": wanted}


@pytest.mark.parametrize(
    ("narrowed", "column", "value"),
    [
        ({"channels": ["voice"]}, "Channel", "voice"),
        ({"filters": {"Team": ["Billing, Night"]}}, "Team", "Billing, Night"),
        ({"filters": {"CopilotProfileId": ["profile-0b42"]}}, "Copilot Profile ID", "profile-0b42"),
    ],
    ids=readable,
)
def test_narrowed_rows(simulate, clock, narrowed, column, value):
    """A channel or a filter gives its rows and no others."""
    sim = simulate(rows_per_day=40)

    out = run_tables(table_settings(sim, tables=[PATHS[KB]], **narrowed), clock)

    rows = [row for row in sim.expected_rows(PATHS[KB], *DAYS) if row[column] == value]
    assert 0 < len(rows) < 80
    assert cells(out.records(KB)) == [named(row) for row in rows]


def test_end_inside_a_day(sim, clock):
    """The last window ends half an hour ago; the last millisecond before that is requested."""
    config = table_settings(sim) | {"start_date": "2026-03-19T00:00:00Z", "end_date": None}

    out = run_tables(config, clock)

    assert json_body(submits(sim)[0])["dateRange"] == {
        "startDate": "2026-03-19T00:00:00.000Z",
        "endDate": "2026-03-20T11:29:59.999Z",
    }
    assert out.bookmark(KB) == "2026-03-20T11:30:00+00:00"


@pytest.mark.ci
def test_start_inside_a_day(sim, clock):
    """Windows begin at midnight, whatever the time in `start_date`."""
    run_tables(table_settings(sim) | {"start_date": "2026-03-16T17:45:00+02:00"}, clock)

    assert json_body(submits(sim)[0])["dateRange"] == DATES


@pytest.mark.ci
def test_windows_of_a_month(sim, clock):
    """A window has 31 days by default, and none overlaps with another or leaves a gap."""
    config = table_settings(sim) | {"start_date": "2026-01-01T00:00:00Z"}

    run_tables(config, clock)

    assert [json_body(post)["dateRange"] for post in submits(sim)] == [
        {"startDate": "2026-01-01T00:00:00.000Z", "endDate": "2026-01-31T23:59:59.999Z"},
        {"startDate": "2026-02-01T00:00:00.000Z", "endDate": "2026-03-03T23:59:59.999Z"},
        {"startDate": "2026-03-04T00:00:00.000Z", "endDate": "2026-03-17T23:59:59.999Z"},
    ]


def test_window_days(sim, clock):
    """`window_days` sets the days of a window."""
    out = run_tables(table_settings(sim, window_days=1), clock)

    assert [json_body(post)["dateRange"]["startDate"] for post in submits(sim)] == [
        "2026-03-16T00:00:00.000Z",
        "2026-03-17T00:00:00.000Z",
    ]
    assert Counter(record["_window_end"] for record in out.records(KB)) == {
        "2026-03-17T00:00:00+00:00": 12,
        "2026-03-18T00:00:00+00:00": 12,
    }


def test_time_zone(sim, clock):
    """`timezone` is sent; dates of rows are shown in it, the window stays in UTC."""
    out = run_tables(table_settings(sim) | {"timezone": "America/New_York"}, clock)

    rows = sim.expected_rows(PATHS[KB], *DAYS, zone=ZoneInfo("America/New_York"))
    assert json_body(submits(sim)[0])["timeZone"] == "America/New_York"
    assert json_body(submits(sim)[0])["dateRange"] == DATES
    assert [record["date"] for record in out.records(KB)] == [row["Date"] for row in rows]
