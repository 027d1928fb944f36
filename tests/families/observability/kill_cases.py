"""The case of kills: exports under a quota, and no list of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tap_cxone.simulator.settings import tap_settings
from tests.support import observability as dashboard
from tests.support.kill_cases import SAME_WINDOWS, Case, Work, span

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator


def _observability(sim: Simulator, number: int) -> dict[str, Any]:
    own = {"window_days": 1, "exports_per_day": None, **SAME_WINDOWS}
    return {**tap_settings(sim.url, families=(dashboard.FAMILY,)), **span(number)} | {
        "observability": own
    }


def _exports(sim: Simulator) -> list[Work]:
    streams = {path: stream for stream, path in dashboard.PATHS.items()}
    return [
        Work(
            export.id,
            streams[export.spec.table],
            export.spec.start,
            (export.spec.table, export.spec.start, export.spec.end),
            export.submitted_at,
            export.ready_at or datetime.max.replace(tzinfo=UTC),
        )
        for export in sim.table_exports
    ]


CASES = (
    Case(
        name="observability",
        family="observability",
        settings=_observability,
        small=(dashboard.KB,),
        large=(dashboard.KB, dashboard.GR),
        works=_exports,
        options={"exports_per_day": None},
        places=("submit", "poll", "download"),
        with_job=("submit", "poll", "download"),
    ),
)
