"""Observability: rows, and the columns that files define."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tap_cxone.errors import DriftError
from tap_cxone.simulator import Fault
from tap_cxone.tap import TapCXone
from tests.support.expectations import failure, warnings_logged
from tests.support.ids import readable
from tests.support.observability import (
    AQ,
    AS,
    DAYS,
    KB,
    METADATA,
    PATHS,
    cells,
    named,
    run_tables,
    table_settings,
)
from tests.support.run import run_tap, without_owner

WINDOW = {
    "_window_start": "2026-03-16T00:00:00+00:00",
    "_window_end": "2026-03-18T00:00:00+00:00",
}


def learned(config: dict[str, Any], state: dict[str, Any]) -> dict[str, Any]:
    """Return the catalog that discovery gives with a state, the suggestions selected."""
    found = TapCXone(config=dict(config), state=state).catalog_dict
    for entry in found["streams"]:
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = entry["tap_stream_id"] == KB
    return found


def discovered_properties(
    config: dict[str, Any], stream: str, state: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return a stream's properties as discovery gives them."""
    found = TapCXone(config=dict(config), state=state).catalog_dict
    (entry,) = (entry for entry in found["streams"] if entry["tap_stream_id"] == stream)
    properties: dict[str, Any] = entry["schema"]["properties"]
    return properties


@pytest.mark.parametrize("stream", PATHS)
def test_rows(simulate, clock, stream):
    """Rows come to the letter: commas, quotes, line breaks, every script, zeros in front."""
    sim = simulate(rows_per_day=60)

    out = run_tables(table_settings(sim), clock, stream)

    rows = sim.expected_rows(PATHS[stream], *DAYS)
    assert all(any(sign in cell for row in rows for cell in row.values()) for sign in ',"\n試л')
    assert out.error is None
    assert cells(out.records(stream)) == [named(row) for row in rows]
    assert all(WINDOW.items() <= record.items() for record in out.records(stream))


@pytest.mark.parametrize("compression", ["gzip-encoding", "gzip-type", "gzip-bare"])
def test_table_file_may_be_gzip(simulate, clock, compression):
    """A file may be compressed, however that shows."""
    sim = simulate(compression=compression)

    assert len(run_tables(table_settings(sim), clock).records(KB)) == 24


@pytest.mark.parametrize("empty", ["header", "zero-bytes", "204"])
def test_table_file_without_rows_is_committed(simulate, clock, empty):
    """An empty file is an empty window, which is committed."""
    sim = simulate(empty=empty, rows_per_day=0)

    out = run_tables(table_settings(sim), clock)

    assert out.error is None
    assert out.records(KB) == []
    assert out.bookmark(KB) == "2026-03-18T00:00:00+00:00"


@pytest.mark.promise("offline-discovery")
@pytest.mark.parametrize("stream", PATHS)
def test_discovery(sim, stream):
    """Discovery gives what the tap adds and nothing else, and sends no request."""
    assert discovered_properties(table_settings(sim), stream).keys() == METADATA
    assert sim.requests == []


@pytest.mark.parametrize("stream", PATHS)
def test_schema_of_the_header(sim, clock, stream):
    """The header makes the schema: nullable strings, announced before the first row."""
    out = run_tables(table_settings(sim), clock, stream)

    first, second = out.of("SCHEMA")
    kinds = [message["type"] for message in out.messages]
    columns = set(named(sim.expected_rows(PATHS[stream], *DAYS)[0]))
    assert first["schema"]["properties"].keys() == METADATA
    assert second["schema"]["properties"].keys() == columns | METADATA
    assert {
        tuple(definition["type"])
        for name, definition in second["schema"]["properties"].items()
        if name in columns
    } == {("string", "null")}
    assert kinds.index("RECORD") > len(kinds) - 1 - kinds[::-1].index("SCHEMA")


@pytest.mark.parametrize("drift", ["evolve", "ignore", "fail"])
def test_first_header_is_no_drift(sim, clock, caplog, drift):
    """The undeclared columns of the first file define the schema."""
    out = run_tables(table_settings(sim, window_days=1) | {"schema_drift": drift}, clock)

    assert out.error is None
    assert cells(out.records(KB)) == [named(row) for row in sim.expected_rows(PATHS[KB], *DAYS)]
    assert not any("columns" in warning for warning in warnings_logged(caplog))


@pytest.mark.parametrize("drift", ["ignore", "fail"])
def test_drift_after_the_first_header(simulate, clock, drift):
    """A column that a later run finds is drift: left out, or the end of the stream."""
    first = run_tables(table_settings(simulate()) | {"schema_drift": drift}, clock)
    sim = simulate(extra_columns={PATHS[KB]: ("Mood of the Day",)})
    config = table_settings(sim, overlap_days=0) | {
        "end_date": "2026-03-19T00:00:00Z",
        "schema_drift": drift,
    }

    out = run_tables(config, clock, state=without_owner(first.state))

    assert all("mood_of_the_day" not in m["schema"]["properties"] for m in out.of("SCHEMA"))
    if drift == "fail":
        assert isinstance(failure(out), DriftError)
        assert "mood_of_the_day" in str(failure(out))
        assert out.records(KB) == []
    else:
        assert out.error is None
        assert len(out.records(KB)) == 12


