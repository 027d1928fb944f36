"""The streams of the scheduled reports: one per configured report, and what is registered."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec
from typing_extensions import override

from tap_cxone.config import REPORT_TYPES
from tap_cxone.config import validation as checks
from tap_cxone.context import Family
from tap_cxone.errors import JobTimeout
from tap_cxone.families.scheduled_reports import definitions
from tap_cxone.families.scheduled_reports.api import ReportsApi
from tap_cxone.families.scheduled_reports.schedules import (
    PERMISSIONS,
    SCHEDULES,
    Schedules,
    schedule_id,
)
from tap_cxone.http.auth import ClientCredentialsGrant
from tap_cxone.http.rate_limit import Limits
from tap_cxone.jobs.polling import Patience
from tap_cxone.rows.columns import Column, snake_case
from tap_cxone.streams.full_table import FullTableStream
from tap_cxone.streams.job_stream import JobStream
from tap_cxone.streams.schema import Declaration
from tap_cxone.windows import plan_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Record

    from tap_cxone.config import ReportSettings
    from tap_cxone.context import Surroundings
    from tap_cxone.streams.base import CXoneStream
    from tap_cxone.windows import Window

NAME = "scheduled_reports"
HOST = "https://api.nicecxone.com"
TOKEN_PATH = "/oauth/token"  # noqa: S105 (a path, not a token)
SCOPES = ("analytics:reports:read", "analytics:reports:write")
_JSON = msgspec.json.Encoder(decimal_format="number")
_MOST_GROWTH = 8  # looks every 15 s end up two minutes apart


def family(surroundings: Surroundings) -> Family:
    """Return the scheduled reports of the tenant in the settings."""
    settings = surroundings.settings
    own, application = settings.scheduled_reports, settings.application
    url = settings.token_url(NAME, settings.endpoints.get(NAME, HOST), TOKEN_PATH)
    scopes = SCOPES if own.scopes is None else own.scopes
    poll = own.poll_interval
    return Family(
        name=NAME,
        needs=("client_id", "client_secret"),
        grant=ClientCredentialsGrant(url, application, scopes) if application else None,
        host=settings.host(NAME, HOST),
        limits=Limits(),
        settle=own.settle,
        harmless=SCHEDULES,
        granted=PERMISSIONS,
        surroundings=surroundings,
        also="" if own.reports else f"{NAME}.reports",
        own_patience=Patience(poll, own.job_timeout, settings.max_retries, poll * _MOST_GROWTH),
    )


def streams(tap: Tap, surroundings: Surroundings) -> list[CXoneStream]:
    """Return what is registered, and a stream per configured report."""
    shared = family(surroundings)
    own = surroundings.settings.scheduled_reports
    return [SchedulesStream(tap, shared), *(ReportStream(tap, shared, r) for r in own.reports)]


def problems(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the family's settings beyond their shape."""
    own = config.get(NAME)
    if not isinstance(own, dict):
        return
    yield from checks.summed_up(config, NAME)
    reports = own.get("reports")
    for report in reports if isinstance(reports, list) else ():
        if isinstance(report, dict):
            where = f"{NAME}.reports, '{report.get('name')}'"
            unknown = own.get("allow_unknown_metrics") is True
            kind = report["type"] if report.get("type") in REPORT_TYPES else None
            yield from definitions.problems(report, where, kind, unknown=unknown)


def _schedules(stream: CXoneStream) -> Schedules:
    family = stream.family
    clock = family.surroundings.clock
    return Schedules(family.client, clock, family.patience, stream.logger)


class SchedulesStream(FullTableStream):
    """What is registered, by whomever."""

    def __init__(self, tap: Tap, family: Family) -> None:
        """Declare its columns."""
        declaration = Declaration(
            name="report_schedules",
            columns=(
                Column("schedule_id", description="Identity of the schedule."),
                Column("name", description="Its name."),
                Column("schedule", description="When it runs, as JSON."),
                Column("report", description="What it reports, as JSON."),
                Column("delivery", description="Where its results go, as JSON."),
            ),
            primary_keys=("schedule_id",),
            description="The report schedules that are registered.",
            keys_setting=NAME,
            columns_setting=NAME,
            windowed=False,
        )
        super().__init__(tap, family, declaration)

    @override
    def table(self) -> Iterator[Record]:
        for entry in _schedules(self).registered():
            said = {name: entry.get(name) for name in ("schedule", "report", "delivery")}
            texts = {n: None if v is None else _JSON.encode(v).decode() for n, v in said.items()}
            yield {"schedule_id": schedule_id(entry), "name": entry.get("name"), **texts}


class ReportStream(JobStream):
    """One report, run over windows of whole UTC days that are final."""

    def __init__(self, tap: Tap, family: Family, report: ReportSettings) -> None:
        """Declare its dimensions and metrics."""
        self.report = report
        keys = report.grouping or report.dimensions
        where = f"{NAME}.reports, entry '{report.name}'"
        dimensions = (Column(snake_case(n), description=f"'{n}'.") for n in report.dimensions)
        metrics = (Column(snake_case(n), "number", f"Metric '{n}'.") for n in report.metrics)
        declaration = Declaration(
            name=report.name,
            columns=(*dimensions, *metrics),
            primary_keys=(*map(snake_case, keys), "_window_start"),
            description=f"Report of type {report.type}, by {', '.join(keys) or 'window'}.",
            keys_setting=f"{where}, grouping",
            columns_setting=where,
            formats=("json", "csv"),
        )
        super().__init__(tap, family, declaration)

    @cached_property
    @override
    def api(self) -> ReportsApi:
        application = self.settings.application
        tenant = f"{self.family.host} {application.client_id if application else ''}"
        wanted = definitions.definition(self.report)
        return ReportsApi(self.family.client, _schedules(self), wanted, tenant)

    @property
    def _days(self) -> int:
        """Return how many days a window has: as the settings say, or fewer since a run died."""
        wanted = self.settings.scheduled_reports.window_days
        return min(wanted, self.memory.window_days or wanted)

    @override
    def windows(
        self, start: datetime, horizon: datetime, asked: Iterable[Window]
    ) -> Iterator[Window]:
        closed = horizon == self.settings.end_date
        return plan_whole(start, horizon, most=self._days, asked=asked, closed=closed)

    @override
    def rows(self) -> Iterator[Record]:
        try:
            yield from super().rows()
        except JobTimeout as error:
            self._halve(error)
            self.logger.warning("%s. Trying once more, with %d days", error, self._days)
        else:
            return
        try:
            yield from super().rows()
        except JobTimeout as error:
            self._halve(error)
            raise

    def _halve(self, error: JobTimeout) -> None:
        """Remember half of the days that were too many; raise the error if it was but one."""
        days = (error.window.end - error.window.start).days if error.window else 1
        if days <= 1:
            raise error
        self.memory.keep_window_days(days // 2)
        self.write_state()
