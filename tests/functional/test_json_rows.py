"""Rows of JSON files: values, fields and columns."""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import Any

import pytest

from tap_cxone.errors import InvalidRecords
from tap_cxone.rows.dedupe import SeenKeys
from tap_cxone.simulator import Fault, Simulator
from tests.support.examples import json_jobs
from tests.support.expectations import failure, without_metadata
from tests.support.ids import readable
from tests.support.room import QUARANTINE


def serve_elements(sim: Simulator, *elements: Any, times: int = 1) -> None:
    """Make these elements the next file, texts to the letter."""
    written = ",".join(e if isinstance(e, str) else json.dumps(e) for e in elements)
    sim.faults.add(Fault("download", "bytes", body=f"[{written}]", times=times))


def whole_conversation(number: int = 0, **changes: Any) -> dict[str, Any]:
    """Return a conversation that is whole."""
    when = {"dateFrom": "2026-03-15T01:00:00.000Z", "dateTo": "2026-03-15T01:01:00.000Z"}
    whole = {"id": f"c{number}", "type": "bot", **when, "botId": "b", "agentId": None}
    return {**whole, "duration": number, **changes}


def without(field: str) -> dict[str, Any]:
    """Return a conversation that lacks a field."""
    return {name: value for name, value in whole_conversation(99).items() if name != field}


def lenient(sim: Simulator, **changes: Any) -> dict[str, Any]:
    """Return settings of one day in which any number of misfits is fine."""
    return json_jobs.export_settings(sim, max_invalid_ratio=1, **changes)


@pytest.mark.parametrize("layout", ["array", "lines", "pretty"])
@pytest.mark.parametrize("number", [1, 2])
def test_invalid_and_duplicate_rows_of_json_are_separated(simulate, clock, layout, number):
    """With misfits and repeats in a file the truth is emitted, and every misfit is kept."""
    sim = simulate(rows_per_day=120, invalid_elements=7, duplicates=9, analytics_json=layout)

    out = json_jobs.run_exports(json_jobs.export_settings(sim, number), clock)

    reasons = [record["reason"] for record in out.records(QUARANTINE)]
    assert out.error is None
    assert without_metadata(out.records(json_jobs.STREAM)) == json_jobs.typed_conversations(
        json_jobs.expected_conversations(sim, number)
    )
    assert sorted(reasons) == sorted(
        [
            *["is not an object"] * 3,
            "lacks the required duration",
            "column duration has a value that is not of type number",
            "lacks the required id",
            "column date_from has a value that is not of type date-time",
        ]
        * number
    )


@pytest.mark.parametrize("number", [1, 2])
def test_invalid_rows_of_csv_are_separated(simulate, clock, number):
    """The same of CSV."""
    sim = simulate(rows_per_day=120, invalid_elements=6, duplicates=9)

    out = json_jobs.run_exports(json_jobs.changed_export_settings(sim, number, format="csv"), clock)

    assert out.error is None
    assert without_metadata(out.records(json_jobs.STREAM)) == json_jobs.typed_conversations(
        json_jobs.expected_conversations(sim, number)
    )
    assert len(out.records(QUARANTINE)) == 6 * number


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ("7", None),
        ("null", None),
        ('"a  text"', None),
        ("[1,  2]", None),
        ('{ "b":1.50,  "a":"\\u00e9" , "id":"x"}', "agentId"),
        (
            '{"half":"\\ud83d","id":"h","type":"bot","botId":1,"agentId":1,"duration":1,'
            '"dateFrom":"2026-03-15","dateTo":"2026-03-15"}',
            None,
        ),
        (
            '{"id":"y","duration" : "abc","type":"bot","botId":1,"agentId":1,'
            '"dateFrom":"2026-03-15","dateTo":"2026-03-15"}',
            "duration",
        ),
    ],
    ids=readable,
)
def test_to_the_letter(sim, clock, raw, field):
    """What did not fit is kept as it stood in the file, blanks, escapes and zeros included."""
    serve_elements(sim, whole_conversation(1), raw, whole_conversation(2))

    out = json_jobs.run_exports(lenient(sim), clock)

    (record,) = out.records(QUARANTINE)
    assert out.error is None
    assert record["record"] == raw
    assert record["field"] == field
    assert record["job_id"] == json_jobs.export_jobs(sim)[0].id
    assert [r["id"] for r in out.records(json_jobs.STREAM)] == ["c1", "c2"]


@pytest.mark.parametrize(
    "field", ["id", "type", "dateFrom", "dateTo", "botId", "agentId", "duration"]
)
def test_required_fields(sim, clock, field):
    """An object that lacks one of the seven fields of a conversation is none."""
    serve_elements(sim, whole_conversation(1), without(field))

    out = json_jobs.run_exports(lenient(sim), clock)

    (record,) = out.records(QUARANTINE)
    assert record["reason"] == f"lacks the required {field}"
    assert record["field"] == field
    assert [r["id"] for r in out.records(json_jobs.STREAM)] == ["c1"]


