"""Rows for submits, which must not be repeated blindly."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.resilience.faults.answers import EXACT, ever, once
from tests.resilience.faults.outcomes import (
    AFTER_NOON,
    AGAIN,
    ELSEWHERE,
    REDIRECTED,
    SPENT,
    UNLISTED,
    UNSETTLED,
)
from tests.resilience.faults.play import Exact, Fails, Row
from tests.resilience.faults.scenes import SUBMITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.simulator.faults import FaultPoint


NOT_STARTED: dict[str, dict[str, Any]] = {
    "401": {"status": 401},
    "409": {"status": 409},
    "429": {"status": 429},
    "429 Retry-After": {"status": 429, "headers": (("Retry-After", "40"),)},
    "503": {"status": 503},
    "503 date": {"status": 503, "headers": (("Retry-After", AFTER_NOON),)},
}
DOUBTFUL: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "502": {"status": 502},
    "504": {"status": 504},
    "408": {"status": 408},
    "425": {"status": 425},
    "reset": {"kind": "reset"},
    "reply lost": {"kind": "reply-lost"},
    "html": {"kind": "html"},
    "names nothing": {"status": 200, "body": '{"id": null, "runId": null, "jobStatus": null}'},
    "list": {"status": 200, "body": "[]"},
    "number": {"status": 200, "body": "5"},
    "no JSON": {"status": 200, "body": "accepted"},
}
SPOILED = ("empty", "malformed-json", "truncated")  # of the table's exports only `Location` counts


def submit_rows() -> Iterator[Row]:
    """Yield rows for submits that were not accepted, or may have been."""
    for scene, places in SUBMITS.items():
        for place in places:
            lost = SPENT if (scene, place) in UNLISTED else EXACT
            for label, how in NOT_STARTED.items():
                yield Row(f"{place} {label}", scene, once(place, **how), EXACT)
            for label, how in DOUBTFUL.items():
                must = EXACT if (scene, label) == ("reports", "502") else lost
                yield Row(f"{place} {label}", scene, once(place, **how), must)
            idle = once(place, "reset-idle")
            yield Row(f"{place} on an idle connection", scene, idle, EXACT)
            for kind in SPOILED:
                must = EXACT if scene == "observability" else lost
                yield Row(f"{place} {kind}", scene, once(place, kind), must)
            yield Row(
                f"{place} 302",
                scene,
                once(place, status=302, headers=ELSEWHERE),
                Fails(("302",), REDIRECTED),
            )


def uncounted_rows() -> Iterator[Row]:
    """Yield rows for submits to an API without a list of jobs, where no quota is configured."""
    free: dict[str, Any] = {
        "options": {"exports_per_day": None},
        "settings": {"observability": {"exports_per_day": None}},
    }
    twice = once("submit", status=502, times=2)
    yield Row("submit 502 without a quota", "observability", twice, EXACT, **free)
    for status in (500, 504):
        lost = once("submit", status=status)
        yield Row(f"submit {status} without a quota", "observability", lost, SPENT, **free)
    places: tuple[tuple[str, FaultPoint], ...] = (("observability", "submit"), ("reports", "run"))
    for scene, place in places:
        how = free if scene == "observability" else {}
        must = Fails(("502",), ("tried 9 times (max_retries)", *AGAIN))
        faults = ever(place, status=502)
        yield Row(f"{place} 502 ever without a quota", scene, faults, must, **how)


def extraction_rows() -> Iterator[Row]:
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
