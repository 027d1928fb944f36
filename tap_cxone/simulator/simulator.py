"""The simulator: the state of a tenant behind an HTTP server."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, Self

from starlette.applications import Starlette

from tap_cxone.simulator import control, files, logins
from tap_cxone.simulator.backend import Backend
from tap_cxone.simulator.clock import Clock, SystemClock
from tap_cxone.simulator.family import SimulatedFamily
from tap_cxone.simulator.registry import FAMILIES, Options
from tap_cxone.simulator.request_log import RecordedRequest, RecordingMiddleware
from tap_cxone.simulator.server import ThreadedServer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime, tzinfo
    from types import TracebackType

    from starlette.routing import BaseRoute

    from tap_cxone.simulator.faults import FaultScript
    from tap_cxone.simulator.rows import Row


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
        families: Iterable[type[SimulatedFamily]] = FAMILIES,
    ) -> None:
        """Bind `host` and `port`, 0 for a free port; the `with` block starts the server.

        Args:
            options: The options; those of `Options` by default.
            clock: The clock; the system's by default.
            host: The address to bind.
            port: The port to bind.
            families: The simulated families.
        """
        self.backend = Backend(options or Options(), clock or SystemClock(), families)
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

    def __getattr__(self, name: str) -> Any:
        """Return what a family offers to tests, such as its `jobs`; see its module `family`.

        Raises:
            AttributeError: No family has it.
        """
        if not name.startswith("_") and not hasattr(SimulatedFamily, name):
            for family in self.backend.families:
                if hasattr(family, name):
                    return getattr(family, name)
        msg = f"neither the simulator nor one of its families has '{name}'"
        raise AttributeError(msg)

    def revoke_tokens(self) -> None:
        """Revoke every token issued so far."""
        self.backend.revoke_tokens()

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

        The `expected_rows` of a family says how its entities are named, and what their rows have.
        """
        return self.backend.expected_rows(entity, start, end, visible_at, zone=zone)


def _routes(backend: Backend) -> list[BaseRoute]:
    """Return the routes of all API families, of the object store and of the control interface."""
    return [
        *logins.routes(backend.faults, backend.families),
        *files.routes(backend),
        *(route for family in backend.families for route in family.routes()),
        *control.routes(backend),
    ]
