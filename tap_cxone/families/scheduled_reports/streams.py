"""Streams of the scheduled reports: one per configured report, and the list of schedules."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

import msgspec
from msgspec import structs
from typing_extensions import override

from tap_cxone.config.validation import CLIENT_CREDENTIALS
from tap_cxone.context import ApiFamily
from tap_cxone.families.scheduled_reports.api import ReportsApi
from tap_cxone.families.scheduled_reports.report_definition import (
    schedule_definition,
    totals_definition,
)
from tap_cxone.families.scheduled_reports.schedule_list import (
    PERMISSION_HINT,
    SCHEDULES_PATH,
    list_schedules,
    schedule_id_of,
)
from tap_cxone.families.scheduled_reports.schedules import (
    ScheduleRegistry,
    ScheduleRequest,
    unused_schedules,
)
from tap_cxone.families.scheduled_reports.settings import ScheduledReportsSettings
from tap_cxone.http.rate_limit import RateLimits
from tap_cxone.jobs.ledger import NullLedger
from tap_cxone.jobs.store import JobStore
from tap_cxone.redact import is_loopback
from tap_cxone.rows.columns import Column, source_column, with_rules, without_leading_zeros
from tap_cxone.rows.title_digests import digest_share
from tap_cxone.streams.calendar_windows import CalendarStream
from tap_cxone.streams.definition import require_known_rules, text_format
from tap_cxone.streams.full_table import FullTableStream
from tap_cxone.streams.job_stream import JobStream
from tap_cxone.streams.schema import Declaration
from tap_cxone.streams.state import StreamState
from tap_cxone.streams.tenant_info import read_tenant_info
from tap_cxone.streams.totals import Totals, VerifiedSource, calls_with_totals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Record

    from tap_cxone.config.totals import TotalsSettings
    from tap_cxone.context import RunContext
    from tap_cxone.families.scheduled_reports.settings import ReportSettings
    from tap_cxone.jobs.polling import PollPolicy
    from tap_cxone.jobs.runner import JobRunner
    from tap_cxone.streams.base import CXoneStream
    from tap_cxone.streams.window_loader import FileSource
    from tap_cxone.windows import Window

NAME = ScheduledReportsSettings.NAME
SCHEDULES_STREAM = "report_schedules"
BUILT_IN_STREAMS = (SCHEDULES_STREAM,)
_JSON = msgspec.json.Encoder(decimal_format="number")
_MEANING = ("type", "metrics", "dimensions", "grouping", "filters")
_UTC = ZoneInfo("UTC")
_MAX_POLL_GROWTH = 8  # a poll interval of 15 s grows to two minutes


class ScheduledReports(ApiFamily):
    """The scheduled reports."""

    settings_class = ScheduledReportsSettings
    credentials = CLIENT_CREDENTIALS
    host = "https://api.nicecxone.com"
    token_path = "/oauth/token"  # noqa: S105 (a path, not a token)
    probe_path = SCHEDULES_PATH
    permission_hint = PERMISSION_HINT

    @classmethod
    @override
    def from_settings(cls, context: RunContext) -> Self:
        section = context.settings.section(ScheduledReportsSettings)
        return cls(
            context=context,
            grant=cls.application_grant(context.settings, section.scopes),
            limits=RateLimits(),
            availability_delay=section.availability_delay,
        )

    @property
    @override
    def poll_policy(self) -> PollPolicy:
        section = self.context.settings.section(ScheduledReportsSettings)
        interval = (
            section.poll_interval if is_loopback(self.base_url) else section.remote_poll_interval
        )
        return structs.replace(
            super().poll_policy,
            interval=interval,
            timeout=section.job_timeout,
            timeout_setting=section.JOB_TIMEOUT_PATH,
            max_interval=interval * _MAX_POLL_GROWTH,
        )


def streams(tap: Tap, context: RunContext) -> list[CXoneStream]:
    """Return the stream of schedules and one stream per configured report."""
    api_family = ScheduledReports.from_settings(context)
    api_family.tenant_info.update(read_tenant_info(tap.state, NAME))
    family_settings = context.settings.section(ScheduledReportsSettings)
    return [
        SchedulesStream(tap, api_family),
        *(ReportStream(tap, api_family, r) for r in family_settings.reports),
    ]


def _unused_schedules(stream: CXoneStream) -> dict[str, str]:
    """Return name and ID of the schedules that earlier runs made and no report uses any more."""
    reports = stream.settings.section(ScheduledReportsSettings).reports
    used_names = (name for report in reports for name in report.schedule_names)
    return unused_schedules(stream.family.tenant_info, used_names)


def log_unused_schedules(stream: CXoneStream) -> None:
    """Log the schedules that earlier runs made for reports that are no longer configured."""
    names = _unused_schedules(stream)
    if names and "unused schedules" not in stream.family.logged_topics:
        text = (
            "No report of the settings uses the schedules that earlier runs registered: %s. "
            "CXone still runs them; delete them there"
        )
        stream.log_once("unused schedules", text, ", ".join(names))


class SchedulesStream(FullTableStream):
    """Stream of all schedules of the tenant, from any client."""

    def __init__(self, tap: Tap, family: ApiFamily) -> None:
        """Store the family and declare the columns."""
        declaration = Declaration(
            name=SCHEDULES_STREAM,
            columns=(
                Column("schedule_id", description="ID of the schedule."),
                Column("name", description="Name of the schedule."),
                Column("schedule", description="Times of its runs, as JSON."),
                Column("report", description="Definition of the report, as JSON."),
                Column("delivery", description="Recipients of its results, as JSON."),
            ),
            primary_keys=("schedule_id",),
            description="Registered report schedules.",
            keys_setting=NAME,
            columns_setting=NAME,
            windowed=False,
        )
        super().__init__(tap, family, declaration)

    @override
    def table_records(self) -> Iterator[Record]:
        log_unused_schedules(self)
        for entry in list_schedules(self.family.client):
            parts = {name: entry.get(name) for name in ("schedule", "report", "delivery")}
            texts = {n: None if v is None else _JSON.encode(v).decode() for n, v in parts.items()}
            yield {"schedule_id": schedule_id_of(entry), "name": entry.get("name"), **texts}

    @override
    def leftovers(self) -> Iterator[str]:
        unused = _unused_schedules(self)
        listed = list_schedules(self.family.client) if unused else ()
        listed_ids = {schedule_id_of(entry) for entry in listed}
        for name, schedule_id in unused.items():
            if schedule_id in listed_ids:
                yield f"schedule '{name}' ({schedule_id}), which no report of the settings uses"


class ReportStream(CalendarStream, JobStream):
    """Stream of one report, run over windows of whole UTC days with final figures."""

    def __init__(self, tap: Tap, family: ApiFamily, report: ReportSettings) -> None:
        """Store the report and declare its dimensions and metrics."""
        self.report = report
        family_settings = family.context.settings.section(ScheduledReportsSettings)
        self.aggregate_days = family_settings.window_days
        keys = report.grouping or report.dimensions
        setting = self._setting
        dimensions = (source_column(n, f"'{n}'.") for n in report.dimensions)
        metrics = (source_column(n, f"Metric '{n}'.", "number") for n in report.metrics)
        requested = (structs.replace(c, requested=True) for c in (*dimensions, *metrics))
        declaration = Declaration(
            name=report.name,
            columns=with_rules(without_leading_zeros(requested), report.columns),
            primary_keys=(*keys, "_window_start"),
            description=f"Report of type {report.type}, by {', '.join(keys) or 'window'}.",
            keys_setting=f"{setting}, grouping",
            columns_setting=f"{setting}, columns",
            formats=("json", "csv"),
            grouped=True,
            required=tuple(name for name, rule in report.columns.items() if rule.required),
            max_digests=digest_share(len(family_settings.reports)),
            text_format=text_format(
                report.csv.over(family_settings.csv),
                csv_setting=f"{setting}, csv",
                date_order=report.date_order,
                date_order_setting=f"{setting}, date_order",
            ),
        )
        super().__init__(tap, family, declaration)

    @property
    def _setting(self) -> str:
        return f"{NAME}.reports, entry '{self.report.name}'"

    @cached_property
    @override
    def api(self) -> ReportsApi:
        return self._api_of(schedule_definition(self.report), "correct schedule_name")

    def _api_of(self, definition: dict[str, Any], missing_remedy: str) -> ReportsApi:
        """Return the API that runs a definition of the report."""
        report, family = self.report, self.family
        request = ScheduleRequest(
            definition=definition,
            setting=self._setting,
            register=report.register,
            take_over=report.take_over,
            missing_remedy=missing_remedy,
        )
        return ReportsApi(family.client, family.tenant, self._schedules, request)

    @cached_property
    def _schedules(self) -> ScheduleRegistry:
        family = self.family
        policy = structs.replace(family.poll_policy.retry, first_delay=family.poll_policy.interval)
        return ScheduleRegistry(
            family.client, policy, family.tenant_info, self.logger, self.audit_context
        )

    @override
    def source(self) -> FileSource:
        log_unused_schedules(self)
        columns, rules = self.declaration.columns, self.report.columns
        require_known_rules(columns, rules, f"{self._setting}, columns")
        runner, totals = super().source(), self._totals()
        return VerifiedSource(runner, totals) if totals else runner

    def _totals(self) -> Totals | None:
        if (settings := self.report.verify_totals) is None:
            return None
        runner = self._totals_runner(settings)
        return Totals(
            settings=settings,
            setting=f"{self._setting}, verify_totals",
            declaration=self.declaration,
            columns=lambda: self.declaration.columns,
            fetch=lambda window: runner.fetch(window).spool,
            zone=lambda: _UTC,
            max_bytes=self.settings.max_unpacked_bytes,
        )

    def _totals_runner(self, settings: TotalsSettings) -> JobRunner:
        """Return the runner of the ungrouped report; its jobs cost nothing, so STATE has none."""
        remedy = "make it in CXone without dimensions, remove verify_totals"
        api = self._api_of(totals_definition(self.report, settings.metrics), remedy)
        store = JobStore(
            stream=self.name,
            was_committed=lambda _: False,
            reload_of=lambda _: "",
            state=StreamState(self.name, {}),
            emit_state=lambda: None,
            ledger=NullLedger(),
            fingerprint=api.fingerprint,
        )
        return self.runner(api, store)

    @override
    def requested_titles(self) -> frozenset[str]:
        return frozenset(column.exact_title for column in self.declaration.columns)

    @property
    @override
    def calls_per_window(self) -> int:
        return calls_with_totals(self.report.verify_totals)

    @override
    def row_meaning(self) -> dict[str, Any]:
        report = schedule_definition(self.report)["report"]
        meaning = {name: report[name] for name in _MEANING}
        return {**meaning, f"{NAME}.window_days": self.aggregate_days}

    @property
    @override
    def configured_window_days(self) -> int:
        return self.aggregate_days

    @override
    def may_halve(self, window: Window) -> bool:
        if not self.was_read(window):
            return True
        text = (
            "%s: %s was read as one window before, so it is not halved: the target would keep its "
            "rows beside those of the halves. If it fails again, remove it from reload or "
            "deep_lookback, which request it"
        )
        self.logger.warning(text, self.name, window)
        return False
