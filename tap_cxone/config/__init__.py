"""The settings, read once from what their JSON schema allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import unquote

from tap_cxone import __version__
from tap_cxone.clock import parse_instant
from tap_cxone.config.families import (
    ANALYTICS_MAX_CONCURRENT_JOBS,
    ANALYTICS_MAX_DAYS,
    COLUMN_TYPES,
    DATA_DOWNLOAD_MAX_PAGE_SIZE,
    DATA_EXTRACTION_MAX_DAYS,
    FILTERS,
    REPORT_TYPES,
    TABLES,
    ColumnType,
)
from tap_cxone.config.schema import SETTINGS

__all__ = [
    "ANALYTICS_MAX_CONCURRENT_JOBS",
    "ANALYTICS_MAX_DAYS",
    "COLUMN_TYPES",
    "DATA_EXTRACTION_MAX_DAYS",
    "FILTERS",
    "REPORT_TYPES",
    "SETTINGS",
    "TABLES",
    "AccessKey",
    "AnalyticsSettings",
    "Application",
    "BatchSettings",
    "ColumnType",
    "DataDownloadSettings",
    "DataExtractionSettings",
    "DownloadSettings",
    "EntitySettings",
    "ExportSettings",
    "ObservabilitySettings",
    "ReportSettings",
    "ScheduledReportsSettings",
    "Settings",
    "WebhookSettings",
]


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key of a CXone user."""

    key_id: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Application:
    """An application registered with the vendor."""

    client_id: str = field(repr=False)
    secret: str = field(repr=False)
    use_basic_auth: bool


@dataclass(frozen=True, slots=True)
class EntitySettings:
    """What a user says about one entity; None leaves the built-in value."""

    name: str
    entity_name: str | None = None
    version: str | None = None
    primary_keys: tuple[str, ...] | None = None
    columns: tuple[tuple[str, ColumnType], ...] = ()


@dataclass(frozen=True, slots=True)
class DataExtractionSettings:
    """The settings of the Data Extraction family."""

    mode: Literal["auto", "sync", "async"]
    window_days: int
    min_submit_interval: timedelta
    availability_delay: timedelta
    entities: tuple[EntitySettings, ...]


@dataclass(frozen=True, slots=True)
class ObservabilitySettings:
    """The settings of the observability family; `tables` as a user named them."""

    tables: tuple[str, ...]
    channels: tuple[str, ...]
    filters: Mapping[str, tuple[str, ...]]
    window_days: int
    exports_per_day: int | None
    primary_keys: Mapping[str, tuple[str, ...]]
    columns: Mapping[str, Mapping[str, ColumnType]]


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """What a user says about one analytics export; None leaves the built-in value."""

    name: str
    export_type: str | None = None
    filter: str | None = None
    format: Literal["json", "csv"] | None = None
    compression: Literal["gzip", "none"] | None = None
    primary_keys: tuple[str, ...] | None = None
    required_fields: tuple[str, ...] | None = None
    columns: tuple[tuple[str, ColumnType], ...] = ()


@dataclass(frozen=True, slots=True)
class AnalyticsSettings:
    """The settings of the analytics exports."""

    exports: tuple[ExportSettings, ...]
    max_concurrent: int
    window_days: int
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DownloadSettings:
    """One data download; `group` is a pair of type and ID."""

    name: str
    report: str
    metrics: tuple[str, ...] = ()
    custom_metrics: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    group: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class DataDownloadSettings:
    """The settings of data download."""

    downloads: tuple[DownloadSettings, ...]
    page_size: int
    window_days: int
    scopes: tuple[str, ...] | None
    live_discovery: bool


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """One scheduled report; `filters` are triples of dimension, operator and values."""

    name: str
    type: str
    metrics: tuple[str, ...]
    dimensions: tuple[str, ...]
    grouping: tuple[str, ...]
    filters: tuple[tuple[str, str, tuple[str, ...]], ...]
    frequency: str
    time: str


