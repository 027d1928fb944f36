"""The jobs of a tenant at one API."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tap_cxone.simulator.jobs import Job, Status

if TYPE_CHECKING:
    from tap_cxone.simulator.clock import Clock
    from tap_cxone.simulator.jobs import ForcedOutcome
    from tap_cxone.simulator.options import CommonOptions

JobT = TypeVar("JobT", bound=Job)


class TenantJobs(Generic[JobT]):
    """The jobs of a tenant, in the order of their submits."""

    def __init__(self, options: CommonOptions, clock: Clock) -> None:
        """Create the tenant without jobs."""
        self._options = options
        self._clock = clock
        self._jobs: dict[str, JobT] = {}

    def start(self, job_class: type[JobT], outcome: ForcedOutcome, **fields: Any) -> JobT:
        """Store a new job, which ends after the time or the polls of the options.

        Args:
            job_class: The class of the job.
            outcome: How a fault ends it.
            **fields: Its other fields; they win over those of the options.
        """
        now, polls = self._clock.now(), self._options.job_polls
        timing: dict[str, Any] = {
            "submitted_at": now,
            "ready_at": now + self._options.job_time if polls is None else None,
            "remaining_polls": polls or 0,
            "polls_to_finish": polls or 0,
        }
        reason = {"reason": outcome.reason} if outcome.reason else {}
        values = {"id": str(uuid.uuid4()), "forced_end": outcome.end, **timing, **reason, **fields}
        return self.store(job_class(**values))

    def poll(self, job_id: str, outcome: ForcedOutcome) -> JobT | None:
        """Return a job after one poll, which may force its outcome; None if it is unknown."""
        if job := self._jobs.get(job_id):
            self.store(job.after_poll(self._clock.now(), outcome))
        return self.find(job_id)

    def find(self, job_id: str) -> JobT | None:
        """Return the job with this id; None if there is none, or a fault lost it."""
        job = self._jobs.get(job_id)
        return None if job is None or job.is_lost else job

    def all(self) -> list[JobT]:
        """Return all jobs, in order."""
        return list(self._jobs.values())

    def listed(self) -> list[JobT]:
        """Return the jobs that the API's list shows, in order."""
        return [job for job in self.all() if not job.is_lost]

    def running(self) -> list[JobT]:
        """Return the listed jobs that run now, in order."""
        now = self._clock.now()
        return [job for job in self.listed() if job.status(now) is Status.RUNNING]

    def cancel(self, job: JobT) -> None:
        """End a job as cancelled."""
        now = self._clock.now()
        self.store(replace(job, forced_end="job-cancelled", ready_at=now))

    def store(self, job: JobT) -> JobT:
        """Store the current state of a job."""
        self._jobs[job.id] = job
        return job
