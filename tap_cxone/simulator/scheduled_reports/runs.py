"""The runs of reports: where they stand, and who asks for that too often."""

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
        schedule_id: Whose report it is.
        report: The report as it was then.
        start: The first instant.
        end: The first instant too late.
        polled_at: When somebody last asked for it, if anybody did.
    """

    schedule_id: str
    report: Report
    start: datetime
    end: datetime
    polled_at: datetime | None = None
    reason: str = ""

    def api_status(self, now: datetime) -> ApiStatus:
        """Return where the run stands, in the API's words."""
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
    """Where a run stands at a moment."""

    id: str
    schedule_id: str
    start: datetime
    end: datetime
    state: ApiStatus


class Runs:
    """The runs so far.

    Attributes:
        cancelled: The ids of those that a caller ended, in order.
        fast_polls: How often somebody asked too soon after having asked.
    """

    def __init__(self, options: Options, clock: Clock, contacts: Contacts) -> None:
        """Start with none."""
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
        """Begin a run."""
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
        """Return a run, one poll later; None if it is unknown.

        Args:
            run_id: Its name.
            forced_end: How it ends now, if it is to end so.
            reason: Why, if it fails.
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
        """Return a run; None if it is unknown."""
        run = self._runs.get(run_id)
        return None if run is None or run.forced_end == "job-lost" else run

    def cancel(self, run: Run) -> None:
        """End a run, wherever it stands; once is enough."""
        if run.id not in self.cancelled:
            self.cancelled.append(run.id)
            now = self._clock.now()
            self._store(replace(run, forced_end="job-cancelled", ready_at=now, reason=CANCELLED))

    def snapshots(self) -> list[RunSnapshot]:
        """Return where each run stands, in order."""
        now = self._clock.now()
        return [
            RunSnapshot(run.id, run.schedule_id, run.start, run.end, run.api_status(now))
            for run in list(self._runs.values())
        ]

    def rows(self, run: Run) -> list[Row]:
        """Return the rows that there were when a run ended, made once for all its pages."""
        key = replace(run, polled_at=None)
        with self._lock:
            if self._cached[0] != key:
                seen_at = run.ready_at or run.submitted_at
                contacts = self._contacts.between(run.report.type, run.start, run.end, seen_at)
                extra = self._options.extra_report_columns
                self._cached = key, report_rows(contacts, run.report, extra)
            return self._cached[1]

    def _never_ends(self, date_range: DateRange) -> bool:
        """Return whether a run would take longer than any may."""
        max_days = self._options.long_report_days
        if max_days is not None and date_range.end - date_range.start > timedelta(days=max_days):
            return True
        return self._options.job_seconds > 60 * self._options.report_minutes_max

    def _count_fast_poll(self, run: Run, now: datetime) -> None:
        """Count a poll that comes too soon."""
        min_interval = _MIN_POLL_INTERVAL / self._options.speed
        if run.polled_at is not None and now - run.polled_at < min_interval:
            self.fast_polls += 1

    def _store(self, run: Run) -> Run:
        """Remember where a run stands."""
        self._runs[run.id] = run
        return run