@dataclass(frozen=True, slots=True)
class ScheduledReportsSettings:
    """The settings of the scheduled reports."""

    reports: tuple[ReportSettings, ...]
    window_days: int
    availability_delay: timedelta
    poll_interval: timedelta
    job_timeout: timedelta
    scopes: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Who is told of committed windows."""

    url: str = field(repr=False)
    sample_size: int
    timeout: timedelta
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """Which files rows leave in, and where those go."""

    format: Literal["jsonl", "parquet"]
    compressed: bool
    batch_size: int
    prefix: str
    root: str
    params: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a run is told, checked and typed."""

    access_key: AccessKey | None
    application: Application | None
    region: str
    tenant: str | None
    base_url: str | None
    allow_insecure: bool
    endpoints: Mapping[str, str]
    start_date: datetime | None
    end_date: datetime | None
    lookback: timedelta
    timezone: str | None
    data_extraction: DataExtractionSettings
    observability: ObservabilitySettings
    analytics_exports: AnalyticsSettings
    data_download: DataDownloadSettings
    scheduled_reports: ScheduledReportsSettings
    on_quota_exhausted: Literal["stop", "fail"]
    schema_drift: Literal["evolve", "ignore", "fail"]
    invalid_records: Literal["quarantine", "fail"]
    max_invalid_ratio: float
    max_unpacked_bytes: int
    parallel_families: bool
    prefetch_limit_bytes: int
    audit_log_path: str | None
    journal_path: str | None
    completion_webhook: WebhookSettings | None
    batch_config: BatchSettings | None
    poll_interval: timedelta
    job_timeout: timedelta
    max_retries: int
    user_agent: str

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Settings:
        """Read settings that have been checked (see `checks.problems`); a null is left out."""
        unlimited = (config.get("observability") or {}).get("exports_per_day", 3) is None
        config = _without_nulls(config)
        return cls(
            access_key=_access_key(config),
            application=_application(config),
            region=config.get("region", "na1"),
            tenant=config.get("tenant"),
            base_url=config.get("base_url"),
            allow_insecure=config.get("allow_insecure", False),
            endpoints=dict(config.get("endpoints", {})),
            start_date=_instant(config.get("start_date")),
            end_date=_instant(config.get("end_date")),
            lookback=timedelta(days=config.get("lookback_days", 0)),
            timezone=config.get("timezone"),
            data_extraction=_data_extraction(config.get("data_extraction", {})),
            observability=_observability(config.get("observability", {}), unlimited=unlimited),
            analytics_exports=_analytics(config.get("analytics_exports", {})),
            data_download=_data_download(config.get("data_download", {})),
            scheduled_reports=_reports(config.get("scheduled_reports", {})),
            on_quota_exhausted=config.get("on_quota_exhausted", "stop"),
            schema_drift=config.get("schema_drift", "evolve"),
            invalid_records=config.get("invalid_records", "quarantine"),
            max_invalid_ratio=_float(config, "max_invalid_ratio", 0.1),
            max_unpacked_bytes=int(_float(config, "max_file_mb", 20_000) * 1_000_000),
            parallel_families=config.get("lanes", True),
            prefetch_limit_bytes=int(_float(config, "spool_limit_mb", 2000) * 1_000_000),
            audit_log_path=config.get("audit_log_path") or None,
            journal_path=config.get("journal_path") or None,
            completion_webhook=_webhook(config.get("completion_webhook")),
            batch_config=_batches(config.get("batch_config")),
            poll_interval=timedelta(seconds=_float(config, "poll_interval_seconds", 5)),
            job_timeout=timedelta(minutes=_float(config, "job_timeout_minutes", 30)),
            max_retries=config.get("max_retries", 8),
            user_agent=config.get("user_agent") or f"tap-cxone/{__version__}",
        )

    @property
    def secrets(self) -> frozenset[str]:
        """Return what no message may hold."""
        key, application = self.access_key, self.application
        values = {key.key_id, key.secret} if key else set()
        return frozenset(
            values | ({application.client_id, application.secret} if application else set())
        )

    def base_url_for(self, family: str, default: str) -> str:
        """Return the host of a family: `endpoints`, else `base_url`, else the vendor's."""
        return (self.endpoints.get(family) or self.base_url or default).rstrip("/")

    def token_url(self, family: str, default: str, path: str) -> str:
        """Return the token URL of a family: `endpoints`, else on `base_url` or the default host."""
        url = self.endpoints.get(f"{family}_token")
        return url or f"{(self.base_url or default).rstrip('/')}{path}"


def _instant(text: str | None) -> datetime | None:
    return parse_instant(text) if text else None


def _access_key(config: Mapping[str, Any]) -> AccessKey | None:
    key_id, secret = config.get("access_key_id"), config.get("access_key_secret")
    # The vendor's pages show keys URL-encoded (`%3D%3D`); a key itself holds no per cent sign.
    return AccessKey(unquote(key_id), unquote(secret)) if key_id and secret else None


def _application(config: Mapping[str, Any]) -> Application | None:
    client_id, secret = config.get("client_id"), config.get("client_secret")
    basic = config.get("client_auth_method") == "client_secret_basic"
    return Application(client_id, secret, basic) if client_id and secret else None


def _without_nulls(config: Any) -> Any:
    if isinstance(config, Mapping):
        return {name: _without_nulls(value) for name, value in config.items() if value is not None}
    return [_without_nulls(item) for item in config] if isinstance(config, list) else config


def _float(config: Mapping[str, Any], name: str, default: float) -> float:
    # The SDK reads fractions of a settings file as Decimal.
    return float(config.get(name, default))


def _data_extraction(config: Mapping[str, Any]) -> DataExtractionSettings:
    return DataExtractionSettings(
        mode=config.get("mode", "auto"),
        window_days=config.get("window_days", DATA_EXTRACTION_MAX_DAYS),
        min_submit_interval=timedelta(seconds=_float(config, "request_spacing_seconds", 30)),
        availability_delay=timedelta(minutes=_float(config, "settle_minutes", 30)),
        entities=tuple(_entity(entity) for entity in config.get("entities", [])),
    )


