"""Runs of reports, and the number of polls that were too soon."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from typing_extensions import override

from tap_cxone.simulator.jobs import ForcedOutcome, Job, Status
from tap_cxone.simulator.scheduled_reports.grouping import report_rows
from tap_cxone.simulator.scheduled_reports.validation import Report, parse_report
from tap_cxone.simulator.tenant_jobs import TenantJobs

if TYPE_CHECKING:
    from tap_cxone.simulator.clock import Clock
    from tap_cxone.simulator.rows import Row
    from tap_cxone.simulator.scheduled_reports.contacts import Contacts
    from tap_cxone.simulator.scheduled_reports.date_ranges import DateRange
    from tap_cxone.simulator.scheduled_reports.options import ScheduledReportsOptions
    from tap_cxone.simulator.scheduled_reports.schedules import Schedule

    ApiStatus = Literal["queued", "processing", "completed", "failed"]

CANCELLED = "Cancelled by the user"
_MIN_POLL_INTERVAL = timedelta(seconds=15)
_REASONS = {
    Status.FAILED: "The report failed",
    Status.CANCELLED: "The report was cancelled",
    Status.EXPIRED: "The results expired",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Job):
    """One run of a report.

    Attributes:
        schedule_id: The id of the schedule.
        report: The report at the start of the run.
        start: The first instant.
        end: The exclusive end.
        polled_at: Time of the last poll; None before the first.
    """

    schedule_id: str
    report: Report
    start: datetime
    end: datetime
    polled_at: datetime | None = None
    reason: str = ""

    def api_status(self, now: datetime) -> ApiStatus:
        """Return the status in the API's spelling."""
        match self.status(now):
            case Status.RUNNING:
                return "queued" if self.is_queued(now) else "processing"
            case Status.SUCCEEDED:
                return "completed"
            case _:
                return "failed"

    def failure_reason(self, now: datetime) -> str:
        """Return why the run failed."""
        return self.reason or _REASONS[self.status(now)]


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """State of a run at one instant."""

    id: str
    schedule_id: str
    start: datetime
    end: datetime
    state: ApiStatus


class Runs(TenantJobs[Run]):
    """All runs of the tenant.

    Attributes:
        cancelled: The ids of the runs cancelled by callers, in order.
        fast_polls: Number of polls that were too soon after the previous one.
    """

    _options: ScheduledReportsOptions

    def __init__(self, options: ScheduledReportsOptions, clock: Clock, contacts: Contacts) -> None:
        """Create the state without runs."""
        super().__init__(options, clock)
        self.cancelled: list[str] = []
        self.fast_polls = 0
        self._contacts = contacts
        self._cached: tuple[Run | None, list[Row]] = (None, [])
        self._lock = threading.Lock()

    def submit(self, schedule: Schedule, date_range: DateRange, outcome: ForcedOutcome) -> Run:
        """Start a run."""
        if outcome.end is None and self._never_ends(date_range):
            outcome = ForcedOutcome("job-stuck")
        return self.start(
            Run,
            outcome,
            schedule_id=schedule.id,
            report=parse_report(schedule.body),
            start=date_range.start,
            end=date_range.end,
        )

    @override
    def poll(self, job_id: str, outcome: ForcedOutcome) -> Run | None:
        run, now = self.find(job_id), self._clock.now()
        if run is not None:
            self._count_fast_poll(run, now)
            self.store(replace(run, polled_at=now))
        return super().poll(job_id, outcome)

    @override
    def cancel(self, job: Run) -> None:
        """Cancel a run in any state; idempotent."""
        if job.id not in self.cancelled:
            self.cancelled.append(job.id)
            super().cancel(replace(job, reason=CANCELLED))

    def snapshots(self) -> list[RunSnapshot]:
        """Return the current state of each run, in order."""
        now = self._clock.now()
        return [
            RunSnapshot(run.id, run.schedule_id, run.start, run.end, run.api_status(now))
            for run in self.all()
        ]

    def rows(self, run: Run) -> list[Row]:
        """Return the rows visible when a run ended; they are cached for its pages."""
        key = replace(run, polled_at=None)
        with self._lock:
            if self._cached[0] != key:
                contacts = self._contacts.between(run.report.type, run.start, run.end, run.ended_at)
                extra = self._options.extra_report_columns
                self._cached = key, report_rows(contacts, run.report, extra)
            return self._cached[1]

    def _never_ends(self, date_range: DateRange) -> bool:
        """Return True if a run exceeds the limits of the options."""
        max_days = self._options.long_report_days
        if max_days is not None and date_range.end - date_range.start > timedelta(days=max_days):
            return True
        return self._options.job_seconds > 60 * self._options.report_minutes_max

    def _count_fast_poll(self, run: Run, now: datetime) -> None:
        """Count a poll that is too soon after the previous one."""
        min_interval = _MIN_POLL_INTERVAL / self._options.speed
        if run.polled_at is not None and now - run.polled_at < min_interval:
            self.fast_polls += 1
