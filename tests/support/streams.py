"""One stream over one window of one day: the shortest run that asks for everything."""

from __future__ import annotations

import functools
import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_cxone.errors import StreamsFailed
from tests.conftest import settings_for
from tests.support.run import NOON, run_tap, select

if TYPE_CHECKING:
    from tap_cxone.simulator import RecordedRequest, Simulator
    from tests.support.run import FakeClock, Output


STREAM = "qm_workflows"


def settings(sim: Simulator, mode: str = "async", **changes: Any) -> dict[str, Any]:
    """Return settings for one window of one day, or more with changes."""
    short = {"start_date": "2026-03-18T00:00:00Z", "end_date": "2026-03-19T00:00:00Z"}
    family = {"data_extraction": {"mode": mode}, "poll_interval_seconds": 25}
    return settings_for(sim, **short, **family) | changes


@functools.cache
def catalog() -> dict[str, Any]:
    """Return a catalog with one stream selected."""
    return select({"access_key_id": "any", "access_key_secret": "any"}, STREAM)


def run(config: dict[str, Any], clock: FakeClock, **how: Any) -> Output:
    """Run one stream."""
    return run_tap(config, clock=clock, catalog=catalog(), **how)


def failure(out: Output) -> Exception:
    """Return why the stream failed."""
    assert isinstance(out.error, StreamsFailed)
    return out.error.failures[STREAM]


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


def column(title: str) -> str:
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


def typed(entity: str, rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Return the records that rows of the truth must become."""
    return [
        {column(title): value(entity, title, text) for title, text in row.items()} for row in rows
    ]


def bare(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return records without what the tap adds to them."""
    return [
        {name: cell for name, cell in record.items() if not name.startswith("_")}
        for record in records
    ]


def posts(sim: Simulator) -> list[RecordedRequest]:
    """Return the submits so far."""
    return [seen for seen in sim.requests if seen.method == "POST" and "/jobs" in seen.path]


def ranges(sim: Simulator) -> list[tuple[str, str]]:
    """Return the dates that were asked for."""
    bodies = [json.loads(seen.body) for seen in posts(sim)]
    return [(body["startDate"], body["endDate"]) for body in bodies]


def bookmarks(out: Output, stream: str) -> list[str | None]:
    """Return a stream's bookmark in every state, in order."""
    states = [state["bookmarks"].get(stream, {}) for state in out.states]
    return [state.get("replication_key_value") for state in states]
