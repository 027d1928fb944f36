"""Streams of the Observability Dashboard: one per table."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cxone.config.validation import did_you_mean
from tap_cxone.context import ApiFamily
from tap_cxone.families.observability.api import ObservabilityApi, TableRequest, classify_error
from tap_cxone.families.observability.export_allocation import allocate_exports
from tap_cxone.families.observability.tables import TABLES, DashboardTable
from tap_cxone.http.auth import PasswordGrant
from tap_cxone.http.rate_limit import ExportQuota, RateLimits
from tap_cxone.rows.columns import declared_columns, snake_case
from tap_cxone.streams.job_stream import JobStream
from tap_cxone.streams.schema import Declaration
from tap_cxone.windows import daily_windows, midnight

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from singer_sdk import Tap

    from tap_cxone.context import RunContext
    from tap_cxone.windows import Window

NAME = "observability"
DEFAULT_LOGIN_URL = "https://cxone.niceincontact.com"
TOKEN_PATH = "/auth/token"  # noqa: S105 (a path, not a token)
HISTORY_MONTHS = 4
AVAILABILITY_DELAY = timedelta(minutes=30)
MAX_WINDOW_DAYS = 31  # default of window_days; the API documents no limit


def build_api_family(context: RunContext) -> ApiFamily:
    """Return the export API of the dashboard of the tenant in the settings."""
    settings = context.settings
    key, application = settings.access_key, settings.application
    token_url = settings.token_url(NAME, DEFAULT_LOGIN_URL, TOKEN_PATH)
    exports_per_day = settings.observability.exports_per_day
    return ApiFamily(
        name=NAME,
        required_settings=("client_id", "client_secret", "access_key_id", "access_key_secret"),
        grant=PasswordGrant(token_url, application, key) if application and key else None,
        base_url=settings.base_url_for(NAME, f"https://api-{settings.region}.niceincontact.com"),
        limits=RateLimits(quota=ExportQuota(exports_per_day) if exports_per_day else None),
        availability_delay=AVAILABILITY_DELAY,
        probe_path=None,
        context=context,
        classify_error=classify_error,
        window_days=settings.observability.window_days,
        max_window_days=MAX_WINDOW_DAYS,
    )


def streams(tap: Tap, context: RunContext) -> list[TableStream]:
    """Return one stream per table; tables missing in the settings are not selected by default."""
    allocation = ExportAllocation(build_api_family(context))
    configured = context.settings.observability.tables
    for table in TABLES:
        # A configured name is tried first. A table without one has a stream that is not selected.
        paths = tuple(sorted(table.paths, key=lambda path: path not in configured))
        selected = any(path in configured for path in paths)
        allocation.streams.append(
            TableStream(tap, allocation, replace(table, paths=paths), select_by_default=selected)
        )
    return allocation.streams


def problems(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the family's settings beyond their shape."""
    family_settings = config.get(NAME)
    if not isinstance(family_settings, dict):
        return
    configured = family_settings.get("tables") or [path for table in TABLES for path in table.paths]
    selected = [table for table in TABLES if set(table.paths) & set(map(str, configured))]
    filters = family_settings.get("filters")
    for name, values in filters.items() if isinstance(filters, dict) else ():
        if values:
            supporting = [table for table in TABLES if name in table.filters]
            yield from _unsupported_option(f"filters.{name}", selected, supporting)
    if family_settings.get("channels"):
        yield from _unsupported_option(
            "channels", selected, [table for table in TABLES if table.channels]
        )
    for setting in ("primary_keys", "columns"):
        yield from _unknown_streams(setting, family_settings.get(setting))


def _unsupported_option(
    option: str, selected: list[DashboardTable], supporting: list[DashboardTable]
) -> Iterator[str]:
    unsupporting = [table.paths[0] for table in selected if table not in supporting]
    if supporting and unsupporting:
        names = ", ".join(table.paths[0] for table in supporting)
        yield (
            f"{NAME}.{option} is not taken by {', '.join(unsupporting)}, only by {names}; "
            f"leave it out, or name in {NAME}.tables only tables that take it"
        )


def _unknown_streams(setting: str, configured: Any) -> Iterator[str]:
    stream_names = [table.stream for table in TABLES]
    for name in configured if isinstance(configured, dict) else ():
        if name not in stream_names:
            hint = did_you_mean(name, stream_names, cutoff=0)
            yield f"{NAME}.{setting} names the stream '{name}'; {hint}"


@dataclass(frozen=True, slots=True)
class ExportAllocation:
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
        settings = allocation.family.context.settings.observability
        declaration = Declaration(
            name=table.stream,
            columns=declared_columns(settings.columns.get(table.stream, {})),
            primary_keys=tuple(map(snake_case, settings.primary_keys.get(table.stream, ()))),
            description=table.description,
            keys_setting=f"{NAME}.primary_keys, '{table.stream}'",
            columns_setting=f"{NAME}.columns, '{table.stream}'",
        )
        super().__init__(tap, allocation.family, declaration, select_by_default=select_by_default)

    @cached_property
    @override
    def api(self) -> ObservabilityApi:
        settings = self.settings
        application, key = settings.application, settings.access_key
        request = TableRequest(
            table=self.table,
            channels=settings.observability.channels,
            filters=settings.observability.filters,
            timezone=settings.timezone or "UTC",
            tenant=" ".join(
                (self.family.base_url, application.client_id, key.key_id)
                if application and key
                else ()
            ),
        )
        return ObservabilityApi(self.family.client, request, self.family.tenant_info)

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
        max_days = self.settings.observability.window_days
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
