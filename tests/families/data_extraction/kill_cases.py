"""The cases of kills: jobs of a tenant, one at a time; the list tells no order."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tap_cxone.simulator.settings import tap_settings
from tests.support.kill_cases import SAME_WINDOWS, Case, Work, span

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_cxone.simulator import Simulator


def _extraction_case(mode: str) -> Callable[[Simulator, int], dict[str, Any]]:
    def settings(sim: Simulator, number: int) -> dict[str, Any]:
        base = tap_settings(sim.url)
        own = {**base["data_extraction"], "mode": mode, "window_days": 1, **SAME_WINDOWS}
        return {**base, **span(number), "poll_interval_seconds": 25, "data_extraction": own}

    return settings


def _extractions(sim: Simulator) -> list[Work]:
    return [
        Work(
            job.id,
            job.spec.entity.replace("-", "_"),
            datetime.combine(job.spec.start, datetime.min.time(), UTC),
            job.spec,
            job.submitted_at,
            job.ready_at or datetime.max.replace(tzinfo=UTC),
            once=True,
        )
        for job in sim.jobs
    ]


CASES = (
    Case(
        name="extraction-sync",
        family="data_extraction",
        settings=_extraction_case("sync"),
        nameless=True,
        small=("qm_workflows",),
        large=("qm_questions", "qm_workflows"),
        works=_extractions,
        places=("token", "list", "submit", "download"),
        sent_once=("token",),
        quick=("request_spacing_seconds", "settle_minutes"),
    ),
    Case(
        name="extraction-async",
        family="data_extraction",
        settings=_extraction_case("async"),
        small=("qm_workflows",),
        large=("qm_questions", "qm_workflows"),
        works=_extractions,
        places=("list", "submit", "poll", "download"),
        with_job=("submit", "poll", "download"),
        quick=("request_spacing_seconds", "settle_minutes"),
    ),
)
