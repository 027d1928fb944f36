"""Audit logs written by the tap's own hand, line by line."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_cxone.events.audit_log import AuditContext, AuditLog
from tap_cxone.report.log_parser import Log, parse_log
from tap_cxone.windows import Window
from tests.support.examples import csv_jobs
from tests.support.run import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

STREAM = "qm_workflows"
FAMILY = csv_jobs.FAMILY


def march(day: float, hour: float = 0) -> datetime:
    """Return an instant of March 2026."""
    return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=day - 1, hours=hour)


def window(day: float, days: float = 1) -> Window:
    """Return a window that begins with a day of March 2026."""
    return Window(march(day), march(day + days))


@dataclass
class Logbook:
    """An audit log in the making; each line is written when `clock` says."""

    path: Path
    clock: FakeClock = field(default_factory=lambda: FakeClock(march(20, 2)))
    run: str = "r1"
    family: str = FAMILY

    def write(
        self,
        event: str,
        window: Window | None = None,
        job: str | None = None,
        *,
        stream: str = STREAM,
        **facts: Any,
    ) -> None:
        """Append a line about a stream."""
        audit = AuditLog(str(self.path), self.clock, self.run)
        audit.write(event, facts, AuditContext(audit, self.family, stream, window, job))

    def commit(self, window: Window | None, rows: int = 10, aside: int = 0, **how: Any) -> None:
        """Append the line of a commit."""
        self.write("window_committed", window, rows=rows, quarantined=aside, seconds=1.5, **how)

    def begin(self, *streams: str) -> None:
        """Append the first line of a run."""
        facts = {"version": "0.1.0", "streams": list(streams)}
        AuditLog(str(self.path), self.clock, self.run).write("run_started", facts)

    def end(self, outcome: str = "complete", *failed: str) -> None:
        """Append the last line of a run."""
        facts = {"outcome": outcome, "failed": list(failed), "seconds": 90.0}
        AuditLog(str(self.path), self.clock, self.run).write("run_ended", facts)

    def later(self, **duration: float) -> None:
        """Turn the clock."""
        self.clock.sleep(timedelta(**duration))

    @property
    def log(self) -> Log:
        """Read it."""
        with self.path.open("rb") as lines:
            return parse_log(str(self.path), lines)
