"""The settings: their JSON schema, and the frozen `Settings` read from it once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Any, Literal, get_args
from urllib.parse import unquote

from singer_sdk import typing as th

from tap_cxone.clock import parse_instant

ColumnType = Literal["string", "integer", "number", "boolean", "date", "date-time"]
COLUMN_TYPES: tuple[ColumnType, ...] = get_args(ColumnType)
TABLES = (
    "Copilot/KBTable",
    "Copilot/ASTable",
    "Copilot/AQTable",
    "AutopilotKnowledge/GRTable",
    "autopilot/GRTable",
)
FILTERS = ("Team", "Skill", "CopilotProfileId", "AgentNumber")
DATA_EXTRACTION_MAX_DAYS = 14  # "up to two weeks per request", the vendor's usage guidelines
_A_WEEK = 7 * 24 * 60 * 60  # in seconds; more than any wait here means

_COLUMNS = th.ObjectType(additional_properties=th.StringType(allowed_values=list(COLUMN_TYPES)))

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
        _COLUMNS,
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

_OBSERVABILITY = th.ObjectType(
    th.Property(
        "tables",
        th.ArrayType(th.StringType(allowed_values=list(TABLES))),
        description=f"Tables to export: {', '.join(TABLES)}; the last two are the same data under "
        "two names, one of which a tenant has. Default: all.",
    ),
    th.Property(
        "channels",
        th.ArrayType(th.StringType(allowed_values=["digital", "voice"])),
        description="Only these channels (`digital`, `voice`); KBTable and ASTable take it. "
        "Default: all channels.",
    ),
    th.Property(
        "filters",
        th.ObjectType(
            *(
                th.Property(name, th.ArrayType(th.StringType), description=f"{name} filter.")
                for name in FILTERS
            ),
            additional_properties=False,
        ),
        description="Only rows with one of these values; KBTable and ASTable take all four "
        "filters, AQTable CopilotProfileId and AgentNumber, GRTable none.",
    ),
    th.Property(
        "window_days",
        th.IntegerType(minimum=1, maximum=366),
        description="Days per export. Default 31: exports are few, days are not.",
    ),
    th.Property(
        "exports_per_day",
        th.IntegerType(minimum=1),
        description="Exports per 24 hours that the tenant allows, all tables together; null for a "
        "user of the Observability Dashboard, who has no such limit. Default 3.",
    ),
    th.Property(
        "primary_keys",
        th.ObjectType(additional_properties=th.ArrayType(th.StringType)),
        description="Stream name to the columns that identify a row. Default: `_row_hash`.",
    ),
    th.Property(
        "columns",
        th.ObjectType(additional_properties=_COLUMNS),
        description="Stream name to column to type, as for entities. Default: strings.",
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
        "client_id",
        th.StringType,
        secret=True,
        title="Client ID",
        description="Client ID of an application registered with NICE; observability needs it "
        "beside the access key.",
    ),
    th.Property(
        "client_secret",
        th.StringType,
        secret=True,
        title="Client secret",
        description="Secret of that application.",
    ),
    th.Property(
        "client_auth_method",
        th.StringType(allowed_values=["client_secret_post", "client_secret_basic"]),
        default="client_secret_post",
        title="Client authentication",
        description="How the application was registered to show its secret: in the form, or as "
        "HTTP Basic.",
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
            th.Property("observability", th.StringType, description="Host of this family."),
            th.Property("observability_token", th.StringType, description="Its token URL."),
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
        "timezone",
        th.StringType,
        title="Time zone",
        description="IANA zone in which observability shows dates. Default `UTC`.",
    ),
    th.Property(
        "data_extraction",
        _DATA_EXTRACTION,
        title="Data Extraction",
        description="The Data Extraction family: `mode`, `window_days`, "
        "`request_spacing_seconds`, `settle_minutes`, `entities`.",
    ),
    th.Property(
        "observability",
        _OBSERVABILITY,
        title="Observability",
        description="The Observability Dashboard's exports: `tables`, `channels`, `filters`, "
        "`window_days`, `exports_per_day`, `primary_keys`, `columns`.",
    ),
    th.Property(
        "on_quota_exhausted",
        th.StringType(allowed_values=["stop", "fail"]),
        default="stop",
        title="When a quota is used up",
        description="`stop` keeps what is done, says when to come back and exits with 0; `fail` "
        "exits with 1.",
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

    key_id: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Application:
    """An application registered with the vendor."""

    client_id: str = field(repr=False)
    secret: str = field(repr=False)
    basic: bool


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
class Settings:
    """Everything a run is told, checked and typed."""

    access_key: AccessKey | None
    application: Application | None
    region: str
    base_url: str | None
    endpoints: Mapping[str, str]
    start_date: datetime | None
    end_date: datetime | None
    lookback: timedelta
    timezone: str | None
    data_extraction: DataExtractionSettings
    observability: ObservabilitySettings
    on_quota_exhausted: Literal["stop", "fail"]
    schema_drift: Literal["evolve", "ignore", "fail"]
    poll_interval: timedelta
    job_timeout: timedelta
    max_retries: int
    user_agent: str

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> Settings:
        """Read settings that have been checked (see `checks.problems`); a null is left out."""
        unlimited = (config.get("observability") or {}).get("exports_per_day", 3) is None
        config = _given(config)
        return cls(
            access_key=_access_key(config),
            application=_application(config),
            region=config.get("region", "na1"),
            base_url=config.get("base_url"),
            endpoints=dict(config.get("endpoints", {})),
            start_date=_instant(config.get("start_date")),
            end_date=_instant(config.get("end_date")),
            lookback=timedelta(days=config.get("lookback_days", 0)),
            timezone=config.get("timezone"),
            data_extraction=_data_extraction(config.get("data_extraction", {})),
            observability=_observability(config.get("observability", {}), unlimited=unlimited),
            on_quota_exhausted=config.get("on_quota_exhausted", "stop"),
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


def _access_key(config: Mapping[str, Any]) -> AccessKey | None:
    key_id, secret = config.get("access_key_id"), config.get("access_key_secret")
    # The vendor's pages show keys URL-encoded (`%3D%3D`); a key itself holds no per cent sign.
    return AccessKey(unquote(key_id), unquote(secret)) if key_id and secret else None


def _application(config: Mapping[str, Any]) -> Application | None:
    client_id, secret = config.get("client_id"), config.get("client_secret")
    basic = config.get("client_auth_method") == "client_secret_basic"
    return Application(client_id, secret, basic) if client_id and secret else None


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


def _entity(config: Mapping[str, Any]) -> EntitySettings:
    keys = config.get("primary_keys")
    return EntitySettings(
        name=config["name"],
        entity_name=config.get("entity_name"),
        version=config.get("version"),
        primary_keys=None if keys is None else tuple(keys),
        columns=tuple(config.get("columns", {}).items()),
    )
