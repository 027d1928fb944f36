"""The JSON schema of the settings."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_cxone.config.families import (
    ANALYTICS_EXPORTS,
    BATCHES,
    DATA_DOWNLOAD,
    DATA_EXTRACTION,
    OBSERVABILITY,
    ONE_WEEK_SECONDS,
    SCHEDULED_REPORTS,
    WEBHOOK,
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
        description="Client ID of an application registered with NICE, for analytics exports, "
        "data download and scheduled reports; observability needs it beside the access key.",
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
        "tenant",
        th.StringType,
        title="Tenant",
        description="The tenant's sub-domain, for data download: `https://{tenant}.nicecxone.com`.",
    ),
    th.Property(
        "base_url",
        th.StringType,
        title="Base URL",
        description="Replaces every host, token endpoints included; for a proxy or the "
        "simulator. https, or http to this machine.",
    ),
    th.Property(
        "allow_insecure",
        th.BooleanType,
        default=False,
        title="Allow http",
        description="Whether `base_url`, `endpoints` and download links may be http to another "
        "machine: keys, tokens and people's data then travel in the open. For tests in a closed "
        "network only.",
    ),
    th.Property(
        "endpoints",
        th.ObjectType(
            th.Property("data_extraction", th.StringType, description="Host of this family."),
            th.Property("data_extraction_token", th.StringType, description="Its token URL."),
            th.Property("observability", th.StringType, description="Host of this family."),
            th.Property("observability_token", th.StringType, description="Its token URL."),
            th.Property("analytics_exports", th.StringType, description="Host of this family."),
            th.Property("analytics_exports_token", th.StringType, description="Its token URL."),
            th.Property("data_download", th.StringType, description="Host of this family."),
            th.Property("data_download_token", th.StringType, description="Its token URL."),
            th.Property("scheduled_reports", th.StringType, description="Host of this family."),
            th.Property("scheduled_reports_token", th.StringType, description="Its token URL."),
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
        description="IANA zone in which observability shows dates, and whose days data download "
        "reads. Default: `UTC` for observability, the tenant's own for data download.",
    ),
    th.Property(
        "data_extraction",
        DATA_EXTRACTION,
        title="Data Extraction",
        description="The Data Extraction family: `mode`, `window_days`, "
        "`request_spacing_seconds`, `settle_minutes`, `entities`.",
    ),
    th.Property(
        "observability",
        OBSERVABILITY,
        title="Observability",
        description="The Observability Dashboard's exports: `tables`, `channels`, `filters`, "
        "`window_days`, `exports_per_day`, `primary_keys`, `columns`.",
    ),
    th.Property(
        "analytics_exports",
        ANALYTICS_EXPORTS,
        title="Analytics exports",
        description="The analytics exports: `exports`, `max_concurrent`, `window_days`, `scopes`.",
    ),
    th.Property(
        "data_download",
        DATA_DOWNLOAD,
        title="Data download",
        description="Reports with custom metrics: `downloads`, `page_size`, `window_days`, "
        "`scopes`, `live_discovery`.",
    ),
    th.Property(
        "scheduled_reports",
        SCHEDULED_REPORTS,
        title="Scheduled reports",
        description="Custom reports: `reports`, `window_days`, `settle_hour_utc`, "
        "`poll_interval_seconds`, `job_timeout_minutes`, `allow_unknown_metrics`, `scopes`.",
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
        "invalid_records",
        th.StringType(allowed_values=["quarantine", "fail"]),
        default="quarantine",
        title="Invalid records",
        description="A row that does not fit its stream: `quarantine` sends it to the stream "
        "`quarantine`, `fail` fails its window.",
    ),
    th.Property(
        "max_invalid_ratio",
        th.NumberType(minimum=0, maximum=1),
        default=0.1,
        title="Most invalid rows",
        description="Past this part of a window's rows the window fails and nothing of it leaves, "
        "whatever `invalid_records` says.",
    ),
    th.Property(
        "max_file_mb",
        th.NumberType(exclusive_minimum=0, maximum=1_000_000_000),
        default=20000,
        title="Largest file (MB)",
        description="Most megabytes that a downloaded file may unpack to; one that is larger is "
        "taken for a decompression bomb and fails its window.",
    ),
    th.Property(
        "lanes",
        th.BooleanType,
        default=True,
        title="Lanes",
        description="Whether the families work side by side: while rows of one leave, the jobs of "
        "the others run and their files come. false: one window after the other.",
    ),
    th.Property(
        "spool_limit_mb",
        th.NumberType(exclusive_minimum=0, maximum=1_000_000_000),
        default=2000,
        title="Spool limit (MB)",
        description="Most megabytes of files that wait on the disk for their turn; past it a "
        "family fetches only what is read next. The largest file of each family may come on top.",
    ),
    th.Property(
        "audit_log_path",
        th.StringType,
        title="Audit log",
        description="File to append one JSON line to for whatever happens to a job, a window and "
        "the run (made with mode 0600). Default: none.",
    ),
    th.Property(
        "journal_path",
        th.StringType,
        title="Journal",
        description="SQLite file (made with mode 0600) with the jobs and submits of all runs, for "
        "when a pod dies before its target has kept the state; processes of one machine that share "
        "it take turns at a tenant. Default: none.",
    ),
    th.Property(
        "completion_webhook",
        WEBHOOK,
        title="Completion webhook",
        description="Address that is told of every committed window: `url`, `sample_size`, "
        "`timeout_seconds`, `headers`. Its failure never fails a run. Default: none.",
    ),
    th.Property(
        "batch_config",
        BATCHES,
        title="Batches",
        description="Rows leave in files that BATCH messages name, in place of RECORD messages: "
        "`encoding`, `storage`, `batch_size`. For a target that takes batches. Default: none.",
    ),
    th.Property(
        "poll_interval_seconds",
        th.NumberType(exclusive_minimum=0, maximum=ONE_WEEK_SECONDS),
        default=5,
        title="Poll interval (seconds)",
        description="Seconds before a job is asked for the first time; later asks wait longer, "
        "up to six times as long.",
    ),
    th.Property(
        "job_timeout_minutes",
        th.NumberType(exclusive_minimum=0, maximum=ONE_WEEK_SECONDS),
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
