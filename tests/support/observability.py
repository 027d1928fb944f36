"""The dashboard as tests see it: tables, settings with and without its quota, and requests."""

from __future__ import annotations

import json
import logging
import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_cxone.simulator.settings import tap_settings
from tests.support.requests import submits
from tests.support.run import offline_catalog, run_tap, select

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from tap_cxone.simulator import Simulator
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
FAMILY = "observability"
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
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def table_settings(sim: Simulator, **family: Any) -> dict[str, Any]:
    """Return settings for one window of two whole days."""
    return {
        **tap_settings(sim.url, families=(FAMILY,)),
        "start_date": "2026-03-16T00:00:00Z",
        "end_date": "2026-03-18T00:00:00Z",
        FAMILY: family,
    }


def run_tables(config: dict[str, Any], clock: FakeClock, *streams: str, **how: Any) -> Output:
    """Run some streams, the knowledge suggestions if none is named."""
    own = config.get(FAMILY, {})
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


def quota_settings(
    sim: Simulator, start: str, end: str | None = None, **family: Any
) -> dict[str, Any]:
    """Return settings for a period, a window a day and no overlap unless said otherwise."""
    return {
        **tap_settings(sim.url, families=(FAMILY,)),
        "start_date": start,
        "end_date": end,
        FAMILY: {"window_days": 1, "overlap_days": 0, **family},
    }


def months(sim: Simulator, start: str, end: str | None = None, **family: Any) -> dict[str, Any]:
    """Return settings for a period with windows as long as they are by default."""
    return quota_settings(sim, start, end, **family, window_days=None)


def submitted_tables(sim: Simulator) -> list[str]:
    """Return the table of each submit so far."""
    return [re.sub(rf"{BASE}/(.*)/export-data", r"\1", seen.path) for seen in submits(sim)]


def submitted_days(sim: Simulator) -> list[str]:
    """Return the first day of each submit so far."""
    return [json.loads(seen.body)["dateRange"]["startDate"][:10] for seen in submits(sim)]


def warnings_about(caplog: pytest.LogCaptureFixture, about: str) -> list[str]:
    """Return the warnings logged so far that hold some words."""
    said = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    return [text for text in said if about in text]


def record_keys(records: Iterable[dict[str, Any]]) -> set[tuple[str, ...]]:
    """Return what tells records apart, as the truth has it."""
    return {(r["interaction_id"], r.get("question_number") or r.get("turn") or "") for r in records}


def expected_keys(
    sim: Simulator, stream: str, start: date | datetime, end: date | datetime
) -> set[tuple[str, ...]]:
    """Return the same of the rows that there are."""
    rows = sim.expected_rows(PATHS[stream], start, end)
    return {
        (row["Interaction ID"], row.get("Question Number") or row.get("Turn") or "") for row in rows
    }
