"""The simulator itself: a world behind a server."""

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
from tap_cxone.simulator.clock import Clock, SystemClock
from tap_cxone.simulator.log import Recorder, Seen
from tap_cxone.simulator.options import Options
from tap_cxone.simulator.scheduled_reports.orders import check_schedule
from tap_cxone.simulator.server import ThreadedServer
from tap_cxone.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date, datetime, tzinfo
    from types import TracebackType

    from starlette.routing import BaseRoute

    from tap_cxone.simulator.analytics_exports.exports import Export
    from tap_cxone.simulator.data_extraction.jobs import Job
    from tap_cxone.simulator.faults import Faults
    from tap_cxone.simulator.metrics import Metric
    from tap_cxone.simulator.rows import Row
    from tap_cxone.simulator.scheduled_reports.runs import Standing
    from tap_cxone.simulator.scheduled_reports.schedules import Schedule

FAMILIES: tuple[Callable[[World], list[BaseRoute]], ...] = (
    credentials.routes,
    files.routes,
    data_extraction.routes,
    observability.routes,
    analytics_exports.routes,
    data_download.routes,
    scheduled_reports.routes,
    control.routes,
)


class Simulator:
    """A CXone on this machine, for as long as the `with` block lasts.

    Attributes:
        url: Where it listens.
        world: All that it knows.
    """

    def __init__(
        self,
        options: Options | None = None,
        *,
        clock: Clock | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Listen at `host` and `port`, 0 for a free one; answer once entered."""
        self.world = World(options or Options(), clock or SystemClock())
        routes = [route for family in FAMILIES for route in family(self.world)]
        app = Recorder(Starlette(routes=routes), self.world.log, self.world.clock)
        self._server = ThreadedServer(app, host, port)
        self.url = f"http://{host}:{self._server.port}"

    def __enter__(self) -> Self:
        """Start answering."""
        self._server.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop answering."""
        self._server.stop()

    @property
    def faults(self) -> Faults:
        """Return the script of faults."""
        return self.world.faults

    @property
    def requests(self) -> list[Seen]:
        """Return the requests so far, in order."""
        return self.world.log.entries()

    @property
    def refusals(self) -> int:
        """Return how often a caller broke a limit; scripted answers do not count."""
        return self.world.refusals

    @property
    def jobs(self) -> list[Job]:
        """Return the data extraction jobs so far, in order."""
        return self.world.extraction.jobs()

    @property
    def exports(self) -> int:
        """Return how many observability exports were accepted."""
        return len(self.world.exports.all())

    @property
    def quota_refusals(self) -> int:
        """Return how many were one too many for a day; `refusals` counts them too."""
        return self.world.exports.quota_refusals

    @property
    def analytics(self) -> list[Export]:
        """Return the analytics exports that callers ordered so far, in order."""
        return self.world.analytics.ordered()

    @property
    def conflicts(self) -> int:
        """Return how many found no place; `refusals` counts them too."""
        return self.world.analytics.conflicts

    def add_foreign_exports(self, number: int, seconds: float) -> None:
        """Begin analytics exports of somebody else, which end after `seconds` of the clock."""
        self.world.analytics.add_foreign(number, timedelta(seconds=seconds))

    def set_catalogue(self, metrics: Iterable[Metric]) -> None:
        """Publish these custom metrics and no others, at any time."""
        self.world.downloads.catalogue.metrics = tuple(metrics)

    @property
    def schedules(self) -> list[Schedule]:
        """Return the schedules that are registered, in order."""
        return self.world.schedules.all()

    @property
    def report_runs(self) -> list[Standing]:
        """Return the runs of reports so far and where they stand now, in order."""
        return self.world.report_runs.standings()

    @property
    def cancelled(self) -> list[str]:
        """Return the ids of the runs that callers cancelled, in order."""
        return list(self.world.report_runs.cancelled)

    @property
    def fast_polls(self) -> int:
        """Return how often somebody asked for a run too soon after having asked for it."""
        return self.world.report_runs.fast_polls

    def add_schedule(self, body: Mapping[str, Any]) -> Schedule:
        """Register a schedule as somebody else.

        Raises:
            NotAccepted: The API would not accept it.
        """
        check_schedule(body)
        return self.world.schedules.add(body)

    def revoke_tokens(self) -> None:
        """Make every token given out so far unknown."""
        self.world.tokens.revoke()
        self.world.client_tokens.revoke()
        self.world.reporting_tokens.revoke()

    def truth(
        self,
        entity: str,
        start: date | datetime,
        end: date | datetime,
        visible_at: datetime | None = None,
        *,
        zone: tzinfo = UTC,
    ) -> list[Row]:
        """Return the rows of `[start, end)` that may be seen at `visible_at`, by default now.

        An observability table is named like `Copilot/KBTable`, its dates are local to `zone`. Of
        analytics exports there is `bot_conversations`: JSON values, fractions as `Decimal`. A
        report of data downloads, such as `Interaction/Call`, has such a row for each interaction,
        with `at`, `customMetrics`, and `_bad` where one of these breaks its rule. And
        `report:agent` is what scheduled reports tell in the end, by day and every dimension.
        """
        return self.world.truth(entity, start, end, visible_at, zone=zone)
