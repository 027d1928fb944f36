"""Streams of data download: one per configured download, after those of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import structs
from typing_extensions import override

from tap_cxone.config.csv import CsvSettings
from tap_cxone.errors import DriftError
from tap_cxone.families.data_download.api import DownloadRequest
from tap_cxone.families.data_download.catalog_streams import (
    METRICS_STREAM,
    VERSIONS_STREAM,
    CustomMetricsStream,
    MetricVersionsStream,
)
from tap_cxone.families.data_download.family import DataDownload
from tap_cxone.families.data_download.metric_catalog import (
    ALL_METRICS,
    CustomMetric,
    select_metrics,
)
from tap_cxone.families.data_download.pages import PagedSource
from tap_cxone.families.data_download.settings import DataDownloadSettings
from tap_cxone.families.data_download.tenant import TenantContext, load_catalog
from tap_cxone.planning.workload import RemainingCalls
from tap_cxone.progress.formatting import listed
from tap_cxone.rows.columns import source_column, with_rules, without_leading_zeros
from tap_cxone.rows.title_digests import digest_share
from tap_cxone.streams.calendar_windows import CalendarStream
from tap_cxone.streams.definition import require_known_rules, text_format
from tap_cxone.streams.family_stream import StreamPreload
from tap_cxone.streams.schema import Declaration
from tap_cxone.streams.state_size import expected_size
from tap_cxone.streams.tenant_info import read_tenant_info
from tap_cxone.streams.totals import Totals, VerifiedSource, calls_with_totals
from tap_cxone.streams.zoned import ZonedStream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from singer_sdk import Tap

    from tap_cxone.context import RunContext
    from tap_cxone.events.audit_log import AuditContext
    from tap_cxone.families.data_download.settings import DownloadSettings
    from tap_cxone.planning.skipped_windows import SkippedWindow
    from tap_cxone.rows.columns import Column
    from tap_cxone.rows.layout import FileLayout
    from tap_cxone.spool import WindowFile
    from tap_cxone.streams.base import CXoneStream
    from tap_cxone.streams.window_loader import FileSource

NAME = DataDownloadSettings.NAME
BUILT_IN_STREAMS = (VERSIONS_STREAM, METRICS_STREAM)
_QUOTA_CHECK_WINDOWS = 10  # a run with at least this many windows checks the quota first


def streams(tap: Tap, context: RunContext) -> list[CXoneStream]:
    """Return the stream of custom metrics and one stream per configured download."""
    api_family = DataDownload.from_settings(context)
    api_family.tenant_info.update(read_tenant_info(tap.state, NAME))
    tenant = TenantContext(
        api_family, load_catalog(api_family), lambda: expected_size(tap.streams.values())
    )
    family_settings = context.settings.section(DataDownloadSettings)
    return [
        MetricVersionsStream(tap, tenant),  # first: no STATE has a version before its records
        CustomMetricsStream(tap, tenant),
        *(DownloadStream(tap, tenant, d) for d in family_settings.downloads),
    ]


class DownloadStream(CalendarStream, ZonedStream):
    """Stream of one download, read in windows of whole days in the time zone that applies."""

    def __init__(self, tap: Tap, tenant: TenantContext, download: DownloadSettings) -> None:
        """Store the download; declare its columns and those of custom metrics in STATE."""
        self.tenant = tenant
        self.download = download
        self._metrics = self._select_metrics(tenant.previous_metrics or (), require_all=False)
        family_settings = tenant.family.context.settings.section(DataDownloadSettings)
        self.aggregate_days = family_settings.window_days
        setting = self._setting
        declaration = Declaration(
            name=download.name,
            columns=self._present_columns(),
            primary_keys=(*download.group_by, "_window_start"),
            description=f"{download.report}, by {', '.join(download.group_by) or 'window'}.",
            keys_setting=f"{setting}, group_by",
            columns_setting=f"{setting}, columns",
            formats=("json",),
            nested_object="customMetrics",
            grouped=True,
            required=tuple(name for name, rule in download.columns.items() if rule.required),
            max_digests=digest_share(len(family_settings.downloads)),
            text_format=text_format(
                CsvSettings(null_characters=family_settings.null_characters),
                csv_setting=NAME,
                timezone=download.timezone,
                date_order=download.date_order,
                date_order_setting=f"{setting}, date_order",
            ),
        )
        super().__init__(tap, tenant.family, declaration)

    @property
    def _setting(self) -> str:
        return f"{NAME}.downloads, entry '{self.download.name}'"

    def _configured_columns(self) -> tuple[Column, ...]:
        download = self.download
        dimensions = (source_column(name, f"'{name}'.") for name in download.group_by)
        metrics = (source_column(name, f"Metric '{name}'.", "number") for name in download.metrics)
        return (*dimensions, *metrics)

    def _select_metrics(
        self, metrics: tuple[CustomMetric, ...], *, require_all: bool
    ) -> tuple[CustomMetric, ...]:
        setting = f"{self._setting}, custom_metrics"
        names = self.download.custom_metrics
        if not require_all:  # discovery knows only the metrics of the last run
            available = {text for metric in metrics for text in (metric.id, metric.name)}
            names = tuple(name for name in names if name in {*available, ALL_METRICS})
        return select_metrics(names, metrics, setting)

    @override
    def refresh_catalog(self) -> None:
        if self.settings.section(DataDownloadSettings).live_discovery and self.family.configured:
            self._metrics = self._select_metrics(self.tenant.all_metrics, require_all=True)
            self.add_catalog_columns(self._present_columns())

    @override
    def iter_files(self) -> Iterator[StreamPreload | WindowFile | SkippedWindow]:
        if region := self.tenant.api.unused_region():
            text = "the login names the region %r, which is not used; set endpoints.data_download"
            self.log_once("region", text, self.family.client.redact(region, limit=40))
        yield StreamPreload(self._refresh_metrics())
        self.workers.main_thread.call(self.require_same_zone)
        if zone := self.tenant.mismatched_zone():
            text = "timezone is %s, but the tenant uses %s; days differ from those of its reports"
            self.log_once("zone", text, self.tenant.zone.key, zone)
        yield from super().iter_files()

    @property
    @override
    def zone(self) -> ZoneInfo:
        return self.tenant.zone

    def _refresh_metrics(self) -> tuple[Column, ...]:
        """Return the columns of the current catalogue, after a check for changes.

        Raises:
            DriftError: Selected metrics changed and `schema_drift` is `fail`.
        """
        self.tenant.report_changes(self.logger, self.audit_context)
        if refused := self.tenant.refused_changes(self.download.custom_metrics):
            change_text = "; ".join(f"{change.kind}: {change}" for change in refused)
            msg = (
                f"custom metrics changed ({change_text}); set schema_drift to evolve or ignore, or "
                f"accept this change by {NAME}.accept_drift: {self.tenant.next_version}"
            )
            raise DriftError(msg)
        self._metrics = self._select_metrics(self.tenant.all_metrics, require_all=True)
        columns, rules = self._present_columns(), self.download.columns
        require_known_rules(columns, rules, f"{self._setting}, columns")
        if self.tenant.changes and self.settings.schema_drift == "ignore":
            self._metrics = self._previous_definitions(self._metrics)
        return self._present_columns()

    def _present_columns(self) -> tuple[Column, ...]:
        """Return the columns of the settings and of the selected metrics, with the user's rules."""
        metrics = (metric.column for metric in self._metrics)
        columns = without_leading_zeros((*self._configured_columns(), *metrics))
        columns = tuple(structs.replace(column, requested=True) for column in columns)
        return with_rules(columns, self.download.columns)

    @property
    @override
    def drift_policy(self) -> str:
        """Return the policy for unknown columns: `fail` judges only what the download requests.

        A download of all metrics requests each metric that a page may have.
        """
        return "ignore" if self._drops_unrequested else super().drift_policy

    @property
    def _drops_unrequested(self) -> bool:
        requests_all = ALL_METRICS in self.download.custom_metrics
        return self.settings.schema_drift == "fail" and not requests_all

    @override
    def _use_layout(
        self, layout: FileLayout, description: str, audit_context: AuditContext
    ) -> None:
        super()._use_layout(layout, description, audit_context)
        if self._drops_unrequested and (titles := layout.dropped_titles):
            text = "%s: not requested, so dropped, because schema_drift is fail: %s. To read a "
            text += "metric of them, add it to custom_metrics in %s"
            topic = f"{self.name}, unrequested"
            self.log_once(topic, text, description, listed(titles), self._setting)

    @override
    def requested_titles(self) -> frozenset[str]:
        published = {metric.id for metric in self.tenant.published_metrics}
        retired = {metric.id for metric in self._metrics} - published
        return frozenset(c.exact_title for c in self._present_columns()) - retired

    def _previous_definitions(self, metrics: tuple[CustomMetric, ...]) -> tuple[CustomMetric, ...]:
        """Return the metrics as the last run defined them, and new ones only if configured."""
        previous = {metric.id: metric for metric in self.tenant.previous_metrics or ()}
        named_metrics = {name for name in self.download.custom_metrics if name != ALL_METRICS}
        definitions = (
            previous.get(m.id) or (m if {m.id, m.name} & named_metrics else None) for m in metrics
        )
        return tuple(filter(None, definitions))

    @override
    def source(self) -> FileSource:
        family_settings = self.settings.section(DataDownloadSettings)
        pages = PagedSource(
            self.tenant.api,
            self._build_request,
            family_settings.page_size,
            self.settings.max_retries,
            self.logger,
        )
        workload = self.workers.main_thread.call(self.planned_workload)
        window_count = len(workload.windows_without_job)
        if window_count >= _QUOTA_CHECK_WINDOWS:
            pages.check_quota(window_count * self.calls_per_window)
        return VerifiedSource(pages, totals) if (totals := self._totals(pages)) else pages

    def _totals(self, pages: PagedSource) -> Totals | None:
        if (settings := self.download.verify_totals) is None:
            return None
        return Totals(
            settings=settings,
            setting=f"{self._setting}, verify_totals",
            declaration=self.declaration,
            columns=self._present_columns,
            fetch=pages.fetch_ungrouped,
            zone=lambda: self.tenant.zone,
            max_bytes=self.settings.max_unpacked_bytes,
        )

    @property
    @override
    def calls_per_window(self) -> int:
        return calls_with_totals(self.download.verify_totals)

    @override
    def remaining_calls(self) -> RemainingCalls | None:
        quota = self.tenant.quota
        return RemainingCalls(quota.remaining, str(quota), quota.reset_at) if quota else None

    @override
    def row_meaning(self) -> dict[str, Any]:
        download = self.download
        group = download.group and [download.group.type, download.group.id]
        return {
            "report": download.report,
            "metrics": download.metrics,
            "custom_metrics": download.custom_metrics,
            "group_by": download.group_by,
            "group": group,
            f"{NAME}.window_days": self.aggregate_days,
        }

    def _build_request(self) -> DownloadRequest:
        published = {metric.id for metric in self.tenant.published_metrics}
        ids = [metric.id for metric in self._metrics if metric.id in published]
        return DownloadRequest(self.download, ids, self.tenant.zone.key)
