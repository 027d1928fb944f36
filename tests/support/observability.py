"""The dashboard's tables as tests name them."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import TYPE_CHECKING, Any

from tap_cxone.simulator.settings import tap_settings
from tests.support.run import offline_catalog, run_tap, select

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from tap_cxone.simulator import Simulator
    from tap_cxone.simulator.faults import FamilyName
    from tests.support.run import FakeClock, Output

KB = "copilot_knowledge_suggestions"
AS = "copilot_auto_summaries"
AQ = "copilot_agent_questions"
GR = "autopilot_knowledge_responses"
PATHS = {
    KB: "Copilot/KBTable",
    AS: "Copilot/ASTable",
    AQ: "Copilot/AQTable",
    GR: "AutopilotKnowledge/GRTable",
}
BASE = "/observabilitydashboard/v2/tables"
FAMILY: tuple[FamilyName, ...] = ("observability",)
OFFLINE = {
    "access_key_id": "any",
    "access_key_secret": "any",
    "client_id": "any",
    "client_secret": "any",
}
OTHER_GR = "autopilot/GRTable"
TOKEN = "/auth/token"
DAYS = date(2026, 3, 16), date(2026, 3, 18)
METADATA = {"_row_hash", "_window_start", "_window_end"}


def table_settings(sim: Simulator, **family: Any) -> dict[str, Any]:
    """Return settings for one window of two whole days."""
    return {
        **tap_settings(sim.url, families=FAMILY),
        "start_date": "2026-03-16T00:00:00Z",
        "end_date": "2026-03-18T00:00:00Z",
        "observability": family,
    }


def run_tables(config: dict[str, Any], clock: FakeClock, *streams: str, **how: Any) -> Output:
    """Run some streams, the knowledge suggestions if none is named."""
    own = config.get("observability", {})
    selected = streams or (KB,)
    declared = "columns" in own or "primary_keys" in own
    found = select(config, *selected) if declared else offline_catalog(*selected)
    return run_tap(config, clock=clock, catalog=found, **how)


def named(row: dict[str, str]) -> dict[str, str | None]:
    """Return a row of the truth under the names of its columns, blank as null."""
    return {
        re.sub(r"\W+", "_", title).strip("_").lower(): cell if cell.strip() else None
        for title, cell in row.items()
    }


def cells(records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return records without what the tap adds to them."""
    return [{k: v for k, v in record.items() if k not in METADATA} for record in records]


def all_output(out: Output, caplog: pytest.LogCaptureFixture) -> str:
    """Return everything that a run wrote or logged."""
    return "\n".join([str(out.error), caplog.text, *map(json.dumps, out.messages)])
