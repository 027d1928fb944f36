"""Base class of the simulated API families."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime, tzinfo

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.context import ServerContext
    from tap_cxone.simulator.faults import FamilyName
    from tap_cxone.simulator.options import Options
    from tap_cxone.simulator.rows import Row

    Handler = Callable[[Request], Awaitable[Response]]


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


class SimulatedFamily(ABC):
    """State, endpoints and data of one API family.

    The simulator offers the public attributes that a family adds, such as its jobs, to tests.

    Attributes:
        name: Name of the family, which is also that of its package.
        token_path: Path of the login.
        uses_application: Whether a registered application logs in; else an access key does.
        scope_prefix: Start of the scopes that tell the family apart at a shared `token_path`.
    """

    name: ClassVar[FamilyName]
    token_path: ClassVar[str]
    uses_application: ClassVar[bool] = True
    scope_prefix: ClassVar[str] = ""

    def __init__(self, context: ServerContext) -> None:
        """Create the family without past requests."""
        self._context = context

    @abstractmethod
    def login_handler(self) -> Handler:
        """Return the handler of the login."""

    @abstractmethod
    def routes(self) -> list[BaseRoute]:
        """Return the endpoints, except the login."""

    @abstractmethod
    def serves(self, entity: str) -> bool:
        """Return True if this family has the rows of an entity, table or report."""

    @abstractmethod
    def expected_rows(self, query: RowQuery) -> Iterable[Row]:
        """Return the rows that a query asks for."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Return the work and the counters for the control interface, as JSON values."""

    @property
    def limit_violations(self) -> int:
        """Return the number of requests that broke a limit."""
        return 0

    @classmethod
    def tap_settings(cls, speed: float) -> dict[str, Any] | None:  # noqa: ARG003 (none by default)
        """Return the settings object of the family for the tap; None if it needs none."""
        return None

    @classmethod
    def limit_settings(cls, options: Options) -> dict[str, Any]:  # noqa: ARG003 (none by default)
        """Return further settings of the family, for limits that the options change."""
        return {}
