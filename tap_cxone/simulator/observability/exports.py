"""Dashboard exports of the tenant: quota, history limit and file names."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from tap_cxone.simulator.jobs import Job, Status
from tap_cxone.simulator.tenant_jobs import TenantJobs

if TYPE_CHECKING:
    from datetime import datetime

    from tap_cxone.simulator.clock import Clock
    from tap_cxone.simulator.jobs import ForcedOutcome
    from tap_cxone.simulator.observability.options import ObservabilityOptions
    from tap_cxone.simulator.observability.validation import TableExportSpec

TOO_OLD = "Export date range cannot be more than {} months ago without authorization"
TOO_MANY = (
    "Too many export requests. The limit is {} exports per {:g} hours "
    "for non-Observability Dashboard users"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Export(Job):
    """One export.

    Attributes:
        spec: The requested content.
        number: Its index among the exports of the tenant.
        unseen_polls: Number of polls that still return 404.
    """

    spec: TableExportSpec
    number: int
    unseen_polls: int = 0
    reason: str = "The export failed"


class Exports(TenantJobs[Export]):
    """All exports of the tenant and their files.

    Attributes:
        quota_violations: Number of submits that exceeded the quota.
    """

    _options: ObservabilityOptions

    def __init__(self, options: ObservabilityOptions, clock: Clock) -> None:
        """Create the state without exports."""
        super().__init__(options, clock)
        self.quota_violations = 0
        self._files: dict[str, str] = {}

    def submit(self, spec: TableExportSpec, outcome: ForcedOutcome) -> Export:
        """Start an export.

        Raises:
            HTTPException: It starts before the history limit, or the quota is exhausted.
        """
        self._check_limits(spec, self._clock.now())
        unseen_polls, number = self._options.unseen_polls, len(self._jobs)
        return self.start(Export, outcome, spec=spec, number=number, unseen_polls=unseen_polls)

    def poll_file(self, export_id: str, file_name: str, outcome: ForcedOutcome) -> Export | None:
        """Return an export after one poll; None if it is unknown or expired.

        Args:
            export_id: The id of the export.
            file_name: The name of its file; of two files with one name the newer one is kept.
            outcome: What a fault makes of the export.
        """
        export = self._jobs.get(export_id)
        if export is not None and export.unseen_polls:
            self.store(replace(export, unseen_polls=export.unseen_polls - 1))
            return None
        export, now = self.poll(export_id, outcome), self._clock.now()
        if export is None or _is_forgotten(export, now):
            return None
        if export.status(now) is Status.SUCCEEDED:
            self._register_file(export, file_name)
        return export

    def export_of_file(self, file_name: str) -> Export | None:
        """Return the export whose file has this name; None once the file is deleted."""
        export = self._jobs[self._files[file_name]]
        return export if export.status(self._clock.now()) is Status.SUCCEEDED else None

    def _check_limits(self, spec: TableExportSpec, now: datetime) -> None:
        """Raise HTTPException for an export that breaks a limit."""
        months, max_exports = self._options.history_months, self._options.exports_per_day
        if months is not None and spec.start < self._oldest_start(now, months):
            raise HTTPException(400, TOO_OLD.format(months))
        period = self._options.quota_period
        recent = [export for export in self.all() if now - export.submitted_at < period]
        if max_exports is not None and len(recent) >= max_exports:
            self.quota_violations += 1
            raise HTTPException(400, TOO_MANY.format(max_exports, self._options.quota_hours))

    def _oldest_start(self, now: datetime, months: int) -> datetime:
        days = self._options.days_per_month
        return now - timedelta(days=months * days) if days else months_before(now, months)

    def _register_file(self, export: Export, file_name: str) -> None:
        """Store the file of an export, unless a newer export has a file of this name."""
        owner = self._files.get(file_name)
        if owner is None or self._jobs[owner].number < export.number:
            self._files[file_name] = export.id


def months_before(instant: datetime, months: int) -> datetime:
    """Return the instant `months` earlier; the day is limited to the end of that month."""
    year, month = divmod(instant.year * 12 + instant.month - 1 - months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return instant.replace(year=year, month=month + 1, day=min(instant.day, last))


def _is_forgotten(export: Export, now: datetime) -> bool:
    """Return True if an export has expired and is no longer known."""
    return export.forced_end is None and export.status(now) is Status.EXPIRED
