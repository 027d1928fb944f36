"""Scheduled reports: registration that is slow to show, and schedules of other clients."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta

import pytest

from tap_cxone.errors import ApiError, ConfigError
from tap_cxone.simulator import Fault
from tests.support.expectations import failure
from tests.support.requests import json_body, submits
from tests.support.scheduled_reports import (
    LISTED,
    METRICS,
    STREAM,
    answer,
    definition,
    registrations,
    report_settings,
    run_reports,
    schedule_listings,
    sums,
    updates,
    whole,
)

RENAMED = {"schedule_name": "Agents, daily"}
CHANGED = {"metrics": [*METRICS, "wrapUpTime"]}


def schedule_changes(audit_log):
    """Return the audit events of schedules."""
    lines = map(json.loads, audit_log.read_text().splitlines())
    return [line for line in lines if line["event"] == "schedule_changed"]


def test_registration_without_an_id_is_looked_up_with_growing_pauses(simulate, clock):
    """A schedule that the list shows late is registered once and used."""
    sim = simulate(returns_schedule_id=False, hidden_listings=4)

    out = run_reports(report_settings(sim), clock)

    assert whole(out, sim)
    assert len(registrations(sim)) == 1
    _, *lookups = [seen.at for seen in schedule_listings(sim)]
    pauses = [later - earlier for earlier, later in itertools.pairwise(lookups)]
    assert timedelta(seconds=7) < pauses[0] < pauses[1] < pauses[-1]
    assert sum(pauses, timedelta(0)) > timedelta(minutes=2)


@pytest.mark.parametrize("kind", [None, "empty", "malformed-json"], ids=str)
def test_registration_that_is_never_listed_is_sent_once_in_all_runs(simulate, clock, kind):
    """A schedule that was accepted and is never listed is an error, and never a second one."""
    sim = simulate(returns_schedule_id=False, hidden_listings=1000)
    if kind:
        sim.faults.add(Fault("submit", kind))
    first = run_reports(report_settings(sim), clock)

    second = run_reports(report_settings(sim), clock, state=first.state)

    assert isinstance(failure(first), ApiError)
    assert "schedule_name" in str(failure(second))
    assert len(registrations(sim)) == 1


@pytest.mark.parametrize("status", [404, 410])
def test_schedule_deleted_before_its_change_is_registered_again(sim, clock, status):
    """A change that is answered 404 or 410 becomes one registration."""
    first = run_reports(report_settings(sim), clock)
    sim.faults.add(Fault("update", "status", status=status))

    second = run_reports(report_settings(sim, 2, entry=CHANGED), clock, state=first.state)

    assert second.error is None
    assert len(registrations(sim)) == 2


@pytest.mark.parametrize("status", [404, 410])
def test_schedule_deleted_before_a_run_is_registered_again(sim, clock, status):
    """A run that is answered 404 or 410 is started again with a new schedule, once."""
    sim.faults.add(Fault("run", "status", status=status))
    first = run_reports(report_settings(sim), clock)
    sim.delete_schedule(sim.schedules[0].id)

    second = run_reports(report_settings(sim, 2), clock, state=first.state)

    assert whole(first, sim)
    assert second.error is None
    assert len(registrations(sim)) == 2


def test_run_that_is_always_answered_404_fails_the_stream(sim, clock):
    """A schedule is looked up again once per submit, not for ever."""
    sim.faults.add(Fault("run", "status", status=404, times=99))

    out = run_reports(report_settings(sim), clock)

    assert "404" in str(failure(out))
    assert len(submits(sim)) == 2


@pytest.mark.parametrize("status", [500, 502, 504])
def test_start_of_a_run_that_the_server_failed_is_repeated(sim, clock, status):
    """A second run harms nothing, so an error of the server at its start is repeated."""
    sim.faults.add(Fault("run", "status", status=status, times=2))

    assert whole(run_reports(report_settings(sim), clock), sim)

    assert [seen.status for seen in submits(sim)] == [status, status, 202]


def test_name_of_the_schedule_is_its_own_setting(sim, clock):
    """The stream keeps its name, whatever the schedule is called."""
    out = run_reports(report_settings(sim, entry=RENAMED), clock)

    assert whole(out, sim)
    assert [one.name for one in sim.schedules] == ["Agents, daily"]


def test_schedule_that_is_not_to_be_registered_runs_as_it_is(sim, clock, caplog):
    """With `register: false` a schedule runs unchanged, and a warning names differences."""
    sim.add_schedule(definition("Agents, daily", filters=[], grouping=[]))
    entry = {**RENAMED, "register": False}

    out = run_reports(report_settings(sim, entry=entry), clock)

    assert out.error is None
    assert (registrations(sim), updates(sim)) == ([], [])
    (warning,) = [r.getMessage() for r in caplog.records if "runs as it is" in r.msg]
    assert "report.grouping" in warning


def test_missing_schedule_that_is_not_to_be_registered_is_an_error(sim, clock):
    """The error names the settings that remedy it."""
    out = run_reports(report_settings(sim, entry={**RENAMED, "register": False}), clock)

    assert isinstance(failure(out), ConfigError)
    assert all(name in str(failure(out)) for name in ("schedule_name", "register", STREAM))
    assert registrations(sim) == []


def test_schedule_of_another_client_is_not_overwritten(sim, clock):
    """A schedule that the tap did not make is changed only with `take_over`."""
    sim.add_schedule(definition(metrics=["talkTime"]))

    out = run_reports(report_settings(sim), clock)

    assert isinstance(failure(out), ConfigError)
    assert all(name in str(failure(out)) for name in ("take_over", "report.metrics", STREAM))
    assert (updates(sim), sim.schedules[0].versions) == ([], 1)


@pytest.mark.parametrize("lost", [False, True], ids=["answered", "response lost"])
def test_schedule_of_an_earlier_run_is_changed_with_the_settings(sim, clock, lost):
    """The state says which schedules the tap made, also if their registration got no answer."""
    if lost:
        sim.faults.add(Fault("submit", "reply-lost"))
    first = run_reports(report_settings(sim), clock)

    second = run_reports(report_settings(sim, 2, entry=CHANGED), clock, state=first.state)

    assert second.error is None
    assert len(updates(sim)) == 1


def test_registration_and_change_of_a_schedule_are_audited(sim, clock, audit_log):
    """Each event has the old and the new definition, without parts that the tap does not know."""
    path = str(audit_log)
    first = run_reports(report_settings(sim, audit_log_path=path), clock)
    shown = {"scheduleId": sim.schedules[0].id, **definition()}
    shown["delivery"] = {"type": "api", "recipients": ["invented@example.com"]}
    answer(sim, "list", [shown])

    config = report_settings(sim, 2, entry=CHANGED, audit_log_path=path)
    run_reports(config, clock, state=first.state)

    registered, changed = schedule_changes(audit_log)
    assert (registered["old"], registered["new"]) == (None, definition())
    assert (changed["old"], changed["new"]) == (definition(), json_body(updates(sim)[0]))
    assert "example.com" not in audit_log.read_text()


def test_schedule_of_a_removed_report_is_named_once(sim, clock, caplog):
    """A report that is no longer configured leaves a schedule behind, which one warning names."""
    first = run_reports(report_settings(sim), clock)
    more = [{"name": "b", "type": "queue", "metrics": ["callsHandled"], "dimensions": ["queueId"]}]

    out = run_reports(
        report_settings(sim, entry={"name": "a"}, more=more), clock, state=first.state
    )

    assert out.error is None
    (warning,) = [r.getMessage() for r in caplog.records if "No report of the settings" in r.msg]
    assert STREAM in warning


def test_schedules_of_removed_reports_are_named_if_none_is_left(sim, clock, caplog):
    """The stream of all schedules names what the last report has left behind."""
    first = run_reports(report_settings(sim), clock)
    config = report_settings(sim, own={"reports": []})

    out = run_reports(config, clock, LISTED, state=first.state)

    assert out.error is None
    (warning,) = [r.getMessage() for r in caplog.records if "No report of the settings" in r.msg]
    assert STREAM in warning


def test_registration_that_is_refused_with_200_shows_the_words(sim, clock):
    """An error in a response of success is no registration: its words are shown, at once."""
    answer(sim, "submit", {"error": "The name is reserved"})

    first = run_reports(report_settings(sim), clock)
    second = run_reports(report_settings(sim), clock, state=first.state)

    assert "did not register the schedule" in str(failure(first))
    assert "The name is reserved" in str(failure(first))
    assert second.error is None


def test_schedule_is_not_registered_if_the_list_lacks_entries(sim, clock):
    """A list that announces more than it shows may have the schedule, so none is registered."""
    entries = [{"scheduleId": "x", "name": "x"}]
    answer(sim, "list", {"entities": entries, "total": 3}, times=2)

    out = run_reports(report_settings(sim), clock)

    assert "the schedules: received 1 of 3 announced entries" in str(failure(out))
    assert registrations(sim) == []


def test_rows_of_a_changed_report_follow_the_new_definition(sim, clock):
    """The day after a change has the new figures."""
    first = run_reports(report_settings(sim), clock)

    second = run_reports(report_settings(sim, 2, entry=CHANGED), clock, state=first.state)

    wanted = sums(sim, 2, metrics=CHANGED["metrics"])
    expected = [one["wrapUpTime"] for key, one in wanted.items() if "03-16" in key[-1]]
    records = second.records(STREAM)
    assert sorted(record["wrap_up_time"] for record in records) == sorted(map(float, expected))
