"""Runs of one stream with windows of a day, over several states."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_cxone.simulator.settings import tap_settings
from tests.support.audit_log import audit_lines
from tests.support.examples import csv_jobs
from tests.support.run import run_tap, select

if TYPE_CHECKING:
    from pathlib import Path

    from tap_cxone.simulator import Simulator
    from tests.support.run import FakeClock, Output

STREAM = "qm_workflows"
DAY = timedelta(days=1)


def day_of_march(day: int) -> str:
    return f"2026-03-{day:02}"


@dataclass
class Reader:
    """Runs of one stream with windows of a day, and the days that each commits."""

    sim: Simulator
    clock: FakeClock
    audit_log: Path
    seen: int = 0

    def run(
        self,
        first: int | None,
        last: int | None = None,
        state: Any = None,
        cut_after: int | None = None,
        **changes: Any,
    ) -> Output:
        """Run from a day of March, or without a start, to the end of another day, or to now."""
        config = {
            **tap_settings(self.sim.url, families=(csv_jobs.FAMILY,)),
            csv_jobs.FAMILY: {"window_days": 1, "overlap_days": 0},
            "start_date": day_of_march(first) if first else None,
            "audit_log_path": str(self.audit_log),
            **({"end_date": day_of_march(last + 1)} if last else {}),
            **changes,
        }
        catalog = select(config, STREAM)
        return run_tap(config, clock=self.clock, catalog=catalog, state=state, cut_after=cut_after)

    def days(self) -> list[int]:
        """Return the days of March that were committed since the last call, in order."""
        lines = [e for e in audit_lines(self.audit_log) if e["event"] == "window_committed"]
        new, self.seen = lines[self.seen :], len(lines)
        return [int(line["window_start"][8:10]) for line in new]
