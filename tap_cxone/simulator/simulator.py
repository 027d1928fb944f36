"""The simulator: the state of a tenant behind an HTTP server."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, Self

from starlette.applications import Starlette

from tap_cxone.simulator import (
    analytics_exports,
    control,
    credentials,
    data_download,
    data_extraction,
    files,
    observability,
    scheduled_reports,
)
from tap_cxone.simulator.backend import Backend
from tap_cxone.simulator.clock import Clock, SystemClock
from tap_cxone.simulator.options import Options
from tap_cxone.simulator.request_log import RecordedRequest, RecordingMiddleware
from tap_cxone.simulator.scheduled_reports.validation import validate_schedule
from tap_cxone.simulator.server import ThreadedServer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime, tzinfo
    from types import TracebackType

    from starlette.routing import BaseRoute

    from tap_cxone.simulator.analytics_exports.exports import Export
    from tap_cxone.simulator.data_extraction.jobs import Job
    from tap_cxone.simulator.faults import FaultScript
    from tap_cxone.simulator.metrics import CustomMetric
    from tap_cxone.simulator.rows import Row
    from tap_cxone.simulator.scheduled_reports.runs import RunSnapshot
    from tap_cxone.simulator.scheduled_reports.schedules import Schedule


class Simulator:
    """Simulator that serves requests inside a `with` block.

    Attributes:
        url: The base URL of the server.
        backend: The state of the simulated tenant.
    """

    def __init__(
        self,
        options: Options | None = None,
        *,
        clock: Clock | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Bind `host` and `port`, 0 for a free port; the `with` block starts the server."""
        self.backend = Backend(options or Options(), clock or SystemClock())
        app = Starlette(routes=_routes(self.backend))
        recording = RecordingMiddleware(app, self.backend.log, self.backend.clock)
        self._server = ThreadedServer(recording, host, port)
        self.url = f"http://{host}:{self._server.port}"

    def __enter__(self) -> Self:
        """Start the server."""
        self._server.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the server."""
        self._server.stop()

    @property
    def faults(self) -> FaultScript:
        """Return the script of faults."""
        return self.backend.faults

    @property
    def requests(self) -> list[RecordedRequest]:
        """Return the requests received so far, in order."""
        return self.backend.log.entries()

    @property
    def limit_violations(self) -> int:
        """Return the number of requests that broke a limit; scripted faults do not count."""
        return self.backend.limit_violations

    @property
    def jobs(self) -> list[Job]:
        """Return the data extraction jobs submitted so far, in order."""
        return self.backend.extraction_jobs.jobs()

    @property
    def exports(self) -> int:
        """Return the number of accepted observability exports."""
        return len(self.backend.exports.all())

    @property
    def quota_violations(self) -> int:
        """Return how many of them exceeded the quota; `limit_violations` counts them too."""
        return self.backend.exports.quota_violations

    @property
    def analytics_exports(self) -> list[Export]:
        """Return the analytics exports submitted by callers so far, in order."""
        return self.backend.analytics_exports.submitted_by_callers()

    @property
    def conflicts(self) -> int:
        """Return the number of 409 responses; `limit_violations` counts them too."""
        return self.backend.analytics_exports.conflicts

    def add_foreign_exports(self, number: int, seconds: float) -> None:
        """Start analytics exports of another client that end after `seconds` of the clock."""
        self.backend.analytics_exports.add_foreign(number, timedelta(seconds=seconds))

    def publish_metrics(self, metrics: Iterable[CustomMetric]) -> None:
        """Replace the published custom metrics; thread-safe."""
        self.backend.downloads.metric_catalog.metrics = tuple(metrics)

    @property
    def schedules(self) -> list[Schedule]:
        """Return the registered schedules, in order."""
        return self.backend.schedules.all()

    @property
    def report_runs(self) -> list[RunSnapshot]:
        """Return the report runs started so far with their current state, in order."""
        return self.backend.report_runs.snapshots()

    @property
    def cancelled(self) -> list[str]:
        """Return the ids of the runs cancelled by callers, in order."""
        return list(self.backend.report_runs.cancelled)

    @property
    def fast_polls(self) -> int:
        """Return the number of polls of a run that came too soon after the previous poll."""
        return self.backend.report_runs.fast_polls

    def add_schedule(self, body: Mapping[str, Any]) -> Schedule:
        """Store a schedule as if another client had registered it.

        Raises:
            InvalidRequest: The API would reject it.
        """
        validate_schedule(body)
        return self.backend.schedules.add(body)

    def revoke_tokens(self) -> None:
        """Revoke every token issued so far."""
        self.backend.tokens.revoke()
        self.backend.client_tokens.revoke()
        self.backend.reporting_tokens.revoke()

    def expected_rows(
        self,
        entity: str,
        start: date | datetime,
        end: date | datetime,
        visible_at: datetime | None = None,
        *,
        zone: tzinfo = UTC,
    ) -> list[Row]:
        """Return the rows of `[start, end)` that are visible at `visible_at`, by default now.

        An observability table is named like `Copilot/KBTable`; its dates are local to `zone`. The
        analytics exports have `bot_conversations`: JSON values with fractions as `Decimal`. A
        report of data downloads, such as `Interaction/Call`, has one row for each interaction
        with `at` and `customMetrics`. The field `_bad` is set if a metric violates its rule.
        `report:agent` holds the final rows of scheduled reports, by day and every dimension.
        """
        return self.backend.expected_rows(entity, start, end, visible_at, zone=zone)


def _routes(backend: Backend) -> list[BaseRoute]:
    """Return the routes of all API families, of the object store and of the control interface."""
    return [
        *credentials.routes(backend),
        *files.routes(backend),
        *data_extraction.routes(backend, backend.extraction_jobs, backend.entity_rows),
        *observability.routes(backend, backend.exports, backend.table_rows),
        *analytics_exports.routes(backend, backend.analytics_exports, backend.conversations),
        *data_download.routes(backend, backend.downloads),
        *scheduled_reports.routes(backend, backend.schedules, backend.report_runs),
        *control.routes(backend),
    ]
