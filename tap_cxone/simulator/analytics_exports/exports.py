"""Analytics exports of the tenant and the limit on active ones."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from starlette.exceptions import HTTPException

from tap_cxone.simulator.analytics_exports.validation import ExportSpec
from tap_cxone.simulator.jobs import Job, Status

if TYPE_CHECKING:
    from datetime import datetime

    from tap_cxone.simulator.clock import Clock
    from tap_cxone.simulator.jobs import ForcedEnd
    from tap_cxone.simulator.options import Options

    ApiStatus = Literal["queued", "running", "completed", "failed"]

TOO_MANY = "The limit of {} concurrent exports is reached"
_DAY = timedelta(days=1)
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

    def occupies_slot(self, now: datetime) -> bool:
        """Return True if the export counts towards the limit."""
        return self.forced_end != "job-lost" and self.status(now) is Status.RUNNING

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


class Exports:
    """All exports of the tenant.

    Attributes:
        conflicts: Number of submits that exceeded the limit.
    """

    def __init__(self, options: Options, clock: Clock) -> None:
        """Create the exports of another client that never end."""
        self.conflicts = 0
        self._options = options
        self._clock = clock
        self._exports: dict[str, Export] = {}
        for _ in range(options.foreign_exports):
            self._store(replace(self._foreign_export(options.job_time), forced_end="job-stuck"))

    def submit(
        self, spec: ExportSpec, *, forced_end: ForcedEnd | None, reason: str | None
    ) -> Export:
        """Start an export.

        Raises:
            HTTPException: Too many exports are active.
        """
        now = self._clock.now()
        self._check_limits(now)
        polls = self._options.job_polls
        return self._store(
            Export(
                id=str(uuid.uuid4()),
                spec=spec,
                submitted_at=now,
                ready_at=now + self._options.job_time if polls is None else None,
                remaining_polls=polls or 0,
                polls_to_finish=polls or 0,
                forced_end=forced_end,
                reason=reason or "",
            )
        )

    def poll(
        self, export_id: str, *, forced_end: ForcedEnd | None, reason: str | None
    ) -> Export | None:
        """Return an export after one poll; None if there is none with this id.

        Args:
            export_id: The id of the export.
            forced_end: How the export ends with this poll; None for no forced end.
            reason: The reason of a forced failure.
        """
        export = self._exports.get(export_id)
        if export is None:
            return None
        self._store(export.after_poll(self._clock.now(), forced_end=forced_end, reason=reason))
        return self.find(export_id)

    def find(self, export_id: str) -> Export | None:
        """Return the export with this id; None if there is none."""
        export = self._exports.get(export_id)
        return None if export is None or export.forced_end == "job-lost" else export

    def all(self) -> list[Export]:
        """Return the exports of all clients, in order."""
        return list(self._exports.values())

    def submitted_by_callers(self) -> list[Export]:
        """Return the exports submitted by callers, in order."""
        return [export for export in self.all() if not export.foreign]

    def add_foreign(self, number: int, duration: timedelta) -> None:
        """Start exports of another client that end after `duration`."""
        for _ in range(number):
            self._store(self._foreign_export(duration))

    def _check_limits(self, now: datetime) -> None:
        """Raise HTTPException if too many exports are active."""
        max_active = self._options.max_analytics_exports
        if sum(export.occupies_slot(now) for export in self.all()) >= max_active:
            self.conflicts += 1
            raise HTTPException(409, TOO_MANY.format(max_active))

    def _foreign_export(self, duration: timedelta) -> Export:
        """Return an export of another client that starts now."""
        now = self._clock.now()
        spec = ExportSpec(now - _DAY, now, "type eq 'voice'", format="csv")
        return Export(
            id=str(uuid.uuid4()),
            spec=spec,
            submitted_at=now,
            ready_at=now + duration,
            foreign=True,
        )

    def _store(self, export: Export) -> Export:
        """Store the current state of an export."""
        self._exports[export.id] = export
        return export
