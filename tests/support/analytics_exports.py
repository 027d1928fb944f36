"""The analytics exports as tests see them: settings for short runs, requests, truth as records."""

from __future__ import annotations

import functools
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tap_cxone.errors import StreamsFailed
from tap_cxone.simulator import Fault, Simulator
from tap_cxone.simulator.jsontext import encode
from tap_cxone.simulator.settings import tap_settings
from tests.support.run import FakeClock, run_tap, select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tap_cxone.simulator import RecordedRequest, Simulator
    from tap_cxone.simulator.faults import FamilyName
    from tests.support.run import Output

STREAM = "bot_conversations"
EXPORTS = "/api/v2/analytics/exports"
TOKEN = "/oauth/token"
FAMILY: tuple[FamilyName, ...] = ("analytics_exports",)
OFFLINE = {"client_id": "any", "client_secret": "any", "analytics_exports": {}}
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


def days(sim: Simulator, number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return settings for so many windows of one day each, beginning with 15 March."""
    return {
        **tap_settings(sim.url, families=FAMILY),
        "start_date": START.isoformat(),
        "end_date": (START + timedelta(days=number)).isoformat(),
        "analytics_exports": {"window_days": 1},
        **changes,
    }


def export(sim: Simulator, number: int = 1, **entry: Any) -> dict[str, Any]:
    """Return such settings with a changed `bot_conversations`."""
    own = {"window_days": 1, "exports": [{"name": STREAM, **entry}]}
    return days(sim, number, analytics_exports=own)


@functools.cache
def catalog(*streams: str) -> dict[str, Any]:
    """Return a catalog with some streams selected, nothing being configured of them."""
    return select(OFFLINE, *streams)


def run(config: dict[str, Any], clock: FakeClock, *streams: str, **how: Any) -> Output:
    """Run some streams; if none is named, the conversations and the quarantine."""
    selected = streams or (STREAM, "quarantine")
    configured = "exports" in config.get("analytics_exports", {})
    how.setdefault("catalog", select(config, *selected) if configured else catalog(*selected))
    return run_tap(config, clock=clock, **how)


def failure(out: Output, stream: str = STREAM) -> Exception:
    """Return why a stream failed."""
    assert isinstance(out.error, StreamsFailed)
    return out.error.failures[stream]


def logins(sim: Simulator) -> list[RecordedRequest]:
    """Return the logins so far."""
    return [seen for seen in sim.requests if seen.path == TOKEN]


def submits(sim: Simulator) -> list[RecordedRequest]:
    """Return the submits so far."""
    return [seen for seen in sim.requests if seen.method == "POST" and seen.path == EXPORTS]


def listings(sim: Simulator) -> list[RecordedRequest]:
    """Return the times the active exports were asked for."""
    return [seen for seen in sim.requests if seen.method == "GET" and seen.path == EXPORTS]


def downloads(sim: Simulator) -> list[RecordedRequest]:
    """Return the downloads so far."""
    return [seen for seen in sim.requests if seen.path.endswith("/download")]


def bodies(sim: Simulator) -> list[dict[str, Any]]:
    """Return what was posted."""
    return [json.loads(seen.body) for seen in submits(sim)]


def truth(sim: Simulator, number: int = 1) -> list[dict[str, Any]]:
    """Return the rows of so many days, beginning with 15 March."""
    return sim.expected_rows(STREAM, START, START + timedelta(days=number))


def typed(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the records that rows of the truth must become, without the tap's own columns."""
    return [{DECLARED.get(key, key): _typed(key, row[key]) for key in row} for row in rows]


def _typed(key: str, value: Any) -> Any:
    if value is None or key == "duration":
        return float(value) if isinstance(value, Decimal) else value
    if key in {"dateFrom", "dateTo"}:
        return datetime.fromisoformat(value).astimezone(UTC).isoformat()
    if isinstance(value, str):
        return value if value.strip() else None
    return encode(value).decode()


def bare(records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return records without what the tap adds to them."""
    return [{k: v for k, v in record.items() if not k.startswith("_")} for record in records]


def ids(out: Output) -> list[str]:
    """Return the ids of the conversations, in the order they left."""
    return [record["id"] for record in out.records(STREAM)]


def statuses(sim: Simulator) -> Counter[int | None]:
    """Count the answers so far by their status."""
    return Counter(seen.status for seen in sim.requests)


def row(number: int = 0, **changes: Any) -> dict[str, Any]:
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


def serve(sim: Simulator, *elements: Any, times: int = 1) -> None:
    """Make these elements the file of the next download."""
    text = ",".join(e if isinstance(e, str) else json.dumps(e) for e in elements)
    sim.faults.add(Fault("download", "bytes", body=f"[{text}]", times=times))


class Turning(FakeClock):
    """A clock that does something at one of its sleeps."""

    def at(self, number: int, action: Callable[[], None]) -> None:
        """Do something when the clock is slept on for the n-th time."""
        self.number, self.action = number, action

    def sleep(self, duration: timedelta) -> None:
        super().sleep(duration)
        if duration > timedelta(0) and len(self.slept) == self.number:
            self.action()
