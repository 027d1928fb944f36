"""Streams of the Observability Dashboard: one per table."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Self

from msgspec import Struct, field, structs
from typing_extensions import override

from tap_cxone.config.csv import CsvSettings
from tap_cxone.config.validation import ACCESS_KEY, CLIENT_CREDENTIALS
from tap_cxone.context import ApiFamily
from tap_cxone.families.observability.api import ObservabilityApi, TableRequest, classify_error
from tap_cxone.families.observability.export_allocation import allocate_exports
from tap_cxone.families.observability.settings import ObservabilitySettings
from tap_cxone.families.observability.tables import TABLES
from tap_cxone.http.auth import PasswordGrant
from tap_cxone.http.rate_limit import ExportQuota, RateLimits
from tap_cxone.rows.columns import declared_columns, snake_case
from tap_cxone.streams.definition import text_format
from tap_cxone.streams.job_stream import JobStream
from tap_cxone.streams.schema import Declaration
from tap_cxone.windows import daily_windows, midnight

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from singer_sdk import Tap

    from tap_cxone.context import RunContext
    from tap_cxone.errors import ApiError
    from tap_cxone.families.observability.tables import DashboardTable
    from tap_cxone.windows import Window

NAME = ObservabilitySettings.NAME
BUILT_IN_STREAMS = tuple(table.stream for table in TABLES)
HISTORY_MONTHS = 4


class Observability(ApiFamily):
    """The export API of the dashboard."""

    name = NAME
    evidence = ObservabilitySettings.EVIDENCE
    credentials = (*CLIENT_CREDENTIALS, *ACCESS_KEY)
    host = "https://api-{region}.niceincontact.com"
    login_host = "https://cxone.niceincontact.com"
    token_path = "/auth/token"  # noqa: S105 (a path, not a token)
    remaining_source = "`exports_per_day`, minus the exports in `--state`"
    max_window_days = 31  # default of window_days; the API documents no limit

    @classmethod
    @override
    def from_settings(cls, context: RunContext) -> Self:
        settings = context.settings
        section = settings.section(ObservabilitySettings)
        key, application, url = (
            settings.access_key,
            settings.application,
            cls.token_url_of(settings),
        )
        quota = ExportQuota(section.exports_per_day) if section.exports_per_day else None
        return cls(
            context=context,
            grant=PasswordGrant(url, application, key) if application and key else None,
            limits=RateLimits(quota=quota),
            window_days=section.window_days,
        )

    @override
    def classify_error(self, status: int, error_text: str) -> type[ApiError] | None:
        return classify_error(status, error_text)


def streams(tap: Tap, context: RunContext) -> list[TableStream]:
    """Return one stream per table; tables missing in the settings are not selected by default."""
    allocation = ExportAllocation(Observability.from_settings(context))
    configured = context.settings.section(ObservabilitySettings).tables
    for table in TABLES:
        # A configured name is tried first. A table without one has a stream that is not selected.
        paths = tuple(sorted(table.paths, key=lambda path: path not in configured))
        selected = any(path in configured for path in paths)
        table_in_use = structs.replace(table, paths=paths)
        allocation.streams.append(
            TableStream(tap, allocation, table_in_use, select_by_default=selected)
        )
    return allocation.streams


class ExportAllocation(Struct, frozen=True):
    """Allocation of the remaining exports of the family's quota to its streams.

    Attributes:
        family: The family, with the limiter that counts exports.
        streams: All streams of the family.
    """

    family: ApiFamily
    streams: list[TableStream] = field(default_factory=list)

    def may_export(self, stream: TableStream) -> bool:
        """Return True if a stream may export its next window now.

        It may not if older windows of other streams use up the remaining exports.
        """
        remaining = self.family.rate_limiter.remaining_exports()
        if remaining is None:
            return True
        # The SDK syncs streams in name order. Earlier streams have ended and reserve no exports.
        waiting = [s for s in self.streams if s.selected and s.name >= stream.name]
        failing = {s.name for s in waiting if s.failed_last_run}
        return (
            allocate_exports(
                {s.name: s.windows_without_job() for s in waiting}, remaining, failing=failing
            )[stream.name]
            > 0
        )


class TableStream(JobStream):
    """Stream of one table, read in windows of whole UTC days.

    Windows are wide because the quota allows few exports.
    """

    def __init__(
        self,
        tap: Tap,
        allocation: ExportAllocation,
        table: DashboardTable,
        *,
        select_by_default: bool,
    ) -> None:
        """Store the table and declare the columns in the settings; files define all others."""
        self.allocation = allocation
        self.table = table
        core_settings = allocation.family.context.settings
        settings = core_settings.section(ObservabilitySettings)
        declaration = Declaration(
            name=table.stream,
            columns=declared_columns(settings.columns.get(table.stream, {})),
            primary_keys=tuple(map(snake_case, settings.primary_keys.get(table.stream, ()))),
            description=table.description,
            keys_setting=f"{NAME}.primary_keys, '{table.stream}'",
            columns_setting=f"{NAME}.columns, '{table.stream}'",
            text_format=text_format(
                settings.stream_csv.get(table.stream, CsvSettings()).over(settings.csv),
                csv_setting=f"{NAME}.stream_csv.{table.stream}",
                timezone=core_settings.timezone,
                date_order=settings.date_order.get(table.stream),
                date_order_setting=f"{NAME}.date_order.{table.stream}",
            ),
        )
        super().__init__(tap, allocation.family, declaration, select_by_default=select_by_default)

    @cached_property
    @override
    def api(self) -> ObservabilityApi:
        settings = self.settings
        family_settings = settings.section(ObservabilitySettings)
        request = TableRequest(
            table=self.table,
            channels=family_settings.channels,
            filters=family_settings.filters.by_name(),
            timezone=settings.zone.key if settings.zone else "UTC",
        )
        family = self.family
        return ObservabilityApi(family.client, family.tenant, request, family.tenant_info)

    @override
    def history_limit(self, now: datetime) -> datetime | None:
        # Without a quota the login is a user of the dashboard. Only the API knows whether that
        # user's history is limited, and refuses a start that is too old.
        if self.family.limits.quota is None:
            return None
        from dateutil.relativedelta import relativedelta  # not needed by discovery

        oldest_start = now - relativedelta(months=HISTORY_MONTHS)
        is_midnight = midnight(oldest_start) == oldest_start
        return oldest_start if is_midnight else midnight(oldest_start, days=1)

    @override
    def windows(
        self, start: datetime, end: datetime, pending: Iterable[Window]
    ) -> Iterator[Window]:
        max_days = self.settings.section(ObservabilitySettings).window_days
        return daily_windows(start, end, max_days=max_days, pending=pending)

    @override
    def limit_to_quota(
        self, windows: Iterable[Window], pending: Iterable[Window]
    ) -> Iterator[Window]:
        """Yield windows that have an export, and those that the remaining quota allows.

        Raises:
            QuotaExhausted: The next window needs an export and none is allowed.
        """
        with_job = set(pending)
        for window in windows:
            if window not in with_job and not self.allocation.may_export(self):
                raise self.family.rate_limiter.quota_error()
            yield window
