"""The case of kills: three jobs at a time, and a list that tells what they ask for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.support import analytics_exports as analytics
from tests.support.kill_cases import QUARANTINE, Case, Work

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator


def _analytics(sim: Simulator, number: int) -> dict[str, Any]:
    return analytics.export_settings(sim, number, max_invalid_ratio=1.0)


def _analytics_works(sim: Simulator) -> list[Work]:
    return [
        Work(
            export.id,
            analytics.STREAM,
            export.spec.start,
            export.spec,
            export.submitted_at,
            export.ready_at or datetime.max.replace(tzinfo=UTC),
            once=True,
            listed=True,
        )
        for export in sim.analytics_exports
    ]


CASES = (
    Case(
        name="analytics",
        family="analytics_exports",
        settings=_analytics,
        small=(analytics.STREAM, QUARANTINE),
        large=(analytics.STREAM, QUARANTINE),
        works=_analytics_works,
        options={"invalid_elements": 2, "duplicates": 1},
        places=("list", "submit", "poll", "download"),
        with_job=("submit", "poll", "download"),
        fast=(("poll", "term"),),
    ),
)
