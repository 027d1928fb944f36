"""Scheduled reports: the registered schedule of each report."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tap_cxone.errors import ApiError
from tap_cxone.simulator import Fault
from tests.support.expectations import failure
from tests.support.ids import readable
from tests.support.requests import json_body, submits
from tests.support.scheduled_reports import (
    DAY,
    METRICS,
    OTHER,
    QUEUES,
    SCHEDULES,
    START,
    STREAM,
    answer,
    definition,
    figures,
    registrations,
    report_settings,
    run_reports,
    schedule_listings,
    sums,
    updates,
    whole,
)


def test_definition(sim, clock):
    """What is registered is the report, in UTC, over a relative range, to be fetched by the API."""
    assert run_reports(report_settings(sim), clock).error is None

    assert [json_body(seen) for seen in registrations(sim)] == [definition()]


@pytest.mark.parametrize("value", ["previousDay", "previousWeek"])
def test_definition_as_the_api_writes_it_is_registered(sim, clock, value):
    """A schedule in UTC and a relative range are accepted and registered as they are written."""
    entry = {
        "schedule": {"type": "daily", "time": "02:00", "timezone": "UTC"},
        "dateRange": {"type": "relative", "value": value},
    }

    assert run_reports(report_settings(sim, entry=entry), clock).error is None

    (posted,) = map(json_body, registrations(sim))
    assert posted["schedule"] == entry["schedule"]
    assert posted["report"]["dateRange"] == entry["dateRange"]


@pytest.mark.parametrize("zone", ["UTC", "Etc/UTC", "Z", "GMT", "utc", "UTC+0", "+00:00"])
def test_schedule_in_utc_is_accepted_under_any_name(sim, clock, zone):
    """The zone of a schedule may be written in another way; the API gets its usual name."""
    schedule = {"type": "daily", "time": "02:00", "timezone": zone}

    assert run_reports(report_settings(sim, entry={"schedule": schedule}), clock).error is None

    (posted,) = map(json_body, registrations(sim))
    assert posted["schedule"] == {**schedule, "timezone": "UTC"}


def test_definition_in_full(sim, clock):
    """Type, time, filters and grouping are registered as they are configured."""
    filters = [
        {"dimension": "queueId", "values": ["q_0a17", "q_0b42"], "operator": "notIn"},
        {"dimension": "agentId", "values": ["000012"]},
        {"dimension": "status", "operator": "eq", "values": ["busy"]},
    ]
    entry = {"filters": filters, "schedule": {"type": "weekly", "time": "23:59"}}

    assert run_reports(report_settings(sim, entry=entry), clock).error is None

    (posted,) = map(json_body, registrations(sim))
    assert posted["schedule"] == {"type": "weekly", "time": "23:59", "timezone": "UTC"}
    assert posted["report"]["filters"] == [
        filters[0],
        {**filters[1], "operator": "in"},
        filters[2],
    ]


@pytest.mark.some(5)
@pytest.mark.parametrize("name_filter", ["exact", "contains", "ignored"])
@pytest.mark.parametrize("shape", ["list", "entities", "schedules"])
@pytest.mark.parametrize("key", ["scheduleId", "id"])
def test_found_again(simulate, clock, name_filter, shape, key):
    """A schedule that is there as it should be is used, among others with similar names."""
    sim = simulate(name_filter=name_filter, schedules_shape=shape, schedule_id_key=key)
    for name in (f"{STREAM}_2", f"my_{STREAM}", STREAM.upper(), "x"):
        sim.add_schedule(definition(name, metrics=["talkTime"]))

    outs = [run_reports(report_settings(sim), clock) for _ in range(2)]

    own = [one for one in sim.schedules if one.name == STREAM]
    assert all(whole(out, sim) for out in outs)
    assert [one.versions for one in own] == [1]
    assert (len(sim.schedules), len(registrations(sim)), len(updates(sim))) == (5, 1, 0)
    assert {one.schedule_id for one in sim.report_runs} == {own[0].id}


@pytest.mark.some(2)
@pytest.mark.parametrize(
    "changed",
    [
        {"report": {"metrics": ["talkTime", "handleTime", "wrapUpTime"]}},
        {"report": {"metrics": [*METRICS, "wrapUpTime"]}},
        {"report": {"dimensions": ["agentId", "queueId"]}},
        {"report": {"grouping": []}},
        {"report": {"type": "queue"}},
        {"report": {"filters": [{"dimension": "agentId", "values": ["x"], "operator": "in"}]}},
        {"report": {"dateRange": {"type": "relative", "value": "previousWeek"}}},
        {"schedule": {"type": "weekly"}},
        {"schedule": {"time": "05:31"}},
        {"schedule": {"timezone": "America/New_York"}},
    ],
    ids=readable,
)
def test_changed_when_it_differs(sim, clock, changed):
    """A schedule that says anything else is changed to what is configured, once."""
    there = definition()
    for part, values in changed.items():
        there[part] |= values
    sim.add_schedule(there)

    config = report_settings(sim, entry={"take_over": True})
    outs = [run_reports(config, clock) for _ in range(2)]

    (own,) = sim.schedules
    assert all(whole(out, sim) for out in outs)
    assert (own.body, own.versions) == (definition(), 2)
    assert [seen.path for seen in updates(sim)] == [f"{SCHEDULES}/{own.id}"]
    assert registrations(sim) == []


@pytest.mark.parametrize("where", ["top", "schedule", "report", "filter", "delivery"])
def test_what_the_api_adds(sim, clock, where):
    """Fields that only the API knows are no difference."""
    filters = [{"dimension": "agentId", "values": ["000012"], "operator": "in"}]
    there = sim.add_schedule(definition(filters=filters))
    shown: Any = {"scheduleId": there.id, **json.loads(json.dumps(there.body))}
    part = {"top": shown, "filter": shown["report"]["filters"][0]}.get(where) or shown[where]
    part |= {"createdBy": "somebody", "version": 3}
    answer(sim, "list", {"entities": [shown]})

    out = run_reports(report_settings(sim, entry={"filters": filters}), clock)

    assert out.error is None
    assert (registrations(sim), updates(sim)) == ([], [])


def test_changed_settings(sim, clock):
    """Settings that change are registered by the next run, and that run reads by them."""
    first = run_reports(report_settings(sim), clock)
    entry = {"metrics": ["talkTime"], "grouping": ["agentId"], "dimensions": ["agentId"]}

    second = run_reports(report_settings(sim, 2, entry=entry), clock, state=first.state)

    (own,) = sim.schedules
    found = figures(
        second.records(STREAM), by=["agent_id"], metrics=["talkTime"], columns=["talk_time"]
    )
    wanted = sums(sim, 2, by=["agentId"], metrics=["talkTime"])
    later = (START + DAY).isoformat()
    assert own.versions == 2
    assert found == {key: value for key, value in wanted.items() if key[-1] == later}


def test_once_a_run(sim, clock):
    """However many windows there are, a run looks for its schedule once."""
    assert whole(run_reports(report_settings(sim, 5), clock), sim, 5)

    assert len(submits(sim)) == 5
    assert (len(schedule_listings(sim)), len(registrations(sim))) == (1, 1)


def test_nothing_to_read(sim, clock):
    """With nothing to read no request is sent, not even for a token."""
    first = run_reports(report_settings(sim), clock)
    before = len(sim.requests)

    second = run_reports(report_settings(sim), clock, state=first.state)

    assert second.error is None
    assert len(sim.requests) == before


@pytest.mark.promise("no-double-submit")
@pytest.mark.some(3)
@pytest.mark.parametrize("kind", ["reply-lost", "malformed-json", "empty", "html", "reset"])
@pytest.mark.parametrize("times", [1, 3])
def test_registration_lost_is_looked_up(sim, clock, kind, times):
    """A schedule whose registration got no answer is looked for, not made twice."""
    sim.faults.add(Fault("submit", kind, times=times))

    out = run_reports(report_settings(sim), clock)

    assert whole(out, sim)
    assert len(sim.schedules) == 1


@pytest.mark.parametrize(("kind", "status"), [("reset", None), ("status", 503)])
def test_definition_that_never_arrives_spends_no_run(sim, clock, kind, status):
    """A registration is repeated up to max_retries times; its failure spends nothing."""
    sim.faults.add(Fault("submit", kind, status=status, times=99))

    out = run_reports(report_settings(sim, max_retries=2), clock)

    assert "counts as spent" not in str(failure(out))
    assert len(registrations(sim)) == 3


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 409])
def test_definition_that_fails_for_now_is_sent_again_after_a_look(sim, clock, status):
    """A registration that failed for a while is repeated, after a look."""
    sim.faults.add(Fault("submit", "status", status=status, times=2))

    out = run_reports(report_settings(sim), clock)

    assert whole(out, sim)
    assert len(sim.schedules) == 1
    assert len(schedule_listings(sim)) == len(registrations(sim)) == 3


def test_killed_at_the_definition(sim, clock):
    """A run that ended right after the registration left one schedule, which the next one uses."""
    sim.faults.add(Fault("submit", "reply-lost"))
    first = run_reports(report_settings(sim, max_retries=0), clock)

    second = run_reports(report_settings(sim), clock, state=first.state)

    assert first.error is not None
    assert whole(second, sim)
    assert (len(sim.schedules), len(registrations(sim))) == (1, 1)


def test_definition_refused_for_good_is_sent_once(sim, clock):
    """What the API says of a definition it does not take is the error; it is sent once."""
    entry = {"filters": [{"dimension": "shoeSize", "values": ["44"]}]}

    out = run_reports(report_settings(sim, entry=entry, more=[QUEUES]), clock)

    assert isinstance(failure(out), ApiError)
    assert "shoeSize" in str(failure(out)) or "filters[0]" in str(failure(out))
    assert len(out.records(OTHER)) == 3
    assert len([seen for seen in registrations(sim) if json_body(seen)["name"] == STREAM]) == 1


@pytest.mark.parametrize("name_filter", ["exact", "contains", "ignored"])
@pytest.mark.parametrize("key", ["scheduleId", "id"])
def test_two_of_one_name(simulate, clock, name_filter, key):
    """Two schedules of the report's name are an error that lists both; nothing is changed."""
    sim = simulate(name_filter=name_filter, schedule_id_key=key)
    both = [sim.add_schedule(definition()), sim.add_schedule(definition(metrics=["talkTime"]))]

    out = run_reports(report_settings(sim, more=[QUEUES]), clock)

    assert all(one.id in str(failure(out)) for one in both)
    assert STREAM in str(failure(out))
    assert len(out.records(OTHER)) == 3
    assert [one.versions for one in sim.schedules] == [1, 1, 1]
    assert len(sim.report_runs) == 1


