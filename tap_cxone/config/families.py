"""The JSON schema of each family's own settings."""

from __future__ import annotations

from typing import Literal, get_args

from singer_sdk import typing as th

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
REPORT_TYPES = ("agent", "queue", "skill", "ic", "voicemail")
ANALYTICS_MAX_DAYS = 30  # per job, the vendor's guide to bot exports
ANALYTICS_MAX_CONCURRENT_JOBS = 3  # jobs of a tenant that may be active at once, the same guide
DATA_DOWNLOAD_MAX_PAGE_SIZE = 10_000  # the vendor's guide to custom metrics
DATA_EXTRACTION_MAX_DAYS = 14  # "up to two weeks per request", the vendor's usage guidelines
ONE_WEEK_SECONDS = 7 * 24 * 60 * 60  # in seconds; more than any wait here means

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

DATA_EXTRACTION = th.ObjectType(
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
        th.NumberType(minimum=0, maximum=ONE_WEEK_SECONDS),
        description="Seconds between two submits of a tenant. Default 30 (the API's limit).",
    ),
    th.Property(
        "settle_minutes",
        th.NumberType(minimum=0, maximum=ONE_WEEK_SECONDS),
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

OBSERVABILITY = th.ObjectType(
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

_EXPORT = th.PropertiesList(
    th.Property("name", th.StringType, required=True, description="Stream name, snake_case."),
    th.Property(
        "export_type",
        th.StringType,
        description="`exportType` of the API. Default `conversation`.",
    ),
    th.Property(
        "filter",
        th.StringType,
        description="What to export, such as `type eq 'bot'`.",
    ),
    th.Property(
        "format",
        th.StringType(allowed_values=["json", "csv"]),
        description="What to ask for; whatever comes is read. Default `json`.",
    ),
    th.Property(
        "compression",
        th.StringType(allowed_values=["gzip", "none"]),
        description="What to ask for; whatever comes is read. Default `gzip`.",
    ),
    th.Property(
        "primary_keys",
        th.ArrayType(th.StringType),
        description="Fields that identify a record. Default `id`; an empty list: `_row_hash`.",
    ),
    th.Property(
        "required_fields",
        th.ArrayType(th.StringType),
        description="Fields without which a record goes to the quarantine. Default, for the type "
        "`conversation`: `id`, `type`, `dateFrom`, `dateTo`, `botId`, `agentId`, `duration`; for "
        "others the primary keys.",
    ),
    th.Property(
        "columns",
        _COLUMNS,
        description=f"Field to type, one of {', '.join(COLUMN_TYPES)}; others are strings.",
    ),
    additional_properties=False,
)

ANALYTICS_EXPORTS = th.ObjectType(
    th.Property(
        "exports",
        th.ArrayType(th.ObjectType(*_EXPORT, additional_properties=False)),
        description="Exports beside the built-in `bot_conversations`; one with its name changes "
        "what it gives and leaves the rest.",
    ),
    th.Property(
        "max_concurrent",
        th.IntegerType(minimum=1, maximum=ANALYTICS_MAX_CONCURRENT_JOBS),
        description="Jobs of this tap that may be active at once, 1 to 3 (the API's limit, which "
        "the tenant's other exports count against too). Default 3.",
    ),
    th.Property(
        "window_days",
        th.IntegerType(minimum=1, maximum=ANALYTICS_MAX_DAYS),
        description="Days per job, 1 to 30 (the API's limit). Default 30.",
    ),
    th.Property(
        "scopes",
        th.ArrayType(th.StringType),
        description="Scopes to ask for at login, such as `analytics:export:read` and "
        "`analytics:export:write`. Default: all that the application has.",
    ),
    additional_properties=False,
)

_DOWNLOAD = th.PropertiesList(
    th.Property("name", th.StringType, required=True, description="Stream name, snake_case."),
    th.Property(
        "report",
        th.StringType,
        required=True,
        description="Report of the API, such as `Interaction/Call`.",
    ),
    th.Property(
        "metrics",
        th.ArrayType(th.StringType),
        description="Metrics of the report, such as `duration`. Default: none.",
    ),
    th.Property(
        "custom_metrics",
        th.ArrayType(th.StringType),
        description="Custom metrics by ID or display name, or `*` for all that are published. "
        "Default: none.",
    ),
    th.Property(
        "group_by",
        th.ArrayType(th.StringType),
        description="Fields that a row is grouped by, such as `interactionId`; with the window "
        "they are its key. Default: none.",
    ),
    th.Property(
        "group",
        th.ObjectType(
            th.Property("type", th.StringType, required=True, description="Such as `queue`."),
            th.Property("id", th.StringType, required=True, description="Its ID."),
            additional_properties=False,
        ),
        description="Only what belongs to this group. Default: everything.",
    ),
    additional_properties=False,
)

DATA_DOWNLOAD = th.ObjectType(
    th.Property(
        "downloads",
        th.ArrayType(th.ObjectType(*_DOWNLOAD, additional_properties=False)),
        description="What to download, a stream each. Default: nothing.",
    ),
    th.Property(
        "page_size",
        th.IntegerType(minimum=1, maximum=DATA_DOWNLOAD_MAX_PAGE_SIZE),
        description="Rows per page, up to 10,000 (the API's limit). Default 10000.",
    ),
    th.Property(
        "window_days",
        th.IntegerType(minimum=1, maximum=366),
        description="Local days per window; a row sums up what its window holds. More than one: "
        "windows end at fixed days of the calendar, and one that is not over waits. Default 1.",
    ),
    th.Property(
        "scopes",
        th.ArrayType(th.StringType),
        description="Scopes to ask for at login. Default: `api:reporting:read`, "
        "`api:data-download:read`, `api:custom-metrics:read`.",
    ),
    th.Property(
        "live_discovery",
        th.BooleanType,
        description="Whether `--discover` asks the API for the custom metrics. Default false: the "
        "catalog has those that the last run learned.",
    ),
    additional_properties=False,
)

_FILTER = th.ObjectType(
    th.Property("dimension", th.StringType, required=True, description="What to filter by."),
    th.Property("values", th.ArrayType(th.StringType), required=True, description="Its values."),
    th.Property(
        "operator",
        th.StringType(allowed_values=["in", "notIn", "eq"]),
        description="How they are compared. Default `in`.",
    ),
    additional_properties=False,
)

_REPORT = th.PropertiesList(
    th.Property(
        "name",
        th.StringType,
        required=True,
        description="Stream name, snake_case, and the name of the schedule in CXone.",
    ),
    th.Property(
        "type",
        th.StringType(allowed_values=list(REPORT_TYPES)),
        required=True,
        description=f"Type of the report: {', '.join(REPORT_TYPES)}.",
    ),
    th.Property(
        "metrics",
        th.ArrayType(th.StringType),
        required=True,
        description="What it measures, such as `handleTime`.",
    ),
    th.Property(
        "dimensions",
        th.ArrayType(th.StringType),
        required=True,
        description="What it is told apart by, such as `agentId`.",
    ),
    th.Property(
        "grouping",
        th.ArrayType(th.StringType),
        description="Dimensions that make a row, and with the window its key. Default: all.",
    ),
    th.Property("filters", th.ArrayType(_FILTER), description="Only these rows. Default: all."),
    th.Property(
        "schedule",
        th.ObjectType(
            th.Property(
                "type",
                th.StringType(allowed_values=["daily", "weekly", "monthly"]),
                description="How often CXone runs it by itself. Default `daily`.",
            ),
            th.Property("time", th.StringType, description="When, in UTC. Default `05:30`."),
            additional_properties=False,
        ),
        description="The schedule that is registered; the tap starts runs of its own.",
    ),
    additional_properties=False,
)

SCHEDULED_REPORTS = th.ObjectType(
    th.Property(
        "reports",
        th.ArrayType(th.ObjectType(*_REPORT, additional_properties=False)),
        description="Reports to register and run, a stream each. Default: nothing.",
    ),
    th.Property(
        "window_days",
        th.IntegerType(minimum=1, maximum=366),
        description="UTC days per run; a row sums up what its window holds. More than one: "
        "windows end at fixed days of the calendar, and one that is not over waits. Default 1.",
    ),
    th.Property(
        "settle_hour_utc",
        th.NumberType(minimum=0, maximum=48),
        description="Hour of the next day from which a day's figures are final. Default 5.",
    ),
    th.Property(
        "poll_interval_seconds",
        th.NumberType(exclusive_minimum=0, maximum=ONE_WEEK_SECONDS),
        description="Seconds between two looks at a run, growing to eight times as many. "
        "Default 15 (less shows nothing new).",
    ),
    th.Property(
        "job_timeout_minutes",
        th.NumberType(exclusive_minimum=0, maximum=ONE_WEEK_SECONDS),
        description="Minutes after which a run is cancelled and, once, tried with half the days. "
        "Default 45 (the engine itself dies at 30).",
    ),
    th.Property(
        "allow_unknown_metrics",
        th.BooleanType,
        description="Whether metrics that this tap does not know may be asked for. Default false.",
    ),
    th.Property(
        "scopes",
        th.ArrayType(th.StringType),
        description="Scopes to ask for at login. Default: `analytics:reports:read`, "
        "`analytics:reports:write`.",
    ),
    additional_properties=False,
)

WEBHOOK = th.ObjectType(
    th.Property(
        "url",
        th.StringType,
        required=True,
        secret=True,
        description="Where to post; https, or http to this machine. It never shows in a log.",
    ),
    th.Property(
        "sample_size",
        th.IntegerType(minimum=0, maximum=1000),
        description="Records to send along, as they left (selection and stream maps applied). "
        "Default 0.",
    ),
    th.Property(
        "timeout_seconds",
        th.NumberType(exclusive_minimum=0, maximum=ONE_WEEK_SECONDS),
        description="Seconds to wait for the answer; it is tried three times. Default 10.",
    ),
    th.Property(
        "headers",
        th.ObjectType(additional_properties=th.StringType),
        secret=True,
        description="Headers to send along, such as `Authorization`.",
    ),
    additional_properties=False,
)

BATCHES = th.ObjectType(
    th.Property(
        "encoding",
        th.ObjectType(
            th.Property(
                "format",
                th.StringType(allowed_values=["jsonl", "parquet"]),
                required=True,
                description="`jsonl`, one JSON object a line, or `parquet` (extra `parquet`).",
            ),
            th.Property(
                "compression",
                th.StringType(allowed_values=["gzip", "none"]),
                description="`gzip` or `none`. Default `gzip`.",
            ),
            additional_properties=False,
        ),
        required=True,
        description="What the files are.",
    ),
    th.Property(
        "storage",
        th.ObjectType(
            th.Property(
                "root",
                th.StringType(min_length=1),
                required=True,
                description="A directory, or what fsspec can reach, such as `s3://bucket/cxone`, "
                "which must be there already. The target reads it at the same address.",
            ),
            th.Property(
                "prefix",
                th.StringType(pattern=r"^[^/\\]*$"),
                description="What the names of files begin with. Default: nothing.",
            ),
            th.Property(
                "params",
                th.ObjectType(),
                secret=True,
                description="What fsspec needs to get there, such as keys; never shown, and not "
                "handed to the target.",
            ),
            additional_properties=False,
        ),
        required=True,
        description="Where they go.",
    ),
    th.Property(
        "batch_size",
        th.IntegerType(minimum=1, maximum=10_000_000),
        description="Most rows of a file, which wait for it in memory. Default 10000.",
    ),
    additional_properties=False,
)
