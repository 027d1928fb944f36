"""How a process ends where some streams do not: the exit code and the last lines say so."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tap_cxone.simulator import Fault, Options, Simulator, environment, tap_settings
from tap_cxone.simulator.settings import ALL_FAMILIES
from tests.support.examples import quota_jobs
from tests.support.run import lines_of

SPEED = 2000
LINK_SECONDS = 200_000  # a link lives for minutes, however busy the machine is


def run_last_days(sim: Simulator, days: int, **changes: Any) -> subprocess.CompletedProcess[str]:
    """Run all families over the last days, as a process."""
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    span = {"start_date": (end - timedelta(days=days)).isoformat(), "end_date": end.isoformat()}
    settings = tap_settings(sim.url, SPEED, families=ALL_FAMILIES) | span | changes
    return subprocess.run(
        [sys.executable, "-m", "tap_cxone", "--config=ENV"],
        env=environment(settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def last_bookmarks(out: str) -> dict[str, str]:
    """Return the bookmark of each stream that has one."""
    *_, last = (line for line in lines_of(out) if '"STATE"' in line)
    found = json.loads(last)["value"]["bookmarks"]
    kept = "replication_key_value"
    return {name: raw[kept] for name, raw in found.items() if kept in raw and "failed" not in raw}


@pytest.mark.promise("isolated-failures")
def test_one_stream_fails():
    """The others of its family and of all others are complete; exit 1, the last line says why."""
    with Simulator(
        Options(
            speed=SPEED,
            rows_per_day=2,
            link_seconds=LINK_SECONDS,
            forbidden=frozenset({"qm-questions"}),
        )
    ) as sim:
        done = run_last_days(
            sim, 1, **{quota_jobs.FAMILY: {"exports_per_day": 3, "tables": ["Copilot/KBTable"]}}
        )

    *_, last = done.stderr.splitlines()
    assert done.returncode == 1
    assert "| ERROR" in last
    assert "Stream 'qm_questions' failed: " in last
    assert "grant the access key's user the permission" in last
    assert done.stderr.count("' failed: ") == 1
    complete = last_bookmarks(done.stdout).keys()
    assert complete >= {"qm_workflows", "recording_interaction_metadata", "bot_conversations"}
    assert complete >= {"copilot_knowledge_suggestions", "agent_performance_daily"}
    assert "qm_questions" not in complete


@pytest.mark.ci
def test_quota_used_up_exits_with_zero():
    """A run that stops at the quota ends with 0, and says when to come back."""
    with Simulator(
        Options(speed=SPEED, rows_per_day=2, link_seconds=LINK_SECONDS, exports_per_day=3)
    ) as sim:
        done = run_last_days(sim, 1)
        assert sim.quota_violations == 0

    assert done.returncode == 0
    assert "the next export is possible at" in done.stderr
    assert len([name for name in last_bookmarks(done.stdout) if "opilot" in name]) == 3


@pytest.mark.ci
def test_quota_used_up_exits_with_one_if_configured():
    """With `on_quota_exhausted: fail` it ends with 1 and names the streams."""
    with Simulator(
        Options(speed=SPEED, rows_per_day=2, link_seconds=LINK_SECONDS, exports_per_day=3)
    ) as sim:
        sim.faults.add(Fault("submit", "status", status=429, family=quota_jobs.FAMILY))
        done = run_last_days(
            sim, 1, on_quota_exhausted="fail", **{quota_jobs.FAMILY: {"window_days": 1}}
        )

    assert done.returncode == 1
    assert "failed: the export quota is used up; the next export is possible at" in done.stderr
