"""The simulated scheduled reports API: its state and its endpoints."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cxone.simulator.credentials import client_credentials_handler
from tap_cxone.simulator.family import SimulatedFamily
from tap_cxone.simulator.scaling import divide_rounding_up
from tap_cxone.simulator.scheduled_reports.contacts import FAR_FUTURE, TYPE_OF_SOURCE, Contacts
from tap_cxone.simulator.scheduled_reports.grouping import full_rows
from tap_cxone.simulator.scheduled_reports.routes import NAME, routes
from tap_cxone.simulator.scheduled_reports.runs import Runs
from tap_cxone.simulator.scheduled_reports.schedules import Schedules
from tap_cxone.simulator.scheduled_reports.validation import validate_schedule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.routing import BaseRoute

    from tap_cxone.simulator.context import ServerContext
    from tap_cxone.simulator.endpoint import Handler
    from tap_cxone.simulator.family import RowQuery
    from tap_cxone.simulator.rows import Row
    from tap_cxone.simulator.scheduled_reports.options import ScheduledReportsOptions
    from tap_cxone.simulator.scheduled_reports.runs import RunSnapshot
    from tap_cxone.simulator.scheduled_reports.schedules import Schedule

REPORT = {
    "name": "agent_performance_daily",
    "type": "agent",
    "metrics": ["handleTime", "talkTime", "callsHandled"],
    "dimensions": ["agentId", "agentName", "queueId"],
    "grouping": ["agentId", "queueId"],
}


class ScheduledReports(SimulatedFamily):
    """The simulated scheduled reports API."""

    name = NAME
    _options: ScheduledReportsOptions
    token_path = "/oauth/token"  # noqa: S105 (a path, not a token)
    scope_prefix = "analytics:reports:"

    def __init__(self, context: ServerContext) -> None:
        """Create the family without schedules and runs."""
        super().__init__(context)
        self._contacts = Contacts(self._options)
        self._schedules = Schedules(self._options)
        self._runs = Runs(self._options, context.clock, self._contacts)

    @property
    def schedules(self) -> list[Schedule]:
        """Return the registered schedules, in order."""
        return self._schedules.all()

    @property
    def report_runs(self) -> list[RunSnapshot]:
        """Return the runs started so far with their current state, in order."""
        return self._runs.snapshots()

    @property
    def cancelled(self) -> list[str]:
        """Return the ids of the runs cancelled by callers, in order."""
        return list(self._runs.cancelled)

    @property
    def fast_polls(self) -> int:
        """Return the number of polls of a run that were too soon after the previous poll."""
        return self._runs.fast_polls

    def add_schedule(self, body: Mapping[str, Any]) -> Schedule:
        """Store a schedule as if another client had registered it.

        Raises:
            InvalidRequest: The API would reject it.
        """
        validate_schedule(body)
        return self._schedules.add(body)

    def delete_schedule(self, schedule_id: str) -> None:
        """Delete a schedule as if another client had deleted it."""
        self._schedules.delete(schedule_id)

    @override
    def login_handler(self) -> Handler:
        options = self._options
        return client_credentials_handler(
            self._context.client_tokens,
            options.granted_scopes,
            options.client_auth,
            timedelta(seconds=options.report_token_seconds),
        )

    @override
    def routes(self) -> list[BaseRoute]:
        return routes(self._context, self._schedules, self._runs)

    @override
    def serves(self, entity: str) -> bool:
        return entity in TYPE_OF_SOURCE

    @override
    def expected_rows(self, query: RowQuery) -> Iterable[Row]:
        """Return the rows of a report such as `report:agent`, by day and every dimension.

        By default all of them are final.
        """
        report_type, seen_at = TYPE_OF_SOURCE[query.entity], query.visible_at or FAR_FUTURE
        contacts = self._contacts.between(report_type, query.start, query.end, seen_at)
        return full_rows(contacts, report_type)

    @override
    def state(self) -> dict[str, Any]:
        return {
            "schedules": [
                {"id": schedule.id, "versions": schedule.versions, "body": schedule.body}
                for schedule in self.schedules
            ],
            "report_runs": [_run_as_json(run) for run in self.report_runs],
            "cancelled_runs": self.cancelled,
            "fast_polls": self.fast_polls,
        }

    @classmethod
    @override
    def tap_settings(cls, speed: float) -> dict[str, Any]:
        return {
            "reports": [REPORT],
            "poll_interval_seconds": divide_rounding_up(15, speed),
            "settle_hour_utc": 5,
        }


def _run_as_json(run: RunSnapshot) -> dict[str, Any]:
    """Return a report run as JSON values."""
    return {
        "id": run.id,
        "schedule": run.schedule_id,
        "start": run.start.isoformat(),
        "end": run.end.isoformat(),
        "state": run.state,
    }
