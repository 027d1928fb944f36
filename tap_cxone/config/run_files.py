"""The settings of what a run leaves behind: the audit log, the run summary and the journal."""

from typing import Annotated, Any

from msgspec import Meta, field

from tap_cxone.config.definition import SECRET
from tap_cxone.config.history import HistorySettings


class RunFileSettings(HistorySettings, frozen=True, kw_only=True):
    """The settings of what a run leaves behind for later runs, reports and other programs."""

    audit_log_path: Annotated[
        str | None,
        Meta(
            title="Audit log",
            description="File to which the tap appends one JSON line for every event of a job, a "
            "window or the run. It is created with mode 0600. An address such as "
            "`s3://bucket/audit` is a folder with one object for each run. Default: none.",
        ),
    ] = None
    audit_log_params: Annotated[
        dict[str, Any],
        Meta(
            title="Parameters of the audit log",
            description="Parameters of the fsspec file system of `audit_log_path`, such as keys. "
            "No log shows them.",
            extra_json_schema=SECRET,
        ),
    ] = field(default_factory=dict)
    summary_json: Annotated[
        str | None,
        Meta(
            title="Run summary",
            description="File that receives the result of the run at its end: one JSON line for "
            "each stream, and a last line for the run. The start of a run empties it. Default: "
            "none.",
        ),
    ] = None
    journal: Annotated[
        str | None,
        Meta(
            title="Journal",
            description="Where the jobs and submits of all runs are stored: the path of an SQLite "
            "file, or a URL `postgresql://…` (extra `postgres`). It covers a process that dies "
            "before its target has stored the state. Processes with one journal share the slots of "
            "a tenant: those of one machine share the file, those of several the database. The "
            "file is created with mode 0600. Default: none.",
            extra_json_schema=SECRET,
        ),
    ] = None
