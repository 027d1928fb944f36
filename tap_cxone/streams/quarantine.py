"""Quarantine stream: the invalid rows of all other streams."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from tap_cxone.clock import iso
from tap_cxone.redact import SecretStruct
from tap_cxone.streams.auxiliary import AuxiliaryStream

if TYPE_CHECKING:
    from datetime import datetime

    from singer_sdk import Tap

    from tap_cxone.rows.row_counts import InvalidRow
    from tap_cxone.windows import Window

NAME = "quarantine"

_SCHEMA = th.PropertiesList(
    th.Property(
        "record_id",
        th.StringType,
        required=True,
        nullable=False,
        description="SHA-256 of the stream's name and the row; equal rows have equal IDs.",
    ),
    th.Property("stream", th.StringType, description="Stream of the row."),
    th.Property("job_id", th.StringType, description="Job whose file contains the row."),
    th.Property("window_start", th.DateTimeType, description="Start of the job's window, UTC."),
    th.Property("window_end", th.DateTimeType, description="End of the job's window, UTC."),
    th.Property("location", th.StringType, description="Line or record of the file."),
    th.Property("reason", th.StringType, description="Reason why the row is invalid."),
    th.Property("field", th.StringType, description="Invalid column or field."),
    th.Property("record", th.StringType, description="The row as in the file, as JSON text."),
    th.Property(
        "quarantined_at", th.DateTimeType, description="When the row was quarantined, UTC."
    ),
).to_dict()


class QuarantinedRow(SecretStruct, frozen=True):
    """An invalid row, with its stream, job, window and time of quarantine."""

    stream: str
    job_id: str | None
    window: Window
    invalid: InvalidRow
    quarantined_at: datetime

    @property
    def record_id(self) -> str:
        """Return the ID of the row; a repeated row of the same stream has the same ID."""
        return hashlib.sha256(f"{self.stream}\n{self.invalid.raw}".encode()).hexdigest()

    def record(self) -> dict[str, Any]:
        """Return the record of the quarantine stream."""
        return {
            "record_id": self.record_id,
            "stream": self.stream,
            "job_id": self.job_id,
            "window_start": iso(self.window.start),
            "window_end": iso(self.window.end),
            "location": self.invalid.location,
            "reason": self.invalid.reason,
            "field": self.invalid.field,
            "record": self.invalid.raw,
            "quarantined_at": iso(self.quarantined_at),
        }


class QuarantineStream(AuxiliaryStream):
    """The invalid rows of all other streams."""

    name = NAME
    primary_keys = ("record_id",)

    def __init__(self, tap: Tap) -> None:
        """Create the stream."""
        super().__init__(tap, {**_SCHEMA, "description": "Rows that failed validation."})
