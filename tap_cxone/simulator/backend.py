"""State of one simulator: the shared context and all API families."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from tap_cxone.simulator.context import ServerContext
from tap_cxone.simulator.family import RowQuery
from tap_cxone.simulator.registry import FAMILIES
from tap_cxone.simulator.rows import midnight

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime, tzinfo

    from tap_cxone.simulator.clock import Clock
    from tap_cxone.simulator.family import SimulatedFamily
    from tap_cxone.simulator.options import CommonOptions
    from tap_cxone.simulator.rows import Row


class Backend(ServerContext):
    """State of the simulated tenant.

    Attributes:
        families: The API families.
    """

    def __init__(
        self,
        options: CommonOptions,
        clock: Clock,
        families: Iterable[type[SimulatedFamily]] = FAMILIES,
    ) -> None:
        """Create the state of a tenant without jobs, exports or schedules."""
        super().__init__(options, clock)
        self.families: list[SimulatedFamily] = [family(self) for family in families]

    @property
    def limit_violations(self) -> int:
        """Return the number of requests that broke a limit."""
        return sum(family.limit_violations for family in self.families)

    def expected_rows(
        self,
        entity: str,
        start: date | datetime,
        end: date | datetime,
        visible_at: datetime | None = None,
        *,
        zone: tzinfo = UTC,
    ) -> list[Row]:
        """Return the rows of `[start, end)` that are visible at `visible_at`.

        Args:
            entity: An entity, table, export or report, by the name that its family gives it.
            start: The first day or instant.
            end: The exclusive end, a day or an instant.
            visible_at: The instant of the query; None for the default of the family, mostly now.
            zone: The zone of dates, for a family that has one.

        Raises:
            KeyError: No family has the entity.
        """
        query = RowQuery(entity, midnight(start), midnight(end), self.clock.now(), visible_at, zone)
        for family in self.families:
            if family.serves(entity):
                return list(family.expected_rows(query))
        raise KeyError(entity)
