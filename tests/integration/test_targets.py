"""Meltano runs the tap into real targets, with the state it keeps, and asks no Hub."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.simulator.settings import environment, tap_settings
from tests.docs.document import ROOT
from tests.integration.meltano import meltano, run_there, write_project
from tests.support.examples import csv_jobs, paged_rows, report_runs
from tests.support.run import lines_of

duckdb = pytest.importorskip("duckdb", reason="DuckDB 1.2 has no wheel for Python 3.14")

if TYPE_CHECKING:
    from collections.abc import Collection

    from tap_cxone.simulator import Simulator
    from tap_cxone.simulator.faults import FamilyName

BIN = Path(sys.executable).parent
ENTITIES = {
    "qm_workflows": ("qm-workflows", "workflow_id"),
    "qm_questions": ("qm-questions", "workflow_instance_id, question_id"),
    "recording_interaction_metadata": ("recording-interaction-metadata", "segment_id"),
}
REPORTS = ("agent_performance_daily", "custom_metrics_by_interaction")
RUN = ("--environment=demo", "run")
SUM = "select sum(calls_handled) from cxone.agent_performance_daily"
FIRST: tuple[FamilyName, ...] = (csv_jobs.FAMILY,)
START, MIDDLE, END = date(2026, 3, 10), date(2026, 3, 13), date(2026, 3, 16)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a Meltano project like ours, with the plugins that `make` has installed."""
    return write_project(tmp_path)


@pytest.fixture
def sim(simulate) -> Simulator:
    """Return a simulator whose time stands still; the spacing has tests of its own."""
    started: Simulator = simulate(spacing_seconds=0, rows_per_day=40)
    return started


def variables(sim: Simulator, end: date, families: Collection[FamilyName] = ()) -> dict[str, str]:
    """Return the tap's settings up to a day, as variables.

    Only the first family takes part unless other families are named.
    """
    settings: dict[str, Any] = tap_settings(sim.url, 1000, families=families or FIRST)
    if families:
        settings = {name: settings[name] for name in settings if "access_key" not in name}
    settings |= {"start_date": START.isoformat(), "end_date": end.isoformat()}
    return environment(settings)


def counted(project: Path) -> dict[str, tuple[int, int]]:
    """Return, by stream, how many rows DuckDB has and how many keys."""
    with duckdb.connect(str(project / "output/warehouse.duckdb"), read_only=True) as warehouse:
        counts = {}
        for stream, (_, keys) in ENTITIES.items():
            query = f"select count(*), count(distinct ({keys})) from cxone.{stream}"  # noqa: S608
            counts[stream] = warehouse.execute(query).fetchall()[0]
        return counts


@pytest.mark.slow  # `make demo` does the same
def test_two_runs_into_duckdb(project, sim):
    """The first run loads every row, the second only later days, and no key repeats."""
    for end in (MIDDLE, END):
        submits = len([seen for seen in sim.requests if seen.path.endswith("/jobs/sync")])

        meltano(project, variables(sim, end), *RUN, "tap-cxone", "target-duckdb")

        expected = {
            s: len(sim.expected_rows(entity, START, end)) for s, (entity, _) in ENTITIES.items()
        }
        assert counted(project) == {stream: (rows, rows) for stream, rows in expected.items()}
        asked = [seen for seen in sim.requests if seen.path.endswith("/jobs/sync")][submits:]
        assert {json.loads(seen.body)["startDate"] for seen in asked} == {
            (START if end == MIDDLE else MIDDLE).isoformat()
        }


@pytest.mark.slow
def test_reports_read_twice_into_duckdb(project, simulate):
    """A report, and custom metrics, read again over the same days emit the same rows."""
    sim = simulate(job_seconds=0, rows_per_day=40, tenant_zone="UTC")
    known = variables(sim, MIDDLE, [report_runs.FAMILY, paged_rows.FAMILY])
    tables = []
    for _ in range(2):
        meltano(project, known, *RUN, "--full-refresh", "tap-cxone", "target-duckdb")
        with duckdb.connect(str(project / "output/warehouse.duckdb"), read_only=True) as warehouse:
            queries = [f"select * from cxone.{name} order by all" for name in REPORTS]  # noqa: S608
            tables.append([warehouse.execute(query).fetchall() for query in queries])
            calls = warehouse.execute(SUM).fetchall()

    assert tables[0] == tables[1]
    assert all(tables[0])
    assert len(sim.schedules) == 1
    truth = sim.expected_rows("report:agent", START, MIDDLE)
    assert calls == [(sum(row["callsHandled"] for row in truth),)]


@pytest.mark.ci
def test_values_in_json_lines_arrive_unchanged(project, sim):
    """Values arrive as they are: "false" is false, leading zeros and twenty digits stay."""
    target = ROOT / ".meltano/loaders/target-jsonl/venv/bin/target-jsonl"
    (project / "target.json").write_text('{"destination_path": "output"}')
    pipe = f"{BIN}/tap-cxone --config ENV | {target} --config target.json"
    run_there(project, variables(sim, MIDDLE), "bash", "-o", "pipefail", "-c", pipe)

    truth = {
        (row["WorkflowInstance ID"], row["Question ID"]): row
        for row in sim.expected_rows("qm-questions", START, MIDDLE)
    }
    (file,) = (project / "output").glob("qm_questions*.jsonl")
    lines = lines_of(file.read_text())
    rows = [json.loads(line) for line in lines]
    assert len(rows) == len(truth)
    for row in rows:
        source = truth[row["workflow_instance_id"], row["question_id"]]
        assert row["team_id"] == (source["Team ID"] or None)
        assert row["critical"] is {"true": True, "false": False, "": None}[source["Critical"]]
    assert any(row["team_id"].startswith("0") for row in rows if row["team_id"])
    assert False in {row["critical"] for row in rows}
