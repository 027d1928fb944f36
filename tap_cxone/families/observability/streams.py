"""Streams of the Observability Dashboard: one per table."""

from __future__ import annotations

from collections import deque
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from msgspec import Struct, field, structs
from typing_extensions import override

from tap_cxone.clock import iso
from tap_cxone.config.csv import CsvSettings
from tap_cxone.config.validation import ACCESS_KEY, CLIENT_CREDENTIALS
from tap_cxone.context import ApiFamily
from tap_cxone.families.observability.api import ObservabilityApi, TableRequest
from tap_cxone.families.observability.export_allocation import ExportDemand, allocate_exports
from tap_cxone.families.observability.history import HistoryLimit
from tap_cxone.families.observability.refusals import classify_error
from tap_cxone.families.observability.settings import ObservabilitySettings
from tap_cxone.families.observability.table_exports import table_exports
from tap_cxone.families.observability.tables import TABLES
from tap_cxone.http.auth import PasswordGrant
from tap_cxone.http.rate_limit import ExportQuota, RateLimits
from tap_cxone.rows.columns import declared_columns
from tap_cxone.streams.definition import text_format
from tap_cxone.streams.job_stream import JobStream
from tap_cxone.streams.schema import Declaration
from tap_cxone.windows import midnight

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator
    from datetime import datetime

    from singer_sdk import Tap

    from tap_cxone.context import RunContext
    from tap_cxone.errors import ApiError, HistoryRefused
    from tap_cxone.families.observability.table_exports import TableExport
    from tap_cxone.planning.workload import Workload
    from tap_cxone.windows import Overlap, Window

NAME = ObservabilitySettings.NAME
BUILT_IN_STREAMS = tuple(table.stream for table in TABLES)


class Observability(ApiFamily):
    """The export API of the dashboard."""

    settings_class = ObservabilitySettings
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
            limits=RateLimits(quota=quota, quota_wait=section.quota_wait),
            overlap=section.overlap,
            window_days=section.window_days,
        )

    @override
    def classify_error(self, status: int, error_text: str) -> type[ApiError] | None:
        return classify_error(status, error_text)


def streams(tap: Tap, context: RunContext) -> list[TableStream]:
    """Return one stream per table and per entry of the user."""
    section = context.settings.section(ObservabilitySettings)
    history = HistoryLimit(section.history_months)
    allocation = ExportAllocation(Observability.from_settings(context), history)
    allocation.streams.extend(
        TableStream(tap, allocation, export) for export in table_exports(section)
    )
    return allocation.streams


class ExportAllocation(Struct, frozen=True):
    """Allocation of the remaining exports of the family's quota to its streams.

    Attributes:
        family: The family, with the limiter that counts exports.
        history: How far back its exports may start.
        streams: All streams of the family.
    """

    family: ApiFamily
    history: HistoryLimit
    streams: list[TableStream] = field(default_factory=list)

    def log_unused_options(self, log: logging.Logger) -> None:
        """Log the selected tables that are exported without channels or filters of the family."""
        section = self.family.context.settings.section(ObservabilitySettings)
        exports = [stream.export for stream in self.streams if stream.selected]
        unused = {e.table.stream: ", ".join(e.unused_options(section)) for e in exports}
        if texts := [
            f"{stream} without {options}" for stream, options in unused.items() if options
        ]:
            log.info(
                "%s: exported without what the table does not accept: %s", NAME, "; ".join(texts)
            )

    def may_export(self, stream: TableStream) -> bool:
        """Return True if a stream may export its next window now.

        It may not if older windows of other streams use up the remaining exports.
        """
        remaining = self.family.rate_limiter.remaining_exports(self.family.limits.quota_wait)
        if remaining is None:
            return True
        # The SDK syncs streams in name order. Earlier streams have ended and reserve no exports.
        waiting = [s for s in self.streams if s.selected and s.name >= stream.name]
        return allocate_exports([s.demand() for s in waiting], remaining)[stream.name] > 0


