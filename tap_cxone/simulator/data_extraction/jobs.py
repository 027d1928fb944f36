"""Jobs of the Data Extraction API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_cxone.simulator import jobs
from tap_cxone.simulator.jobs import Status

if TYPE_CHECKING:
    from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class ExtractionSpec:
    """Requested content of a job."""

    entity: str
    version: str
    start: date
    end: date

    def to_json(self) -> dict[str, str]:
        """Return the fields of the request."""
        return {
            "entityName": self.entity,
            "version": self.version,
            "startDate": self.start.isoformat(),
            "endDate": self.end.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(jobs.Job):
    """One extraction job.

    Attributes:
        spec: The requested content.
        client_waiting: True while the request that submitted it waits for its response.
    """

    spec: ExtractionSpec
    client_waiting: bool = False
    reason: str = "The extraction failed"

    def blocks_others(self, now: datetime) -> bool:
        """Return True if the job blocks new jobs."""
        return self.client_waiting or (
            self.forced_end != "job-lost" and self.status(now) is Status.RUNNING
        )
