"""The limits that hold for all callers of a tenant together."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from tap_cxone.simulator.data_extraction.jobs import Job

if TYPE_CHECKING:
    from tap_cxone.simulator.clock import Clock
    from tap_cxone.simulator.data_extraction.jobs import Order
    from tap_cxone.simulator.jobs import Fate
    from tap_cxone.simulator.options import Options

RUNNING_ALREADY = "Another request is running, please wait and try again later"
TOO_SOON = "Too many requests, please wait and try again later"


class Tenant:
    """The jobs of a tenant: one at a time, spaced.

    Attributes:
        refusals: How often a submit broke a limit.
    """

    def __init__(self, options: Options, clock: Clock) -> None:
        """Start without jobs."""
        self.refusals = 0
        self._options = options
        self._clock = clock
        self._jobs: dict[str, Job] = {}

    def submit(self, order: Order, *, held: bool, fate: Fate | None, reason: str | None) -> Job:
        """Begin a job, `held` if its caller waits for its end.

        Raises:
            HTTPException: Another job is running, or began too recently.
        """
        self._admit()
        by_polls = self._options.job_polls is not None and not held
        now = self._clock.now()
        job = Job(
            id=str(uuid.uuid4()),
            order=order,
            submitted_at=now,
            ready_at=None if by_polls else now + self._options.job_time,
            polls_left=self._options.job_polls or 0,
            fate=fate,
            held=held,
        )
        return self._keep(replace(job, reason=reason) if reason else job)

    def poll(self, job_id: str, *, fate: Fate | None, reason: str | None) -> Job | None:
        """Return a job, one poll later; None if it is unknown.

        Args:
            job_id: Its name.
            fate: How it ends now, if it is to end so.
            reason: Why, if it fails.
        """
        job = self._jobs.get(job_id)
        if job is None:
            return None
        job = self._keep(job.polled(self._clock.now(), fate=fate, reason=reason))
        return None if job.fate == "job-lost" else job

    def finish(self, job: Job) -> Job:
        """End a job that its caller waits for."""
        return self._keep(replace(self._jobs[job.id], ready_at=self._clock.now()))

    def release(self, job: Job) -> None:
        """Let others start: the caller of this job has its answer."""
        self._keep(replace(self._jobs[job.id], held=False))

    def jobs(self) -> list[Job]:
        """Return the jobs so far, in order."""
        return list(self._jobs.values())

    def _admit(self) -> None:
        """Refuse a submit that breaks a limit."""
        now = self._clock.now()
        jobs = self.jobs()
        if any(job.busy(now) for job in jobs):
            self._refuse(RUNNING_ALREADY)
        if jobs and now < jobs[-1].submitted_at + self._options.spacing:
            self._refuse(TOO_SOON)

    def _refuse(self, message: str) -> None:
        """Count a refusal."""
        self.refusals += 1
        raise HTTPException(403, message)

    def _keep(self, job: Job) -> Job:
        """Remember where a job stands."""
        self._jobs[job.id] = job
        return job
