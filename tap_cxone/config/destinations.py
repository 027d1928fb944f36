"""The settings of what receives rows and notifications beside the target: files and a webhook."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, Literal

from msgspec import Meta

from tap_cxone.config.definition import ONE_WEEK, SECRET

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


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """The settings of the completion webhook."""

    url: Annotated[
        str,
        Meta(
            description="Address to post to: https, or http to this machine. No log shows it.",
            extra_json_schema=SECRET,
        ),
    ] = field(repr=False)
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
    ] = field(default="", repr=False)
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
    ] = field(default_factory=dict, repr=False)

    @property
    def timeout(self) -> timedelta:
        """Return how long to wait for a response."""
        return timedelta(seconds=self.timeout_seconds)


@dataclass(frozen=True, slots=True)
class BatchEncoding:
    """The format of batch files."""

    format: Annotated[
        Literal["jsonl", "parquet"],
        Meta(
            description="`jsonl` writes one JSON object a line; `parquet` needs the extra "
            "`parquet`."
        ),
    ]
    compression: Annotated[
        Literal["gzip", "none"], Meta(description="Compression of the files: `gzip` or `none`.")
    ] = "gzip"


@dataclass(frozen=True, slots=True)
class BatchStorage:
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
    params: Annotated[
        dict[str, Any],
        Meta(
            description="Parameters of the fsspec file system, such as keys. No log shows them, "
            "and the target does not receive them.",
            extra_json_schema=SECRET,
        ),
    ] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """The settings of the files that replace RECORD messages."""

    encoding: Annotated[BatchEncoding, Meta(description="Format of the files.")]
    storage: Annotated[BatchStorage, Meta(description="Location of the files.")]
    batch_size: Annotated[
        int,
        Meta(
            ge=1,
            le=10_000_000,
            description="Maximum number of rows in a file; they are held in memory until the file "
            "is written.",
        ),
    ] = 10_000

    @property
    def compressed(self) -> bool:
        """Return True if the files are compressed."""
        return self.encoding.compression == "gzip"
