"""Rows for jobs that give no file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.resilience.faults.answers import once
from tests.resilience.faults.outcomes import AGAIN, HOURS
from tests.resilience.faults.play import Fails, Row
from tests.support.scene import Ability
from tests.support.scenes import FILE_SCENES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_cxone.simulator.faults import FaultPoint

GIVE_NOTHING = {
    "job-failed": "failed",
    "job-cancelled": "cancelled",
    "job-expired": "expired",
    "job-lost": "the API does not know the job",
}


def job_rows() -> Iterator[Row]:
    """Yield rows for jobs that give no file, or do not end."""
    for scene in FILE_SCENES:
        at = scene.submits[-1]
        if scene.can(Ability.PENDING_JOBS):
            yield from ended_job_rows(scene.name, (at, "poll"))
        # Of some jobs only one may run, so the one that never ends blocks all others.
        then = ("another client may be exporting",) if scene.one_job_a_tenant else ()
        must = Fails(("still running",), ("job_timeout_minutes",), later=25 * HOURS, then=then)
        yield Row(f"{at} job-stuck", scene.name, once(at, "job-stuck"), must)


def ended_job_rows(scene: str, points: Sequence[FaultPoint]) -> Iterator[Row]:
    """Yield rows for jobs that end without a file at one of these points."""
    for at in points:
        for kind, words in GIVE_NOTHING.items():
            yield Row(
                f"{at} {kind}", scene, once(at, kind), Fails(("produced no file", words), AGAIN)
            )
    reason = once("poll", "job-failed", body="Sorry, 5 rows too many")
    must = Fails(("produced no file", "Sorry, 5 rows too many"), ("Run again; a smaller window",))
    yield Row("poll job-failed for a reason", scene, reason, must)
