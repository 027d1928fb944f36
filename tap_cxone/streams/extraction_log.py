"""Stream `extraction_log`: one record per committed window, as evidence in the warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from singer_sdk import typing as th

from tap_cxone import __version__
from tap_cxone.clock import iso
from tap_cxone.streams.auxiliary import AuxiliaryStream

if TYPE_CHECKING:
    from datetime import datetime

    from singer_sdk import Tap

    from tap_cxone.windows import Window

NAME = "extraction_log"


def _key(name: str, kind: th.JSONTypeHelper[Any], description: str) -> th.Property[Any]:
    return th.Property(name, kind, required=True, nullable=False, description=description)


_SCHEMA = th.PropertiesList(
    _key("stream", th.StringType(), "Stream of the window."),
    _key("window_start", th.DateTimeType(), "Start of the window, UTC."),
    _key("window_end", th.DateTimeType(), "End of the window, exclusive, UTC."),
    _key("committed_at", th.DateTimeType(), "When the window was committed, UTC."),
    th.Property("started_at", th.DateTimeType, description="When its file was requested, UTC."),
    th.Property("job_id", th.StringType, description="Job that made its file."),
    th.Property("rows", th.IntegerType, description="Rows of its file."),
    th.Property("records", th.IntegerType, description="Records that were emitted."),
    th.Property(
        "quarantined", th.IntegerType, description="Invalid rows, which `quarantine` received."
    ),
    th.Property(
        "duplicates", th.IntegerType, description="Rows that were dropped for their repeated key."
    ),
    th.Property("bytes", th.IntegerType, description="Size of its file as downloaded."),
    th.Property("sha256", th.StringType, description="SHA-256 of its file as downloaded."),
    th.Property(
        "columns_added",
        th.StringType,
        description="Columns that the SCHEMA lacked before its file, separated by commas.",
    ),
    th.Property(
        "skip_reason",
        th.StringType,
        description="Reason of `skip_windows`: the window was committed without being read.",
    ),
    th.Property("tap_version", th.StringType, description="Version of tap-cxone."),
).to_dict()


class Extraction(Struct, frozen=True, kw_only=True):
    """What the commit of one window rests on.

    Attributes:
        stream: Name of the stream.
        window: The window.
        committed_at: When the window was committed.
        started_at: When its file was requested; None if it was skipped.
        job_id: ID of the job that made its file.
        rows: Number of rows of its file.
        records: Number of emitted records.
        quarantined: Number of invalid rows.
        duplicates: Number of rows that were dropped for their repeated key.
        size: Bytes of its file.
        sha256: SHA-256 of its file, in hex.
        columns_added: Names of the columns that the SCHEMA lacked before.
        skip_reason: Reason why the window was not read; None if it was.
    """

    stream: str
    window: Window
    committed_at: datetime
    started_at: datetime | None = None
    job_id: str | None = None
    rows: int | None = None
    records: int | None = None
    quarantined: int | None = None
    duplicates: int | None = None
    size: int | None = None
    sha256: str | None = None
    columns_added: tuple[str, ...] = ()
    skip_reason: str | None = None

    def record(self) -> dict[str, Any]:
        """Return the record of the stream `extraction_log`."""
        return {
            "stream": self.stream,
            "window_start": iso(self.window.start),
            "window_end": iso(self.window.end),
            "committed_at": iso(self.committed_at),
            "started_at": iso(self.started_at) if self.started_at else None,
            "job_id": self.job_id,
            "rows": self.rows,
            "records": self.records,
            "quarantined": self.quarantined,
            "duplicates": self.duplicates,
            "bytes": self.size,
            "sha256": self.sha256,
            "columns_added": ", ".join(self.columns_added) or None,
            "skip_reason": self.skip_reason,
            "tap_version": __version__,
        }

    def audit_fields(self) -> dict[str, Any]:
        """Return the fields of the audit event `window_committed`, except its duration."""
        return {
            "rows": self.records,
            "quarantined": self.quarantined,
            "dropped": self.duplicates,
            "bytes": self.size,
            "sha256": self.sha256,
            "columns_added": list(self.columns_added),
        }


class ExtractionLogStream(AuxiliaryStream):
    """The committed windows of all streams, deselected by default."""

    name = NAME
    primary_keys = ("stream", "window_start", "window_end", "committed_at")
    selected_by_default = False

    def __init__(self, tap: Tap) -> None:
        """Create the stream."""
        super().__init__(tap, {**_SCHEMA, "description": "One record per committed window."})