@pytest.mark.parametrize("field", ["type", "dateFrom", "dateTo", "botId", "agentId", "duration"])
def test_null_is_not_missing(sim, clock, field):
    """A field that is null is there."""
    serve_elements(sim, whole_conversation(1, **{field: None}))

    out = json_jobs.run_exports(json_jobs.export_settings(sim), clock)

    assert out.error is None
    assert len(out.records(json_jobs.STREAM)) == 1
    assert out.records(QUARANTINE) == []


@pytest.mark.parametrize("spelled", ["customerRef", "customer_ref"])
def test_configured_fields(sim, clock, spelled):
    """Which fields are required can be set, by the source's names or ours."""
    serve_elements(sim, {"id": "a", "customerRef": None}, {"id": "b"}, {"customerRef": 1})
    config = json_jobs.changed_export_settings(sim, required_fields=[spelled]) | {
        "max_invalid_ratio": 1
    }

    out = json_jobs.run_exports(config, clock)

    assert [r["id"] for r in out.records(json_jobs.STREAM)] == ["a"]
    first, second = (r["reason"] for r in out.records(QUARANTINE))
    assert first in {"lacks the required customerRef", "lacks the required customer_ref"}
    assert second == "lacks the required id"


def test_required_field_is_not_one_of_the_same_letters(sim, clock):
    """A key with another sign is another field."""
    serve_elements(sim, {"id": "a", "upd %": 1}, {"id": "b", "upd": 1})
    config = json_jobs.changed_export_settings(sim, required_fields=["upd %"])

    out = json_jobs.run_exports(config, clock)

    assert [r["id"] for r in out.records(json_jobs.STREAM)] == ["a"]
    assert [r["reason"] for r in out.records(QUARANTINE)] == ["lacks the required upd %"]


def test_no_required_fields(sim, clock):
    """An empty list requires the keys alone."""
    serve_elements(sim, {"id": "a"}, whole_conversation(1))

    out = json_jobs.run_exports(json_jobs.changed_export_settings(sim, required_fields=[]), clock)

    assert [r["id"] for r in out.records(json_jobs.STREAM)] == ["a", "c1"]


