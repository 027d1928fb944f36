"""The analytics exports as tests see them: settings for short runs, requests, truth as records."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tap_cxone.simulator import Fault, Simulator
from tap_cxone.simulator.jsontext import encode
from tap_cxone.simulator.settings import tap_settings
from tests.support.run import FakeClock, offline_catalog, run_tap, select

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_cxone.simulator import Simulator
    from tests.support.run import Output

STREAM = "bot_conversations"
EXPORTS = "/api/v2/analytics/exports"
TOKEN = "/oauth/token"
FAMILY = "analytics_exports"
OFFLINE = {"client_id": "any", "client_secret": "any", FAMILY: {}}
START = datetime(2026, 3, 15, tzinfo=UTC)
METADATA = {"_window_start", "_window_end"}
DECLARED = {
    "id": "id",
    "type": "type",
    "dateFrom": "date_from",
    "dateTo": "date_to",
    "botId": "bot_id",
    "agentId": "agent_id",
    "duration": "duration",
}


def export_settings(
    sim: Simulator, number: int = 1, *, own: Any = None, **changes: Any
) -> dict[str, Any]:
    """Return settings for so many days, beginning with 15 March.

    Args:
        sim: The simulator.
        number: How many days.
        own: The settings object of the family; by default each window has one day.
        **changes: Changes of the other settings.
    """
    return {
        **tap_settings(sim.url, families=(FAMILY,)),
        "start_date": START.isoformat(),
        "end_date": (START + timedelta(days=number)).isoformat(),
        FAMILY: {"window_days": 1} if own is None else own,
        **changes,
    }


def changed_export_settings(sim: Simulator, number: int = 1, **entry: Any) -> dict[str, Any]:
    """Return such settings with a changed `bot_conversations`."""
    own = {"window_days": 1, "exports": [{"name": STREAM, **entry}]}
    return export_settings(sim, number, own=own)


def run_exports(config: dict[str, Any], clock: FakeClock, *streams: str, **how: Any) -> Output:
    """Run some streams; if none is named, the conversations and the quarantine."""
    selected = streams or (STREAM, "quarantine")
    configured = "exports" in config.get(FAMILY, {})
    how.setdefault(
        "catalog", select(config, *selected) if configured else offline_catalog(*selected)
    )
    return run_tap(config, clock=clock, **how)


def expected_conversations(sim: Simulator, number: int = 1) -> list[dict[str, Any]]:
    """Return the rows of so many days, beginning with 15 March."""
    return sim.expected_rows(STREAM, START, START + timedelta(days=number))


def typed_conversations(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the records that rows of the truth must become, without the tap's own columns."""
    return [{DECLARED.get(key, key): _typed_value(key, row[key]) for key in row} for row in rows]


def _typed_value(key: str, value: Any) -> Any:
    if value is None or key == "duration":
        return float(value) if isinstance(value, Decimal) else value
    if key in {"dateFrom", "dateTo"}:
        return datetime.fromisoformat(value).astimezone(UTC).isoformat()
    if isinstance(value, str):
        return value if value.strip() else None
    return encode(value).decode()


def export_jobs(sim: Simulator) -> list[Any]:
    """Return the jobs that were submitted so far."""
    found: list[Any] = sim.analytics_exports
    return found


def conversation_ids(out: Output) -> list[str]:
    """Return the ids of the conversations, in the order they left."""
    return [record["id"] for record in out.records(STREAM)]


def conversation(number: int = 0, **changes: Any) -> dict[str, Any]:
    """Return a conversation that is whole."""
    return {
        "id": f"c{number}",
        "type": "bot",
        "dateFrom": "2026-03-15T01:00:00.000Z",
        "dateTo": "2026-03-15T01:01:00.000Z",
        "botId": "bot",
        "agentId": None,
        "duration": 60,
        **changes,
    }


def serve_export(sim: Simulator, *elements: Any, times: int = 1) -> None:
    """Make these elements the file of the next download."""
    text = ",".join(e if isinstance(e, str) else json.dumps(e) for e in elements)
    sim.faults.add(Fault("download", "bytes", body=f"[{text}]", times=times))
