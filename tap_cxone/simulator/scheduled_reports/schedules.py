"""The schedules that are registered."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_cxone.simulator.options import Options


@dataclass(frozen=True, slots=True)
class Schedule:
    """A report and when it is to be run.

    Attributes:
        id: Its name for requests.
        body: What it was last registered with.
        versions: How often it was registered, the first time included.
    """

    id: str
    body: Mapping[str, Any]
    versions: int = 1

    @property
    def name(self) -> str:
        """Return its name for people, which others may have too."""
        return str(self.body["name"])


class Schedules:
    """The schedules so far."""

    def __init__(self, options: Options) -> None:
        """Start with none."""
        self._options = options
        self._schedules: dict[str, Schedule] = {}

    def add(self, body: Mapping[str, Any]) -> Schedule:
        """Register a schedule, whatever others are called."""
        return self._store(Schedule(str(uuid.uuid4()), body))

    def update(self, schedule: Schedule, body: Mapping[str, Any]) -> Schedule:
        """Register a schedule anew."""
        return self._store(replace(schedule, body=body, versions=schedule.versions + 1))

    def find(self, schedule_id: str) -> Schedule | None:
        """Return a schedule; None if it is unknown."""
        return self._schedules.get(schedule_id)

    def all(self) -> list[Schedule]:
        """Return every schedule, in order."""
        return list(self._schedules.values())

    def find_by_name(self, name: str | None) -> list[Schedule]:
        """Return the schedules of a name, as this tenant understands it; of none, all."""
        return [
            schedule
            for schedule in self.all()
            if name is None or self._matches_name(schedule, name)
        ]

    def _matches_name(self, schedule: Schedule, name: str) -> bool:
        """Return whether a schedule is among those of a name."""
        match self._options.name_filter:
            case "exact":
                return schedule.name == name
            case "contains":
                return name in schedule.name
            case "ignored":
                return True

    def _store(self, schedule: Schedule) -> Schedule:
        """Remember a schedule."""
        self._schedules[schedule.id] = schedule
        return schedule
