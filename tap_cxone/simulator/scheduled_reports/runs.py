"""Runs of reports, and the number of polls that were too soon."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from tap_cxone.simulator.jobs import Job, Status
from tap_cxone.simulator.scheduled_reports.grouping import report_rows
from tap_cxone.simulator.scheduled_reports.validation import Report, parse_report

if TYPE_CHECKING:
    from tap_cxone.simulator.clock import Clock
    from tap_cxone.simulator.jobs import ForcedEnd
    from tap_cxone.simulator.options import Options
    from tap_cxone.simulator.rows import Row
    from tap_cxone.simulator.scheduled_reports.contacts import Contacts
    from tap_cxone.simulator.scheduled_reports.date_ranges import DateRange
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


class Runs:
    """All runs of the tenant.

    Attributes:
        cancelled: The ids of the runs cancelled by callers, in order.
        fast_polls: Number of polls that were too soon after the previous one.
    """

    def __init__(self, options: Options, clock: Clock, contacts: Contacts) -> None:
        """Create the state without runs."""
        self.cancelled: list[str] = []
        self.fast_polls = 0
        self._options = options
        self._clock = clock
        self._contacts = contacts
        self._runs: dict[str, Run] = {}
        self._cached: tuple[Run | None, list[Row]] = (None, [])
        self._lock = threading.Lock()

    def start(
        self,
        schedule: Schedule,
        date_range: DateRange,
        *,
        forced_end: ForcedEnd | None,
        reason: str | None,
    ) -> Run:
        """Start a run."""
        now, polls = self._clock.now(), self._options.job_polls
        return self._store(
            Run(
                id=str(uuid.uuid4()),
                schedule_id=schedule.id,
                report=parse_report(schedule.body),
                start=date_range.start,
                end=date_range.end,
                submitted_at=now,
                ready_at=now + self._options.job_time if polls is None else None,
                remaining_polls=polls or 0,
                polls_to_finish=polls or 0,
                forced_end=forced_end or ("job-stuck" if self._never_ends(date_range) else None),
                reason=reason or "",
            )
        )

    def poll(self, run_id: str, *, forced_end: ForcedEnd | None, reason: str | None) -> Run | None:
        """Return a run after one poll; None if there is none with this id.

        Args:
            run_id: The id of the run.
            forced_end: How the run ends with this poll; None for no forced end.
            reason: The reason of a forced failure.
        """
        run = self.find(run_id)
        if run is None:
            return None
        now = self._clock.now()
        self._count_fast_poll(run, now)
        self._store(
            replace(run.after_poll(now, forced_end=forced_end, reason=reason), polled_at=now)
        )
        return self.find(run_id)

    def find(self, run_id: str) -> Run | None:
        """Return the run with this id; None if there is none."""
        run = self._runs.get(run_id)
        return None if run is None or run.forced_end == "job-lost" else run

    def cancel(self, run: Run) -> None:
        """Cancel a run in any state; idempotent."""
        if run.id not in self.cancelled:
            self.cancelled.append(run.id)
            now = self._clock.now()
            self._store(replace(run, forced_end="job-cancelled", ready_at=now, reason=CANCELLED))

    def snapshots(self) -> list[RunSnapshot]:
        """Return the current state of each run, in order."""
        now = self._clock.now()
        return [
            RunSnapshot(run.id, run.schedule_id, run.start, run.end, run.api_status(now))
            for run in list(self._runs.values())
        ]

    def rows(self, run: Run) -> list[Row]:
        """Return the rows visible when a run ended; they are cached for its pages."""
        key = replace(run, polled_at=None)
        with self._lock:
            if self._cached[0] != key:
                seen_at = run.ready_at or run.submitted_at
                contacts = self._contacts.between(run.report.type, run.start, run.end, seen_at)
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

    def _store(self, run: Run) -> Run:
        """Store the current state of a run."""
        self._runs[run.id] = run
        return run
