"""`metadata_columns`: from which file, and which row of it, a record comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.simulator import Fault
from tap_cxone.simulator.settings import ALL_FAMILIES, tap_settings
from tests.support.audit_log import DAY, audit_lines
from tests.support.batches import batch_config, rows_in
from tests.support.examples import full_lists, json_jobs
from tests.support.rooms import EVERYWHERE, NINE, ROOMS, room_of
from tests.support.run import NOON, run_tap, select

if TYPE_CHECKING:
    from tests.support.room import Room
    from tests.support.run import Output

ROOM = room_of("bot_conversations")
FOUR = ["_job_id", "_row_number", "_file_sha256", "_extracted_at"]
INVALID = ("k9", "many")


def lineage(record: dict[str, Any]) -> dict[str, Any]:
    return {name: record[name] for name in FOUR}


def run_room(sim: Any, clock: Any, room: Room, **changes: Any) -> Output:
    """Run a stream over ten rows, of which the third is invalid."""
    room.serve(sim, *NINE[:2], INVALID, *NINE[2:], times=9)
    return room.run(room.settings(sim, metadata_columns=FOUR, **changes), clock)


@EVERYWHERE
def test_record_with_metadata_names_its_row(sim, clock, room):
    """The number counts all rows of the file, so it finds the row in the file."""
    out = run_room(sim, clock, room)

    numbers = [record["_row_number"] for record in out.records(room.stream)]
    assert numbers == [1, 2, 4, 5, 6, 7, 8, 9, 10]


@EVERYWHERE
def test_record_with_metadata_names_its_file(sim, clock, room, audit_log):
    """Job and SHA-256 are those of the audit log, and the time is that of the request."""
    out = run_room(sim, clock, room, audit_log_path=str(audit_log))

    (file,) = [line for line in audit_lines(audit_log) if line["event"] == "file_downloaded"]
    found = {tuple(lineage(r).values())[2:3] for r in out.records(room.stream)}
    assert found == {(file["sha256"],)}
    assert {record["_job_id"] for record in out.records(room.stream)} == {file["job_id"]}
    assert out.records(room.stream)[0]["_extracted_at"] >= NOON.isoformat()


def test_schema_has_the_types_of_metadata_columns(sim, clock):
    """The four columns are in the SCHEMA, and required."""
    out = run_room(sim, clock, ROOM)

    schema = out.of("SCHEMA", ROOM.stream)[0]["schema"]
    types = {name: schema["properties"][name]["type"][0] for name in FOUR}
    assert types == dict.fromkeys(FOUR, "string") | {"_row_number": "integer"}
    assert schema["properties"]["_extracted_at"]["format"] == "date-time"


@pytest.mark.parametrize("form", ["jsonl", "parquet"], ids=["lines", "columns"])
def test_batch_has_the_metadata_columns_of_record_messages(sim, clock, form, tmp_path):
    """Both formats have the same numbers and the same file."""
    expected = run_room(sim, clock, ROOM)
    files = batch_config(tmp_path, form, 500)

    out = run_room(sim, clock, ROOM, batch_config=files)

    ((*rows,),) = (rows_in(message) for message in out.of("BATCH", ROOM.stream))
    kept = ("_row_number", "_file_sha256")
    assert [[row[name] for name in kept] for row in rows] == [
        [record[name] for name in kept] for record in expected.records(ROOM.stream)
    ]
    assert {type(row["_job_id"]) for row in rows} == {str}


def test_every_family_has_metadata_columns(sim, clock):
    """Windows of each API have them; a table that is read whole keeps its own column alone."""
    config = {
        **tap_settings(sim.url, families=ALL_FAMILIES),
        **DAY,
        "metadata_columns": FOUR[1:],
    }
    config[full_lists.FAMILY] = {}
    streams = (full_lists.CONTACTS, *(room.stream for room in ROOMS))
    streams += ("custom_metrics_by_interaction", "agent_performance_daily")

    out = run_tap(config, clock=clock, catalog=select(config, *streams, "custom_metrics"))

    assert out.error is None
    for stream in streams:
        numbers = [record["_row_number"] for record in out.records(stream)]
        assert min(numbers) == 1
        assert {len(record["_file_sha256"]) for record in out.records(stream)} == {64}
    assert {"_row_number", "_file_sha256"}.isdisjoint(out.records("custom_metrics")[0])


def test_titles_that_look_like_metadata_columns_have_other_columns(sim, clock):
    """A title becomes a column without an underscore in front."""
    body = "id,duration,type,_row_number,_job_id\nk0,1,bot,seven,mine\n"
    sim.faults.add(Fault("download", "bytes", body=body, times=9))
    config = ROOM.settings(sim, metadata_columns=FOUR)
    config[json_jobs.FAMILY]["exports"][0]["required_fields"] = []

    out = ROOM.run(config, clock)

    (record,) = out.records(ROOM.stream)
    assert (record["row_number"], record["job_id"]) == ("seven", "mine")
    assert record["_row_number"] == 1


def test_metadata_columns_are_added_to_an_older_catalog(sim, clock):
    """A catalog that was discovered before the setting lacks them; the SCHEMA has them."""
    catalog = select(ROOM.settings(sim), ROOM.stream)
    ROOM.serve(sim, *NINE, times=9)
    config = ROOM.settings(sim, metadata_columns=FOUR)

    out = run_tap(config, clock=clock, catalog=catalog)

    assert out.of("SCHEMA", ROOM.stream)[0]["schema"]["properties"].keys() >= set(FOUR)
    assert out.records(ROOM.stream)[0]["_row_number"] == 1


def test_row_hash_does_not_depend_on_metadata_columns(sim, clock):
    """The key of a row without another one stays when the setting changes."""
    keyless = {**ROOM.settings(sim), **ROOM.keys}
    ROOM.serve(sim, *NINE, times=9)

    plain = ROOM.run(keyless, clock)
    marked = ROOM.run({**keyless, "metadata_columns": FOUR}, clock)

    before, after = ([r["_row_hash"] for r in o.records(ROOM.stream)] for o in (plain, marked))
    assert before == after != []
