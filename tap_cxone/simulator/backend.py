"""State of one simulator: the shared context and the state of each API family."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from tap_cxone.simulator.analytics_exports import conversations
from tap_cxone.simulator.analytics_exports.exports import Exports as AnalyticsExports
from tap_cxone.simulator.context import ServerContext
from tap_cxone.simulator.data_download.downloads import Downloads
from tap_cxone.simulator.data_download.validation import REPORTS
from tap_cxone.simulator.data_extraction.entity_rows import EntityRows
from tap_cxone.simulator.data_extraction.extraction_jobs import ExtractionJobs
from tap_cxone.simulator.observability.exports import Exports as TableExports
from tap_cxone.simulator.observability.tables import TABLES
from tap_cxone.simulator.rows import RowGenerator, View, midnight
from tap_cxone.simulator.scheduled_reports.contacts import (
    FAR_FUTURE,
    TYPE_OF_SOURCE,
    Contacts,
)
from tap_cxone.simulator.scheduled_reports.grouping import full_rows
from tap_cxone.simulator.scheduled_reports.runs import Runs
from tap_cxone.simulator.scheduled_reports.schedules import Schedules

if TYPE_CHECKING:
    from datetime import date, datetime, tzinfo

    from tap_cxone.simulator.clock import Clock
    from tap_cxone.simulator.options import Options
    from tap_cxone.simulator.rows import Row

_SOURCES = {name: table.source for name, table in TABLES.items()}


class Backend(ServerContext):
    """State of the simulated tenant."""

    def __init__(self, options: Options, clock: Clock) -> None:
        """Create the state of a tenant without jobs, exports or schedules."""
        super().__init__(options, clock)
        self.entity_rows = EntityRows(options)
        self.extraction_jobs = ExtractionJobs(options, clock)
        self.table_rows = RowGenerator(options, _SOURCES, timedelta(0))
        self.exports = TableExports(options, clock)
        self.conversations = RowGenerator(
            options, {conversations.NAME: conversations.SOURCE}, timedelta(0)
        )
        self.analytics_exports = AnalyticsExports(options, clock)
        self.downloads = Downloads(options, clock)
        self.contacts = Contacts(options)
        self.schedules = Schedules(options)
        self.report_runs = Runs(options, clock, self.contacts)

    @property
    def limit_violations(self) -> int:
        """Return the number of requests that broke a limit."""
        return (
            self.extraction_jobs.limit_violations
            + self.exports.quota_violations
            + self.analytics_exports.conflicts
            + self.downloads.limit_violations
        )

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
            entity: An entity, a table such as `Copilot/KBTable`, `bot_conversations`, a report of
                data downloads such as `Interaction/Call`, or a scheduled report such as
                `report:agent`.
            start: The first day or instant.
            end: The exclusive end, a day or an instant.
            visible_at: The instant of the query. The default is now; for scheduled reports it is
                the far future, so all rows are final.
            zone: The zone of a table's dates; the dates of an entity are always in UTC.
        """
        first, last, seen_at = midnight(start), midnight(end), visible_at or self.clock.now()
        if entity in REPORTS:
            return self.downloads.expected_rows(first, last, seen_at)
        if entity in TYPE_OF_SOURCE:
            report_type, seen_at = TYPE_OF_SOURCE[entity], visible_at or FAR_FUTURE
            return full_rows(self.contacts.between(report_type, first, last, seen_at), report_type)
        if entity in TABLES:
            rows = self.table_rows.rows(entity, first, last, seen_at, View(zone))
        elif entity == conversations.NAME:
            rows = self.conversations.rows(entity, first, last, seen_at, conversations.BOT)
        else:
            rows = self.entity_rows.rows(entity, first, last, seen_at)
        return list(rows)
