"""dbt builds and tests the project of `transform/` in a real DuckDB and a real PostgreSQL."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from demo.models import TRANSFORM, model_files
from tap_cxone.simulator.settings import tap_settings
from tests.docs.document import ROOT
from tests.integration.targets import DUCKDB, POSTGRES, load_messages
from tests.support.examples import full_lists, json_jobs, quota_jobs
from tests.support.run import FakeClock, run_tap, select

duckdb = pytest.importorskip("duckdb", reason="DuckDB 1.2 has no wheel for Python 3.14")

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.postgres import Postgres

DBT = ROOT / ".venv-dbt/bin/dbt"
READ = (
    "agents",
    "teams",
    full_lists.CONTACTS,
    quota_jobs.KB,
    "bot_conversations",
    "extraction_log",
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DBT.exists(), reason="needs .venv-dbt of make, Python 3.11 to 3.13"),
]


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that begins with the present: dbt compares the rows with it."""
    return FakeClock(datetime.now(UTC))


@pytest.fixture
def recent_rows(simulate: Any, clock: FakeClock) -> Any:
    """Return a run over the last days, up to the present."""
    sim = simulate(rows_per_day=24)
    config = {
        **tap_settings(sim.url, families=(full_lists.FAMILY, quota_jobs.FAMILY, json_jobs.FAMILY)),
        "start_date": (clock.now() - timedelta(days=3)).date().isoformat(),
    }
    out = run_tap(config, clock=clock, catalog=select(config, *READ))
    assert out.error is None
    return out


def run_dbt(
    folder: Path,
    target: str,
    variables: dict[str, str],
    *command: str,
    artifact: str = "run_results",
) -> dict[str, str]:
    """Run a command of dbt on a copy of the project; return the status of each of its nodes."""
    project = folder / "transform"
    shutil.copytree(TRANSFORM, project, ignore=shutil.ignore_patterns("target", "logs"))
    where = ("--project-dir", project, "--profiles-dir", project, "--target", target)
    run = subprocess.run(
        [DBT, "--warn-error", *command, *where],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    written = project / f"target/{artifact}.json"
    assert written.exists(), run.stdout[-4000:]
    nodes = json.loads(written.read_text())["results"]
    return {node_name(node["unique_id"]): node["status"] for node in nodes}


def node_name(unique_id: str) -> str:
    """Return the name of a model, a test or a source, whose ID has other parts too."""
    kind, _, *names = unique_id.split(".")
    return names[1] if kind == "source" else names[0]


def in_postgres(server: Postgres) -> dict[str, str]:
    """Return the variables that lead dbt to a server."""
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD"}
    at = server.settings
    return {name: str(at[key]) for key, name in names.items()} | {"PGDATABASE": at["database"]}


def test_dbt_builds_and_passes_in_postgres(recent_rows, server, tmp_path):
    """Every model is built, and every test passes, on rows up to the present."""
    load_messages(recent_rows, POSTGRES, server.settings, tmp_path)

    found = run_dbt(tmp_path, "postgres", in_postgres(server), "build")

    assert {found[model] for model in model_files()} == {"success"}
    assert set(found.values()) == {"success", "pass"}
    assert server.ask("select count(*) from cxone_models.handling_time_by_team") == [(4,)]


def test_dbt_builds_and_passes_in_duckdb(recent_rows, tmp_path):
    """The same in the file of DuckDB, which the demo's version reads afterwards."""
    path = tmp_path / "warehouse.duckdb"
    load_messages(recent_rows, DUCKDB, {"path": str(path)}, tmp_path)

    found = run_dbt(tmp_path, "duckdb", {"CXONE_WAREHOUSE": str(path)}, "build")

    assert {found[model] for model in model_files()} == {"success"}
    assert set(found.values()) == {"success", "pass"}
    with duckdb.connect(str(path), read_only=True) as warehouse:
        query = "select count(*) from cxone_models.bot_containment"
        assert warehouse.execute(query).fetchall() == [(3,)]


def test_dbt_reports_days_between_two_windows(recent_rows, server, tmp_path):
    """Days that `extraction_log` lacks fail the test of completeness, and no other."""
    load_messages(recent_rows, POSTGRES, server.settings, tmp_path)
    server.execute(
        "insert into cxone.extraction_log (stream, window_start, window_end, committed_at) "
        "select stream, min(window_start) - interval '5 days', min(window_start) - interval "
        "'4 days', now() from cxone.extraction_log where stream = 'contacts_completed' group by 1"
    )

    found = run_dbt(tmp_path, "postgres", in_postgres(server), "build")

    failed = {name for name, status in found.items() if status not in {"success", "pass"}}
    assert failed == {"every_earlier_day_is_complete"}


def test_dbt_reports_stale_rows_and_fresh_ones(recent_rows, server, tmp_path):
    """Rows whose window ended days ago are an error of freshness; those up to now pass."""
    load_messages(recent_rows, POSTGRES, server.settings, tmp_path)
    server.execute(
        f"update cxone.{quota_jobs.KB} set _window_end = _window_end - interval '5 days'"  # noqa: S608
    )

    command = ("source", "freshness", "--select", "+path:models/marts")
    found = run_dbt(tmp_path, "postgres", in_postgres(server), *command, artifact="sources")

    assert found == {
        quota_jobs.KB: "error",
        full_lists.CONTACTS: "pass",
        "bot_conversations": "pass",
    }
