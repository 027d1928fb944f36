"""What a warehouse must hold in the end, of each family, according to the simulator."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tap_cxone.rows.titles import snake_case
from tests.support.examples import json_jobs, quota_jobs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_cxone.simulator import Simulator

    Row = dict[str, Any]

FIGURES = ("handleTime", "talkTime", "callsHandled")
FILES = {
    "qm_workflows": ("qm-workflows", ("workflow_id",)),
    "qm_questions": ("qm-questions", ("workflow_instance_id", "question_id")),
    "recording_interaction_metadata": ("recording-interaction-metadata", ("segment_id",)),
    quota_jobs.KB: (quota_jobs.PATHS[quota_jobs.KB], ("suggestion_id",)),
    quota_jobs.AS: (quota_jobs.PATHS[quota_jobs.AS], ("interaction_id",)),
    quota_jobs.AQ: (quota_jobs.PATHS[quota_jobs.AQ], ("interaction_id", "question_number")),
    quota_jobs.GR: (quota_jobs.PATHS[quota_jobs.GR], ("interaction_id", "turn")),
}
"""CSV streams: what the simulator calls them, and the columns that tell rows apart."""


@dataclass(frozen=True)
class Expected:
    """The rows of a table.

    Attributes:
        key: Columns that tell them apart.
        rows: The values by column, as the API writes them; null where one is missing.
    """

    key: tuple[str, ...]
    rows: list[Row]

    def columns(self) -> list[str]:
        """Return every column that a row has."""
        return list(dict.fromkeys(name for row in self.rows for name in row))


def expected_tables(*parts: tuple[Simulator, datetime, datetime]) -> dict[str, Expected]:
    """Return the tables that come of reading parts of time, each from its simulator."""
    found = {
        stream: Expected(key, [_csv(row) for row in _truth(entity, parts)])
        for stream, (entity, key) in FILES.items()
    }
    bots = json_jobs.typed_conversations(_truth(json_jobs.STREAM, parts))
    calls = [_call(row) for row in _truth("Interaction/Call", parts) if "_bad" not in row]
    window = "_window_start"
    return {
        **found,
        json_jobs.STREAM: Expected(("id",), bots),
        "custom_metrics_by_interaction": Expected(("interaction_id", "agent_id", window), calls),
        "agent_performance_daily": Expected(
            ("agent_id", "queue_id", window), _report(_truth("report:agent", parts))
        ),
    }


def _truth(entity: str, parts: Iterable[tuple[Simulator, datetime, datetime]]) -> list[Row]:
    return [row for sim, start, end in parts for row in sim.expected_rows(entity, start, end)]


def _csv(row: Row) -> Row:
    """Return a row of a file as a record: blank is null."""
    return {snake_case(title): cell if cell.strip() else None for title, cell in row.items()}


def _call(row: Row) -> Row:
    told = {"interactionId", "agentId", "duration", "talkTime"}
    return {
        **{snake_case(name): row[name] for name in told},
        **row["customMetrics"],
        "_window_start": _day(row["at"]),
    }


def _report(contacts: Iterable[Row]) -> list[Row]:
    """Return the report's rows: figures added up by agent, queue and day."""
    sums: dict[tuple[str, str, str, str], Row] = defaultdict(
        lambda: dict.fromkeys(FIGURES, Decimal(0))
    )
    for one in contacts:
        figures = sums[one["agentId"], one["agentName"], one["queueId"], _day(one["date"])]
        for name in FIGURES:
            figures[name] += one[name]
    titles = ("agent_id", "agent_name", "queue_id", "_window_start")
    return [
        dict(zip(titles, key, strict=True))
        | {snake_case(name): figure for name, figure in figures.items()}
        for key, figures in sums.items()
    ]


def _day(instant: str) -> str:
    day = datetime.fromisoformat(instant).replace(hour=0, minute=0, second=0, microsecond=0)
    return day.replace(tzinfo=UTC).isoformat()
