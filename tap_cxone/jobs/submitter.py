"""Submit jobs: carry out what `submit_policy` decides, adopt active jobs and find lost ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, structs

from tap_cxone.errors import AmbiguousSubmit, ApiError, CXoneError, Throttled, Unavailable
from tap_cxone.http.error_table import RETRY_LATER_HINT
from tap_cxone.http.retry import Attempts
from tap_cxone.jobs.api import SubmitResult
from tap_cxone.jobs.failure import failure_error
from tap_cxone.jobs.submit_policy import LookUp, Retry, Stop, decide, is_free_gateway_error
from tap_cxone.progress.activity import count_export, sleep
from tap_cxone.progress.formatting import format_duration

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from datetime import timedelta
    from typing import NoReturn

    from tap_cxone.clock import Clock
    from tap_cxone.http.rate_limit import RateLimiter
    from tap_cxone.http.retry import Attempt, RetryPolicy
    from tap_cxone.jobs.api import JobApi, ListedJobs
    from tap_cxone.jobs.known_jobs import KnownJobs
    from tap_cxone.jobs.polling import PollPolicy
    from tap_cxone.jobs.submit_policy import Decision
    from tap_cxone.windows import Window

_MAX_LOST_SUBMIT_LOOKUPS = 3  # lookups of a job whose submit got no response


class JobSubmitter(Struct):
    """Submitter of one stream's jobs. A submit is repeated only if it created no job.

    Attributes:
        api: API of the family.
        jobs: Jobs of the stream, as its worker knows them.
        rate_limiter: Limiter of its requests and submits.
        clock: Source of time and sleep.
        poll_policy: Poll interval and retry policy.
        log: Logger of the stream.
        describe: Function that names a window in messages.
        start_ahead: Whether jobs may still be started ahead of time.
    """

    api: JobApi
    jobs: KnownJobs
    rate_limiter: RateLimiter
    clock: Clock
    poll_policy: PollPolicy
    log: logging.Logger
    describe: Callable[[Window], str]
    start_ahead: bool = True

    def submit_or_adopt(self, window: Window, active_jobs: ListedJobs | None) -> SubmitResult:
        """Submit once, unless the API lists a running job for exactly this window.

        Args:
            window: Window to submit.
            active_jobs: Jobs of the tenant, or None if the API has no such list.

        Raises:
            Throttled: The API throttled the submit, or no other job of the tenant may run now.
            AmbiguousSubmit: The response was lost or cannot be parsed.
            JobFailed: The job failed immediately.
            JobTimeout: The same, at a time limit of the API.
            QuotaExhausted: The quota allows no submit now.
            ApiError: The API refused the submit.
        """
        matching_ids = (
            active_jobs.matching_ids - self.jobs.unusable_ids() if active_jobs else frozenset()
        )
        if matching_ids:
            return SubmitResult(min(matching_ids), adopted=True)
        if active_jobs is not None and active_jobs.limit_reached:
            msg = f"{self.api.name}: the maximum number of active jobs of the tenant is reached"
            raise Throttled(msg)
        result = self.api.submit(window)
        if result.failure:
            raise failure_error(self.describe(window), result.failure, window)
        return result

    def submit_with_retry(self, window: Window) -> SubmitResult:
        """Submit a window or adopt its job; retry as `decide` allows.

        Raises:
            ApiError: The API refused the submit, or all retries failed.
            AmbiguousSubmit: The response was lost, and its job cannot be identified.
            JobFailed: The job failed immediately.
            JobTimeout: The same, at a time limit of the API.
            QuotaExhausted: The quota allows no submit now.
        """
        attempts = Attempts(self._retry_policy(), self.clock)
        while True:
            jobs_before = self.api.jobs_before_submit(window)
            try:
                return self.submit_or_adopt(window, jobs_before)
            except CXoneError as error:
                attempt = attempts.record(error)
                match self._decide(error, attempt, jobs_before), error:
                    case LookUp(may_retry), AmbiguousSubmit() as lost:
                        if result := self.resolve_lost_submit(lost, jobs_before, window):
                            return result
                        if not may_retry:
                            raise self._submit_without_job(lost, attempt, window) from lost
                        delay = self.poll_policy.interval
                    case Retry(delay), _:
                        self._log_retry(error, attempt, delay, window)
                    case _:
                        self._raise_final(error, attempt, window)
            sleep(self.clock, delay, f"waiting to submit {window}")

    def submit_ahead(self, window: Window) -> SubmitResult | None:
        """Submit a window ahead of time or adopt its job; return None if it has no job yet.

        Raises:
            AmbiguousSubmit: The response was lost, and its job cannot be identified.
            JobFailed: The job failed immediately.
            JobTimeout: The same, at a time limit of the API.
        """
        jobs_before: ListedJobs | None = None
        try:
            jobs_before = self.api.jobs_before_submit(window)
            return self.submit_or_adopt(window, jobs_before)
        except CXoneError as error:
            match self._decide(error, None, jobs_before), error:
                case LookUp(), AmbiguousSubmit() as lost:
                    return self.resolve_lost_submit(lost, jobs_before, window)
                case (Retry() | Stop()) as decision, _:
                    self.start_ahead = decision != Stop()
                    log = self.log.info if decision == Stop() else self.log.debug
                    log("%s: not started ahead of time: %s", self.describe(window), error)
                    return None
                case _:
                    self._raise_final(error, None, window)

    @property
    def _has_quota(self) -> bool:
        return self.rate_limiter.limits.quota is not None

    def _decide(
        self, error: CXoneError, attempt: Attempt | None, jobs_before: ListedJobs | None
    ) -> Decision:
        can_list = jobs_before is not None
        return decide(error, attempt, can_list=can_list, has_quota=self._has_quota)

    def _retry_policy(self) -> RetryPolicy:
        first_delay = max(self.rate_limiter.limits.min_submit_interval, self.poll_policy.interval)
        return structs.replace(self.poll_policy.retry, first_delay=first_delay)

    def _log_retry(
        self, error: CXoneError, attempt: Attempt, delay: timedelta, window: Window
    ) -> None:
        description = self.describe(window)
        if isinstance(error, Throttled):
            text = "%s: throttled by the API; submitting again in %s"
            self.log.info(text, description, format_duration(delay))
        elif isinstance(error, ApiError) and attempt.failures == 1:
            text = "%s: the submit failed: %s"
            self.log.warning(text, description, attempt.describe_retry(error))

    def resolve_lost_submit(
        self, error: AmbiguousSubmit, jobs_before: ListedJobs | None, window: Window
    ) -> SubmitResult | None:
        """Return the job of a submit whose response was lost, or None if it created no job.

        Args:
            error: The error of the submit.
            jobs_before: Jobs of the tenant before the submit.
            window: Submitted window.

        Raises:
            AmbiguousSubmit: The API no longer lists the jobs, or several jobs appeared.
        """
        ids_before = jobs_before.candidate_ids if jobs_before else frozenset()
        for _ in range(_MAX_LOST_SUBMIT_LOOKUPS):
            sleep(self.clock, self.poll_policy.interval, f"looking up the job of {window}")
            if (jobs_now := self.api.jobs_after_lost_submit(window)) is None:
                raise self._unlisted_submit(error, window) from error
            if len(new_ids := jobs_now.candidate_ids - ids_before) == 1:
                (job_id,) = new_ids
                self.log.warning(
                    "%s: the response to the submit was lost; its job was adopted", window
                )
                return SubmitResult(job_id, adopted=True)
            if new_ids:
                msg = (
                    f"{self.describe(window)}: {error.message}; several new jobs appeared "
                    f"({', '.join(sorted(new_ids))}). Run again when no other client is exporting"
                )
                raise AmbiguousSubmit(msg, status=error.status) from error
        return None

    def _submit_without_job(
        self, error: AmbiguousSubmit, attempt: Attempt, window: Window
    ) -> AmbiguousSubmit:
        msg = f"{self.describe(window)}: {error.message}; the API lists no job of it; "
        msg += attempt.count_text
        remedy = error.remedy or RETRY_LATER_HINT
        return AmbiguousSubmit(msg, status=error.status, remedy=remedy)

    def _unlisted_submit(self, error: AmbiguousSubmit, window: Window) -> AmbiguousSubmit:
        count_export()
        msg = (
            f"{self.describe(window)}: {error.message}; {self.api.NO_LIST_REASON}, so the "
            "submit counts as spent. The next run submits the window again"
        )
        return AmbiguousSubmit(msg, status=error.status)

    def _raise_final(self, error: CXoneError, attempt: Attempt | None, window: Window) -> NoReturn:
        """Raise the error that ends the stream, with the reason why there is no retry."""
        match error:
            case AmbiguousSubmit() if attempt is not None and is_free_gateway_error(
                error, has_quota=self._has_quota
            ):
                raise error.as_exhausted(attempt.count_text) from error
            case AmbiguousSubmit():
                raise self._unlisted_submit(error, window) from error
            case Throttled(exhausted=False) if attempt is not None:
                msg = (
                    f"{self.describe(window)}: {attempt.throttle_text(error)}: {error.message}; "
                    "another client may be exporting from this tenant"
                )
                raise Throttled(msg, status=error.status) from error
            case Unavailable(exhausted=False) if attempt is not None:
                raise error.as_exhausted(attempt.count_text) from error
            case _:
                raise error
