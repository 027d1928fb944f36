"""All that one simulator knows, for its families to share."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tap_cxone.simulator.credentials import Tokens
from tap_cxone.simulator.data_extraction.data import Data, midnight
from tap_cxone.simulator.data_extraction.tenant import Tenant
from tap_cxone.simulator.faults import Faults
from tap_cxone.simulator.files import Links
from tap_cxone.simulator.log import RequestLog

if TYPE_CHECKING:
    from datetime import date, datetime

    from tap_cxone.simulator.clock import Clock
    from tap_cxone.simulator.options import Options


class World:
    """One tenant, its callers and what happened so far."""

    def __init__(self, options: Options, clock: Clock) -> None:
        """Begin at the clock's present instant, with nothing having happened."""
        self.options = options
        self.clock = clock
        self.faults = Faults()
        self.log = RequestLog()
        self.tokens = Tokens(timedelta(seconds=options.token_seconds), clock)
        self.links = Links(options.link_life, clock)
        self.data = Data(options)
        self.extraction = Tenant(options, clock)

    @property
    def refusals(self) -> int:
        """Return how often a caller broke a limit."""
        return self.extraction.refusals

    def truth(
        self,
        entity: str,
        start: date | datetime,
        end: date | datetime,
        visible_at: datetime | None = None,
    ) -> list[dict[str, str]]:
        """Return the rows of `[start, end)` that may be seen at `visible_at`, by default now."""
        seen_at = visible_at or self.clock.now()
        return list(self.data.rows(entity, midnight(start), midnight(end), seen_at))