def test_columns_that_come_later(simulate, clock):
    """A column that a later file has is announced before the first row with it."""
    first = run_tables(table_settings(simulate()), clock)
    sim = simulate(extra_columns={PATHS[KB]: ("Mood of the Day", "Date.")})
    config = table_settings(sim, overlap_days=0) | {"end_date": "2026-03-19T00:00:00Z"}

    out = run_tables(config, clock, state=without_owner(first.state))

    (row, *_) = sim.expected_rows(PATHS[KB], date(2026, 3, 18), date(2026, 3, 19))
    kinds = [message["type"] for message in out.messages]
    latest = out.of("SCHEMA")[-1]["schema"]["properties"]
    assert {"mood_of_the_day", "date_2"} <= latest.keys()
    assert kinds.index("RECORD") > len(kinds) - 1 - kinds[::-1].index("SCHEMA")
    assert out.records(KB)[0]["mood_of_the_day"] == (row["Mood of the Day"] or None)
    assert out.records(KB)[0]["date_2"] == (row["Date."] or None)
    assert out.records(KB)[0]["date"] == row["Date"]


def test_learned_columns_in_state(sim, clock):
    """State holds what was learned as `columns`, each title once."""
    out = run_tables(table_settings(sim, window_days=1), clock)

    row = sim.expected_rows(PATHS[KB], *DAYS)[0]
    columns = out.state["bookmarks"][KB]["columns"]
    assert columns == {title: [name] for title, name in zip(row, named(row), strict=True)}


def test_learned_columns_in_discovery(sim, clock):
    """Discovery with a state gives the columns that were learned, of this table only."""
    out = run_tables(table_settings(sim), clock, KB, AS)

    found = discovered_properties(table_settings(sim), KB, out.state)
    assert found.keys() == set(named(sim.expected_rows(PATHS[KB], *DAYS)[0])) | METADATA
    assert found["confidence"]["type"] == ["string", "null"]


@pytest.mark.ci
def test_learned_columns_in_the_next_run(sim, clock):
    """The first SCHEMA of the next run has them; there is no other."""
    first = run_tables(table_settings(sim), clock)
    config = table_settings(sim, overlap_days=0) | {"end_date": "2026-03-19T00:00:00Z"}

    second = run_tap(config, clock=clock, catalog=learned(config, first.state), state=first.state)

    (schema,) = second.of("SCHEMA", KB)
    assert (
        set(named(sim.expected_rows(PATHS[KB], *DAYS)[0])) <= schema["schema"]["properties"].keys()
    )
    assert len(second.records(KB)) == 12


@pytest.mark.ci
def test_columns_that_vanish(simulate, clock):
    """A learned column that a file lacks is null."""
    first = run_tables(table_settings(simulate()), clock)
    sim = simulate(missing_columns={PATHS[KB]: ("Rating",)})
    config = table_settings(sim, overlap_days=0) | {"end_date": "2026-03-19T00:00:00Z"}

    state = without_owner(first.state)

    out = run_tap(config, clock=clock, catalog=learned(config, state), state=state)

    assert out.error is None
    assert {record["rating"] for record in out.records(KB)} == {None}


TYPES = {"Confidence": "number", "question": "string", "Suggestion ID": "string"}


def test_declared_columns(sim, clock):
    """A declared column has its type, from the first SCHEMA on; the others are strings."""
    out = run_tables(
        table_settings(sim, columns={KB: TYPES, AS: {"Words": "integer"}}), clock, KB, AS
    )

    first = out.of("SCHEMA", KB)[0]["schema"]["properties"]
    rows = sim.expected_rows(PATHS[KB], *DAYS)
    summaries = sim.expected_rows(PATHS[AS], *DAYS)
    assert first["confidence"]["type"] == ["number", "null"]
    assert [r["confidence"] for r in out.records(KB)] == [float(row["Confidence"]) for row in rows]
    assert [r["suggestion_id"] for r in out.records(KB)] == [row["Suggestion ID"] for row in rows]
    assert [r["words"] for r in out.records(AS)] == [int(row["Words"]) for row in summaries]
    assert out.records(AS)[0]["summary"] == (summaries[0]["Summary"] or None)


