"""The settings of what receives rows and notifications beside the target: files and a webhook."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from tap_cxone.config.definition import ONE_WEEK, SECRET, BaseSettings

WebhookEvent = Literal[
    "window_committed",
    "stream_failed",
    "drift",
    "quarantine",
    "job_stuck",
    "quota_exhausted",
    "run_ended",
]
"""An event of a run that the webhook can report."""


class WebhookSettings(BaseSettings, frozen=True):
    """The settings of the completion webhook."""

    url: Annotated[
        str,
        Meta(
            description="Address to post to: https, or http to this machine. No log shows it.",
            extra_json_schema=SECRET,
        ),
    ]
    events: Annotated[
        tuple[WebhookEvent, ...],
        Meta(
            description="Events to report: `window_committed`, `stream_failed`, `drift` (new or "
            "changed columns), `quarantine` (a window with invalid rows), `job_stuck`, "
            "`quota_exhausted`, `run_ended`."
        ),
    ] = ("window_committed",)
    secret: Annotated[
        str,
        Meta(
            description="Shared secret of the header `X-Signature-256`, the HMAC-SHA256 of the "
            "body as `sha256=<hex>`. Default: no header.",
            extra_json_schema=SECRET,
        ),
    ] = ""
    sample_size: Annotated[
        int,
        Meta(
            ge=0,
            le=1000,
            description="Number of emitted records in a notification, with selection and stream "
            "maps applied.",
        ),
    ] = 0
    timeout_seconds: Annotated[
        float,
        Meta(
            gt=0,
            le=ONE_WEEK,
            description="Seconds to wait for a response; a notification is tried three times.",
        ),
    ] = 10
    headers: Annotated[
        dict[str, str],
        Meta(
            description="Extra headers of a notification, such as `Authorization`.",
            extra_json_schema=SECRET,
        ),
    ] = field(default_factory=dict)

    @property
    def timeout(self) -> timedelta:
        """Return how long to wait for a response."""
        return timedelta(seconds=self.timeout_seconds)


class BatchEncoding(BaseSettings, frozen=True):
    """The format of batch files."""

    format: Annotated[
        Literal["jsonl", "parquet"],
        Meta(
            description="`jsonl` writes one JSON object a line; `parquet` needs the extra "
            "`parquet`."
        ),
    ]
    compression: Annotated[
        Literal["gzip", "none"],
        Meta(
            description="`none` writes files without compression. `gzip` compresses `jsonl`; for "
            "parquet, `parquet.compression` names the method."
        ),
    ] = "gzip"


class ParquetSettings(BaseSettings, frozen=True):
    """The settings of parquet files."""

    numbers: Annotated[
        Literal["double", "decimal"],
        Meta(
            description="Type of `number` columns: `double`, or `decimal` for decimal128 of 38 "
            "digits. A row with a number that the type does not hold exactly is invalid."
        ),
    ] = "double"
    decimals: Annotated[
        int,
        Meta(
            ge=0,
            le=37,
            description="Decimals of `decimal` columns that declare no `precision`.",
        ),
    ] = 9
    compression: Annotated[
        Literal["zstd", "snappy", "gzip"], Meta(description="Compression of the columns.")
    ] = "zstd"
    row_group_rows: Annotated[
        int,
        Meta(
            ge=1000,
            le=1_000_000,
            description="Number of rows in a row group; they are held in memory until it is full.",
        ),
    ] = 50_000


class BatchStorage(BaseSettings, frozen=True):
    """The location of batch files."""

    root: Annotated[
        str,
        Meta(
            min_length=1,
            description="A directory, or a URL of fsspec such as `s3://bucket/cxone`, whose bucket "
            "must exist. The target reads the files at the same address.",
        ),
    ]
    prefix: Annotated[
        str, Meta(pattern=r"^[^/\\]*$", description="First characters of all file names.")
    ] = ""
    layout: Annotated[
        Literal["flat", "hive"],
        Meta(
            description="`flat` puts all files into the root. `hive` makes a folder per stream and "
            "window, such as `qm_workflows/window_start=2026-03-01T000000Z`."
        ),
    ] = "flat"
    params: Annotated[
        dict[str, Any],
        Meta(
            description="Parameters of the fsspec file system, such as keys. No log shows them, "
            "and the target does not receive them.",
            extra_json_schema=SECRET,
        ),
    ] = field(default_factory=dict)


class BatchSettings(BaseSettings, frozen=True):
    """The settings of the files that replace RECORD messages."""

    encoding: Annotated[BatchEncoding, Meta(description="Format of the files.")]
    storage: Annotated[BatchStorage, Meta(description="Location of the files.")]
    batch_size: Annotated[
        int,
        Meta(
            ge=1,
            le=10_000_000,
            description="Maximum number of rows in a file.",
        ),
    ] = 10_000
    parquet: Annotated[ParquetSettings, Meta(description="Settings of parquet files.")] = field(
        default_factory=ParquetSettings
    )

    @property
    def compressed(self) -> bool:
        """Return True if the files are compressed."""
        return self.encoding.compression == "gzip"
