"""Scheduled reports: schedules that the API writes in another way than it received them."""

from __future__ import annotations

import json

import pytest

from tests.support.scheduled_reports import (
    SCHEDULES,
    STREAM,
    answer,
    definition,
    registrations,
    report_settings,
    run_reports,
    schedule_listings,
    sent_to,
    updates,
    whole,
)

FILTERS = [
    {"dimension": "queueId", "values": ["q_0a17", "q_0b42"], "operator": "notIn"},
    {"dimension": "agentId", "values": ["x"], "operator": "notIn"},
]


@pytest.mark.parametrize("by_id", [True, False], ids=["with GET by ID", "without"])
def test_schedule_in_the_spelling_of_the_api_is_not_changed(simulate, clock, by_id):
    """Order, seconds, upper case and added fields are no difference, in any run."""
    sim = simulate(schedule_spelling="canonical", schedule_by_id=by_id)
    config = report_settings(sim, entry={"filters": FILTERS})

    outs = [run_reports(config, clock) for _ in range(3)]

    assert [out.error for out in outs] == [None] * 3
    assert (len(registrations(sim)), len(updates(sim))) == (1, 0)


@pytest.mark.parametrize("zone", ["Etc/UTC", "UTC", "GMT"])
def test_schedule_in_another_name_of_utc_is_not_changed(sim, clock, zone):
    """Two names of one zone are no difference."""
    there = definition()
    there["schedule"]["timezone"] = zone
    sim.add_schedule(there)

    assert whole(run_reports(report_settings(sim), clock), sim)

    assert updates(sim) == []


@pytest.mark.parametrize("time", ["5:30", "05:30:00.000Z", "05:30:00+00:00"])
def test_schedule_at_the_same_time_is_not_changed(sim, clock, time):
    """Seconds of zero and the offset of UTC are no difference."""
    first = run_reports(report_settings(sim), clock)
    there = {**definition(), "scheduleId": sim.schedules[0].id}
    there["schedule"]["time"] = time
    answer(sim, "list", {"entities": [there]})

    out = run_reports(report_settings(sim, 2), clock, state=first.state)

    assert out.error is None
    assert updates(sim) == []


def test_schedule_listed_by_name_alone_is_completed_by_its_id(simulate, clock):
    """A list of names needs one more request per schedule, and changes nothing."""
    sim = simulate(list_names_only=True)

    outs = [run_reports(report_settings(sim), clock) for _ in range(2)]

    (own,) = sim.schedules
    assert all(whole(out, sim) for out in outs)
    assert len(sent_to(sim, "GET", f"{SCHEDULES}/{own.id}")) == 1
    assert (len(registrations(sim)), len(updates(sim))) == (1, 0)


@pytest.mark.parametrize("option", ["frozen_schedules", "list_names_only"])
def test_accepted_change_that_the_list_does_not_show_is_warned_of(simulate, clock, caplog, option):
    """The answer 200 counts: the run reads the report, and a warning names the difference."""
    sim = simulate(schedule_by_id=False, **{option: True})
    sim.add_schedule(definition(metrics=["talkTime"]))

    out = run_reports(report_settings(sim, entry={"take_over": True}), clock)

    assert out.error is None
    assert len(updates(sim)) == 1
    (warning,) = [r.getMessage() for r in caplog.records if "accepted the change" in r.msg]
    assert STREAM in warning
    assert "report.metrics" in warning


@pytest.mark.parametrize("pages", ["token", "number", "page count"])
def test_schedule_on_a_later_page_of_the_list_is_used(simulate, clock, pages):
    """All pages of the list are read: they name a token, or a number and a total."""
    sim = simulate(list_page_size=2, list_pages=pages, name_filter="ignored")
    for number in range(4):
        sim.add_schedule(definition(f"other_{number}"))
    sim.add_schedule(definition())

    assert whole(run_reports(report_settings(sim), clock), sim)

    assert registrations(sim) == []
    assert len(schedule_listings(sim)) == 3
    assert json.dumps(sim.schedules[-1].body) == json.dumps(definition())