class TableStream(JobStream):
    """Stream of one table, read in windows of whole UTC days.

    Windows are wide because the quota allows few exports.
    """

    def __init__(self, tap: Tap, allocation: ExportAllocation, export: TableExport) -> None:
        """Store the export and declare the columns in the settings; files define all others."""
        self.allocation, self.export = allocation, export
        self._workload: Workload | None = None  # what this run has not exported so far
        name, core_settings = export.table.stream, allocation.family.context.settings
        section = core_settings.section(ObservabilitySettings)
        own = f"{NAME}.table_streams, entry '{name}'"
        declaration = Declaration(
            name=name,
            columns=declared_columns(export.columns),
            primary_keys=export.primary_keys,
            description=export.table.description,
            keys_setting=f"{own}, primary_keys"
            if export.entry
            else f"{NAME}.primary_keys, '{name}'",
            columns_setting=f"{own}, columns" if export.entry else f"{NAME}.columns, '{name}'",
            order_by=export.order_by,
            order_by_setting=f"{NAME}.order_by.{name}",
            text_format=text_format(
                section.stream_csv.get(name, CsvSettings()).over(section.csv),
                csv_setting=f"{NAME}.stream_csv.{name}",
                timezone=core_settings.timezone,
                date_order=section.date_order.get(name),
                date_order_setting=f"{NAME}.date_order.{name}",
            ),
        )
        super().__init__(tap, allocation.family, declaration, select_by_default=export.selected)

    @cached_property
    @override
    def api(self) -> ObservabilityApi:
        export, family = self.export, self.family
        request = TableRequest(
            table=export.table,
            channels=export.channels,
            filters=export.filters,
            timezone=self.settings.zone.key if self.settings.zone else "UTC",
        )
        return ObservabilityApi(family.client, family.tenant, request, family.tenant_info)

    @override
    def row_meaning(self) -> dict[str, Any]:
        export = self.export
        return {
            "table": export.table.paths,
            "channels": export.channels,
            "filters": {name: values for name, values in export.filters.items() if values},
        }

    @override
    def _log_start(self) -> None:
        super()._log_start()
        if "options" not in self.family.logged_topics:
            self.family.logged_topics.add("options")
            self.allocation.log_unused_options(self.logger)

    @override
    def history_limit(self, now: datetime) -> datetime | None:
        return self.allocation.history.start(now)

    @override
    def raise_history_limit(self, refused: Window, error: HistoryRefused) -> None:
        now, history = self.now(), self.allocation.history
        history.move_start(refused.start, error, now)
        text = "%s: a start on %s was refused; trying %s, which costs no export. Set start_date to "
        text += "that day, or observability.history_months to what the API allows: %s"
        tried = iso(history.start(now) or now)
        self.log_once("start", text, self.name, iso(refused.start), tried, error.message)

    def demand(self) -> ExportDemand:
        """Return the exports that this stream needs; those of this run are no demand any more."""
        state, workload = self.state_view, self._workload or self.planned_workload()
        return ExportDemand(
            self.name,
            workload.export_priorities(),
            failing=self.failed_last_run,
            bookmark=self.stream_history.initial_bookmark,
            stopped_at=state.quota_stopped_at(),
        )

    @override
    def overlap(self, start: datetime) -> Overlap:
        bookmark = self.state_view.bookmark()
        reads_overlap = bookmark is not None and start < midnight(bookmark)
        overlap = super().overlap(start)
        return structs.replace(overlap, extends_first_window=reads_overlap)  # so it costs no export

    @override
    def limit_to_quota(self, workload: Workload) -> Iterator[Window]:
        """Yield windows that need no export, and those that the remaining quota allows.

        Raises:
            QuotaExhausted: The next window needs an export and none is allowed.
        """
        to_export = deque(workload.windows_without_job)
        for window in workload.windows:
            self._workload = structs.replace(workload, windows_without_job=tuple(to_export))
            if window in to_export:
                self._require_export()
                to_export.remove(window)
            yield window

    def _require_export(self) -> None:
        """Raise `QuotaExhausted` if this stream may not export now, or within the quota wait."""
        limiter = self.family.rate_limiter
        if not self.allocation.may_export(self):
            self.state_view.set_quota_stopped_at(self.now())
            raise limiter.quota_error()
        if limiter.remaining_exports() == 0:
            text = "%s: %s; waiting for it (observability.quota_wait_minutes)"
            self.logger.info(text, self.name, limiter.quota_error())
