"""Scheduled reports: the stream of all schedules."""

from __future__ import annotations

import json

import pytest

from tap_cxone.errors import ApiError
from tap_cxone.simulator import Fault
from tests.support.expectations import failure
from tests.support.scheduled_reports import (
    LISTED,
    STREAM,
    answer,
    definition,
    registrations,
    report_settings,
    run_reports,
)


@pytest.mark.parametrize("shape", ["list", "entities", "schedules"])
@pytest.mark.parametrize("key", ["scheduleId", "id"])
def test_schedules(simulate, clock, shape, key):
    """What is registered is listed whole, that of others too."""
    sim = simulate(schedules_shape=shape, schedule_id_key=key)
    for name in ("Somebody's", "Jemandes ä", "x"):
        sim.add_schedule(definition(name))

    out = run_reports(report_settings(sim), clock, LISTED)

    (schema,) = out.of("SCHEMA", LISTED)
    assert out.error is None
    assert schema["key_properties"] == ["schedule_id"]
    assert [
        {
            "scheduleId": r["schedule_id"],
            "name": r["name"],
            **{part: json.loads(r[part]) for part in ("schedule", "report", "delivery")},
        }
        for r in out.records(LISTED)
    ] == [{"scheduleId": one.id, **one.body} for one in sim.schedules]


def test_schedules_are_read_whole(sim, clock):
    """Each run lists all schedules again; what a run registered is there the next time."""
    sim.add_schedule(definition("x"))
    first = run_reports(report_settings(sim), clock, LISTED, STREAM)

    second = run_reports(report_settings(sim), clock, LISTED, STREAM, state=first.state)

    assert [out.error for out in (first, second)] == [None, None]
    assert {r["name"] for r in second.records(LISTED)} == {"x", STREAM}


def test_schedule_record_keeps_its_digits(sim, clock):
    """Numbers of a schedule keep their digits, what is missing is null."""
    text = '[{"id": 7, "name": "x", "schedule": {"every": 1.50, "n": 3}, "delivery": null}]'
    answer(sim, "list", text)

    out = run_reports(report_settings(sim), clock, LISTED)

    (record,) = out.records(LISTED)
    assert (record["schedule_id"], record["report"], record["delivery"]) == ("7", None, None)
    assert json.loads(record["schedule"]) == {"every": 1.5, "n": 3}


def test_no_schedules(sim, clock):
    """Where nothing is registered the table is empty, and nothing is made."""
    out = run_reports(report_settings(sim), clock, LISTED)

    assert out.error is None
    assert out.records(LISTED) == []
    assert registrations(sim) == []


@pytest.mark.parametrize("status", [403, 500])
def test_schedules_that_cannot_be_listed(sim, clock, status):
    """A list that is refused fails the stream with the cause."""
    sim.faults.add(Fault("list", "status", status=status, times=9))

    out = run_reports(report_settings(sim), clock, LISTED)

    assert isinstance(failure(out, LISTED), ApiError)
    assert str(status) in str(failure(out, LISTED))
    assert out.records(LISTED) == []
