"""The simulated reporting API: its state and its endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cxone.simulator.family import SimulatedFamily
from tap_cxone.simulator.reporting.contacts import CONTACTS, Contacts
from tap_cxone.simulator.reporting.data_downloads import ENTITY, DataDownloads
from tap_cxone.simulator.reporting.dimensions import DIMENSIONS, dimension_rows
from tap_cxone.simulator.reporting.periods import Periods
from tap_cxone.simulator.reporting.report_jobs import REPORT, ReportJobs
from tap_cxone.simulator.reporting.routes import FAMILY, routes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.routing import BaseRoute

    from tap_cxone.simulator.context import ServerContext
    from tap_cxone.simulator.family import RowQuery
    from tap_cxone.simulator.reporting.options import ReportingOptions
    from tap_cxone.simulator.rows import Row


class Reporting(SimulatedFamily):
    """The simulated reporting API.

    Attributes:
        contacts: The contacts of the tenant, which a test may change.
        report_jobs: The report jobs of the tenant; a test may start one for another client.
    """

    name = FAMILY
    _options: ReportingOptions
    token_path = "/authentication/v1/token/access-key"  # noqa: S105 (a path, not a token)
    uses_application = False

    def __init__(self, context: ServerContext) -> None:
        """Create the family; no contact has changed."""
        super().__init__(context)
        self.contacts = Contacts(self._options, context.clock)
        self.report_jobs = ReportJobs(self._options, context.clock, self.contacts)
        self._periods = Periods(self._options, context.clock, self.contacts)
        self._downloads = DataDownloads(self._options, context.clock, self.contacts)

    @override
    def routes(self) -> list[BaseRoute]:
        return routes(
            self._context, self.contacts, self._periods, self._downloads, self.report_jobs
        )

    @override
    def serves(self, entity: str) -> bool:
        is_list = entity in DIMENSIONS or entity in self._periods.lists
        return is_list or entity in {CONTACTS, REPORT} or entity.startswith(ENTITY)

    @override
    def expected_rows(self, query: RowQuery) -> Iterable[Row]:
        if query.entity == CONTACTS:
            return self.contacts.started(query.start, query.end)
        if query.entity in self._periods.lists:
            return self._periods.lists[query.entity].rows(query.start, query.end)
        if query.entity == REPORT:
            return self.report_jobs.rows(query.start, query.end)
        if query.entity.startswith(ENTITY):
            report_id = int(query.entity.removeprefix(ENTITY))
            return self._downloads.rows(report_id, query.start, query.end)
        return dimension_rows(query.entity, self._options)

    @override
    def state(self) -> dict[str, Any]:
        now = self._context.clock.now()
        jobs = [{"id": job.id, "status": job.status(now)} for job in self.report_jobs.all()]
        return {"report_jobs": jobs}

    @property
    @override
    def limit_violations(self) -> int:
        return self._periods.refusals

    @classmethod
    @override
    def tap_settings(cls, speed: float) -> dict[str, Any]:
        return {}
