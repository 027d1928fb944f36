"""Keys, duplicates and lines that are no rows, as PostgreSQL and DuckDB store them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_cxone.simulator import Fault
from tap_cxone.simulator.settings import tap_settings
from tests.integration.targets import DUCKDB, POSTGRES, load_messages
from tests.support.examples import csv_jobs
from tests.support.run import run_tap, select

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator
    from tests.support.postgres import Postgres
    from tests.support.run import FakeClock, Output

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


def run_row_files(sim: Simulator, clock: FakeClock) -> Output:
    """Run the tap, each stream with one file."""
    for body in (HASHED, KEYED):  # in the order of the streams' names
        sim.faults.add(Fault("download", "bytes", body=body, family=csv_jobs.FAMILY))
    payroll = {"name": "payroll", "entity_name": "wfm-payroll", "version": "1"}
    config = tap_settings(sim.url, families=(csv_jobs.FAMILY,)) | {
        "start_date": "2026-03-15T00:00:00Z",
        "end_date": "2026-03-16T00:00:00Z",
        "count_identical_rows": True,
        csv_jobs.FAMILY: {"entities": [payroll]},
    }
    catalog = select(config, "payroll", "qm_workflows", "quarantine")
    out = run_tap(config, clock=clock, catalog=catalog)
    assert out.error is None
    return out


@pytest.fixture
def sim(simulate) -> Simulator:
    """Return a simulator whose jobs are done at once."""
    started: Simulator = simulate(job_seconds=0)
    return started


@pytest.mark.ci
def test_rows_are_right_in_postgres(sim, clock, server: Postgres, tmp_path):
    """PostgreSQL has the newest row of each key, each identical row, and no row without a key."""
    load_messages(run_row_files(sim, clock), POSTGRES, server.settings, tmp_path)

    assert {query: server.ask(query) for query in QUERIES} == QUERIES


@pytest.mark.slow
def test_rows_are_right_in_duckdb(duckdb, sim, clock, tmp_path):
    """DuckDB has the same; a key that is null would end its load."""
    path = str(tmp_path / "rows.duckdb")
    load_messages(run_row_files(sim, clock), DUCKDB, {"path": path}, tmp_path)

    with duckdb.connect(path, read_only=True) as warehouse:
        found = {query: warehouse.execute(query).fetchall() for query in QUERIES}
    assert found == QUERIES
