"""The settings of files that tell about runs: the audit log and the run summary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from tap_cxone.config.history import HistorySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFileSettings(HistorySettings):
    """The settings of files that tell about runs."""

    audit_log_path: Annotated[
        str | None,
        Meta(
            title="Audit log",
            description="File to which the tap appends one JSON line for every event of a job, a "
            "window or the run. It is created with mode 0600. Default: none.",
        ),
    ] = None
    summary_json: Annotated[
        str | None,
        Meta(
            title="Run summary",
            description="File that receives the result of the run at its end: one JSON line for "
            "each stream, and a last line for the run. The start of a run empties it. Default: "
            "none.",
        ),
    ] = None
