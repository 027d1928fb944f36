"""The streams of data download: one per configured download, and the catalogue."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from typing_extensions import override

from tap_cxone.clock import zone_names
from tap_cxone.context import ApiFamily
from tap_cxone.errors import ConfigError, DriftError, StateError
from tap_cxone.families.data_download.api import (
    CURRENT_USER_PATH,
    PERMISSION_HINT,
    DataDownloadApi,
    DownloadRequest,
    describe_quota,
)
from tap_cxone.families.data_download.catalogue import (
    ALL_METRICS,
    CustomMetric,
    find_changes,
    select_metrics,
    with_retired,
)
from tap_cxone.families.data_download.pages import PagedSource
from tap_cxone.families.data_download.region import base_url_from_token
from tap_cxone.families.data_download.settings import DataDownloadSettings
from tap_cxone.http.auth import ClientCredentialsGrant
from tap_cxone.http.rate_limit import RateLimits
from tap_cxone.planning.plan import RemainingCalls
from tap_cxone.rows.columns import Column, snake_case
from tap_cxone.streams.base import read_tenant_info
from tap_cxone.streams.full_table import FullTableStream
from tap_cxone.streams.prefetch import StreamPreload
from tap_cxone.streams.schema import Declaration
from tap_cxone.streams.windowed import WindowedStream
from tap_cxone.windows import calendar_windows

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Record

    from tap_cxone.context import RunContext
    from tap_cxone.events.audit_log import AuditContext
    from tap_cxone.families.data_download.api import CallQuota
    from tap_cxone.families.data_download.settings import DownloadSettings
    from tap_cxone.streams.base import CXoneStream
    from tap_cxone.streams.prefetch import WindowFile
    from tap_cxone.windows import Window

NAME = DataDownloadSettings.NAME
TOKEN_PATH = "/api/v2/oauth/token"  # noqa: S105 (a path, not a token)
AVAILABILITY_DELAY = timedelta(minutes=30)
_MAX_THROTTLE_DELAY = timedelta(
    minutes=1
)  # its rate limit is one of minutes: at its end, wait for the next
_QUOTA_CHECK_WINDOWS = 10  # windows; before so many the quota is asked


def build_api_family(context: RunContext) -> ApiFamily:
    """Return the data download of the tenant in the settings."""
    settings = context.settings
    family_settings = settings.section(DataDownloadSettings)
    application = settings.application
    configured_url = settings.endpoints.get(NAME) or settings.base_url
    base_url = configured_url or (
        f"https://{settings.tenant}.nicecxone.com" if settings.tenant else ""
    )
    token_url = settings.token_url(NAME, base_url, TOKEN_PATH)
    return ApiFamily(
        name=NAME,
        required_settings=("client_id", "client_secret", *(() if configured_url else ("tenant",))),
        grant=ClientCredentialsGrant(token_url, application, family_settings.scopes)
        if application and base_url
        else None,
        base_url=base_url.rstrip("/"),
        limits=RateLimits(max_throttle_delay=_MAX_THROTTLE_DELAY),
        availability_delay=AVAILABILITY_DELAY,
        probe_path=CURRENT_USER_PATH,
        permission_hint=PERMISSION_HINT,
        describe_remaining=describe_quota,
        context=context,
        # Who names the host decides, not a claim.
        base_url_from_token=None if configured_url else base_url_from_token,
        missing_setting="" if family_settings.downloads else f"{NAME}.downloads",
    )


def streams(tap: Tap, context: RunContext) -> list[CXoneStream]:
    """Return the catalogue and a stream per configured download."""
    api_family = build_api_family(context)
    api_family.tenant_info.update(read_tenant_info(tap, NAME))
    tenant = TenantContext(api_family, load_metrics(api_family))
    family_settings = context.settings.section(DataDownloadSettings)
    return [
        CustomMetricsStream(tap, tenant),
        *(DownloadStream(tap, tenant, d) for d in family_settings.downloads),
    ]


def load_metrics(family: ApiFamily) -> tuple[CustomMetric, ...] | None:
    """Return the metrics that the state remembers, retired ones among them; None at first.

    Raises:
        StateError: They are not what this tap writes.
    """
    catalog = family.tenant_info.get("catalogue")
    if catalog is None:
        return None
    try:
        metrics = tuple(CustomMetric.from_json(raw) for raw in catalog.get("metrics", ()))
        int(catalog.get("version", 0))
        for metric in metrics:
            _ = metric.column
    except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
        msg = (
            f"The custom metrics in the state are not readable ({error!r}); restore an earlier "
            f"state, or remove the traits of {NAME} from it"
        )
        raise StateError(msg) from error
    return metrics


@dataclass(frozen=True)
class TenantContext:
    """What the streams share of their tenant, asked for once a run: zone and catalogue.

    Attributes:
        family: The family; its traits keep the catalogue from run to run.
        before: The metrics that the last run knew; None if there was none.
    """

    family: ApiFamily
    previous_metrics: tuple[CustomMetric, ...] | None
    _reported: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    @cached_property
    def api(self) -> DataDownloadApi:
        """Return the calls."""
        return DataDownloadApi(self.family.client, self.family.context.settings.region)

    @cached_property
    def all_metrics(self) -> tuple[CustomMetric, ...]:
        """Return the metrics that are published now, and those that once were, as retired."""
        return with_retired(self.previous_metrics or (), self.published_metrics)

    @cached_property
    def published_metrics(self) -> tuple[CustomMetric, ...]:
        """Return the metrics that are published now."""
        return self.api.custom_metrics()

    @cached_property
    def tenant_zone(self) -> str | None:
        """Return the tenant's own zone, if the API tells it."""
        return self.api.zone()

    @cached_property
    def zone(self) -> ZoneInfo:
        """Return the zone whose days are read: the settings' own, else the tenant's.

        Raises:
            ConfigError: Neither is known.
        """
        name = self.family.context.settings.timezone or self.tenant_zone
        if name not in zone_names():
            problem = f"the tenant's time zone is not known ({name}); set timezone to it"
            raise ConfigError([problem])
        return ZoneInfo(name)

    @cached_property
    def quota(self) -> CallQuota | None:
        """Return what was left of the quota at the beginning, if the API tells it."""
        return self.api.quota()

    def mismatched_zone(self) -> str | None:
        """Return the tenant's own zone if the settings name another."""
        return self.tenant_zone if self.tenant_zone not in {None, self.zone.key} else None

    def report_changes(
        self, log: logging.Logger, audit_context: AuditContext
    ) -> dict[str, list[str]]:
        """Compare the catalogue with the last run's and say what changed, once a run.

        It is remembered if the changes are accepted: what fails a run must fail the next one too.
        """
        if "changes" not in self._reported:
            changed_ids = (
                {}
                if self.previous_metrics is None
                else find_changes(self.previous_metrics, self.published_metrics)
            )
            for kind, ids in changed_ids.items():
                log.warning("Custom metrics %s: %s", kind, ", ".join(ids))
                audit_context.write("drift", columns=[f"{kind}: {metric}" for metric in ids])
            self._reported["changes"] = changed_ids
            drift_policy = self.family.context.settings.schema_drift
            if self.previous_metrics is None or (changed_ids and drift_policy == "evolve"):
                self._save_catalog()
        return self._reported["changes"]

    def _save_catalog(self) -> None:
        version = self.family.tenant_info.get("catalogue", {}).get("version", 0)
        metrics = [metric.as_json() for metric in self.all_metrics]
        self.family.tenant_info["catalogue"] = {"version": version + 1, "metrics": metrics}