@pytest.mark.some(4)
@pytest.mark.parametrize(
    "bad",
    [
        {"id": "z", "newKey": 1},
        whole_conversation(9, duration="abc", newKey=1),
        '{"newKey":"\\ud800","id":"z"}',
    ],
    ids=readable,
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_keys_of_invalid_rows_are_no_columns(sim, clock, bad, place):
    """What only a quarantined object has makes no column, wherever it stands, and is no drift."""
    rows = [whole_conversation(1), whole_conversation(2)]
    serve_elements(sim, *rows[:place], bad, *rows[place:])

    out = json_jobs.run_exports(lenient(sim, schema_drift="fail"), clock)

    assert out.error is None
    assert len(out.records(QUARANTINE)) == 1
    assert len(out.of("SCHEMA", json_jobs.STREAM)) == 1
    assert not [key for r in out.records(json_jobs.STREAM) for key in r if "new" in key]


def test_keys_of_valid_rows_stay_beside_an_invalid_one(sim, clock):
    """A misfit takes away no column that good rows showed, before it, after it or as well."""
    bad = whole_conversation(9, duration="abc", both=0, mine=0)
    rows = [
        whole_conversation(1, first=1),
        bad,
        whole_conversation(2, both=2),
        bad,
        whole_conversation(3, late=3),
    ]
    serve_elements(sim, *rows, bad, whole_conversation(9, duration="abc"))

    out = json_jobs.run_exports(lenient(sim), clock)

    own = [
        {k: r[k] for k in r if k in {"first", "both", "late"}}
        for r in out.records(json_jobs.STREAM)
    ]
    assert out.error is None
    assert own == [
        {"first": "1", "both": None, "late": None},
        {"first": None, "both": "2", "late": None},
        {"first": None, "both": None, "late": "3"},
    ]
    assert "mine" not in out.of("SCHEMA", json_jobs.STREAM)[-1]["schema"]["properties"]


def test_window_of_invalid_rows_only_is_committed(sim, clock):
    """A window of misfits alone is committed if the ratio allows it."""
    serve_elements(sim, 1, 2, 3)

    out = json_jobs.run_exports(lenient(sim), clock)

    assert out.error is None
    kinds = [message["type"] for message in out.messages if message.get("stream") == QUARANTINE]
    assert kinds[:4] == ["SCHEMA", "RECORD", "RECORD", "RECORD"]
    assert out.bookmark(json_jobs.STREAM) == "2026-03-16T00:00:00+00:00"


@pytest.mark.parametrize(
    "value", ["NaN", "1e999999999999999999999", '"\\ud800"'], ids=["NaN", "exponent", "surrogate"]
)
def test_window_with_one_unreadable_value_is_committed(sim, clock, value):
    """The object has the required fields, so the file is one of the stream."""
    serve_elements(sim, f'{json.dumps(whole_conversation())[:-1]}, "score": {value}}}')

    out = json_jobs.run_exports(json_jobs.export_settings(sim), clock)

    assert out.error is None
    assert len(out.records(QUARANTINE)) == 1


def test_window_of_an_unknown_object_with_an_unreadable_value_fails(sim, clock):
    """An object without the required fields may be an error page."""
    serve_elements(sim, '{"message": NaN}')

    assert isinstance(
        failure(json_jobs.run_exports(json_jobs.export_settings(sim), clock)), InvalidRecords
    )


def test_invalid_ratio_of_zero_allows_none(sim, clock):
    """A ratio of 0 allows none."""
    serve_elements(sim, *[whole_conversation(number) for number in range(200)], 7)

    out = json_jobs.run_exports(
        json_jobs.export_settings(sim, max_invalid_ratio=0, max_invalid_rows_free=0), clock
    )

    assert isinstance(failure(out), InvalidRecords)
    assert "1 of 201" in str(failure(out))


def test_error_page_instead_of_rows_is_refused(sim, clock):
    """An object that is an error of some server is no row, and fails the window."""
    sim.faults.add(Fault("download", "bytes", body='{"message":"Something went wrong"}'))

    out = json_jobs.run_exports(json_jobs.export_settings(sim), clock)

    assert isinstance(failure(out), InvalidRecords)
    assert "Something went wrong" not in str(failure(out))
    assert out.records(json_jobs.STREAM) == []


def test_record_id_is_the_same_for_equal_rows(sim, clock):
    """The same row has the same id whenever it comes, another stream's or row's another."""
    serve_elements(sim, whole_conversation(1), 7, 8)
    first = json_jobs.run_exports(lenient(sim), clock)
    serve_elements(sim, whole_conversation(2), 7)
    second = json_jobs.run_exports(lenient(sim), clock)

    seven, eight = (record["record_id"] for record in first.records(QUARANTINE))
    assert seven == hashlib.sha256(f"{json_jobs.STREAM}\n7".encode()).hexdigest()
    assert seven != eight
    assert [record["record_id"] for record in second.records(QUARANTINE)] == [seven]


def test_every_window_names_itself(simulate, clock):
    """A misfit names the window and the job it came with, and is emitted before its STATE."""
    sim = simulate()
    serve_elements(sim, whole_conversation(1), 7)
    serve_elements(sim, 8, whole_conversation(2))

    out = json_jobs.run_exports(json_jobs.export_settings(sim, 2, max_invalid_ratio=1), clock)

    first, second = out.records(QUARANTINE)
    assert [first["window_start"], second["window_start"]] == [
        "2026-03-15T00:00:00+00:00",
        "2026-03-16T00:00:00+00:00",
    ]
    assert [first["job_id"], second["job_id"]] == [job.id for job in json_jobs.export_jobs(sim)]
    bookmark, seen = "", []
    for message in out.messages:
        if message["type"] == "STATE":
            bookmark = message["value"]["bookmarks"][json_jobs.STREAM].get(
                "replication_key_value", ""
            )
        if message["type"] == "RECORD" and message["stream"] == QUARANTINE:
            seen.append(bookmark)
    assert seen == ["", "2026-03-16T00:00:00+00:00"]


def test_records_and_invalid_rows_keep_the_order_of_the_file(sim, clock):
    """Records and misfits are emitted in the order of the file."""
    serve_elements(sim, whole_conversation(1), 7, whole_conversation(2), 8)

    out = json_jobs.run_exports(lenient(sim), clock)

    assert [m["stream"] for m in out.of("RECORD")] == [json_jobs.STREAM, QUARANTINE] * 2


@pytest.mark.parametrize("packed", [True, False])
def test_repeats_past_what_is_held(sim, clock, packed, monkeypatch):
    """A window of more keys than are held in memory emits each once."""
    monkeypatch.setattr(SeenKeys.__init__, "__defaults__", (5,))
    rows = [whole_conversation(number % 40) for number in range(120)]
    body = json.dumps(rows, separators=(",", ":")).encode()
    sim.faults.add(Fault("download", "bytes", body=gzip.compress(body) if packed else body))

    out = json_jobs.run_exports(json_jobs.export_settings(sim), clock)

    assert [r["id"] for r in out.records(json_jobs.STREAM)] == [
        f"c{number}" for number in range(40)
    ]
