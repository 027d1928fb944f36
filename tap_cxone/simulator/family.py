"""Base class of the simulated API families."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from tap_cxone.simulator.credentials import access_key_handler
from tap_cxone.simulator.handlers import Handlers
from tap_cxone.simulator.rows import ALL, RowGenerator, View

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, tzinfo

    from starlette.routing import BaseRoute

    from tap_cxone.simulator.context import ServerContext
    from tap_cxone.simulator.endpoint import Handler
    from tap_cxone.simulator.rows import Row, RowSource


@dataclass(frozen=True, slots=True)
class RowQuery:
    """Query of the rows of `[start, end)`.

    Attributes:
        entity: Entity, table or report.
        start: Begin, at midnight.
        end: Exclusive end, at midnight.
        now: Instant of the query.
        visible_at: Instant at which the rows must be visible; None for the default of the family.
        zone: Zone of the dates in a row, for families that have one.
    """

    entity: str
    start: datetime
    end: datetime
    now: datetime
    visible_at: datetime | None
    zone: tzinfo

    @property
    def seen_at(self) -> datetime:
        """Return the instant at which the rows must be visible, by default that of the query."""
        return self.visible_at or self.now


class SimulatedFamily(Handlers, ABC):
    """State, endpoints and data of one API family.

    The simulator offers the public attributes that a family adds, such as its jobs, to tests.

    Attributes:
        token_path: Path of the login.
        uses_application: Whether a registered application logs in; else an access key does.
        scope_prefix: Start of the scopes that tell the family apart at a shared `token_path`.
        SOURCES: The rows of the family by entity or table, unless it makes them itself.
    """

    token_path: ClassVar[str]
    uses_application: ClassVar[bool] = True
    scope_prefix: ClassVar[str] = ""
    SOURCES: ClassVar[Mapping[str, RowSource]] = {}

    def __init__(self, context: ServerContext) -> None:
        """Create the family without past requests."""
        super().__init__(context)
        self._rows = RowGenerator(context.options, self.SOURCES, timedelta(0))

    def login_handler(self) -> Handler:
        """Return the handler of the login, by default with an access key."""
        return access_key_handler(self.tokens)

    @abstractmethod
    def routes(self) -> list[BaseRoute]:
        """Return the endpoints, except the login."""

    def serves(self, entity: str) -> bool:
        """Return True if this family has the rows of an entity, table or report."""
        return entity in self.SOURCES

    def expected_rows(self, query: RowQuery) -> Iterable[Row]:
        """Return the rows that a query asks for."""
        view = self.view(query)
        return self._rows.rows(query.entity, query.start, query.end, query.seen_at, view)

    def view(self, query: RowQuery) -> View:  # noqa: ARG002 (all rows by default)
        """Return the filter and the zone of the rows that a query asks for."""
        return ALL

    def state(self) -> dict[str, Any]:
        """Return the work and the counters for the control interface, as JSON values."""
        return {}

    @property
    def limit_violations(self) -> int:
        """Return the number of requests that broke a limit."""
        return 0

    @classmethod
    def tap_settings(cls, speed: float) -> dict[str, Any] | None:  # noqa: ARG003 (none by default)
        """Return the settings object of the family for the tap; None if it needs none."""
        return None

    def limit_settings(self) -> dict[str, Any]:
        """Return further settings of the family, for limits that the options change."""
        return {}