class CustomMetricsStream(FullTableStream):
    """The custom metrics that are published."""

    def __init__(self, tap: Tap, tenant: TenantContext) -> None:
        """Declare its columns."""
        self.tenant = tenant
        declaration = Declaration(
            name="custom_metrics",
            columns=(
                Column("id", description="Identity of the metric, and its column's name."),
                Column("name", description="Display name."),
                Column("type", description="Type of its values."),
                Column("description", description="What it measures."),
                Column("minimum", "number", "Least value."),
                Column("maximum", "number", "Greatest value."),
                Column("allowed_values", description="The only values, as JSON."),
            ),
            primary_keys=("id",),
            description="The custom metrics that are published.",
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


class DownloadStream(WindowedStream):
    """One download, read in windows of whole days of the tenant's zone."""

    def __init__(self, tap: Tap, tenant: TenantContext, download: DownloadSettings) -> None:
        """Declare the report's columns, and those of the custom metrics known already."""
        self.tenant = tenant
        self.download = download
        self._metrics = self._select_metrics(tenant.previous_metrics or (), require_all=False)
        declaration = Declaration(
            name=download.name,
            columns=(*self._configured_columns(), *(metric.column for metric in self._metrics)),
            primary_keys=(*map(snake_case, download.group_by), "_window_start"),
            description=f"{download.report}, by {', '.join(download.group_by) or 'window'}.",
            keys_setting=f"{NAME}.downloads, entry '{download.name}', group_by",
            columns_setting=f"{NAME}.downloads, entry '{download.name}'",
            formats=("json",),
            nested_object="customMetrics",
        )
        super().__init__(tap, tenant.family, declaration)

    def _configured_columns(self) -> tuple[Column, ...]:
        dimensions = (Column(snake_case(f), description=f"'{f}'.") for f in self.download.group_by)
        metrics = (
            Column(snake_case(name), "number", f"Metric '{name}'.")
            for name in self.download.metrics
        )
        return (*dimensions, *metrics)

    def _select_metrics(
        self, metrics: tuple[CustomMetric, ...], *, require_all: bool
    ) -> tuple[CustomMetric, ...]:
        setting = f"{NAME}.downloads, entry '{self.download.name}', custom_metrics"
        names = self.download.custom_metrics
        if not require_all:  # discovery knows what the last run knew
            available = {text for metric in metrics for text in (metric.id, metric.name)}
            names = tuple(name for name in names if name in {*available, ALL_METRICS})
        return select_metrics(names, metrics, setting)

    @override
    def refresh_catalog(self) -> None:
        if self.settings.section(DataDownloadSettings).live_discovery and self.family.configured:
            self._metrics = self._select_metrics(self.tenant.all_metrics, require_all=True)
            self.add_catalog_columns(metric.column for metric in self._metrics)

    @override
    def iter_files(self) -> Iterator[StreamPreload | WindowFile]:
        yield StreamPreload(self._refresh_metrics())
        if zone := self.tenant.mismatched_zone():
            text = "timezone is %s, the tenant's own is %s: days differ from its reports'"
            self.log_once("zone", text, self.tenant.zone.key, zone)
        yield from super().iter_files()

    def _refresh_metrics(self) -> tuple[Column, ...]:
        """Compare the catalogue with the last run's; return the columns it makes."""
        changed_ids = self.tenant.report_changes(self.logger, self.audit_context)
        if changed_ids and self.settings.schema_drift == "fail":
            change_text = "; ".join(
                f"{kind}: {', '.join(ids)}" for kind, ids in changed_ids.items()
            )
            msg = f"custom metrics changed ({change_text}); set schema_drift to evolve or ignore"
            raise DriftError(msg)
        self._metrics = self._select_metrics(self.tenant.all_metrics, require_all=True)
        if changed_ids and self.settings.schema_drift == "ignore":
            self._metrics = self._previous_definitions(self._metrics)
        base_columns = [
            *self._configured_columns(),
            *(c for c in self.columns if c not in self.declaration.columns),
        ]
        columns = {column.name: column for column in base_columns}
        columns |= {metric.column.name: metric.column for metric in self._metrics}
        return tuple(columns.values())

    def _previous_definitions(self, metrics: tuple[CustomMetric, ...]) -> tuple[CustomMetric, ...]:
        """Return the metrics as the last run knew them; new ones only if they are named."""
        previous = {metric.id: metric for metric in self.tenant.previous_metrics or ()}
        named_metrics = {name for name in self.download.custom_metrics if name != ALL_METRICS}
        definitions = (
            previous.get(m.id) or (m if {m.id, m.name} & named_metrics else None) for m in metrics
        )
        return tuple(filter(None, definitions))

    @override
    def source(self) -> PagedSource:

        family_settings = self.settings.section(DataDownloadSettings)
        retries = self.settings.max_retries
        pages = PagedSource(
            self.tenant.api, self._build_request, family_settings.page_size, retries, self.logger
        )
        if (
            len(windows_without_job := self.workers.main_thread.call(self.windows_without_job))
            >= _QUOTA_CHECK_WINDOWS
        ):
            pages.check_quota(len(windows_without_job))
        return pages

    @override
    def remaining_calls(self) -> RemainingCalls | None:

        quota = self.tenant.quota
        return RemainingCalls(quota.remaining, str(quota)) if quota else None

    def _build_request(self) -> DownloadRequest:
        published = {metric.id for metric in self.tenant.published_metrics}
        ids = [metric.id for metric in self._metrics if metric.id in published]
        return DownloadRequest(self.download, ids, self.tenant.zone.key)

    @override
    def windows(
        self, start: datetime, end: datetime, pending: Iterable[Window]
    ) -> Iterator[Window]:
        include_partial = end == self.settings.end_date
        max_days = self.settings.section(DataDownloadSettings).window_days
        return calendar_windows(
            start,
            end,
            max_days=max_days,
            zone=self.tenant.zone,
            pending=pending,
            include_partial=include_partial,
        )
