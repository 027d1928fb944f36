"""WFM data: the longest windows, media types, pending intervals, spellings, and costs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tap_cxone.cli.plan_report import plan_lines
from tap_cxone.errors import ConfigError
from tap_cxone.families.reporting.period_tables import WFM
from tap_cxone.simulator import Fault
from tap_cxone.tap import TapCXone
from tests.support.reporting import (
    JSON,
    date_ranges,
    listed_as,
    lists_of,
    reporting_settings,
    run_reporting,
)
from tests.support.run import select
from tests.support.scene import fits, snake

FIRST = datetime(2026, 3, 18, tzinfo=UTC)
DAY = timedelta(days=1)
CONTACTS_BY_SKILL = "wfm_skills_contacts"
CONTACTS_PATH = "/wfm-data/skills/contacts"
OLD_NAMES = {"agent_no": "agent_id", "team_no": "team_id", "total_acwtime": "total_acw_time"}
ONE_TYPE = {"wfm_media_types": [1]}
EACH_TABLE = pytest.mark.parametrize("table", WFM, ids=lambda table: table.name)
LONGEST = {
    "wfm_agents": timedelta(days=14),
    "wfm_skills_contacts": timedelta(hours=6),
    "wfm_skills_dialer_contacts": timedelta(hours=1),
    "wfm_skills_agent_performance": timedelta(days=1),
    "wfm_agents_schedule_adherence": timedelta(minutes=5),
    "wfm_agents_scorecards": timedelta(days=1),
}
"""Stream → longest window that the API allows, or that a public client requests."""
CALLS_OF_14_DAYS = {
    "wfm_agents": 1,
    "wfm_skills_contacts": 14 * 4 * 7,
    "wfm_skills_dialer_contacts": 14 * 24 * 7,
    "wfm_skills_agent_performance": 14,
    "wfm_agents_schedule_adherence": 14 * 288,
    "wfm_agents_scorecards": 14,
}


def present_names(row):
    """Return a row of the API with the names of columns."""
    columns = {snake(name): value for name, value in row.items()}
    return {OLD_NAMES.get(name, name): value for name, value in columns.items()}


def lengths_of(sim, path):
    """Return the lengths of the requested date ranges."""
    ranges = [tuple(map(datetime.fromisoformat, dates)) for dates in date_ranges(sim, path)]
    return [end - start for start, end in ranges]


@pytest.mark.ci
@pytest.mark.parametrize("generation", ["new", "old"])
@EACH_TABLE
def test_wfm_rows_of_a_generation_are_complete(simulate, clock, table, generation):
    """Every row comes once, with its values, whatever names and texts it is sent with."""
    sim = simulate(rows_per_day=48, reporting_generation=generation)
    end = FIRST + (DAY if LONGEST[table.name] >= DAY else timedelta(hours=2))
    config = reporting_settings(sim, start_date=FIRST.isoformat(), end_date=end.isoformat())

    out = run_reporting(config, clock, table.name)

    rows = sim.expected_rows(table.path[1:], FIRST, end)
    found = out.records(table.name)
    said = [
        [r for r in found if all(fits(v, r[n]) for n, v in present_names(row).items())]
        for row in rows
    ]
    assert out.error is None
    assert sim.limit_violations == 0
    assert len(found) == len(rows) > 0
    assert all(said)


@EACH_TABLE
def test_wfm_windows_are_as_long_as_allowed(sim, clock, table):
    """No window is longer than the API allows, and all but the last one are as long."""
    start = clock.now() - 2 * LONGEST[table.name] - timedelta(hours=1)
    config = reporting_settings(sim, ONE_TYPE, start_date=start.isoformat())

    out = run_reporting(config, clock, table.name)

    *full, _ = lengths_of(sim, table.path)
    assert out.error is None
    assert set(full) == {LONGEST[table.name]}
    assert sim.limit_violations == 0


def test_wfm_rows_of_an_api_that_ignores_media_types_name_the_setting(sim, clock):
    """Each request returns the rows of all types, and one request without a type is right."""
    row = {"skillId": 1, "mediaTypeId": 4, "intervalStartDate": FIRST.isoformat()}
    sim.faults.add(*[listed_as({"contactStats": [row]})] * 4)
    end = {"start_date": FIRST.isoformat(), "end_date": (FIRST + DAY / 4).isoformat()}
    config = reporting_settings(sim, {"wfm_media_types": [1, 4]}, **end)

    out = run_reporting(config, clock, CONTACTS_BY_SKILL)

    assert out.records(CONTACTS_BY_SKILL) == []
    assert "set reporting.wfm_media_types to []" in str(out.error)


@pytest.mark.ci
@EACH_TABLE
def test_wfm_plan_shows_the_calls(sim, clock, table):
    """`--plan` counts a call for each window and media type, and sends no request."""
    config = reporting_settings(sim, start_date="2026-03-01T00:00Z", end_date="2026-03-15T00:00Z")
    tap = TapCXone(config=config, clock=clock, catalog=select(config, table.name))

    (plan,) = tap.plans()
    line, total, *_ = plan_lines(plan)

    calls = CALLS_OF_14_DAYS[table.name]
    assert f"{calls} call{'s' * (calls > 1)} needed" in line
    assert f"{calls} call" in total
    assert sim.requests == []


@EACH_TABLE
def test_wfm_plan_advises_of_more_than_a_thousand_calls(sim, clock, table):
    """`--plan` names a stream that needs many calls, with those of a day and what to change."""
    config = reporting_settings(sim, start_date="2026-03-01T00:00Z", end_date="2026-03-15T00:00Z")
    tap = TapCXone(config=config, clock=clock, catalog=select(config, table.name))

    (plan,) = tap.plans()

    advice = [text for text in plan.advice if text.startswith(table.name)]
    calls = CALLS_OF_14_DAYS[table.name]
    assert len(advice) == (calls > 1000)
    for text in advice:
        assert f"{calls} calls, about {calls // 14} a day" in text
        assert "set start_date to a later day, or deselect the stream" in text


@EACH_TABLE
def test_wfm_window_without_rows_moves_the_bookmark(simulate, clock, table):
    """204 without a body is a window without rows."""
    sim = simulate(rows_per_day=0)
    start = clock.now() - LONGEST[table.name] - timedelta(hours=1)
    config = reporting_settings(sim, ONE_TYPE, start_date=start.isoformat())

    out = run_reporting(config, clock, table.name)

    assert {seen.status for seen in lists_of(sim, table.path)} == {204}
    assert out.error is None
    assert str(out.bookmark(table.name)) >= "2026-03-20T00:00:00+00:00"


# Intervals


def test_interval_that_is_pending_is_waited_for(simulate, clock):
    """A 409 for figures that are not ready is repeated, with growing delays."""
    sim = simulate(pending_intervals=3)
    config = reporting_settings(sim, ONE_TYPE, start_date="2026-03-20T06:00:00Z")

    out = run_reporting(config, clock, CONTACTS_BY_SKILL)

    assert out.error is None
    assert [seen.status for seen in lists_of(sim, CONTACTS_PATH)] == [409, 409, 409, 200]
    assert len(clock.slept) == 3


@pytest.mark.parametrize("where", ["body", "header"])
def test_interval_that_stays_pending_fails_with_a_remedy(simulate, clock, where):
    """After `throttle_timeout_minutes` the stream fails, and the error says what to change."""
    sim = simulate(pending_intervals=1000, reporting_errors=where)
    config = reporting_settings(sim, ONE_TYPE, start_date="2026-03-20T06:00:00Z")

    out = run_reporting(config, clock, CONTACTS_BY_SKILL)

    assert "Interval data pending" in str(out.error)
    assert "raise settle_minutes of the family" in str(out.error)
    assert out.bookmark(CONTACTS_BY_SKILL) is None


def test_pending_interval_is_recognised_by_the_header_beside_a_body(sim, clock):
    """The body of a 409 may have a general word only, and the header the reason."""
    headers = (*JSON, ("icStatusDescription", "Interval data pending"))
    body = '{"error": "conflict"}'
    sim.faults.add(Fault("page", "status", status=409, body=body, headers=headers, times=10**6))
    config = reporting_settings(sim, ONE_TYPE, start_date="2026-03-20T06:00:00Z")

    out = run_reporting(config, clock, CONTACTS_BY_SKILL)

    assert "raise settle_minutes of the family" in str(out.error)


@pytest.mark.ci
def test_last_interval_ends_on_a_half_hour(sim, clock):
    """A window that is not over is read to the last half hour, and again as a whole."""
    clock.instant += timedelta(minutes=17)
    config = reporting_settings(sim, ONE_TYPE, start_date="2026-03-20T06:00:00Z")
    first = run_reporting(config, clock, CONTACTS_BY_SKILL)
    clock.instant += timedelta(hours=1)

    run_reporting(config, clock, CONTACTS_BY_SKILL, state=first.state)

    assert date_ranges(sim, CONTACTS_PATH) == [
        ("2026-03-20T06:00:00Z", "2026-03-20T11:30:00Z"),
        ("2026-03-20T06:00:00Z", "2026-03-20T12:00:00Z"),
        ("2026-03-20T12:00:00Z", "2026-03-20T12:30:00Z"),
    ]


def test_half_hour_of_each_day_has_a_key_of_its_own(sim, clock):
    """`halfHour` may be a number within a day, so the key has the window too."""
    out = run_reporting(reporting_settings(sim), clock, "wfm_skills_agent_performance")

    keys = ("skill_id", "agent_id", "half_hour", "_window_start")
    (schema,) = out.of("SCHEMA", "wfm_skills_agent_performance")
    assert tuple(schema["key_properties"]) == keys


# Media types


@pytest.mark.parametrize(
    ("own", "sent"),
    [
        ({}, ["1", "3", "4", "5", "6", "7", "8"]),
        (ONE_TYPE, ["1"]),
        ({"wfm_media_types": []}, [None]),
    ],
    ids=["default", "one", "none"],
)
@pytest.mark.parametrize(
    "stream", [CONTACTS_BY_SKILL, "wfm_skills_dialer_contacts"], ids=["contacts", "dialer"]
)
def test_media_types_of_a_window_are_requested_one_by_one(sim, clock, stream, own, sent):
    """Each media type of the settings is a request; without any, one request names none."""
    (table,) = (table for table in WFM if table.name == stream)
    config = reporting_settings(sim, own, start_date="2026-03-20T11:00:00Z")
    config |= {"end_date": "2026-03-20T11:30:00Z"}

    run_reporting(config, clock, stream)

    assert [seen.query.get("mediaTypeId") for seen in lists_of(sim, table.path)] == sent


def test_unknown_media_type_is_named(sim):
    """A media type that the API does not have is an error before any request."""
    with pytest.raises(ConfigError, match=r"reporting\.wfm_media_types"):
        TapCXone(config=reporting_settings(sim, {"wfm_media_types": [2]}))

    assert sim.requests == []


# Responses


@pytest.mark.parametrize(
    "body",
    [
        {"intervalStartDate": "2026-03-20T11:00:00Z", "skillId": "1,501", "totalContacts": 2},
        {"resultSet": {"contactStats": [{"intervalStartDate": "2026-03-20", "skillId": 1501}]}},
        [{"intervalStartDate": "3/20/2026 11:00:00", "skillId": 1501}],
    ],
    ids=["bare row", "wrapped list", "bare list"],
)
def test_wfm_response_of_any_shape_is_read(sim, clock, body):
    """A row alone, a list in `resultSet` and a bare list are all accepted."""
    sim.faults.add(listed_as(body))
    config = reporting_settings(sim, ONE_TYPE, start_date="2026-03-20T06:00:00Z")

    out = run_reporting(config, clock, CONTACTS_BY_SKILL)

    assert out.error is None
    assert [r["skill_id"] for r in out.records(CONTACTS_BY_SKILL)] == [1501]


def test_wfm_response_without_a_list_fails(sim, clock):
    """An object that is neither a list nor a row is no window without rows."""
    sim.faults.add(listed_as({"status": "ok"}))
    config = reporting_settings(sim, ONE_TYPE, start_date="2026-03-20T06:00:00Z")

    out = run_reporting(config, clock, CONTACTS_BY_SKILL)

    assert "has no list contactStats of objects" in str(out.error)


def test_refused_wfm_request_shows_the_text_of_the_header(simulate, clock):
    """The text of a refusal is in the error, also if only `icStatusDescription` has it."""
    sim = simulate(reporting_errors="header", forbidden=frozenset({"wfm-data/agents"}))

    out = run_reporting(reporting_settings(sim), clock, "wfm_agents")

    assert "The security profile does not allow this request" in str(out.error)


def test_wfm_token_that_expired_is_renewed(sim, clock):
    """A 401 in the middle of a run leads to one login, and the request is repeated."""
    body = json.dumps({"error": "invalid_token"})
    sim.faults.add(Fault("page", "status", status=401, body=body, after=2))

    out = run_reporting(reporting_settings(sim), clock, "wfm_skills_agent_performance")

    assert out.error is None
    assert [s.status for s in lists_of(sim, "/wfm-data/skills/agent-performance")].count(401) == 1
