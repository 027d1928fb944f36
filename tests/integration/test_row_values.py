"""Keys, duplicates and lines that are no rows, as PostgreSQL and DuckDB store them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tap_cxone.simulator import Fault
from tap_cxone.simulator.settings import tap_settings
from tests.docs.document import ROOT
from tests.integration.test_postgres import TAP, TARGET, run_pipe
from tests.support.run import select

if TYPE_CHECKING:
    from pathlib import Path

    from tap_cxone.simulator import Simulator
    from tests.integration.postgres import Postgres

DUCKDB = ROOT / ".meltano/loaders/target-duckdb/venv/bin/target-duckdb"
KEYED = """Workflow ID,Last Updated,Rank
w1,2026-11-20T10:00:00Z,newest
w1,2026-11-20T09:00:00Z,older
,2026-11-20T09:00:00Z,blank
,,
\ufeffWorkflow ID,Last Updated,Rank
w2,2026-11-20T09:00:00Z,older
w2,2026-11-20T10:00:00Z,newest
"  ",2026-11-20T09:00:00Z,blanks
"""
HASHED = "Name,Hours\na,1,\na,1,\na,1,\nb,2,\n"
WORKFLOWS = [("w1", "newest"), ("w2", "newest")]
PAYROLL = [("a", "1"), ("a", "1"), ("a", "1"), ("b", "2")]
QUARANTINED = [("line 4", "incomplete key"), ("line 9", "incomplete key")]
QUERIES = {
    "select workflow_id, rank from cxone.qm_workflows order by 1": WORKFLOWS,
    "select name, hours from cxone.payroll order by 1": PAYROLL,
    "select location, reason from cxone.quarantine order by 1": QUARANTINED,
}


def load_rows(sim: Simulator, folder: Path, target: Path, target_settings: dict[str, Any]) -> None:
    """Run the tap into a target, each stream with one file."""
    for body in (HASHED, KEYED):  # in the order of the streams' names
        sim.faults.add(Fault("download", "bytes", body=body, family="data_extraction"))
    payroll = {"name": "payroll", "entity_name": "wfm-payroll", "version": "1"}
    config = tap_settings(sim.url, 1000, families=("data_extraction",)) | {
        "start_date": "2026-03-15T00:00:00Z",
        "end_date": "2026-03-16T00:00:00Z",
        "count_identical_rows": True,
        "data_extraction": {"entities": [payroll], "request_spacing_seconds": 0},
    }
    catalog = folder / "catalog.json"
    catalog.write_text(json.dumps(select(config, "payroll", "qm_workflows", "quarantine")))
    where = folder / "target.json"
    where.write_text(json.dumps({**target_settings, "default_target_schema": "cxone"}))
    pipe = f"{TAP} --config ENV --catalog {catalog} | {target} --config {where}"
    run_pipe(pipe, config)


@pytest.fixture
def sim(simulate) -> Simulator:
    """Return a simulator whose time stands still."""
    started: Simulator = simulate(spacing_seconds=0, job_seconds=0)
    return started


def test_rows_are_right_in_postgres(sim, server: Postgres, tmp_path):
    """PostgreSQL has the newest row of each key, each identical row, and no row without a key."""
    load_rows(sim, tmp_path, TARGET, server.settings)

    assert {query: server.ask(query) for query in QUERIES} == QUERIES


@pytest.mark.slow
def test_rows_are_right_in_duckdb(sim, tmp_path):
    """DuckDB has the same; a key that is null would end its load."""
    load_rows(sim, tmp_path, DUCKDB, {"path": str(tmp_path / "rows.duckdb")})

    with duckdb.connect(str(tmp_path / "rows.duckdb"), read_only=True) as warehouse:
        found = {query: warehouse.execute(query).fetchall() for query in QUERIES}
    assert found == QUERIES