@pytest.mark.parametrize("text", ["{}", '{"total": 0}', '"none"', "null", '{"entities": {}}'])
def test_schedule_list_of_another_shape_makes_no_schedule(sim, clock, text):
    """An answer that lists no schedules is an error, and never a reason to make one."""
    answer(sim, "list", text, times=100)

    out = run_reports(report_settings(sim), clock)

    assert isinstance(failure(out), ApiError)
    assert registrations(sim) == []


def test_schedule_on_the_second_page_is_found(sim, clock):
    """A schedule on the second page of the list is found."""
    there = sim.add_schedule(definition())
    answer(sim, "list", {"entities": [], "nextPageToken": "a/b+c="})
    answer(sim, "list", {"entities": [{"scheduleId": there.id, **definition()}]})

    out = run_reports(report_settings(sim), clock)

    assert whole(out, sim)
    assert [seen.query for seen in schedule_listings(sim)] == [
        {"name": STREAM},
        {"name": STREAM, "pageToken": "a/b+c="},
    ]
    assert registrations(sim) == []


@pytest.mark.parametrize("tokens", ["a", "ab"])
def test_schedule_list_without_end_is_not_followed_for_ever(sim, clock, tokens):
    """A list whose pages lead to one another is not followed for ever."""
    for token in list(tokens) * 15:
        answer(sim, "list", {"entities": [], "nextPageToken": token})

    run_reports(report_settings(sim), clock)

    assert len(schedule_listings(sim)) < 12


def test_schedule_update_that_fails_for_now_is_sent_again(sim, clock):
    """A change that failed for a while, or whose answer was lost, is sent again."""
    sim.add_schedule(definition(metrics=["talkTime"]))
    sim.faults.add(Fault("update", "status", status=500), Fault("update", "reply-lost"))

    out = run_reports(report_settings(sim, entry={"take_over": True}), clock)

    assert whole(out, sim)
    assert sim.schedules[0].body == definition()
