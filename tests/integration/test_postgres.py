"""The tap and target-postgres, each a separate process, into a real PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.simulator import Options, Simulator
from tap_cxone.simulator.clock import SystemClock
from tap_cxone.simulator.metrics import PUBLISHED, CustomMetric
from tap_cxone.simulator.settings import ALL_FAMILIES, environment, tap_settings
from tests.docs.document import ROOT
from tests.integration.digests import assert_holds, types
from tests.integration.truth import FILES, expected_tables
from tests.support.examples import csv_jobs, quota_jobs
from tests.support.run import lines_of, select, without_owner

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tests.support.postgres import Postgres

TAP = Path(sys.executable).with_name("tap-cxone")
TARGET = ROOT / ".targets/postgres/bin/target-postgres"
DAY = timedelta(days=1)
SPEED = 1000
SURVEY = "cm_fedcba9876543210"
RAISED = tuple(replace(m, maximum=100_000) if m.id == SURVEY else m for m in PUBLISHED)
NEW = CustomMetric(id="cm_00000000000000ff", name="Effort", type="number")
DRIFT: dict[str, Any] = {
    "extra_columns": {"qm-workflows": ("Order",), "Copilot/KBTable": ("Länge",)}
    | {"bot_conversations": ("nps",)},
    "extra_report_columns": ("Site",),
    "catalogue": (*RAISED, NEW),
}
ARRIVED = {
    ("qm_workflows", "order", "text"),
    (quota_jobs.KB, "länge", "text"),
    ("bot_conversations", "nps", "text"),
    ("agent_performance_daily", "site", "text"),
    ("custom_metrics_by_interaction", NEW.id, "numeric"),
}
TYPES = {
    "qm_workflows": {
        "numeric": {"acd_id", "score", "score_percentage", "maximum_possible_score"},
        "timestamp without time zone": {
            "start_date",
            "submission_date",
            "last_updated",
            "interaction_start_date",
            "interaction_end_date",
        },
    },
    quota_jobs.KB: {"numeric": {"contact_id", "confidence"}},
    "bot_conversations": {
        "numeric": {"duration"},
        "timestamp without time zone": {"date_from", "date_to"},
    },
    "agent_performance_daily": {"numeric": {"handle_time", "talk_time", "calls_handled"}},
    "custom_metrics_by_interaction": {
        "numeric": {"duration", "talk_time", "cm_9f8e7d6c5b4a3210", "cm_0123456789abcdef", NEW.id},
        "bigint": {SURVEY},
        "boolean": {"cm_77ee88ff99aa00bb"},
    },
}
"""The columns that are no texts; of the tap's and the target's own none."""

COMPARED = (
    *FILES,
    *("bot_conversations", "custom_metrics_by_interaction", "agent_performance_daily"),
    *("quarantine", "custom_metrics", "report_schedules"),
)


def run_pipe(pipe: str, config: dict[str, Any]) -> None:
    """Run a pipe of the tap and a target to its end; the tap reads the settings of `config`."""
    run = subprocess.run(
        ["bash", "-o", "pipefail", "-c", pipe],  # noqa: S607
        env={**os.environ, **environment(config), "PGTZ": "UTC"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-4000:]


def postgres_settings(sim: Simulator, start: datetime, end: datetime) -> dict[str, Any]:
    """Return settings for every family, with what is a number declared as one."""
    found = tap_settings(sim.url, SPEED, families=ALL_FAMILIES)
    found[csv_jobs.FAMILY]["entities"] = [{"name": "qm_workflows", "columns": {"acd_id": "number"}}]
    found[quota_jobs.FAMILY] = {
        "exports_per_day": None,
        "primary_keys": {quota_jobs.KB: ["Suggestion ID"]},
        "columns": {quota_jobs.KB: {"Contact ID": "number", "Confidence": "number"}},
    }
    return {**found, "start_date": start.isoformat(), "end_date": end.isoformat()}


def load_into_postgres(
    config: dict[str, Any], server: Postgres, folder: Path, *, streams: Sequence[str]
) -> None:
    """Run the tap into the target, from the state of the run before if there was one.

    Args:
        config: The settings.
        server: Where the target writes to.
        folder: Where the state is.
        streams: What is selected; empty for all.
    """
    where = folder / "target.json"
    where.write_text(json.dumps({**server.settings, "default_target_schema": "cxone"}))
    state = folder / "state.json"
    known = f"--state {state}" if state.exists() else ""
    if streams:
        chosen = folder / "catalog.json"
        chosen.write_text(json.dumps(select(config, *streams)))
        known += f" --catalog {chosen}"
    pipe = f"{TAP} --config ENV {known} | {TARGET} --config {where} > {folder / 'states'}"
    run_pipe(pipe, config)
    last = json.loads(lines_of((folder / "states").read_text())[-1])
    state.write_text(json.dumps(without_owner(last)))  # two simulators are one tenant here


@pytest.mark.ci
@pytest.mark.parametrize(
    ("rows", "streams"),
    [
        pytest.param(12, COMPARED, id="12 rows a day of the compared tables"),
        pytest.param(600, (), id="600 rows a day of all tables", marks=pytest.mark.slow),
    ],
)
def test_two_runs_of_every_family(server, tmp_path, rows, streams):
    """Two runs, the columns growing between them, hold each row once and to the last digit.

    The second run reads the last day of the first again.
    """
    end = SystemClock().now().replace(hour=0, minute=0, second=0, microsecond=0) - DAY
    start, again, middle = end - 3 * DAY, end - 2 * DAY, end - DAY
    world: dict[str, Any] = {"speed": SPEED, "rows_per_day": rows, "tenant_zone": "UTC"}
    world |= {"exports_per_day": None, "link_seconds": 9e6}
    with Simulator(Options(**world, bad_values=1)) as first:
        config = postgres_settings(first, start, middle)
        load_into_postgres(config, server, tmp_path, streams=streams)
        before = types(server)
        assert_holds(server, expected_tables((first, start, middle)))
        bad = [r for r in first.expected_rows("Interaction/Call", start, middle) if "_bad" in r]

    with Simulator(Options(**world, **DRIFT)) as second:
        config = postgres_settings(second, start, end) | {"lookback_days": 1}
        load_into_postgres(config, server, tmp_path, streams=streams)
        after = types(server)
        assert_holds(server, expected_tables((first, start, again), (second, again, end)))

    new = {(t, c, kind) for t in after for c, kind in after[t].items() if c not in before[t]}
    assert new == ARRIVED
    for table, expected_types in TYPES.items():
        own = {c: k for c, k in after[table].items() if not c.startswith("_") and k != "text"}
        assert own == {c: kind for kind, columns in expected_types.items() for c in columns}
    assert server.ask("select count(*) from cxone.quarantine") == [(len(bad),)]
    assert len(bad) == 2
    catalogue = server.ask("select id, name, type from cxone.custom_metrics order by id")
    assert catalogue == sorted((m.id, m.name, m.type) for m in (*PUBLISHED, NEW))
    listed = {schedule.id for sim in (first, second) for schedule in sim.schedules}
    assert {found for (found,) in server.ask("select schedule_id from cxone.report_schedules")} == (
        listed
    )
