"""The audit log as tests see it: settings, and events by name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.events.audit_log import COMMON_FIELDS, EVENTS
from tap_cxone.simulator.settings import ALL_FAMILIES, tap_settings
from tests.support.examples import json_jobs
from tests.support.scenes import FILE_SCENES

if TYPE_CHECKING:
    from pathlib import Path

    from tap_cxone.simulator import Simulator

Lines = list[dict[str, Any]]
FAMILIES = {scene.family: (scene.stream, scene.entity) for scene in FILE_SCENES}
EVERYWHERE = pytest.mark.parametrize("family", FAMILIES)
DAY = {"start_date": "2026-03-15T00:00:00Z", "end_date": "2026-03-16T00:00:00Z"}


def audit_settings(sim: Simulator, path: Path, number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return settings for some windows of conversations, with an audit log."""
    return json_jobs.export_settings(sim, number, audit_log_path=str(path), **changes)


def every(sim: Simulator, path: Path, **changes: Any) -> dict[str, Any]:
    """Return settings for one window of every family, with an audit log."""
    settings = tap_settings(sim.url, families=ALL_FAMILIES)
    return {**settings, **DAY, "audit_log_path": str(path), **changes}


def audit_lines(path: Path) -> Lines:
    """Return what was written, each line being what its event is said to be."""
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n")
    found = [json.loads(line) for line in text.splitlines()]
    for line in found:
        assert list(line) == [*COMMON_FIELDS, *EVENTS[line["event"]][1]]
    return found
