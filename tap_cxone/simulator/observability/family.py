"""The simulated export API of the Observability Dashboard: its state and its endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cxone.simulator.credentials import password_handler
from tap_cxone.simulator.family import SimulatedFamily
from tap_cxone.simulator.observability.exports import Exports
from tap_cxone.simulator.observability.routes import NAME, routes
from tap_cxone.simulator.observability.tables import TABLES
from tap_cxone.simulator.rows import View

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.context import ServerContext
    from tap_cxone.simulator.endpoint import Handler
    from tap_cxone.simulator.family import RowQuery
    from tap_cxone.simulator.observability.exports import Export
    from tap_cxone.simulator.observability.options import ObservabilityOptions

_SOURCES = {name: table.source for name, table in TABLES.items()}


class Observability(SimulatedFamily):
    """The simulated export API of the Observability Dashboard."""

    name = NAME
    _options: ObservabilityOptions
    SOURCES = _SOURCES
    token_path = "/auth/token"  # noqa: S105 (a path, not a token)

    def __init__(self, context: ServerContext) -> None:
        """Create the family without exports."""
        super().__init__(context)
        self._exports = Exports(self._options, context.clock)

    @property
    def table_exports(self) -> list[Export]:
        """Return the accepted exports, in order."""
        return self._exports.all()

    @property
    def exports(self) -> int:
        """Return the number of accepted exports."""
        return len(self.table_exports)

    @property
    def quota_violations(self) -> int:
        """Return how many of them exceeded the quota."""
        return self._exports.quota_violations

    @override
    def login_handler(self) -> Handler:
        return password_handler(self.tokens, self._options.client_auth)

    @override
    def routes(self) -> list[BaseRoute]:
        return routes(self._context, self._exports, self._rows)

    @override
    def limit_settings(self) -> dict[str, Any]:
        return {"exports_per_day": self._options.exports_per_day}

    @override
    def view(self, query: RowQuery) -> View:
        """Return the zone of the dates of a table, which is named like `Copilot/KBTable`."""
        return View(query.zone)

    @override
    def state(self) -> dict[str, Any]:
        now = self._context.clock.now()
        exports = [
            {"id": export.id, "status": export.status(now), **export.spec.to_json()}
            for export in self.table_exports
        ]
        return {"exports": exports, "quota_refusals": self.quota_violations}

    @property
    @override
    def limit_violations(self) -> int:
        return self.quota_violations
