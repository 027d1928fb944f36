"""The runs of reports: where they stand, and who asks for that too often."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from tap_cxone.simulator.jobs import Job, Status
from tap_cxone.simulator.scheduled_reports.grouping import tabulated
from tap_cxone.simulator.scheduled_reports.orders import Report, read_report

if TYPE_CHECKING:
    from tap_cxone.simulator.clock import Clock
    from tap_cxone.simulator.jobs import Fate
    from tap_cxone.simulator.options import Options
    from tap_cxone.simulator.rows import Row
    from tap_cxone.simulator.scheduled_reports.figures import Figures
    from tap_cxone.simulator.scheduled_reports.ranges import Range
    from tap_cxone.simulator.scheduled_reports.schedules import Schedule

    Word = Literal["queued", "processing", "completed", "failed"]

CANCELLED = "Cancelled by the user"
_PAUSE = timedelta(seconds=15)
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

    def word(self, now: datetime) -> Word:
        """Return where the run stands, in the API's words."""
        match self.status(now):
            case Status.RUNNING:
                return "queued" if self.waits(now) else "processing"
            case Status.SUCCEEDED:
                return "completed"
            case _:
                return "failed"

    def why(self, now: datetime) -> str:
        """Return why the run failed."""
        return self.reason or _REASONS[self.status(now)]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a run stands at a moment."""

    id: str
    schedule_id: str
    start: datetime
    end: datetime
    state: Word


class Runs:
    """The runs so far.

    Attributes:
        cancelled: The ids of those that a caller ended, in order.
        fast_polls: How often somebody asked too soon after having asked.
    """

    def __init__(self, options: Options, clock: Clock, figures: Figures) -> None:
        """Start with none."""
        self.cancelled: list[str] = []
        self.fast_polls = 0
        self._options = options
        self._clock = clock
        self._figures = figures
        self._runs: dict[str, Run] = {}
        self._last: tuple[Run | None, list[Row]] = (None, [])
        self._lock = threading.Lock()

    def begin(
        self, schedule: Schedule, about: Range, *, fate: Fate | None, reason: str | None
    ) -> Run:
        """Begin a run."""
        now, polls = self._clock.now(), self._options.job_polls
        return self._keep(
            Run(
                id=str(uuid.uuid4()),
                schedule_id=schedule.id,
                report=read_report(schedule.body),
                start=about.start,
                end=about.end,
                submitted_at=now,
                ready_at=now + self._options.job_time if polls is None else None,
                polls_left=polls or 0,
                polls=polls or 0,
                fate=fate or ("job-stuck" if self._too_long(about) else None),
                reason=reason or "",
            )
        )

    def poll(self, run_id: str, *, fate: Fate | None, reason: str | None) -> Run | None:
        """Return a run, one poll later; None if it is unknown.

        Args:
            run_id: Its name.
            fate: How it ends now, if it is to end so.
            reason: Why, if it fails.
        """
        run = self.find(run_id)
        if run is None:
            return None
        now = self._clock.now()
        self._note(run, now)
        self._keep(replace(run.polled(now, fate=fate, reason=reason), polled_at=now))
        return self.find(run_id)

    def find(self, run_id: str) -> Run | None:
        """Return a run; None if it is unknown."""
        run = self._runs.get(run_id)
        return None if run is None or run.fate == "job-lost" else run

    def cancel(self, run: Run) -> None:
        """End a run, wherever it stands; once is enough."""
        if run.id not in self.cancelled:
            self.cancelled.append(run.id)
            now = self._clock.now()
            self._keep(replace(run, fate="job-cancelled", ready_at=now, reason=CANCELLED))

    def standings(self) -> list[Standing]:
        """Return where each run stands, in order."""
        now = self._clock.now()
        return [
            Standing(run.id, run.schedule_id, run.start, run.end, run.word(now))
            for run in list(self._runs.values())
        ]

    def rows(self, run: Run) -> list[Row]:
        """Return the rows that there were when a run ended, made once for all its pages."""
        done = replace(run, polled_at=None)
        with self._lock:
            if self._last[0] != done:
                seen_at = run.ready_at or run.submitted_at
                contacts = self._figures.between(run.report.type, run.start, run.end, seen_at)
                extra = self._options.extra_report_columns
                self._last = done, tabulated(contacts, run.report, extra)
            return self._last[1]

    def _too_long(self, about: Range) -> bool:
        """Return whether a run would take longer than any may."""
        most = self._options.long_report_days
        if most is not None and about.end - about.start > timedelta(days=most):
            return True
        return self._options.job_seconds > 60 * self._options.report_minutes_max

    def _note(self, run: Run, now: datetime) -> None:
        """Count a poll that comes too soon."""
        pause = _PAUSE / self._options.speed
        if run.polled_at is not None and now - run.polled_at < pause:
            self.fast_polls += 1

    def _keep(self, run: Run) -> Run:
        """Remember where a run stands."""
        self._runs[run.id] = run
        return run
