"""The settings of rows and windows that cannot be used as they are."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 (the definition reads the annotations)
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from tap_cxone.config.connection import ConnectionSettings
from tap_cxone.config.definition import BaseSettings

MetadataColumn = Literal["_job_id", "_row_number", "_file_sha256", "_extracted_at"]
"""A column that tells from which file a record comes."""


class SkippedRange(BaseSettings, frozen=True):
    """A time range whose rows one stream does not read."""

    stream: Annotated[str, Meta(description="Name of the stream.")]
    from_: Annotated[
        datetime,
        Meta(
            description="Begin of the range, ISO 8601 (UTC if it has no offset). A plain date is a "
            "local day of the zone, as in `start_date`."
        ),
    ]
    to: Annotated[
        datetime, Meta(description="End of the range, exclusive, ISO 8601 (UTC without an offset).")
    ]
    why: Annotated[str, Meta(min_length=1, description="Reason, for the audit log and the report.")]


class RowSettings(ConnectionSettings, frozen=True, kw_only=True):
    """The settings of rows and windows that cannot be used as they are."""

    invalid_records: Annotated[
        Literal["quarantine", "fail"],
        Meta(
            title="Invalid records",
            description="How to treat a row that fails validation: `quarantine` sends it to the "
            "stream `quarantine`, `fail` fails the window.",
        ),
    ] = "quarantine"
    max_invalid_ratio: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            title="Maximum share of invalid rows",
            description="Maximum share of invalid rows per window (0 to 1). Above it the window "
            "fails and emits no rows, whatever `invalid_records` is.",
        ),
    ] = 0.1
    max_invalid_rows_free: Annotated[
        int,
        Meta(
            ge=0,
            title="Invalid rows that never fail a window",
            description="Number of invalid rows that never fail a window, whatever their share "
            "is. It does not apply to a file without one row that has the stream's keys and "
            "required fields.",
        ),
    ] = 10
    count_identical_rows: Annotated[
        bool,
        Meta(
            title="Count identical rows",
            description="Whether a stream whose key is `_row_hash` emits each of several "
            "identical rows of a window. The number of the occurrence becomes part of the hash. "
            "`false` emits such a row once.",
        ),
    ] = False
    metadata_columns: Annotated[
        tuple[MetadataColumn, ...],
        Meta(
            title="Metadata columns",
            description="Further columns of each record: `_job_id`, `_row_number`, `_file_sha256` "
            "and `_extracted_at` of its file. Tables that are read whole have no file.",
        ),
    ] = ()
    keep_failed_files: Annotated[
        str | None,
        Meta(
            title="Keep failed files",
            description="Directory for the raw file of a window that fails because of its rows. "
            "Its files have mode 0600, and the newest 20 are kept. They hold personal data. "
            "Default: none.",
        ),
    ] = None
    skip_windows: Annotated[
        tuple[SkippedRange, ...],
        Meta(
            title="Skipped windows",
            description="Time ranges to pass without reading them, because their rows fail each "
            "run. The bookmark moves past them. Streams that are read whole have none.",
        ),
    ] = ()

    @property
    def failed_files_folder(self) -> Path | None:
        """Return the directory for the files of failed windows; None to keep none."""
        return Path(self.keep_failed_files) if self.keep_failed_files else None
