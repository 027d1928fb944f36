"""Batch files beside RECORD messages: DuckDB over S3, and PostgreSQL by COPY."""

from __future__ import annotations

import re
from typing import Any

import fsspec
import pytest

from tests.docs.document import ROOT
from tests.integration.targets import POSTGRES, load_messages
from tests.support.batches import batch_config
from tests.support.object_storage import BUCKET, object_storage
from tests.support.streams import STREAM, run_stream, stream_settings

TWO_WINDOWS = {"start_date": "2026-03-01T00:00:00Z", "end_date": "2026-03-16T00:00:00Z"}
TABLE = (
    "select workflow_id, score, last_updated, phone_number, _window_end "
    "from cxone.qm_workflows order by 1"
)
SUMS = "SELECT count(*), sum(score), string_agg(workflow_id, ',' ORDER BY workflow_id)"


def recipe_query() -> str:
    """Return the query of docs/batches.md."""
    found = re.search(
        r"^SELECT \* FROM read_parquet.*?;",
        (ROOT / "docs/batches.md").read_text(),
        re.MULTILINE | re.DOTALL,
    )
    assert found
    return found[0].rstrip(";")


@pytest.mark.ci
def test_duckdb_reads_the_batches_of_the_recipe_as_record_messages(duckdb, simulate, clock):
    """Count, sum and keys of the rows in S3 are those of RECORD messages, by folder too."""
    sim = simulate()
    expected = run_stream(stream_settings(sim, **TWO_WINDOWS), clock).records(STREAM)
    late = [row for row in expected if row["_window_start"] >= "2026-03-15"]
    with object_storage() as s3, duckdb.connect() as database:
        setting = batch_config(
            f"s3://{BUCKET}/rows", "parquet", 50, layout="hive", params=s3.params
        )
        run_stream(stream_settings(sim, **TWO_WINDOWS, batch_config=setting), clock)
        database.register_filesystem(fsspec.filesystem("s3", **s3.params))
        query = recipe_query().replace("s3://my-bucket/cxone", f"s3://{BUCKET}/rows")

        found = {
            start: database.sql(f"{SUMS} FROM ({query.replace('2026-03', start)})").fetchone()
            for start in ("2026-03", "2026-03-15")
        }

    assert len(expected) > len(late) > 0
    assert found["2026-03"] == column_sums(expected)
    assert found["2026-03-15"] == column_sums(late)


def column_sums(rows: list[dict[str, Any]]) -> tuple[Any, ...]:
    """Return the count, the sum of scores and the keys of records."""
    keys = sorted(row["workflow_id"] for row in rows)
    scores = [row["score"] for row in rows if row["score"] is not None]
    return len(rows), pytest.approx(sum(scores)), ",".join(keys)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_postgres_loads_batches_by_copy_as_record_messages(simulate, clock, server, tmp_path, form):
    """A target that copies batches into PostgreSQL stores the table that RECORD messages give."""
    sim, tables = simulate(), []
    settings: list[dict[str, Any]] = [{}, {"batch_config": batch_config(tmp_path / "files", form)}]
    for number, batches in enumerate(settings):
        folder = tmp_path / str(number)
        folder.mkdir()
        out = run_stream(stream_settings(sim, **batches), clock)
        load_messages(out, POSTGRES, {**server.settings, "use_copy": True}, folder)
        tables.append(server.ask(TABLE))
        server.clear()

    by_record, by_batch = tables
    assert by_batch == by_record != []
