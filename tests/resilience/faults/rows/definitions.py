"""Rows for definitions and lists: contradictions, deleted schedules, statuses of other words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.resilience.faults.answers import EXACT, ever, once, says
from tests.resilience.faults.outcomes import AGAIN
from tests.resilience.faults.play import Fails, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.simulator.faults import FaultPoint

CELL = {"agentId": "7", "queueId": "q", "handleTime": 1, "talkTime": 1, "callsHandled": 1}
INTERACTION = {"interactionId": "i", "agentId": "7", "duration": 1, "talkTime": 1}
OTHER_DAY = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T23:59:59Z"}


def result(**shown: Any) -> dict[str, Any]:
    """Return a completed result of one row, and what it shows beside it."""
    return {"state": "completed", "data": [CELL], **shown}


def definition_rows() -> Iterator[Row]:
    """Yield rows for what answers about definitions and results contradict."""
    yield from total_rows()
    yield from range_rows()
    yield from list_rows()
    for status in (404, 410, 500):
        yield Row(f"run {status} once", "reports", once("run", status=status), EXACT)
    words = says("submit", {"error": "The name is reserved"})
    must = Fails(("did not register", "The name is reserved"), ("correct what it names",))
    yield Row("submit 200 with an error", "reports", words, must)
    two = says("poll", {**result(), "data": [CELL, CELL]}, times=9)
    must = Fails(("rows 1 and 2 have the same key",), ("grouping", *AGAIN))
    yield Row("poll one group twice", "reports", two, must)


def total_rows() -> Iterator[Row]:
    """Yield rows for totals that differ from the rows that came."""
    for total in (0, 9, "9"):
        faults = says("poll", result(totalRecords=total), times=9)
        must = Fails((f"received 1 of {total} announced rows",), ("no record was emitted", *AGAIN))
        yield Row(f"poll total of {total!r}", "reports", faults, must)
    few = says("page", {"totalRecords": "9", "returnedRecords": 1, "data": [INTERACTION]})
    end = says("page", {"totalRecords": "9", "returnedRecords": 0, "data": []})
    must = Fails(("received 1 of 9 announced rows",), AGAIN)
    yield Row("page total as text", "download", (*few, *end), must)


def range_rows() -> Iterator[Row]:
    """Yield rows for results that show another range than requested."""
    other = ("not of the requested",)
    faults = says("poll", result(dateRange=OTHER_DAY))
    yield Row("poll another day", "reports", faults, Fails(other, AGAIN))
    dates = {"date": {"from": OTHER_DAY["start"], "to": OTHER_DAY["end"]}}
    shown = {"totalRecords": 1, "returnedRecords": 1, "data": [INTERACTION], "filter": dates}
    yield Row("page another day", "download", says("page", shown), Fails(other, AGAIN))
    query = {"dateFrom": OTHER_DAY["start"], "dateTo": OTHER_DAY["end"]}
    ended = says("poll", {"id": "x", "status": "completed", "query": query})
    yield Row("poll another day", "analytics", ended, Fails(other, AGAIN))


def list_rows() -> Iterator[Row]:
    """Yield rows for lists that ignore a filter, lack entries or name exports of other words."""
    ignored = {"list_ignores_status": True}
    yield Row("list ignores the status", "analytics", (), EXACT, options=ignored)
    ended = [{"id": word, "status": word} for word in ("succeeded", "done", "aborted", "timed_out")]
    full = says("list", {"entities": ended}, times=9)
    yield Row("list of ended exports of other words", "analytics", full, EXACT)
    lists: tuple[tuple[str, FaultPoint, str], ...] = (
        ("reports", "list", "entities"),
        ("download", "catalogue", "customMetrics"),
    )
    for scene, place, key in lists:
        short = ever(place, status=200, body=f'{{"{key}": [{{"id": "x"}}], "total": 3}}')
        must = Fails(("received 1 of 3 announced entries",), AGAIN)
        yield Row(f"{place} lacks entries", scene, short, must)
