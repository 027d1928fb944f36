"""The settings: their JSON schema, and the frozen `Settings` read from it once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Any, Literal

from singer_sdk import typing as th

from tap_cxone.clock import parse_instant

ColumnType = Literal["string", "integer", "number", "boolean", "date", "date-time"]
COLUMN_TYPES: tuple[ColumnType, ...] = (
    "string",
    "integer",
    "number",
    "boolean",
    "date",
    "date-time",
)
DATA_EXTRACTION_MAX_DAYS = 14  # "up to two weeks per request", the vendor's usage guidelines
_A_WEEK = 7 * 24 * 60 * 60  # in seconds; more than any wait here means

_ENTITY = th.PropertiesList(
    th.Property("name", th.StringType, required=True, description="Stream name, snake_case."),
    th.Property("entity_name", th.StringType, description="`entityName` of the API."),
    th.Property("version", th.StringType, description="`version` of the entity, as text."),
    th.Property(
        "primary_keys",
        th.ArrayType(th.StringType),
        description="Columns that identify a row; without them the key is `_row_hash`.",
    ),
    th.Property(
        "columns",
        th.ObjectType(additional_properties=th.StringType(allowed_values=list(COLUMN_TYPES))),
        description=f"Column to type, one of {', '.join(COLUMN_TYPES)}; others are strings.",
    ),
    additional_properties=False,
)

_DATA_EXTRACTION = th.ObjectType(
    th.Property(
        "mode",
        th.StringType(allowed_values=["auto", "sync", "async"]),
        description="`sync` posts to `/jobs/sync`, `async` to `/jobs` and polls; `auto` tries "
        "sync first and remembers a tenant that has no sync endpoint. Default `auto`.",
    ),
    th.Property(
        "window_days",
        th.IntegerType(minimum=1, maximum=DATA_EXTRACTION_MAX_DAYS),
        description="Days per request, 1 to 14 (the API's limit). Default 14.",
    ),
    th.Property(
        "request_spacing_seconds",
        th.NumberType(minimum=0, maximum=_A_WEEK),
        description="Seconds between two submits of a tenant. Default 30 (the API's limit).",
    ),
    th.Property(
        "settle_minutes",
        th.NumberType(minimum=0, maximum=_A_WEEK),
        description="Minutes until the API shows every row; nothing newer is taken as complete. "
        "Default 30.",
    ),
    th.Property(
        "entities",
        th.ArrayType(th.ObjectType(*_ENTITY, additional_properties=False)),
        description="Entities beside the built-in ones; one with the name of a built-in stream "
        "changes what it gives and leaves the rest.",
    ),
    additional_properties=False,
)

SETTINGS = th.PropertiesList(
    th.Property(
        "access_key_id",
        th.StringType,
        secret=True,
        title="Access key ID",
        description="Access key ID of a CXone user (My Profile > Access Keys).",
    ),
    th.Property(
        "access_key_secret",
        th.StringType,
        secret=True,
        title="Access key secret",
        description="Secret of the access key, shown once when the key is made.",
    ),
    th.Property(
        "region",
        th.StringType,
        default="na1",
        title="Region",
        description="Area of the tenant, such as `na1`, `eu1`, `au1`; the hosts follow from it.",
    ),
    th.Property(
        "base_url",
        th.StringType,
        title="Base URL",
        description="Replaces every host, token endpoints included; for a proxy or the "
        "simulator. https, or http to this machine.",
    ),
    th.Property(
        "endpoints",
        th.ObjectType(
            th.Property("data_extraction", th.StringType, description="Host of this family."),
            th.Property("data_extraction_token", th.StringType, description="Its token URL."),
            additional_properties=False,
        ),
        title="Endpoints",
        description="Overrides single hosts or token URLs.",
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        title="Start date",
        description="Earliest instant to extract, ISO 8601 (without an offset: UTC). Default 30 "
        "days before the run.",
    ),
    th.Property(
        "end_date",
        th.DateTimeType,
        title="End date",
        description="Where to end, ISO 8601, for a backfill of a fixed period. Default: the "
        "newest instant the API has settled.",
    ),
    th.Property(
        "lookback_days",
        th.IntegerType(minimum=0, maximum=36500),
        default=0,
        title="Lookback days",
        description="Read this many days before the bookmark again, for rows that change later.",
    ),
    th.Property(
        "data_extraction",
        _DATA_EXTRACTION,
        title="Data Extraction",
        description="The Data Extraction family: `mode`, `window_days`, "
        "`request_spacing_seconds`, `settle_minutes`, `entities`.",
    ),
    th.Property(
        "schema_drift",
        th.StringType(allowed_values=["evolve", "ignore", "fail"]),
        default="evolve",
        title="Schema drift",
        description="A column nobody declared: `evolve` adds it as a nullable string with a new "
        "SCHEMA, `ignore` leaves it out, `fail` fails the window.",
    ),
    th.Property(
        "poll_interval_seconds",
        th.NumberType(exclusive_minimum=0, maximum=_A_WEEK),
        default=5,
        title="Poll interval (seconds)",
        description="Seconds before a job is asked for the first time; later asks wait longer, "
        "up to six times as long.",
    ),
    th.Property(
        "job_timeout_minutes",
        th.NumberType(exclusive_minimum=0, maximum=_A_WEEK),
        default=30,
        title="Job time-out (minutes)",
        description="Minutes a job may run, and an API that says 'wait' is waited for.",
    ),
    th.Property(
        "max_retries",
        th.IntegerType(minimum=0),
        default=8,
        title="Retries",
        description="How often a failed read, login or download is tried again.",
    ),
    th.Property(
        "user_agent",
        th.StringType,
        title="User agent",
        description="User-Agent header. Default `tap-cxone/<version>`.",
    ),
    additional_properties=False,
)


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key of a CXone user."""

    key_id: str
    secret: str


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
    spacing: timedelta
    settle: timedelta
    entities: tuple[EntitySettings, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a run is told, checked and typed."""

    access_key: AccessKey | None
    region: str
    base_url: str | None
    endpoints: Mapping[str, str]
    start_date: datetime | None
    end_date: datetime | None
    lookback: timedelta
    data_extraction: DataExtractionSettings
    schema_drift: Literal["evolve", "ignore", "fail"]
    poll_interval: timedelta
    job_timeout: timedelta
    max_retries: int
    user_agent: str

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> Settings:
        """Read settings that have been checked (see `checks.problems`); a null is left out."""
        config = _given(config)
        key_id, secret = config.get("access_key_id"), config.get("access_key_secret")
        return cls(
            access_key=AccessKey(key_id, secret) if key_id and secret else None,
            region=config.get("region", "na1"),
            base_url=config.get("base_url"),
            endpoints=dict(config.get("endpoints", {})),
            start_date=_instant(config.get("start_date")),
            end_date=_instant(config.get("end_date")),
            lookback=timedelta(days=config.get("lookback_days", 0)),
            data_extraction=_data_extraction(config.get("data_extraction", {})),
            schema_drift=config.get("schema_drift", "evolve"),
            poll_interval=timedelta(seconds=_float(config, "poll_interval_seconds", 5)),
            job_timeout=timedelta(minutes=_float(config, "job_timeout_minutes", 30)),
            max_retries=config.get("max_retries", 8),
            user_agent=config.get("user_agent") or f"tap-cxone/{version('tap-cxone')}",
        )

    def host(self, family: str, default: str) -> str:
        """Return the host of a family: `endpoints`, else `base_url`, else the vendor's."""
        return (self.endpoints.get(family) or self.base_url or default).rstrip("/")

    def token_url(self, family: str, default: str, path: str) -> str:
        """Return the token URL of a family: `endpoints`, else on `base_url` or the default host."""
        url = self.endpoints.get(f"{family}_token")
        return url or f"{(self.base_url or default).rstrip('/')}{path}"


def _instant(text: str | None) -> datetime | None:
    return parse_instant(text) if text else None


def _given(config: Any) -> Any:
    if isinstance(config, Mapping):
        return {name: _given(value) for name, value in config.items() if value is not None}
    return [_given(item) for item in config] if isinstance(config, list) else config


def _float(config: Mapping[str, Any], name: str, default: float) -> float:
    # The SDK reads fractions of a settings file as Decimal.
    return float(config.get(name, default))


def _data_extraction(config: Mapping[str, Any]) -> DataExtractionSettings:
    return DataExtractionSettings(
        mode=config.get("mode", "auto"),
        window_days=config.get("window_days", DATA_EXTRACTION_MAX_DAYS),
        spacing=timedelta(seconds=_float(config, "request_spacing_seconds", 30)),
        settle=timedelta(minutes=_float(config, "settle_minutes", 30)),
        entities=tuple(_entity(entity) for entity in config.get("entities", [])),
    )


def _entity(config: Mapping[str, Any]) -> EntitySettings:
    keys = config.get("primary_keys")
    return EntitySettings(
        name=config["name"],
        entity_name=config.get("entity_name"),
        version=config.get("version"),
        primary_keys=None if keys is None else tuple(keys),
        columns=tuple(config.get("columns", {}).items()),
    )
