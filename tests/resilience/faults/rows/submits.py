"""Rows for submits, which must not be repeated blindly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.resilience.faults.answers import EXACT, once
from tests.resilience.faults.family_rows import faults_of
from tests.resilience.faults.outcomes import (
    AFTER_NOON,
    ELSEWHERE,
    REDIRECTED,
    SPENT,
    UNLISTED,
)
from tests.resilience.faults.play import Fails, Row
from tests.resilience.faults.scenes import SCENES, SUBMITS

if TYPE_CHECKING:
    from collections.abc import Iterator


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
SPOILED = ("empty", "malformed-json", "truncated")  # no matter where a header names the job


def submit_rows() -> Iterator[Row]:
    """Yield rows for submits that were not accepted, or may have been."""
    for scene, places in SUBMITS.items():
        own = faults_of(SCENES[scene].family).submits
        for place in places:
            lost = SPENT if (scene, place) in UNLISTED else EXACT
            for label, how in NOT_STARTED.items():
                yield Row(f"{place} {label}", scene, once(place, **how), EXACT)
            for label, how in DOUBTFUL.items():
                must = own.get((place, label), lost)
                yield Row(f"{place} {label}", scene, once(place, **how), must)
            idle = once(place, "reset-idle")
            yield Row(f"{place} on an idle connection", scene, idle, EXACT)
            for kind in SPOILED:
                must = EXACT if SCENES[scene].job_in_header else lost
                yield Row(f"{place} {kind}", scene, once(place, kind), must)
            yield Row(
                f"{place} 302",
                scene,
                once(place, status=302, headers=ELSEWHERE),
                Fails(("302",), REDIRECTED),
            )
