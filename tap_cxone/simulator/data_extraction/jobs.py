"""A job of this API: what it extracts, and whom it holds up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_cxone.simulator import jobs
from tap_cxone.simulator.jobs import Status

if TYPE_CHECKING:
    from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class ExtractionSpec:
    """What a job is to extract."""

    entity: str
    version: str
    start: date
    end: date

    def to_json(self) -> dict[str, str]:
        """Return the order in the words of its request."""
        return {
            "entityName": self.entity,
            "version": self.version,
            "startDate": self.start.isoformat(),
            "endDate": self.end.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(jobs.Job):
    """One extraction.

    Attributes:
        order: What it extracts.
        held: Whether the call that ordered it still waits for its answer.
    """

    spec: ExtractionSpec
    client_waiting: bool = False
    reason: str = "The extraction failed"

    def blocks_others(self, now: datetime) -> bool:
        """Return whether the job keeps others from starting."""
        return self.client_waiting or (
            self.forced_end != "job-lost" and self.status(now) is Status.RUNNING
        )