def _observability(config: Mapping[str, Any], *, unlimited: bool) -> ObservabilitySettings:
    filters = config.get("filters", {})
    keys = config.get("primary_keys", {})
    return ObservabilitySettings(
        tables=tuple(config.get("tables", TABLES)),
        channels=tuple(config.get("channels", ())),
        filters={name: tuple(filters.get(name, ())) for name in FILTERS},
        window_days=config.get("window_days", 31),
        exports_per_day=None if unlimited else config.get("exports_per_day", 3),
        primary_keys={name: tuple(columns) for name, columns in keys.items()},
        columns=config.get("columns", {}),
    )


def _analytics(config: Mapping[str, Any]) -> AnalyticsSettings:
    return AnalyticsSettings(
        exports=tuple(_export(export) for export in config.get("exports", [])),
        max_concurrent=config.get("max_concurrent", ANALYTICS_MAX_CONCURRENT_JOBS),
        window_days=config.get("window_days", ANALYTICS_MAX_DAYS),
        scopes=tuple(config.get("scopes", ())),
    )


def _data_download(config: Mapping[str, Any]) -> DataDownloadSettings:
    return DataDownloadSettings(
        downloads=tuple(_download(download) for download in config.get("downloads", [])),
        page_size=config.get("page_size", DATA_DOWNLOAD_MAX_PAGE_SIZE),
        window_days=config.get("window_days", 1),
        scopes=_optional_tuple(config, "scopes"),
        live_discovery=config.get("live_discovery", False),
    )


def _download(config: Mapping[str, Any]) -> DownloadSettings:
    group = config.get("group")
    return DownloadSettings(
        name=config["name"],
        report=config["report"],
        metrics=tuple(config.get("metrics", ())),
        custom_metrics=tuple(config.get("custom_metrics", ())),
        group_by=tuple(config.get("group_by", ())),
        group=(group["type"], group["id"]) if group else None,
    )


def _reports(config: Mapping[str, Any]) -> ScheduledReportsSettings:
    return ScheduledReportsSettings(
        reports=tuple(_report(report) for report in config.get("reports", [])),
        window_days=config.get("window_days", 1),
        availability_delay=timedelta(hours=_float(config, "settle_hour_utc", 5)),
        poll_interval=timedelta(seconds=_float(config, "poll_interval_seconds", 15)),
        job_timeout=timedelta(minutes=_float(config, "job_timeout_minutes", 45)),
        scopes=_optional_tuple(config, "scopes"),
    )


def _report(config: Mapping[str, Any]) -> ReportSettings:
    schedule = config.get("schedule", {})
    return ReportSettings(
        name=config["name"],
        type=config["type"],
        metrics=tuple(config["metrics"]),
        dimensions=tuple(config["dimensions"]),
        grouping=tuple(config.get("grouping", ())),
        filters=tuple(
            (item["dimension"], item.get("operator", "in"), tuple(item["values"]))
            for item in config.get("filters", [])
        ),
        frequency=schedule.get("type", "daily"),
        time=schedule.get("time", "05:30"),
    )


def _webhook(config: Mapping[str, Any] | None) -> WebhookSettings | None:
    if config is None:
        return None
    return WebhookSettings(
        url=config["url"],
        sample_size=config.get("sample_size", 0),
        timeout=timedelta(seconds=_float(config, "timeout_seconds", 10)),
        headers=config.get("headers", {}),
    )


def _batches(config: Mapping[str, Any] | None) -> BatchSettings | None:
    if config is None:
        return None
    encoding, storage = config["encoding"], config["storage"]
    return BatchSettings(
        format=encoding["format"],
        compressed=encoding.get("compression", "gzip") == "gzip",
        batch_size=config.get("batch_size", 10_000),
        prefix=storage.get("prefix", ""),
        root=storage["root"],
        params=storage.get("params", {}),
    )


def _export(config: Mapping[str, Any]) -> ExportSettings:
    return ExportSettings(
        name=config["name"],
        export_type=config.get("export_type"),
        filter=config.get("filter"),
        format=config.get("format"),
        compression=config.get("compression"),
        primary_keys=_optional_tuple(config, "primary_keys"),
        required_fields=_optional_tuple(config, "required_fields"),
        columns=tuple(config.get("columns", {}).items()),
    )


def _optional_tuple(config: Mapping[str, Any], setting: str) -> tuple[str, ...] | None:
    return tuple(config[setting]) if setting in config else None


def _entity(config: Mapping[str, Any]) -> EntitySettings:
    return EntitySettings(
        name=config["name"],
        entity_name=config.get("entity_name"),
        version=config.get("version"),
        primary_keys=_optional_tuple(config, "primary_keys"),
        columns=tuple(config.get("columns", {}).items()),
    )
