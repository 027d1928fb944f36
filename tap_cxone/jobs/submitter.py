"""Submit jobs: retries, adoption of active jobs and the resolution of lost submits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_cxone.errors import AmbiguousSubmit, JobFailed, Throttled, Unavailable
from tap_cxone.http.transport import backoff_delays
from tap_cxone.jobs.api import SubmitResult
from tap_cxone.progress.activity import count_export, sleep

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from tap_cxone.clock import Clock
    from tap_cxone.http.rate_limit import RateLimiter
    from tap_cxone.jobs.api import ActiveJobs, JobApi
    from tap_cxone.jobs.polling import PollPolicy
    from tap_cxone.jobs.store import JobStore
    from tap_cxone.windows import Window

_MAX_LOST_SUBMIT_LOOKUPS = 3  # lookups of a job whose submit got no response


@dataclass(slots=True)
class JobSubmitter:
    """Submitter of one stream's jobs. A submit is repeated only if it created no job.

    Attributes:
        api: API of the family.
        store: Store of the stream's jobs.
        rate_limiter: Limiter of its requests and submits.
        clock: Source of time and sleep.
        poll_policy: Timeout and number of retries.
        log: Logger of the stream.
        describe: Function that names a window in messages.
    """

    api: JobApi
    store: JobStore
    rate_limiter: RateLimiter
    clock: Clock
    poll_policy: PollPolicy
    log: logging.Logger
    describe: Callable[[Window], str]

    def submit_or_adopt(self, window: Window, active_jobs: ActiveJobs | None) -> SubmitResult:
        """Submit once, unless the API lists a running job for exactly this window.

        Args:
            window: Window to submit.
            active_jobs: Jobs of the tenant, or None if the API has no such list.

        Raises:
            Throttled: The API throttled the submit, or no other job of the tenant may run now.
            AmbiguousSubmit: The response was lost or cannot be parsed.
            JobFailed: The job failed immediately.
            QuotaExhausted: The quota allows no submit now.
            ApiError: The API refused the submit.
        """
        matching_ids = (
            active_jobs.matching_ids - self.store.unusable_ids() if active_jobs else frozenset()
        )
        if matching_ids:
            return SubmitResult(min(matching_ids), adopted=True)
        if active_jobs is not None and active_jobs.limit_reached:
            msg = f"{self.api.name}: as many jobs as the tenant may have are active"
            raise Throttled(msg)
        try:
            return self.api.submit(window)
        except JobFailed as error:  # the response has no job id, so the message names the window
            msg = f"{self.describe(window)}: {error}. Run again; a smaller window may help"
            raise JobFailed(msg) from error

    def submit_with_retry(self, window: Window) -> SubmitResult:
        """Submit a window or adopt its job; retry after failures that created no job.

        A throttled submit is retried until the throttle timeout, other failures up to `max_retries`
        times.

        Raises:
            ApiError: The API refused the submit, or all retries failed.
            AmbiguousSubmit: The response was lost, and its job cannot be identified.
            JobFailed: The job failed immediately.
            QuotaExhausted: The quota allows no submit now.
        """
        deadline = self.clock.now() + self.poll_policy.throttle_timeout
        failures = 0
        for backoff_delay in backoff_delays(
            max(self.rate_limiter.limits.min_submit_interval, self.poll_policy.interval)
        ):
            jobs_before = self.api.list_active_jobs(window)
            try:
                return self.submit_or_adopt(window, jobs_before)
            except Throttled as error:
                delay = error.retry_after or backoff_delay
                self._check_throttle_deadline(error, delay, deadline, window)
            except Unavailable as error:
                failures += 1
                delay = error.retry_after or backoff_delay
                if error.exhausted or failures > self.poll_policy.max_retries:
                    raise
            except AmbiguousSubmit as error:
                failures += 1
                if result := self.resolve_lost_submit(error, jobs_before, window):
                    return result
                delay = self.poll_policy.interval
                if failures > self.poll_policy.max_retries:
                    raise
            sleep(self.clock, delay, f"told to wait with {window}")
        raise AssertionError  # pragma: no cover (the delays never end)

    def resolve_lost_submit(
        self, error: AmbiguousSubmit, jobs_before: ActiveJobs | None, window: Window
    ) -> SubmitResult | None:
        """Return the job of a submit whose response was lost, or None if it created no job.

        Args:
            error: The error of the submit.
            jobs_before: Jobs of the tenant before the submit, or None if the API has no such list.
            window: Submitted window.

        Raises:
            AmbiguousSubmit: The API has no list of jobs, or several jobs appeared.
        """
        for _ in range(_MAX_LOST_SUBMIT_LOOKUPS):
            sleep(self.clock, self.poll_policy.interval, f"looking for the job of {window}")
            jobs_now = self.api.list_active_jobs(window)
            if jobs_before is None or jobs_now is None:
                count_export()
                reason = "this API has no list of jobs: it counts as spent, the next run asks anew"
                break
            if len(new_ids := jobs_now.candidate_ids - jobs_before.candidate_ids) == 1:
                (job_id,) = new_ids
                self.log.warning("%s: the answer to the submit was lost, its job found", window)
                return SubmitResult(job_id, adopted=True)
            if new_ids:
                reason = (
                    f"several jobs appeared at once ({', '.join(sorted(new_ids))}): run again when "
                    "nothing else is exporting"
                )
                break
        else:
            return None
        msg = f"{self.describe(window)}: {error.message}; {reason}"
        raise AmbiguousSubmit(msg, status=error.status) from error

    def _check_throttle_deadline(
        self, error: Throttled, delay: timedelta, deadline: datetime, window: Window
    ) -> None:
        if error.exhausted:
            raise error
        if self.clock.now() + delay > deadline:
            description, timeout = self.describe(window), self.poll_policy.throttle_timeout
            msg = (
                f"{description}: the API said 'wait' for {timeout} (throttle_timeout_minutes): "
                f"{error.message}; is something else exporting from this tenant?"
            )
            raise Throttled(msg, status=error.status) from error
        self.log.info("%s: told to wait, trying again in %s", self.describe(window), delay)
