"""Scheduled reports as tests see them: settings for short runs, requests, what rows must be."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tap_cxone.simulator import Fault, Simulator
from tap_cxone.simulator.settings import tap_settings
from tests.support.run import FakeClock, Killed, run_tap, select, tap_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_cxone.simulator import RecordedRequest, Simulator
    from tap_cxone.simulator.faults import FaultPoint
    from tests.support.run import Output

FAMILY = "scheduled_reports"
STREAM = "agent_performance_daily"
OTHER = "queue_load"
LISTED = "report_schedules"
QUARANTINE = "quarantine"
TOKEN = "/oauth/token"
SCHEDULES = "/api/v2/analytics/reports/schedules"
RESULTS = "/api/v2/analytics/reports/results"
OFFLINE = {"client_id": "any", "client_secret": "any"}
START = datetime(2026, 3, 15, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
METRICS = ("handleTime", "talkTime", "callsHandled")
QUEUES = {
    "name": OTHER,
    "type": "queue",
    "metrics": ["callsHandled"],
    "dimensions": ["queueId"],
}
"""Another report, beside the one of `days`."""

Key = tuple[str, ...]
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def report_settings(
    sim: Simulator,
    number: int = 1,
    *,
    entry: dict[str, Any] | None = None,
    own: dict[str, Any] | None = None,
    more: Sequence[dict[str, Any]] = (),
    **changes: Any,
) -> dict[str, Any]:
    """Return settings for so many days, beginning with 15 March.

    Args:
        sim: Whom to ask.
        number: How many days.
        entry: Changes of the one report.
        own: Changes of the family's settings.
        more: Other reports.
        **changes: Changes of the other settings.
    """
    base = tap_settings(sim.url, families=(FAMILY,))
    family = base.pop(FAMILY)
    (report,) = family.pop("reports")
    reports = [{**report, **(entry or {})}, *more]
    return {
        **base,
        "start_date": START.isoformat(),
        "end_date": (START + number * DAY).isoformat(),
        FAMILY: {**family, "reports": reports, **(own or {})},
        **changes,
    }


def run_reports(config: dict[str, Any], clock: FakeClock, *streams: str, **how: Any) -> Output:
    """Run some streams; if none is named, every configured report and the quarantine."""
    reports = [report["name"] for report in config[FAMILY]["reports"]]
    names = streams or (*reports, QUARANTINE)
    tap_class = tap_of(FAMILY)
    catalog = select(config, *names, tap_class=tap_class)
    return run_tap(config, clock=clock, catalog=catalog, tap_class=tap_class, **how)


@dataclass
class Going(FakeClock):
    """A clock that advances a little at each read."""

    pace: timedelta = timedelta(0)

    def now(self) -> datetime:
        self.instant += self.pace
        return self.instant


# Requests


def sent_to(sim: Simulator, method: str, path: str) -> list[RecordedRequest]:
    """Return the requests of one kind so far."""
    return [seen for seen in sim.requests if (seen.method, seen.path) == (method, path)]


def schedule_listings(sim: Simulator) -> list[RecordedRequest]:
    """Return the times the schedules were requested."""
    return sent_to(sim, "GET", SCHEDULES)


def registrations(sim: Simulator) -> list[RecordedRequest]:
    """Return the schedules that were posted."""
    return sent_to(sim, "POST", SCHEDULES)


def updates(sim: Simulator) -> list[RecordedRequest]:
    """Return the schedules that were put."""
    return [seen for seen in sim.requests if seen.method == "PUT"]


def further_pages(sim: Simulator) -> list[RecordedRequest]:
    """Return the requests for further pages."""
    return [seen for seen in _results(sim, "GET") if "pageToken" in seen.query]


def cancellations(sim: Simulator) -> list[RecordedRequest]:
    """Return the requests to end a run."""
    return _results(sim, "DELETE")


def _results(sim: Simulator, method: str) -> list[RecordedRequest]:
    return [s for s in sim.requests if s.method == method and s.path.startswith(f"{RESULTS}/")]


def run_days(sim: Simulator) -> list[tuple[int, int]]:
    """Return the days of March that the accepted runs are about, their end not included."""
    return [(run.start.day, (run.end + SECOND).day) for run in sim.report_runs]


# What is answered


def answer(sim: Simulator, place: FaultPoint, *answers: Any, times: int = 1) -> None:
    """Make these the next answers at a place; a text is served as it is."""
    for given in answers:
        text = given if isinstance(given, str) else json.dumps(given)
        headers = (("Content-Type", "application/json"),)
        sim.faults.add(Fault(place, "status", status=200, headers=headers, body=text, times=times))


def done(*rows: Any, **more: Any) -> dict[str, Any]:
    """Return the answer to a poll that finds a run completed."""
    return {"state": "completed", "data": list(rows), **more}


def report_row(**changes: Any) -> dict[str, Any]:
    """Return a row of the report that is whole."""
    given = {"agentId": "007", "agentName": "Bond", "queueId": "q"}
    return {**given, "handleTime": 3, "talkTime": 2, "callsHandled": 1, **changes}


def definition(name: str = STREAM, **report: Any) -> dict[str, Any]:
    """Return the schedule that `days` must register, with a changed report."""
    return {
        "name": name,
        "schedule": {"type": "daily", "time": "05:30", "timezone": "UTC"},
        "report": {
            "type": "agent",
            "metrics": list(METRICS),
            "dimensions": ["agentId", "agentName", "queueId"],
            "filters": [],
            "dateRange": {"type": "relative", "value": "previousDay"},
            "grouping": ["agentId", "queueId"],
            **report,
        },
        "delivery": {"type": "api"},
    }


# What must come of it


def sums(  # noqa: PLR0913 (all by name but the first two)
    sim: Simulator,
    number: int = 1,
    *,
    kind: str = "agent",
    by: Sequence[str] = ("agentId", "queueId"),
    metrics: Sequence[str] = METRICS,
    window: int = 1,
) -> dict[Key, dict[str, Decimal]]:
    """Return the final figures of so many days by group and window.

    Args:
        sim: Whose truth.
        number: How many days, beginning with 15 March.
        kind: The type of the report.
        by: The dimensions that make a group.
        metrics: The figures; only such as may be added up.
        window: Days that make a window; it ends where the calendar's days can be divided by them.
    """
    found: dict[Key, dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(metrics, Decimal(0)))
    end, last = START, START + number * DAY
    while (begin := end) < last:
        end = min(last, begin + (window - begin.toordinal() % window) * DAY)
        for one in sim.expected_rows(f"report:{kind}", begin, end):
            figures = found[(*(one[name] for name in by), begin.isoformat())]
            for metric in metrics:
                figures[metric] += one[metric]
    return dict(found)


def figures(
    records: Iterable[dict[str, Any]],
    *,
    by: Sequence[str] = ("agent_id", "queue_id"),
    metrics: Sequence[str] = METRICS,
    columns: Sequence[str] = ("handle_time", "talk_time", "calls_handled"),
) -> dict[Key, dict[str, Decimal]]:
    """Return what records say by their key, as a target that knows the key would keep them."""
    return {
        (*(record[name] for name in by), record["_window_start"]): {
            metric: Decimal(str(record[column]))
            for metric, column in zip(metrics, columns, strict=True)
        }
        for record in records
    }


def emitted_bookmarks(out: Output, stream: str = STREAM) -> list[str]:
    """Return the bookmarks of a stream, in the order they left."""
    found = (s["bookmarks"].get(stream, {}).get("replication_key_value") for s in out.states)
    return [mark for mark in found if mark]


def whole(out: Output, sim: Simulator, number: int = 1, window: int = 1) -> bool:
    """Return True if a run ended well, and its rows are the truth of so many days, each once."""
    records = out.records(STREAM)
    assert out.error is None
    assert len(figures(records)) == len(records)
    return figures(records) == sums(sim, number, window=window)


def set_time(clock: FakeClock, text: str) -> None:
    """Set the clock to a time of 20 March."""
    clock.instant = datetime.fromisoformat(f"2026-03-20T{text}+00:00")


def long(sim: Simulator, number: int, window: int, **changes: Any) -> dict[str, Any]:
    """Return settings for windows of several days."""
    return report_settings(sim, number, own={"window_days": window}, **changes)


def until_done(sim: Simulator, config: dict[str, Any], clock: FakeClock, most: int) -> list[Output]:
    """Run again and again, each time from the last state, until nothing fails."""
    outs: list[Output] = []
    while len(outs) < most and (not outs or outs[-1].error):
        outs.append(run_reports(config, clock, state=outs[-1].state if outs else None))
        clock.sleep(HOUR)
    return outs


class Bounded(FakeClock):
    """A view of a clock that kills the process when a time has come."""

    def __init__(self, clock: FakeClock, stop: datetime) -> None:
        """Kill the process at `stop`."""
        super().__init__(clock.instant)
        self.clock, self.stop = clock, stop

    def now(self) -> datetime:
        return self.clock.now()

    def sleep(self, duration: timedelta) -> None:
        if self.clock.instant + duration > self.stop:
            raise Killed
        self.clock.sleep(duration)


def strip(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record without what depends on when it was read."""
    return {name: value for name, value in record.items() if not name.startswith("_extracted")}
