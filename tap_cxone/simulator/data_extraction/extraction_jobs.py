"""Jobs of the tenant and the limits that all clients share."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from tap_cxone.simulator.data_extraction.jobs import Job

if TYPE_CHECKING:
    from datetime import datetime

    from tap_cxone.simulator.clock import Clock
    from tap_cxone.simulator.data_extraction.jobs import ExtractionSpec
    from tap_cxone.simulator.jobs import ForcedEnd
    from tap_cxone.simulator.options import Options

RUNNING_ALREADY = "Another request is running, please wait and try again later"
TOO_SOON = "Too many requests, please wait and try again later"


class ExtractionJobs:
    """All jobs of the tenant; one runs at a time, with a minimum interval between submits.

    Attributes:
        limit_violations: Number of submits that broke a limit.
    """

    def __init__(self, options: Options, clock: Clock) -> None:
        """Create the state without jobs."""
        self.limit_violations = 0
        self._options = options
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._last_request_at: datetime | None = None

    def submit(
        self,
        spec: ExtractionSpec,
        *,
        client_waiting: bool,
        forced_end: ForcedEnd | None,
        reason: str | None,
    ) -> Job:
        """Start a job; `client_waiting` if its caller waits for the end.

        Raises:
            HTTPException: Another job is running, or was submitted too recently.
        """
        self._check_limits()
        by_polls = self._options.job_polls is not None and not client_waiting
        now = self._clock.now()
        job = Job(
            id=str(uuid.uuid4()),
            spec=spec,
            submitted_at=now,
            ready_at=None if by_polls else now + self._options.job_time,
            remaining_polls=self._options.job_polls or 0,
            forced_end=forced_end,
            client_waiting=client_waiting,
        )
        return self._store(replace(job, reason=reason) if reason else job)

    def poll(self, job_id: str, *, forced_end: ForcedEnd | None, reason: str | None) -> Job | None:
        """Return a job after one poll; None if there is none with this id.

        Args:
            job_id: The id of the job.
            forced_end: How the job ends with this poll; None for no forced end.
            reason: The reason of a forced failure.
        """
        job = self._jobs.get(job_id)
        if job is None:
            return None
        job = self._store(job.after_poll(self._clock.now(), forced_end=forced_end, reason=reason))
        return None if job.forced_end == "job-lost" else job

    def finish(self, job: Job) -> Job:
        """End a job for which its caller waits."""
        return self._store(replace(self._jobs[job.id], ready_at=self._clock.now()))

    def release(self, job: Job) -> None:
        """Stop blocking other jobs; the caller of this job has its response."""
        self._store(replace(self._jobs[job.id], client_waiting=False))

    def jobs(self) -> list[Job]:
        """Return all jobs, in order."""
        return list(self._jobs.values())

    def _check_limits(self) -> None:
        """Raise HTTPException for a submit that breaks a limit."""
        now = self._clock.now()
        jobs = self.jobs()
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

    def _store(self, job: Job) -> Job:
        """Store the current state of a job."""
        self._jobs[job.id] = job
        return job
