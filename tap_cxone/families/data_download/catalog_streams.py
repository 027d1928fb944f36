"""Streams of the catalogue of custom metrics, and of its changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tap_cxone.families.data_download.settings import DataDownloadSettings
from tap_cxone.rows.columns import Column
from tap_cxone.streams.full_table import FullTableStream
from tap_cxone.streams.schema import Declaration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Record

    from tap_cxone.families.data_download.tenant import TenantContext

NAME = DataDownloadSettings.NAME
METRICS_STREAM = "custom_metrics"
VERSIONS_STREAM = "custom_metric_versions"


class CustomMetricsStream(FullTableStream):
    """Stream of the published custom metrics."""

    def __init__(self, tap: Tap, tenant: TenantContext) -> None:
        """Store the tenant and declare the columns."""
        self.tenant = tenant
        declaration = Declaration(
            name=METRICS_STREAM,
            columns=(
                Column("id", description="ID of the metric, and name of its column."),
                Column("name", description="Display name."),
                Column("type", description="Type of its values."),
                Column("description", description="Meaning of the metric."),
                Column("minimum", "number", "Smallest allowed value."),
                Column("maximum", "number", "Largest allowed value."),
                Column("allowed_values", description="All allowed values, as JSON."),
            ),
            primary_keys=("id",),
            description="Published custom metrics.",
            keys_setting=NAME,
            columns_setting=NAME,
            windowed=False,
        )
        super().__init__(tap, tenant.family, declaration)

    @override
    def table_records(self) -> Iterator[Record]:
        self.tenant.report_changes(self.logger, self.audit_context)
        for metric in self.tenant.published_metrics:
            yield metric.record()


class MetricVersionsStream(FullTableStream):
    """Stream of the changes of custom metrics that this run accepts."""

    def __init__(self, tap: Tap, tenant: TenantContext) -> None:
        """Store the tenant and declare the columns."""
        self.tenant = tenant
        declaration = Declaration(
            name=VERSIONS_STREAM,
            columns=(
                Column("version", "integer", "Version of the catalogue that has the change."),
                Column("metric_id", description="ID of the metric."),
                Column("change", description="`added`, `removed`, `retyped` or `renamed`."),
                Column("old", description="The metric before, as JSON."),
                Column("new", description="The metric since then, as JSON."),
            ),
            primary_keys=("version", "metric_id", "change"),
            description="Changes of the published custom metrics, each once.",
            keys_setting=NAME,
            columns_setting=NAME,
            windowed=False,
        )
        super().__init__(tap, tenant.family, declaration, select_by_default=False)

    @override
    def table_records(self) -> Iterator[Record]:
        self.tenant.report_changes(self.logger, self.audit_context)
        for change in self.tenant.accepted_changes:
            yield {
                "version": self.tenant.next_version,
                "metric_id": change.metric_id,
                "change": change.kind,
                "old": change.old.text() if change.old else None,
                "new": change.new.text() if change.new else None,
            }
