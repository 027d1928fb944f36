"""Options of the Data Extraction API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from tap_cxone.simulator.options import CommonOptions

SyncResponse = Literal[
    "job-status", "url", "download-url", "result", "string-url", "string-id", "404", "405"
]
SubmitResponse = Literal["string", "object"]
RunningResult = Literal["null", "absent", "empty"]
ErrorField = Literal["errorMessage", "messageError"]


@dataclass(frozen=True, kw_only=True)
class DataExtractionOptions(CommonOptions):
    """Behaviour of the Data Extraction API.

    Attributes:
        spacing_seconds: Minimum interval between two accepted submits.
        spacing_counts: Which accepted requests of the Data Extraction API the interval counts.
        lateness_minutes: Maximum delay until a row becomes visible.
        day_zone: Time zone of the days of the Data Extraction API.
        end_inclusive: True if a file also contains the rows of the end date.
        sync_response: Shape of the response of `POST …/jobs/sync`.
        submit_response: Shape of the response of `POST …/jobs`: the id as a JSON string, or an
            object `{"jobId"}`.
        running_result: Value of `result` for a job without a result.
        error_field: Field with the reason of a failed job.
    """

    spacing_seconds: float = 30
    spacing_counts: Literal["submits", "requests"] = "submits"
    lateness_minutes: float = 30
    day_zone: str = "UTC"
    end_inclusive: bool = False
    sync_response: SyncResponse = "job-status"
    submit_response: SubmitResponse = "string"
    running_result: RunningResult = "null"
    error_field: ErrorField = "errorMessage"

    @property
    def spacing(self) -> timedelta:
        """Return the minimum interval between two accepted submits."""
        return timedelta(seconds=self.spacing_seconds / self.speed)

    @property
    def lateness(self) -> timedelta:
        """Return the maximum delay until a row becomes visible."""
        return timedelta(minutes=self.lateness_minutes / self.speed)
