"""Rows for changed schedules, and for jobs that give no file."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tap_cxone.simulator import Fault
from tap_cxone.simulator.scheduled_reports.family import REPORT
from tests.resilience.faults.answers import EXACT, ever, once, says
from tests.resilience.faults.outcomes import (
    AGAIN,
    ELSEWHERE,
    HOURS,
    PASSING,
    REDIRECTED,
    USUAL,
    outcome_of_status,
)
from tests.resilience.faults.play import Fails, Row
from tests.resilience.faults.scenes import SCENES
from tests.support.scheduled_reports import STREAM, definition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.simulator import Simulator
    from tap_cxone.simulator.faults import FaultPoint
    from tests.resilience.faults.play import Script
    from tests.support.scene import Scene


# Schedules that are there already, and are to be changed; jobs of the synchronous endpoint


def outdated(*faults: Fault) -> Script:
    """Return these faults, and a schedule that is not what the settings require."""

    def script(sim: Simulator, scene: Scene) -> tuple[Fault, ...]:
        sim.add_schedule(definition(scene.stream, metrics=["wrapUpTime"]))
        return faults

    return script


CHANGES = {
    **{
        status: outcome_of_status("reports", "update", status)
        for status in (400, 401, 422, 429, 500)
    },
    **dict.fromkeys((404, 410), EXACT),  # deleted meanwhile: registered once more
    403: Fails(("403",), ("analytics:reports:write",)),
}
FOREIGN = ("was not made by this tap",)
UNCHANGED = Fails(("could not be changed",), ("run again",))


TAKEN_OVER = {"scheduled_reports": {"reports": [{**REPORT, "take_over": True}]}}


def update_rows() -> Iterator[Row]:
    """Yield rows for the change of a schedule, and for polls after a synchronous submit."""
    taken: dict[str, Any] = {"settings": TAKEN_OVER}
    yield Row("update nothing", "reports", outdated(), EXACT, **taken)
    foreign = Fails(("was not made by this tap", "report.metrics"), ("take_over",), then=FOREIGN)
    yield Row("update not allowed", "reports", outdated(), foreign)
    for label, how in PASSING.items():
        changed = outdated(Fault("update", **USUAL | how))
        must = UNCHANGED if label == "html" else EXACT
        yield Row(f"update {label}", "reports", changed, must, **taken)
    for status in (400, 401, 403, 404, 410, 422, 429, 500):
        faults = outdated(*ever("update", status=status))
        yield Row(f"update {status} ever", "reports", faults, CHANGES[status], **taken)
    faults = outdated(*ever("update", status=302, headers=ELSEWHERE))
    yield Row("update 302", "reports", faults, Fails(("302",), REDIRECTED), **taken)
    twins = Fails(("several schedules have the name",), ("delete all but one",))
    two = json.dumps({"entities": [{"scheduleId": n, "name": STREAM} for n in "ab"]})
    yield Row("list two of a name", "reports", says("list", two), twins)
    named = {"sync_response": "string-id"}
    for label, how in PASSING.items():
        running = once("poll", **how)
        yield Row(f"poll {label}", "sync", running, EXACT, options=named)


# Jobs

GIVE_NOTHING = {
    "job-failed": "failed",
    "job-cancelled": "cancelled",
    "job-expired": "expired",
    "job-lost": "the API does not know the job",
}


def job_rows() -> Iterator[Row]:
    """Yield rows for jobs that give no file."""
    places: dict[str, FaultPoint] = {
        "async": "async",
        "observability": "submit",
        "analytics": "submit",
    }
    points: dict[str, tuple[FaultPoint, ...]] = {
        scene: (at, "poll") for scene, at in places.items()
    }
    for scene, both in {**points, "reports": ("run", "poll")}.items():
        for at in both:
            for kind, words in GIVE_NOTHING.items():
                yield Row(
                    f"{at} {kind}", scene, once(at, kind), Fails(("produced no file", words), AGAIN)
                )
        reason = once("poll", "job-failed", body="Sorry, 5 rows too many")
        must = Fails(
            ("produced no file", "Sorry, 5 rows too many"), ("Run again; a smaller window",)
        )
        yield Row("poll job-failed for a reason", scene, reason, must)
    for kind, words in (("job-failed", "FAILED"), ("job-cancelled", "CANCELLED")):
        yield Row(f"sync {kind}", "sync", once("sync", kind), Fails((words,), AGAIN))
    yield Row("sync job-lost", "sync", once("sync", "job-lost"), EXACT)
    places["sync"] = "sync"
    blocked = ("another client may be exporting",)
    for scene, at in places.items():
        # Of these jobs only one may run, so the one that never ends blocks all others.
        then = blocked if scene in {"sync", "async"} else ()
        must = Fails(("still running",), ("job_timeout_minutes",), later=25 * HOURS, then=then)
        yield Row(f"{at} job-stuck", scene, once(at, "job-stuck"), must)
    yield Row("run job-stuck", "reports", once("run", "job-stuck"), EXACT)
    stuck = ever("run", "job-stuck")
    must = Fails(("still running", "cancelled"), ("scheduled_reports.job_timeout_minutes",))
    yield Row("run job-stuck ever", "reports", stuck, must)
    for status in (400, 401, 403, 404, 409, 410, 500):
        faults = (*stuck, *ever("cancel", status=status))
        must = Fails(("still running",), ("scheduled_reports.job_timeout_minutes",))
        if status == HTTPStatus.UNAUTHORIZED:
            must = Fails(("401", "a new token was rejected too"), SCENES["reports"].permission)
        yield Row(f"cancel {status}", "reports", faults, must)
