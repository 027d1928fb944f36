"""Data extraction: submit bodies, entities and their windows."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from tests.conftest import settings_for
from tests.support.data_extraction import ASYNC, SYNC, extraction_settings, run_extraction
from tests.support.requests import submits
from tests.support.run import run_tap


@pytest.mark.parametrize(("mode", "path"), [("sync", SYNC), ("async", ASYNC)])
def test_extraction_submit_has_entity_and_whole_days(sim, clock, mode, path):
    """A submit holds the entity, its version as text, and whole days, the end exclusive."""
    run_extraction(extraction_settings(sim, mode=mode), clock)

    (post,) = submits(sim)
    assert post.path == path
    assert json.loads(post.body) == {
        "entityName": "qm-workflows",
        "version": "4",
        "startDate": "2026-03-16",
        "endDate": "2026-03-18",
    }


def test_request_of_a_part_of_a_day(sim, clock):
    """A window that ends inside a day requests the whole of it."""
    config = settings_for(sim, start_date="2026-03-20T05:00:00Z")

    run_extraction(config, clock)

    body = json.loads(submits(sim)[0].body)
    assert (body["startDate"], body["endDate"]) == ("2026-03-20", "2026-03-21")


def test_window_that_ends_at_midnight(sim, clock):
    """A window that ends at midnight does not request the day that begins there."""
    clock.sleep(timedelta(hours=12, minutes=30))

    run_extraction(settings_for(sim, start_date="2026-03-20T00:00:00Z"), clock)

    body = json.loads(submits(sim)[0].body)
    assert (body["startDate"], body["endDate"]) == ("2026-03-20", "2026-03-21")


def test_built_in_entities(sim, clock):
    """The built-in streams request these entities and versions."""
    run_tap(extraction_settings(sim), clock=clock)

    asked = {
        (json.loads(p.body)["entityName"], json.loads(p.body)["version"]) for p in submits(sim)
    }
    assert asked == {
        ("qm-workflows", "4"),
        ("qm-questions", "1"),
        ("recording-interaction-metadata", "10"),
    }


@pytest.mark.ci
def test_built_in_keys(sim, clock):
    """The built-in streams have these keys."""
    out = run_tap(extraction_settings(sim), clock=clock)

    assert {m["stream"]: m["key_properties"] for m in out.of("SCHEMA")} == {
        "qm_workflows": ["workflow_id"],
        "qm_questions": ["workflow_instance_id", "question_id"],
        "recording_interaction_metadata": ["segment_id"],
        "quarantine": ["record_id"],
    }


@pytest.mark.ci
def test_at_most_two_weeks(sim, clock):
    """No request is longer than 14 days."""
    config = settings_for(sim, start_date="2026-02-10T00:00:00Z")

    out = run_extraction(config, clock)

    bodies = [json.loads(post.body) for post in submits(sim)]
    spans = [
        date.fromisoformat(body["endDate"]) - date.fromisoformat(body["startDate"])
        for body in bodies
    ]
    assert out.error is None
    assert max(spans) == timedelta(days=14)
