"""Rows of the table of faults that concern the observability dashboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.resilience.faults.answers import EXACT, ever, once
from tests.resilience.faults.outcomes import AGAIN, APPLICATION, NO_ACCESS, SPENT, UNKNOWN_STATUS
from tests.resilience.faults.play import Fails, FaultRows, Row, Stops
from tests.resilience.faults.rows.shapes import shape_rows
from tests.support.observability import FAMILY

if TYPE_CHECKING:
    from collections.abc import Iterator

SCENE = "observability"


def table_fault_rows() -> Iterator[Row]:
    """Yield all rows."""
    yield from uncounted_rows()
    yield from second_export_rows()
    login = Fails((NO_ACCESS,), (APPLICATION,))
    yield from shape_rows(SCENE, {"token": login, "poll": UNKNOWN_STATUS})


def uncounted_rows() -> Iterator[Row]:
    """Yield rows for submits to an API without a list of jobs, where no quota is configured."""
    free: dict[str, Any] = {
        "options": {"exports_per_day": None},
        "settings": {FAMILY: {"exports_per_day": None}},
    }
    twice = once("submit", status=502, times=2)
    yield Row("submit 502 without a quota", SCENE, twice, EXACT, **free)
    for status in (500, 504):
        lost = once("submit", status=status)
        yield Row(f"submit {status} without a quota", SCENE, lost, SPENT, **free)
    must = Fails(("502",), ("tried 9 times (max_retries)", *AGAIN))
    faults = ever("submit", status=502)
    yield Row("submit 502 ever without a quota", SCENE, faults, must, **free)


def second_export_rows() -> Iterator[Row]:
    """Yield rows for a second export that is lost or not allowed."""
    lost = once("submit", "reply-lost", after=1)
    must = Fails(("submit",), ("counts as spent",), done=1)
    yield Row("second submit lost", SCENE, lost, must)
    spent = once("submit", status=400, body='{"message": "Too many exports per 24 hours"}', after=1)
    stops = Stops(("the export quota is used up",), done=1)
    yield Row("second submit quota", SCENE, spent, stops)


FAULTS = FaultRows(table_fault_rows)
