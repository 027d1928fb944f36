"""The simulator itself: a world behind a server."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Self

from starlette.applications import Starlette

from tap_cxone.simulator import (
    analytics_exports,
    control,
    credentials,
    data_extraction,
    files,
    observability,
)
from tap_cxone.simulator.clock import Clock, SystemClock
from tap_cxone.simulator.log import Recorder, Seen
from tap_cxone.simulator.options import Options
from tap_cxone.simulator.server import ThreadedServer
from tap_cxone.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime, tzinfo
    from types import TracebackType

    from starlette.routing import BaseRoute

    from tap_cxone.simulator.analytics_exports.exports import Export
    from tap_cxone.simulator.data_extraction.jobs import Job
    from tap_cxone.simulator.faults import Faults
    from tap_cxone.simulator.rows import Row

FAMILIES: tuple[Callable[[World], list[BaseRoute]], ...] = (
    credentials.routes,
    files.routes,
    data_extraction.routes,
    observability.routes,
    analytics_exports.routes,
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

    def revoke_tokens(self) -> None:
        """Make every token given out so far unknown."""
        self.world.tokens.revoke()
        self.world.client_tokens.revoke()

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
        analytics exports there is `bot_conversations`: JSON values, fractions as `Decimal`.
        """
        return self.world.truth(entity, start, end, visible_at, zone=zone)
