"""Rows of the table of faults that concern Data Extraction alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.resilience.faults.answers import EXACT, ever, once
from tests.resilience.faults.outcomes import (
    AGAIN,
    KEY,
    NO_ACCESS,
    PASSING,
    UNKNOWN_STATUS,
    UNSETTLED,
)
from tests.resilience.faults.play import Exact, Fails, FaultRows, Row
from tests.resilience.faults.rows.shapes import shape_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.simulator.faults import FaultPoint


def extraction_fault_rows() -> Iterator[Row]:
    """Yield all rows."""
    yield from refusal_rows()
    yield from sync_rows()
    yield from shape_rows("sync", {"token": Fails((NO_ACCESS,), (KEY,)), "list": EXACT})
    yield from shape_rows("async", {"poll": UNKNOWN_STATUS})


def refusal_rows() -> Iterator[Row]:
    """Yield rows for what only Data Extraction answers to a submit or a list."""
    refused = json.dumps({"message": "Not authorized for this entity; please wait and try again"})
    busy = json.dumps({"message": "A job is in progress, please wait"})
    for scene in ("sync", "async"):
        place: FaultPoint = "sync" if scene == "sync" else "async"
        must = Fails(("403", "Not authorized"), ("QM Workflow API",))
        yield Row("permission wins", scene, ever(place, status=403, body=refused), must)
        for status in (400, 423):
            yield Row(f"{status} busy", scene, once(place, status=status, body=busy), EXACT)
        counted = {"spacing_counts": "requests"}
        yield Row("every request counts", scene, (), Exact(refusals=999), options=counted)
        for label in ("500", "html"):
            how: dict[str, Any] = {"kind": "html"} if label == "html" else {"status": 500}
            faults = (*ever("list", **how), *once(place, "reply-lost"))
            yield Row(f"list {label} ever and a lost submit", scene, faults, UNSETTLED)


def sync_rows() -> Iterator[Row]:
    """Yield rows for jobs of the synchronous endpoint."""
    named = {"sync_response": "string-id"}
    for label, how in PASSING.items():
        yield Row(f"poll {label}", "sync", once("poll", **how), EXACT, options=named)
    for kind, words in (("job-failed", "FAILED"), ("job-cancelled", "CANCELLED")):
        yield Row(f"sync {kind}", "sync", once("sync", kind), Fails((words,), AGAIN))
    yield Row("sync job-lost", "sync", once("sync", "job-lost"), EXACT)
    yield Row(
        "sync silent",
        "sync",
        once("sync", "stall", seconds=30),
        EXACT,
        options={"job_seconds": 1},
        settings={"job_timeout_minutes": 0.005},
    )


FAULTS = FaultRows(extraction_fault_rows)