@pytest.mark.parametrize(
    ("kind", "title", "expected"),
    [
        ("date-time", "Date", lambda text: datetime.fromisoformat(f"{text}+00:00").isoformat()),
        ("boolean", "Edited", lambda text: text == "true"),
    ],
    ids=readable,
)
def test_table_column_declared_date_or_boolean_is_typed(sim, clock, kind, title, expected):
    """A declared date is an instant in UTC, a declared boolean is one."""
    out = run_tables(table_settings(sim, columns={AS: {title: kind}}), clock, AS)

    rows = sim.expected_rows(PATHS[AS], *DAYS)
    assert [r[title.lower()] for r in out.records(AS)] == [expected(row[title]) for row in rows]


def test_value_of_another_type_fails_and_names_the_setting(sim, clock):
    """A value that is none of the declared type fails its window and names the setting."""
    out = run_tables(table_settings(sim, columns={KB: {"Channel": "integer"}}), clock)

    assert "channel" in str(failure(out))
    assert f"observability.columns, '{KB}'" in str(failure(out))
    assert out.records(KB) == []


def test_no_type_is_guessed(sim, clock):
    """What looks like a number stays text: zeros in front, twenty digits."""
    out = run_tables(table_settings(sim), clock)

    for record in out.records(KB):
        assert isinstance(record["agent_number"], str)
        assert len(record["agent_number"]) == 6
        assert len(record["contact_id"]) == 20


def test_no_keys(sim, clock):
    """Without configured keys the key is `_row_hash`, another for another row."""
    out = run_tables(table_settings(sim), clock, AQ)

    hashes = [record["_row_hash"] for record in out.records(AQ)]
    assert {tuple(message["key_properties"]) for message in out.of("SCHEMA")} == {("_row_hash",)}
    assert len(set(hashes)) == len(hashes) == 24


@pytest.mark.parametrize("key", ["Interaction ID", "interaction_id", "interactionId"])
def test_keys(sim, clock, key):
    """Configured keys are the key, in the source's spelling or ours; there is no hash then."""
    keys = {AQ: [key, "Question Number"]}

    out = run_tables(table_settings(sim, primary_keys=keys), clock, AQ)

    pairs = {(r["interaction_id"], r["question_number"]) for r in out.records(AQ)}
    assert {tuple(m["key_properties"]) for m in out.of("SCHEMA")} == {
        ("interaction_id", "question_number")
    }
    assert len(pairs) == 24
    assert all("_row_hash" not in record for record in out.records(AQ))


@pytest.mark.ci
def test_keys_of_one_table(sim, clock):
    """The keys of one table are not those of another."""
    out = run_tables(table_settings(sim, primary_keys={KB: ["Suggestion ID"]}), clock, KB, AS)

    assert out.of("SCHEMA", KB)[0]["key_properties"] == ["suggestion_id"]
    assert out.of("SCHEMA", AS)[0]["key_properties"] == ["_row_hash"]


@pytest.mark.ci
def test_key_that_is_no_column_fails_the_window(sim, clock):
    """A file without a key column fails its window: header found, setting to change, no row."""
    out = run_tables(table_settings(sim, primary_keys={KB: ["Ticket"]}), clock)

    assert isinstance(failure(out), DriftError)
    assert "ticket" in str(failure(out))
    assert "Interaction ID, Contact ID" in str(failure(out))
    assert f"observability.primary_keys, '{KB}'" in str(failure(out))
    assert out.records(KB) == []
    assert out.bookmark(KB) is None


ROWS_WITHOUT_HEADER = {
    "numbers": "7,Ada Invented,3\r\n8,B,4\r\n",
    "texts": "Ada Invented,chat,yes\r\nBob Invented,mail,no\r\n",
    "texts and IDs": "Ada Invented,chat,a7\r\nBob Invented,mail,b8\r\n",
    "one row": "Ada Invented,chat,yes\r\n",
}


@pytest.mark.parametrize("body", ROWS_WITHOUT_HEADER.values(), ids=ROWS_WITHOUT_HEADER)
def test_table_that_begins_with_a_row_shows_no_value(sim, clock, caplog, body):
    """A first line that may be a row, by the lines below it, is shown as a number of cells."""
    sim.faults.add(Fault("download", "bytes", body=body, times=9))

    out = run_tables(table_settings(sim, primary_keys={KB: ["Ticket"]}), clock)

    assert "no column ticket in the header: 3 cells" in str(failure(out))
    assert "Ada" not in str(failure(out)) + caplog.text


@pytest.mark.parametrize("stream", PATHS)
def test_day_read_again_gives_the_same_keys(sim, clock, stream):
    """A day that is read again gives the same keys: the union by key is what there is."""
    config = table_settings(sim) | {"end_date": None}
    first = run_tables(config, clock, stream)
    clock.sleep(timedelta(hours=6))

    second = run_tables(config, clock, stream, state=first.state)

    records = [*first.records(stream), *second.records(stream)]
    union = {record["_row_hash"]: record for record in records}
    truth = sim.expected_rows(PATHS[stream], DAYS[0], clock.now() - timedelta(minutes=30))
    assert len(records) > len(union)
    assert sorted(cells(union.values()), key=str) == sorted(map(named, truth), key=str)
