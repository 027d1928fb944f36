"""Rows of the table of faults that concern data download alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.families.data_download.scene import ZONELESS
from tests.resilience.faults.answers import DEEP, EXACT, ever, once, says
from tests.resilience.faults.outcomes import (
    AGAIN,
    APPLICATION,
    LACKS_ENTRIES,
    NO_ACCESS,
    NOT_ACCEPTED,
    OTHER_DAY,
    SILENCE,
)
from tests.resilience.faults.play import ALWAYS, Exact, Fails, FaultRows, Row, Stops
from tests.resilience.faults.rows.history import HISTORIES
from tests.resilience.faults.rows.shapes import shape_rows
from tests.support.data_download import FAMILY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.simulator import Fault
    from tap_cxone.simulator.faults import FaultPoint

SCENE = "download"
ROW = {"interactionId": "\u00e9", "agentId": "\u65e5", "duration": 1, "talkTime": 1}
INTERACTION = {"interactionId": "i", "agentId": "7", "duration": 1, "talkTime": 1}


def download_fault_rows() -> Iterator[Row]:
    """Yield all rows."""
    yield from page_rows()
    yield from total_rows()
    yield from later_page_rows()
    yield from quota_rows()
    shapes: dict[FaultPoint, Exact | Fails] = {
        "token": Fails((NO_ACCESS,), (APPLICATION,)),
        "me": Fails(*ZONELESS),
        "catalogue": Fails(("has no list",), ("base_url",)),
        "page": Fails(("no list 'data'",), ("base_url",)),
    }
    yield from shape_rows(SCENE, shapes, lists=("catalogue",))


def page_rows() -> Iterator[Row]:
    """Yield rows for pages that contradict themselves."""
    wrong = says("page", {"totalRecords": 9, "returnedRecords": 5, "data": [ROW]})
    must = Fails(("5 rows and has 1",), ("run again",))
    yield Row("page of other length", SCENE, wrong, must)
    short = says("page", {"totalRecords": 9, "returnedRecords": 0, "data": []})
    must = Fails(("received 0 of 9 announced rows",), AGAIN)
    yield Row("page announced", SCENE, short, must)
    nothing = says("page", {"totalRecords": None, "returnedRecords": None, "data": None})
    yield Row("page null data", SCENE, nothing, Fails(("no list 'data'",), ("base_url",)))
    mute = ever("page", "stall", seconds=30)
    must = Fails(("data-download", "the connection ended"), AGAIN)
    tries = {"max_retries": 1}
    yield Row("page silent ever", SCENE, mute, must, settings=tries, patience=SILENCE)


def total_rows() -> Iterator[Row]:
    """Yield rows for totals and ranges that differ from the rows that came."""
    few = says("page", {"totalRecords": "9", "returnedRecords": 1, "data": [INTERACTION]})
    end = says("page", {"totalRecords": "9", "returnedRecords": 0, "data": []})
    must = Fails(("received 1 of 9 announced rows",), AGAIN)
    yield Row("page total as text", SCENE, (*few, *end), must)
    dates = {"date": {"from": OTHER_DAY["start"], "to": OTHER_DAY["end"]}}
    shown = {"totalRecords": 1, "returnedRecords": 1, "data": [INTERACTION], "filter": dates}
    other = Fails(("not of the requested",), AGAIN)
    yield Row("page another day", SCENE, says("page", shown), other)
    short = ever("catalogue", status=200, body='{"customMetrics": [{"id": "x"}], "total": 3}')
    yield Row("catalogue lacks entries", SCENE, short, LACKS_ENTRIES)


def later_page_rows() -> Iterator[Row]:
    """Yield rows for a refused page of the second window, of a gap or a reload."""
    faults = once("page", after=2, times=ALWAYS, status=400)
    yield Row("second page 400", SCENE, faults, Fails(("400",), NOT_ACCEPTED, done=1))
    for history in HISTORIES:
        done = int(history == "newest first")
        refused = once("page", after=done + 1, status=400, times=ALWAYS)
        must = Fails(("400",), NOT_ACCEPTED, done=done)
        yield Row(f"{history} page 400", SCENE, refused, must, history=history)


def quota_rows() -> Iterator[Row]:
    """Yield rows for responses about the quota."""
    many, small = {"rows_per_day": 24}, {FAMILY: {"page_size": 1}}
    for label, faults, then in QUOTAS:
        yield Row(f"quota {label}", SCENE, faults, then, options=many, settings=small)


LEFT = Stops(("allows no more calls",))
QUOTAS: tuple[tuple[str, tuple[Fault, ...], Exact | Fails | Stops], ...] = (
    ("500", once("quota", status=500), EXACT),
    ("500 ever", ever("quota", status=500), Fails(("quota", "500"), AGAIN)),
    ("403 ever", ever("quota", status=403), EXACT),
    ("404 ever", ever("quota", status=404), EXACT),
    ("null", says("quota", {"remaining": None}), EXACT),
    ("list", says("quota", []), EXACT),
    ("reset soon", says("quota", {"remaining": 5, "resetAt": "soon"}), EXACT),
    ("nothing left", says("quota", {"remaining": 0, "resetAt": None}), LEFT),
    ("less than nothing", says("quota", {"remaining": -1}), LEFT),
    ("nested deeply", says("quota", DEEP), EXACT),
)


FAULTS = FaultRows(download_fault_rows)
