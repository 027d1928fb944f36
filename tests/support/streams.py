"""One stream over one window of one day: the shortest run that requests everything."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.conftest import settings_for
from tests.support.requests import submits
from tests.support.run import NOON, offline_catalog, run_tap

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator
    from tests.support.run import FakeClock, Output

STREAM = "qm_workflows"
START = date(2026, 3, 1)
HORIZON = NOON - timedelta(minutes=30)
ENTITIES = {
    "qm_workflows": "qm-workflows",
    "qm_questions": "qm-questions",
    "recording_interaction_metadata": "recording-interaction-metadata",
}
NUMBERS = {
    *("Score (Percentage)", "Score", "Maximum Possible Score"),
    *("Actual Score", "Evaluation Score%", "Section Score%", "Max Score"),
}
BOOLEANS = {"Critical", "Failed Critical Question", "Mandatory", "Scorable"}
INSTANTS = {
    *("Start Date", "Submission Date", "Last Updated"),
    *("Interaction Start Date", "Interaction End Date"),
    *("Evaluation Start Date", "Evaluation Submission Date"),
}


def stream_settings(
    sim: Simulator, mode: str = "async", *, own: Any = None, **changes: Any
) -> dict[str, Any]:
    """Return settings for one window of one day, or more with changes.

    Args:
        sim: The simulator.
        mode: How jobs are submitted.
        own: The settings object of the family, in place of the mode.
        **changes: Changes of the other settings.
    """
    short = {"start_date": "2026-03-18T00:00:00Z", "end_date": "2026-03-19T00:00:00Z"}
    family = {"mode": mode} if own is None else own
    return settings_for(sim, own=family, **short, poll_interval_seconds=25) | changes


def run_stream(config: dict[str, Any], clock: FakeClock, **how: Any) -> Output:
    """Run one stream."""
    return run_tap(config, clock=clock, catalog=offline_catalog(STREAM), **how)


def snake_case(title: str) -> str:
    """Return the snake_case name of a title."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+|[0-9]+", title)
    return "_".join(words).lower()


def value(entity: str, title: str, text: str) -> Any:
    """Return what a cell's text means."""
    if not text.strip():
        return None
    if title in NUMBERS:
        return float(text)
    if entity == "qm-questions" and title in BOOLEANS:
        return {"true": True, "false": False}[text]
    if title in INSTANTS:
        return datetime.fromisoformat(text).astimezone(UTC).isoformat()
    return text


def typed_rows(entity: str, rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Return the records that rows of the truth must become."""
    return [
        {snake_case(title): value(entity, title, text) for title, text in row.items()}
        for row in rows
    ]


def submitted_dates(sim: Simulator) -> list[tuple[str, str]]:
    """Return the dates that were requested."""
    bodies = [json.loads(seen.body) for seen in submits(sim)]
    return [(body["startDate"], body["endDate"]) for body in bodies]


def bookmarks(out: Output, stream: str) -> list[str | None]:
    """Return a stream's bookmark in every state, in order."""
    states = [state["bookmarks"].get(stream, {}) for state in out.states]
    return [state.get("replication_key_value") for state in states]
