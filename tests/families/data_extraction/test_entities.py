"""Data extraction: entities that the settings define or override."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from tap_cxone.families.data_extraction.schemas import ENTITIES
from tests.conftest import settings_for
from tests.support.data_extraction import (
    STREAM,
    expected_workflow_ids,
    extraction_settings,
    run_extraction,
    workflow_ids,
)
from tests.support.expectations import failure
from tests.support.requests import submits
from tests.support.run import run_tap

# Configured entities

PAYROLL = {
    "name": "wfm_payroll",
    "entity_name": "wfm-payroll",
    "version": "1",
    "primary_keys": ["Payroll Entry ID"],
    "columns": {"Paid Hours": "number", "overtime": "boolean", "Work Date": "date"},
}


def test_entity_of_the_settings_is_a_stream(sim, clock):
    """A configured entity is a stream with its keys and the types of its columns."""
    out = run_extraction(extraction_settings(sim, entities=[PAYROLL]), clock, stream="wfm_payroll")

    rows = sim.expected_rows("wfm-payroll", date(2026, 3, 16), date(2026, 3, 18))
    expected = [
        {
            "payroll_entry_id": row["Payroll Entry ID"],
            "employee_number": row["Employee Number"],
            "employee_name": row["Employee Name"],
            "work_date": row["Work Date"],
            "paid_hours": float(row["Paid Hours"]),
            "overtime": row["Overtime"] == "true",
            "_window_start": "2026-03-16T00:00:00+00:00",
            "_window_end": "2026-03-18T00:00:00+00:00",
        }
        for row in rows
    ]
    assert out.error is None
    assert out.records("wfm_payroll") == expected
    assert {message["key_properties"][0] for message in out.of("SCHEMA")} == {"payroll_entry_id"}


def test_built_in_streams_stay_beside_configured_ones(sim, clock):
    """A configured entity is added to the built-in streams."""
    out = run_tap(extraction_settings(sim, entities=[PAYROLL]), clock=clock)

    assert out.counts().keys() == {
        *("qm_workflows", "qm_questions", "recording_interaction_metadata"),
        "wfm_payroll",
    }


def test_types_of_a_configured_entity(sim, clock):
    """The SCHEMA of a configured entity has the declared types before any file is seen."""
    out = run_extraction(extraction_settings(sim, entities=[PAYROLL]), clock, stream="wfm_payroll")

    properties = out.of("SCHEMA")[0]["schema"]["properties"]
    assert properties["paid_hours"]["type"] == ["number", "null"]
    assert properties["overtime"]["type"] == ["boolean", "null"]
    assert properties["work_date"]["format"] == "date"
    assert properties["payroll_entry_id"]["type"] in ("string", ["string"])


NOTES = {"name": "qm_evaluator_notes", "entity_name": "qm-evaluator-notes", "version": "1"}


def test_entity_without_keys_has_row_hash(sim, clock):
    """Without keys `_row_hash` is the key: present, and different for different rows."""
    out = run_extraction(
        extraction_settings(sim, entities=[NOTES]), clock, stream="qm_evaluator_notes"
    )

    hashes = [record["_row_hash"] for record in out.records("qm_evaluator_notes")]
    truth = sim.expected_rows("qm-evaluator-notes", date(2026, 3, 16), date(2026, 3, 18))
    assert {tuple(message["key_properties"]) for message in out.of("SCHEMA")} == {("_row_hash",)}
    assert len(set(hashes)) == len(truth) == 24


def test_row_hash_is_the_same_in_every_run(sim, clock):
    """The same row has the same hash whatever window it was read with."""
    config = extraction_settings(sim, entities=[NOTES])
    first = run_extraction(config, clock, stream="qm_evaluator_notes")
    config["data_extraction"]["window_days"] = 1
    clock.sleep(timedelta(minutes=1))

    second = run_extraction(config, clock, stream="qm_evaluator_notes")

    hashes = [
        {record["note_id"]: record["_row_hash"] for record in out.records("qm_evaluator_notes")}
        for out in (first, second)
    ]
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize("key", ["Note ID", "note_id", "noteId"])
def test_keys_in_either_spelling(sim, clock, key):
    """Keys may be written as the source spells them, or as we do."""
    entity = {**NOTES, "primary_keys": [key]}

    out = run_extraction(
        extraction_settings(sim, entities=[entity]), clock, stream="qm_evaluator_notes"
    )

    assert out.error is None
    assert {tuple(message["key_properties"]) for message in out.of("SCHEMA")} == {("note_id",)}


def test_entity_override_of_the_version_keeps_the_keys(sim, clock):
    """An entry with the name of a built-in stream changes its version and keeps its keys."""
    config = extraction_settings(sim, entities=[{"name": STREAM, "version": "3"}])

    out = run_extraction(config, clock)

    assert json.loads(submits(sim)[0].body)["version"] == "3"
    assert json.loads(submits(sim)[0].body)["entityName"] == "qm-workflows"
    assert out.of("SCHEMA")[0]["key_properties"] == ["workflow_id"]
    assert workflow_ids(out) == expected_workflow_ids(sim)


@pytest.mark.parametrize("title", ["Form Version", "form_version", "formVersion"])
def test_entity_override_of_a_type_keeps_other_types(sim, clock, title):
    """A column's type may be changed, by the source's name or ours; the others keep theirs."""
    config = extraction_settings(sim, entities=[{"name": STREAM, "columns": {title: "integer"}}])

    out = run_extraction(config, clock)

    rows = sim.expected_rows("qm-workflows", date(2026, 3, 16), date(2026, 3, 18))
    records = out.records(STREAM)
    assert [record["form_version"] for record in records] == [
        int(row["Form Version"]) for row in rows
    ]
    assert [record["score"] for record in records] == [float(row["Score"]) for row in rows]
    assert len(records[0]) == len(rows[0]) + 2


def test_entity_override_of_the_keys_is_used(sim, clock):
    """The keys of a built-in stream may be changed."""
    entity = {"name": STREAM, "primary_keys": ["Workflow ID", "lastUpdated"]}

    out = run_extraction(extraction_settings(sim, entities=[entity]), clock)

    assert out.error is None
    assert out.of("SCHEMA")[0]["key_properties"] == ["workflow_id", "last_updated"]


def test_entity_override_without_keys_has_row_hash(sim, clock):
    """A built-in stream without configured keys gets `_row_hash`."""
    out = run_extraction(
        extraction_settings(sim, entities=[{"name": STREAM, "primary_keys": []}]), clock
    )

    assert out.of("SCHEMA")[0]["key_properties"] == ["_row_hash"]
    assert all(record["_row_hash"] for record in out.records(STREAM))


# Files that are not what they should be


@pytest.mark.parametrize(
    ("entity", "permission"),
    [
        ("wfm-payroll", "WFM > Data Extraction APIs > WFM Payroll API"),
        ("qm-evaluator-notes", "QM Tools > Data Extraction APIs > QM Evaluator Notes API"),
    ],
)
def test_entity_refused_names_its_probable_permission(simulate, clock, entity, permission):
    """A refused entity of the settings is reported with its probable permission."""
    sim = simulate(forbidden=frozenset({entity}))
    own = {"name": "own", "entity_name": entity, "version": "1"}
    config = settings_for(sim)
    config["data_extraction"] |= {"entities": [own]}

    out = run_tap(config, clock=clock, only="own")

    assert permission in str(out.error)


@pytest.mark.promise("documented")
@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_every_known_column_has_a_description(entity):
    """Each known column has a description."""
    assert all(column.description.endswith(".") for column in entity.columns)


def test_version_that_an_entity_lacks_is_named_with_its_setting(sim, clock):
    """The error for a wrong version names the setting, not only the words of the API."""
    entity = {"name": "qm_workflows", "version": "99"}

    error = failure(
        run_extraction(extraction_settings(sim, mode="async", entities=[entity]), clock)
    )

    assert "Entity qm-workflows has no version 99" in str(error)
    assert "set in data_extraction.entities (now qm-workflows version 99)" in str(error)
