"""Rows that go into batch files by columns are those of RECORD messages, whatever a file holds."""

from __future__ import annotations

import gzip
import json
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tap_cxone.simulator import Fault, Options, Simulator
from tests.support.batches import batch_config, batched, recorded, rows_in
from tests.support.examples import json_jobs
from tests.support.odd_rows import (
    AMONG,
    ODD,
    WIDE,
    conversations,
    csv_table,
    element,
    entity_settings,
)
from tests.support.run import FakeClock, Output, run_tap, select

FORMS = ["jsonl", "parquet"]


def run_with_files(settings: Any, stream: str, *bodies: Any, **changes: Any) -> Output:
    """Run one stream over given files."""
    clock = FakeClock()
    with Simulator(Options(rows_per_day=12), clock=clock) as sim:
        sim.faults.add(*(Fault("download", "bytes", body=body) for body in bodies))
        config = {**settings(sim), "parallel_families": False, **changes}
        return run_tap(config, clock=clock, catalog=select(config, stream, "quarantine"))


def without_job(rows: dict[str, list[str]]) -> dict[str, list[dict[str, Any]]]:
    """Return rows by stream, without the random ID of a job."""
    found = {stream: list(map(json.loads, lines)) for stream, lines in rows.items()}
    for row in found.get("quarantine", []):
        del row["job_id"]
    return found


@pytest.fixture
def compare(tmp_path):
    """Return a function that checks that batches have the rows of RECORD messages."""

    def check(form: str, settings: Any, stream: str, *bodies: Any) -> Output:
        expected = run_with_files(settings, stream, *bodies)
        setting = batch_config(tmp_path, form, size=500)
        out = run_with_files(settings, stream, *bodies, batch_config=setting)
        assert out.error is expected.error is None
        assert out.of("RECORD") == []
        assert without_job(batched(out.messages)) == without_job(recorded(expected))
        return out

    return check


@pytest.mark.ci
@pytest.mark.some(4)
@pytest.mark.parametrize("form", FORMS, ids=FORMS)
@pytest.mark.parametrize("odd", [name for name in ODD if name != "exact"], ids=str)
def test_batch_of_csv_has_the_rows_of_record_messages(compare, form, odd):
    """Rows of CSV, invalid ones too, are the same in files."""
    compare(form, entity_settings(), WIDE, csv_table(700, *ODD[odd]), csv_table(3))


@pytest.mark.parametrize("form", FORMS, ids=FORMS)
def test_batch_without_keys_has_the_hashes_of_record_messages(compare, form):
    """Rows that are known by their digest are the same in files, and equal rows come once."""
    compare(form, entity_settings(keys=()), WIDE, csv_table(700, "s3,,,,,", "s3,,,,,"))


@pytest.mark.ci
@pytest.mark.some(6)
@pytest.mark.parametrize("form", FORMS, ids=FORMS)
@pytest.mark.parametrize("among", [name for name in AMONG if name != "numbers"], ids=str)
def test_batch_of_json_has_the_rows_of_record_messages(compare, form, among):
    """Rows of JSON, with new columns in the middle and keys that repeat, are the same in files."""
    elements = [AMONG[among].get(number, element(number)) for number in range(1200)]

    compare(
        form, conversations, json_jobs.STREAM, gzip.compress(f"[{','.join(elements)}]".encode())
    )


@pytest.mark.parametrize("form", FORMS, ids=FORMS)
def test_batch_of_rows_whose_last_block_repeats_keys_is_complete(compare, form):
    """A block of which no row is emitted, as each repeats a key, ends no batch."""
    repeats = "s1,,,1.5,,\ns1,,,,,\n"

    compare(form, entity_settings(), WIDE, csv_table(2) + repeats, csv_table(3))


