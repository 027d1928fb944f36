"""The simulated analytics exports: their state and their endpoints."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cxone.simulator.analytics_exports import conversations
from tap_cxone.simulator.analytics_exports.exports import Exports
from tap_cxone.simulator.analytics_exports.routes import NAME, routes
from tap_cxone.simulator.credentials import client_credentials_handler
from tap_cxone.simulator.family import SimulatedFamily

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.analytics_exports.exports import Export
    from tap_cxone.simulator.analytics_exports.options import AnalyticsExportsOptions
    from tap_cxone.simulator.context import ServerContext
    from tap_cxone.simulator.endpoint import Handler
    from tap_cxone.simulator.family import RowQuery
    from tap_cxone.simulator.rows import View

_SOURCES = {conversations.NAME: conversations.SOURCE}


class AnalyticsExports(SimulatedFamily):
    """The simulated analytics exports."""

    name = NAME
    _options: AnalyticsExportsOptions
    SOURCES = _SOURCES
    token_path = "/oauth/token"  # noqa: S105 (a path, not a token)

    def __init__(self, context: ServerContext) -> None:
        """Create the family without exports."""
        super().__init__(context)
        self._exports = Exports(self._options, context.clock)

    @property
    def analytics_exports(self) -> list[Export]:
        """Return the exports submitted by callers so far, in order."""
        return self._exports.submitted_by_callers()

    @property
    def conflicts(self) -> int:
        """Return the number of 409 responses."""
        return self._exports.conflicts

    def add_foreign_exports(self, number: int, seconds: float) -> None:
        """Start exports of another client that end after `seconds` of the clock."""
        self._exports.add_foreign(number, timedelta(seconds=seconds))

    @override
    def login_handler(self) -> Handler:
        options = self._options
        return client_credentials_handler(
            self._context.client_tokens, options.granted_scopes, options.client_auth
        )

    @override
    def routes(self) -> list[BaseRoute]:
        return routes(self._context, self._exports, self._rows)

    @override
    def view(self, query: RowQuery) -> View:
        """Return the filter of `bot_conversations`: JSON values with fractions as `Decimal`."""
        return conversations.BOT

    @override
    def state(self) -> dict[str, Any]:
        now = self._context.clock.now()
        exports = [
            {"id": export.id, "status": export.api_status(now), "query": export.spec.query()}
            for export in self.analytics_exports
        ]
        return {"analytics_exports": exports, "conflicts": self.conflicts}

    @property
    @override
    def limit_violations(self) -> int:
        return self.conflicts

    @classmethod
    @override
    def tap_settings(cls, speed: float) -> dict[str, Any]:
        return {}
