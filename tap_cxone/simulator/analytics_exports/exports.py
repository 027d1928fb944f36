"""Analytics exports of the tenant and the limit on active ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from starlette.exceptions import HTTPException

from tap_cxone.simulator.analytics_exports.validation import ExportSpec
from tap_cxone.simulator.jobs import ForcedOutcome, Job, Status
from tap_cxone.simulator.tenant_jobs import TenantJobs

if TYPE_CHECKING:
    from datetime import datetime

    from tap_cxone.simulator.analytics_exports.options import AnalyticsExportsOptions
    from tap_cxone.simulator.clock import Clock

    ApiStatus = Literal["queued", "running", "completed", "failed"]

TOO_MANY = "The limit of {} concurrent exports is reached"
_DAY = timedelta(days=1)
NORMAL = ForcedOutcome()
_REASONS = {
    Status.FAILED: "The export failed",
    Status.CANCELLED: "The export was cancelled",
    Status.EXPIRED: "The export expired",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Export(Job):
    """One export.

    Attributes:
        spec: The requested content.
        foreign: True if another client submitted it.
    """

    spec: ExportSpec
    foreign: bool = False
    reason: str = ""

    def has_file(self, now: datetime) -> bool:
        """Return True if the file of a completed export still exists."""
        return self.forced_end is not None or self.status(now) is not Status.EXPIRED

    def api_status(self, now: datetime) -> ApiStatus:
        """Return the status in the API's spelling."""
        match self.status(now):
            case Status.RUNNING:
                return "queued" if self.is_queued(now) else "running"
            case Status.SUCCEEDED:
                return "completed"
            case _:
                return "failed" if self.has_file(now) else "completed"

    def failure_reason(self, now: datetime) -> str:
        """Return why the export failed."""
        return self.reason or _REASONS[self.status(now)]


class Exports(TenantJobs[Export]):
    """All exports of the tenant.

    Attributes:
        conflicts: Number of submits that exceeded the limit.
    """

    _options: AnalyticsExportsOptions

    def __init__(self, options: AnalyticsExportsOptions, clock: Clock) -> None:
        """Create the exports of another client that never end."""
        super().__init__(options, clock)
        self.conflicts = 0
        self.add_foreign(options.foreign_exports, options.job_time, ForcedOutcome("job-stuck"))

    def submit(self, spec: ExportSpec, outcome: ForcedOutcome) -> Export:
        """Start an export.

        Raises:
            HTTPException: Too many exports are active.
        """
        max_active = self._options.max_analytics_exports
        if len(self.running()) >= max_active:
            self.conflicts += 1
            raise HTTPException(409, TOO_MANY.format(max_active))
        return self.start(Export, outcome, spec=spec)

    def submitted_by_callers(self) -> list[Export]:
        """Return the exports submitted by callers, in order."""
        return [export for export in self.all() if not export.foreign]

    def add_foreign(
        self, number: int, duration: timedelta, outcome: ForcedOutcome = NORMAL
    ) -> None:
        """Start exports of another client that end after `duration`."""
        now = self._clock.now()
        spec = ExportSpec(now - _DAY, now, "type eq 'voice'", format="csv")
        for _ in range(number):
            self.start(Export, outcome, spec=spec, ready_at=now + duration, foreign=True)
