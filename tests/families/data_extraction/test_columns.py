"""Data extraction: columns that appear or vanish."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tap_cxone.errors import DriftError
from tests.conftest import settings_for
from tests.support.data_extraction import (
    STREAM,
    expected_workflow_ids,
    extraction_settings,
    run_extraction,
    workflow_ids,
)
from tests.support.expectations import failure
from tests.support.run import run_tap, select, without_owner


def test_file_without_a_key_column_fails_its_window(simulate, clock):
    """A file without a key column fails its window: header found, setting to change, no rows."""
    sim = simulate(missing_columns={"qm-workflows": ("Workflow ID",)})

    out = run_extraction(extraction_settings(sim), clock)

    assert isinstance(failure(out), DriftError)
    message = str(failure(out))
    assert "workflow_id" in message
    assert "Tenant Name, Agent ID, Type" in message
    assert "primary_keys" in message
    assert "data_extraction.entities" in message
    assert out.records(STREAM) == []
    assert out.bookmark(STREAM) is None


def test_column_that_a_file_lacks_is_null(simulate, clock):
    """A known column that a file lacks is null."""
    sim = simulate(missing_columns={"qm-workflows": ("Plan Name", "Score")})

    out = run_extraction(extraction_settings(sim), clock)

    assert out.error is None
    assert {(record["plan_name"], record["score"]) for record in out.records(STREAM)} == {
        (None, None)
    }


MORE = {"qm-workflows": ("Mood of the Day", "ACD-ID")}
TWO_DAYS = (date(2026, 3, 16), date(2026, 3, 18))
REMEMBERED = {"Mood of the Day": ["mood_of_the_day"], "ACD-ID": ["acd_id_2"]}


def test_new_columns(simulate, clock):
    """New columns are nullable strings in one new SCHEMA before the first row that has them."""
    sim = simulate(extra_columns=MORE)

    out = run_extraction(extraction_settings(sim, window_days=1), clock)

    rows = sim.expected_rows("qm-workflows", date(2026, 3, 16), date(2026, 3, 18))
    kinds = [message["type"] for message in out.messages]
    old, new = out.of("SCHEMA")
    assert "mood_of_the_day" not in old["schema"]["properties"]
    assert new["schema"]["properties"]["mood_of_the_day"]["type"] == ["string", "null"]
    assert new["schema"]["properties"].keys() - old["schema"]["properties"].keys() == {
        "mood_of_the_day",
        "acd_id_2",
    }
    assert len(kinds) - kinds[::-1].index("SCHEMA") - 1 < kinds.index("RECORD")
    assert [(r["mood_of_the_day"], r["acd_id_2"]) for r in out.records(STREAM)] == [
        (row["Mood of the Day"] or None, row["ACD-ID"] or None) for row in rows
    ]
    assert [r["acd_id"] for r in out.records(STREAM)] == [row["ACD ID"] for row in rows]


@pytest.mark.ci
def test_new_columns_are_remembered(simulate, clock):
    """The next run knows them from its first SCHEMA on and writes no other."""
    sim = simulate(extra_columns=MORE)
    first = run_extraction(extraction_settings(sim, window_days=1), clock)
    config = settings_for(sim, start_date="2026-03-16T00:00:00Z")

    second = run_tap(config, clock=clock, state=first.state)

    (schema,) = second.of("SCHEMA", STREAM)
    assert {"mood_of_the_day", "acd_id_2"} <= schema["schema"]["properties"].keys()
    assert "mood_of_the_day" in second.records(STREAM)[0]


def test_new_columns_and_a_catalog_from_before(simulate, clock):
    """With a catalog that lacks learned columns they are announced again before the first row."""
    sim = simulate(extra_columns=MORE)
    first = run_extraction(extraction_settings(sim, window_days=1), clock)
    config = settings_for(sim, start_date="2026-03-16T00:00:00Z")

    second = run_extraction(config, clock, state=first.state)

    kinds = [message["type"] for message in second.messages]
    _, schema = second.of("SCHEMA")
    assert {"mood_of_the_day", "acd_id_2"} <= schema["schema"]["properties"].keys()
    assert kinds[:4].count("SCHEMA") == 2
    assert "mood_of_the_day" in second.records(STREAM)[0]
    assert second.state["bookmarks"][STREAM]["columns"].items() >= REMEMBERED.items()


def test_new_columns_are_remembered_once(simulate, clock):
    """The state holds each of them once, however many windows had it."""
    sim = simulate(extra_columns=MORE)

    out = run_extraction(extraction_settings(sim, window_days=1), clock)

    columns = out.state["bookmarks"][STREAM]["columns"]
    assert columns.items() >= REMEMBERED.items()
    assert len(columns) == len(sim.expected_rows("qm-workflows", *TWO_DAYS)[0])


@pytest.mark.ci
def test_new_columns_that_vanish(simulate, clock):
    """A learned column that later files lack stays in the SCHEMA and is null."""
    first = run_extraction(extraction_settings(simulate(extra_columns=MORE)), clock)
    sim = simulate()
    clock.sleep(timedelta(minutes=1))
    config = settings_for(sim, start_date="2026-03-16T00:00:00Z")

    second = run_tap(config, clock=clock, state=without_owner(first.state))

    assert second.error is None
    assert {record["mood_of_the_day"] for record in second.records(STREAM)} == {None}


def test_drift_ignored(simulate, clock):
    """With schema_drift ignore new columns are left out of SCHEMA and rows."""
    sim = simulate(extra_columns=MORE)

    out = run_extraction(extraction_settings(sim) | {"schema_drift": "ignore"}, clock)

    (schema,) = out.of("SCHEMA")
    assert out.error is None
    assert workflow_ids(out) == expected_workflow_ids(sim)
    assert "mood_of_the_day" not in schema["schema"]["properties"]
    assert all("mood_of_the_day" not in record for record in out.records(STREAM))


def test_drift_that_fails(simulate, clock):
    """With schema_drift fail a new column fails its window before any row; the error names it."""
    sim = simulate(extra_columns=MORE)

    out = run_extraction(extraction_settings(sim) | {"schema_drift": "fail"}, clock)

    assert isinstance(failure(out), DriftError)
    assert "mood_of_the_day" in str(failure(out))
    assert "schema_drift" in str(failure(out))
    assert out.records(STREAM) == []
    assert out.bookmark(STREAM) is None


def test_catalog_that_is_old_gets_schema_before_the_first_row(sim, clock):
    """A catalog from before a column was known: it is announced before the first row."""
    config = extraction_settings(sim)
    catalog = select(config, STREAM)
    for stream in catalog["streams"]:
        stream["schema"]["properties"].pop("plan_name", None)
        stream["metadata"] = [
            item for item in stream["metadata"] if item["breadcrumb"][-1:] != ["plan_name"]
        ]

    out = run_tap(config, clock=clock, catalog=catalog)

    rows = sim.expected_rows("qm-workflows", date(2026, 3, 16), date(2026, 3, 18))
    schema = out.of("SCHEMA")[-1]
    assert out.error is None
    assert "plan_name" in schema["schema"]["properties"]
    assert [record["plan_name"] for record in out.records(STREAM)] == [
        row["Plan Name"] or None for row in rows
    ]


def test_extraction_deselected_columns_stay_out(simulate, clock):
    """A column that the catalog deselects stays out, also when new columns come."""
    sim = simulate(extra_columns=MORE)
    config = extraction_settings(sim)
    catalog = select(config, STREAM)
    for stream in catalog["streams"]:
        for item in stream["metadata"]:
            if item["breadcrumb"] == ["properties", "phone_number"]:
                item["metadata"]["selected"] = False

    out = run_tap(config, clock=clock, catalog=catalog)

    assert out.error is None
    assert all("phone_number" not in m["schema"]["properties"] for m in out.of("SCHEMA"))
    assert all("phone_number" not in record for record in out.records(STREAM))
    assert all("mood_of_the_day" in record for record in out.records(STREAM))
