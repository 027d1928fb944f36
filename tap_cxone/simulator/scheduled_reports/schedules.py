"""Registered schedules of reports."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_cxone.simulator.scheduled_reports.options import ScheduledReportsOptions


@dataclass(frozen=True, slots=True)
class Schedule:
    """Schedule of a report.

    Attributes:
        id: The id in requests.
        body: The last registered body.
        versions: Number of registrations, including the first.
        hidden_listings: Number of further lists in which it is missing.
    """

    id: str
    body: Mapping[str, Any]
    versions: int = 1
    hidden_listings: int = 0

    @property
    def name(self) -> str:
        """Return the display name, which is not unique."""
        return str(self.body["name"])


class Schedules:
    """All schedules of the tenant."""

    def __init__(self, options: ScheduledReportsOptions) -> None:
        """Create the state without schedules."""
        self._options = options
        self._schedules: dict[str, Schedule] = {}

    def add(self, body: Mapping[str, Any]) -> Schedule:
        """Store a new schedule; names need not be unique."""
        hidden_listings = self._options.hidden_listings
        return self._store(Schedule(str(uuid.uuid4()), body, hidden_listings=hidden_listings))

    def update(self, schedule: Schedule, body: Mapping[str, Any]) -> Schedule:
        """Replace the body of a schedule, unless accepted changes have no effect."""
        if self._options.frozen_schedules:
            body = schedule.body
        return self._store(replace(schedule, body=body, versions=schedule.versions + 1))

    def delete(self, schedule_id: str) -> None:
        """Delete a schedule."""
        del self._schedules[schedule_id]

    def find(self, schedule_id: str) -> Schedule | None:
        """Return the schedule with this id; None if there is none."""
        return self._schedules.get(schedule_id)

    def all(self) -> list[Schedule]:
        """Return all schedules, in order."""
        return list(self._schedules.values())

    def find_by_name(self, name: str | None) -> list[Schedule]:
        """Return the schedules that match a name and are not hidden; all for None."""
        hidden = [schedule for schedule in self.all() if schedule.hidden_listings]
        for schedule in hidden:
            self._store(replace(schedule, hidden_listings=schedule.hidden_listings - 1))
        return [
            schedule
            for schedule in self.all()
            if schedule.id not in {other.id for other in hidden}
            if name is None or self._matches_name(schedule, name)
        ]

    def _matches_name(self, schedule: Schedule, name: str) -> bool:
        """Return True if a schedule matches a name by the tenant's rule."""
        match self._options.name_filter:
            case "exact":
                return schedule.name == name
            case "contains":
                return name in schedule.name
            case "ignored":
                return True

    def _store(self, schedule: Schedule) -> Schedule:
        """Store a schedule."""
        self._schedules[schedule.id] = schedule
        return schedule