@pytest.mark.ci
@pytest.mark.parametrize("form", FORMS, ids=FORMS)
def test_batch_with_a_new_column_follows_its_schema(compare, form):
    """A column that comes with the second window is in the SCHEMA before the BATCH with it."""
    out = compare(form, entity_settings(), WIDE, csv_table(20), csv_table(30, more=",New Column"))

    kinds = [
        (m["type"], "new_column" in m.get("schema", {}).get("properties", {})) for m in out.messages
    ]
    assert (("SCHEMA", True), ("BATCH", False)) in pairwise(kinds)


@pytest.mark.parametrize(
    ("numbers", "fits"), [("double", False), ("decimal", True)], ids=["double", "decimal"]
)
def test_parquet_number_beyond_its_type_is_quarantined(tmp_path, numbers, fits):
    """A number that its column does not hold exactly is an invalid row; the type stays."""
    setting = {**batch_config(tmp_path, "parquet", 500), "parquet": {"numbers": numbers}}
    body = csv_table(9, "e1,,12345678901234567890.123456789,1,,").replace("e1", "s0x", 1)
    body += "e2,,12345678901234567890.123456789,1,,\ne3,,1,9223372036854775808,,\n"

    out = run_with_files(entity_settings(), WIDE, body, batch_config=setting)

    rows = without_job(batched(out.messages))
    reasons = [row["reason"] for row in rows["quarantine"]]
    stored = {"double": "double", "decimal": "decimal128(38, 9)"}[numbers]
    assert "column count violates its constraint (stored as int64)" in reasons
    assert (f"column score violates its constraint (stored as {stored})" in reasons) != fits
    assert ("e2" in [row["segment_id"] for row in rows[WIDE]]) == fits


@pytest.mark.parametrize(
    ("numbers", "kind"),
    [("double", pa.float64()), ("decimal", pa.decimal128(38, 9))],
    ids=["double", "decimal"],
)
def test_parquet_column_has_one_type_in_all_files(tmp_path, numbers, kind):
    """A file of nulls, one of integers and one of fractions have the types of the schema."""
    setting = {**batch_config(tmp_path, "parquet", 2), "parquet": {"numbers": numbers}}
    lines = ["Segment ID,When,Score,Count,Paid,Note"]
    lines += [f"s{n},,,,," for n in range(2)] + [f"t{n},,{n},{n},no,x" for n in range(2)]
    lines += [f"u{n},2026-03-01,{n}.25,{n},no,x" for n in range(2)]

    out = run_with_files(entity_settings(), WIDE, "\n".join(lines), batch_config=setting)

    urls = [url for message in out.of("BATCH", WIDE) for url in message["manifest"]]
    schemas = [pq.read_schema(url.removeprefix("file://")) for url in urls]
    assert len(schemas) >= 3
    assert {schema.field("score").type for schema in schemas} == {kind}
    assert {schema.field("count").type for schema in schemas} == {pa.int64()}
    assert {schema.field("when").type for schema in schemas} == {pa.timestamp("us", tz="UTC")}


@pytest.mark.parametrize("numbers", ["double", "decimal"], ids=str)
def test_negative_zero_of_json_is_zero_in_batches_and_records(tmp_path, numbers):
    """A zero of a number column has no sign; a column of texts keeps what the file has."""
    texts = ["-0", "-0.0", "-0e0"]
    body = [f'{{"id": "{n}", "duration": {t}, "note": {t}}}' for n, t in enumerate(texts)]
    export = {"name": json_jobs.STREAM, "required_fields": ["id"]}
    form = {**batch_config(tmp_path, "parquet", 500), "parquet": {"numbers": numbers}}
    settings = {json_jobs.FAMILY: {"window_days": 1, "exports": [export]}}

    outs = [
        run_with_files(conversations, json_jobs.STREAM, f"[{','.join(body)}]", **settings, **more)
        for more in ({}, {"batch_config": form})
    ]

    rows = [outs[0].records(json_jobs.STREAM), rows_in(outs[1].of("BATCH", json_jobs.STREAM)[0])]
    for found in rows:
        assert [str(row["duration"])[0] for row in found] == ["0"] * 3
        assert [row["note"] for row in found] == texts
