"""Jobs of the tenant and the limits that all clients share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from tap_cxone.simulator.data_extraction.jobs import Job
from tap_cxone.simulator.tenant_jobs import TenantJobs

if TYPE_CHECKING:
    from datetime import datetime

    from tap_cxone.simulator.clock import Clock
    from tap_cxone.simulator.data_extraction.jobs import ExtractionSpec
    from tap_cxone.simulator.data_extraction.options import DataExtractionOptions
    from tap_cxone.simulator.jobs import ForcedOutcome

RUNNING_ALREADY = "Another request is running, please wait and try again later"
TOO_SOON = "Too many requests, please wait and try again later"


class ExtractionJobs(TenantJobs[Job]):
    """All jobs of the tenant; one runs at a time, with a minimum interval between submits.

    Attributes:
        limit_violations: Number of submits that broke a limit.
    """

    _options: DataExtractionOptions

    def __init__(self, options: DataExtractionOptions, clock: Clock) -> None:
        """Create the state without jobs."""
        super().__init__(options, clock)
        self.limit_violations = 0
        self._last_request_at: datetime | None = None

    def submit(self, spec: ExtractionSpec, outcome: ForcedOutcome, *, client_waiting: bool) -> Job:
        """Start a job; `client_waiting` if its caller waits for the end.

        Raises:
            HTTPException: Another job is running, or was submitted too recently.
        """
        self._check_limits()
        fields = {"spec": spec, "client_waiting": client_waiting}
        if client_waiting:  # it is never polled
            fields["ready_at"] = self._clock.now() + self._options.job_time
        return self.start(Job, outcome, **fields)

    def finish(self, job: Job) -> Job:
        """End a job for which its caller waits."""
        return self.store(replace(self._jobs[job.id], ready_at=self._clock.now()))

    def release(self, job: Job) -> None:
        """Stop blocking other jobs; the caller of this job has its response."""
        self.store(replace(self._jobs[job.id], client_waiting=False))

    def _check_limits(self) -> None:
        """Raise HTTPException for a submit that breaks a limit."""
        now = self._clock.now()
        jobs = self.all()
        if any(job.blocks_others(now) for job in jobs):
            self._refuse(RUNNING_ALREADY)
        if jobs and now < jobs[-1].submitted_at + self._options.spacing:
            self._refuse(TOO_SOON)
        self.count_request()

    def count_request(self) -> None:
        """Count a request, if the tenant counts all of them; raise HTTPException if it is early."""
        if self._options.spacing_counts == "submits":
            return
        now, last_request_at = self._clock.now(), self._last_request_at
        if last_request_at is not None and now < last_request_at + self._options.spacing:
            self._refuse(TOO_SOON)
        self._last_request_at = now

    def _refuse(self, message: str) -> None:
        """Count a violation and raise HTTPException."""
        self.limit_violations += 1
        raise HTTPException(403, message)
