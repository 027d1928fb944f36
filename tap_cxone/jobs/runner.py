"""The life of a remote job: submit → wait → file, once, whatever happens in between."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_cxone.errors import (
    AmbiguousSubmit,
    ApiError,
    AuthError,
    DownloadError,
    JobFailed,
    JobTimeout,
    NotFound,
    SpoolError,
    Throttled,
    Unavailable,
)
from tap_cxone.http.transport import backoff_delays
from tap_cxone.jobs.api import SubmitResult
from tap_cxone.jobs.job import RESULT_RETENTION, JobStatus, PendingJob, StatusResponse
from tap_cxone.jobs.polling import DurationBounds, merge_bounds
from tap_cxone.progress.activity import count_export, set_activity, sleep

if TYPE_CHECKING:
    import logging
    from collections.abc import Sequence
    from contextlib import ExitStack
    from datetime import datetime

    from tap_cxone.clock import Clock
    from tap_cxone.events.audit_log import AuditContext
    from tap_cxone.http.rate_limit import RateLimiter
    from tap_cxone.jobs.api import ActiveJobs, JobApi
    from tap_cxone.jobs.polling import PollPolicy
    from tap_cxone.jobs.slots import TenantSlots
    from tap_cxone.jobs.store import JobStore
    from tap_cxone.spool import Spool
    from tap_cxone.windows import Window

_MAX_LOST_SUBMIT_LOOKUPS = 3  # how often to look for a job whose submit got no answer
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(slots=True)
class JobRunner:
    """Bring home the files of one stream's windows, asking for some of them ahead of time."""

    api: JobApi
    store: JobStore
    rate_limiter: RateLimiter
    slots: TenantSlots
    clock: Clock
    poll_policy: PollPolicy
    log: logging.Logger
    audit_context: AuditContext
    _submitted_this_run: dict[str, Window] = field(default_factory=dict)
    _succeeded_ids: set[str] = field(default_factory=set)
    _discarded_ids: set[str] = field(default_factory=set)
    _last_polled_at: dict[str, datetime] = field(default_factory=dict)
    _duration_bounds: DurationBounds | None = None
    _start_ahead_disabled: bool = False

    def fetch_file(self, window: Window, upcoming: Sequence[Window] = ()) -> Spool:
        """Return the complete file of a window.

        A job that is pending for the window is taken up. A file that breaks off, or a link that
        ends too early, is asked for again: with a fresh link where the job can give one, else
        with a new submit.

        Args:
            window: What to fetch.
            coming: The windows after it, for which jobs are started as soon as there is room.

        Raises:
            JobError: The job failed or its time was up.
            DownloadError: The file broke off again and again.
            ApiError: The API refused.
        """
        for attempt in range(self.poll_policy.max_retries + 1):
            link = self._obtain_link(window, upcoming)
            set_activity(f"downloading {window}")
            try:
                return self.api.download(link, self.description(window))
            except SpoolError:
                raise  # asking the API again makes no room on the disk
            except (DownloadError, NotFound) as error:
                if attempt == self.poll_policy.max_retries:
                    tried = f"tried {attempt + 1} times (max_retries), nothing was emitted"
                    msg = f"{error}; {tried}: run again later"
                    raise DownloadError(msg) from error
                self.log.warning("%s; asking for it again", error)
                if isinstance(error, NotFound):  # a link is renewed, a file that is gone is not
                    self.discard(window)
                sleep(self.clock, self.poll_policy.interval, "the download broke off")
        raise AssertionError  # pragma: no cover (the last try returns or raises)

    def description(self, window: Window) -> str:
        """Name a window, and its job if there is one, in a message."""
        job_id = self.job_id(window)
        return f"{self.api.name}, {window}{f', job {job_id}' if job_id else ''}"

    def job_id(self, window: Window) -> str | None:
        """Return the last job of a window; None if there was none, or it has no name."""
        pending = self.pending_job(window)
        submitted_ids = [
            job_id
            for job_id, submitted_window in self._submitted_this_run.items()
            if submitted_window == window
        ]
        return pending.id if pending else next(reversed(submitted_ids), None)

    def discard(self, window: Window) -> None:
        """Drop the job of a window, whose file is of no use; the next run asks for another."""
        if job := self.pending_job(window):
            self.store.remove(job)

    def pending_job(self, window: Window) -> PendingJob | None:
        """Return the pending job that asked for exactly this window."""
        fingerprint = self.api.fingerprint(window)
        jobs = (job for job in self.store.pending_jobs() if job.window == window)
        return next((job for job in jobs if job.fingerprint == fingerprint), None)

    def _obtain_link(self, window: Window, upcoming: Sequence[Window]) -> str:
        while True:
            if (job := self._find_pending(window)) is None:
                if link := self._submit(window):
                    return link
            elif link := self._wait_for_link(job, upcoming):
                return link

    def _find_pending(self, window: Window) -> PendingJob | None:
        """Return the pending job of a window, whichever run it is of."""
        if (job := self.pending_job(window)) is None:
            self.store.refresh(window)
            job = self.pending_job(window)
        return job

    def _submit(self, window: Window) -> str | None:
        """Submit; return the link if the answer had one, else None (the job is pending then)."""
        requested_at = self.clock.now()
        set_activity(f"asking for {window}", is_waiting=True)
        with self.slots.acquire() as slot:
            if self._find_pending(window):  # another process has asked for it meanwhile
                return None
            return self._record_submit(window, self._submit_with_retry(window), requested_at, slot)

    def _record_submit(
        self, window: Window, result: SubmitResult, requested_at: datetime, slot: ExitStack
    ) -> str | None:
        job = None
        if result.job_id is not None:
            self._submitted_this_run[result.job_id] = window
        now = self.clock.now()
        if result.link is None and result.job_id is not None:
            job = PendingJob(result.job_id, window, now, self.api.fingerprint(window))
            self.slots.hold_for_job(job.id, slot)
        self.store.record_submit(job)
        audit_context = self.audit_context.for_window(window, result.job_id)
        if result.adopted:
            audit_context.write("job_found")
        else:
            count_export()
            audit_context.write(
                "job_created", latency_ms=round((now - requested_at) / _MILLISECOND)
            )
        self.log.info("%s %s", self.description(window), "found" if result.adopted else "submitted")
        return result.link

    def _start_upcoming(self, upcoming: Sequence[Window]) -> None:
        """Start jobs for the windows to come, as far as there is room; never wait for it."""
        for window in upcoming:
            if self._find_pending(window) is None and not self._try_start(window):
                return

    def _try_start(self, window: Window) -> bool:
        """Ask for a window before its turn; tell whether there may be room for another."""
        active = [job for job in self.store.pending_jobs() if job.id not in self._succeeded_ids]
        if self._start_ahead_disabled or len(active) >= self.rate_limiter.limits.max_concurrent:
            return False
        if (slot := self.slots.try_acquire()) is None:
            return False
        with slot:
            return self._try_submit(window, slot)

    def _try_submit(self, window: Window, slot: ExitStack) -> bool:
        requested_at = self.clock.now()
        jobs_before: ActiveJobs | None = None
        result: SubmitResult | None = None
        try:
            jobs_before = self.api.list_active_jobs(window)
            result = self._submit_or_adopt(window, jobs_before)
        except Throttled as error:
            self.log.debug("%s has to wait for its turn: %s", self.description(window), error)
        except AmbiguousSubmit as error:
            result = self._resolve_lost_submit(error, jobs_before, window)
        except ApiError as error:
            self.log.info("%s has to wait for its turn: %s", self.description(window), error)
            self._start_ahead_disabled = True
        if result is not None:
            self._record_submit(window, result, requested_at, slot)
        return result is not None

    def _submit_or_adopt(self, window: Window, active_jobs: ActiveJobs | None) -> SubmitResult:
        """Submit once, unless the API shows a running job that asked for exactly this."""
        matching_ids = (
            active_jobs.matching_ids - self._discarded_ids if active_jobs else frozenset()
        )
        if matching_ids:
            return SubmitResult(min(matching_ids), adopted=True)
        if active_jobs is not None and active_jobs.limit_reached:
            msg = f"{self.api.name}: as many jobs as the tenant may have are active"
            raise Throttled(msg)
        try:
            return self.api.submit(window)
        except JobFailed as error:  # at once, without a name
            msg = f"{self.description(window)}: {error}. Run again; a smaller window may help"
            raise JobFailed(msg) from error

    def _submit_with_retry(self, window: Window) -> SubmitResult:
        deadline = self.clock.now() + self.poll_policy.throttle_timeout
        failures = 0
        for backoff_delay in backoff_delays(
            max(self.rate_limiter.limits.min_submit_interval, self.poll_policy.interval)
        ):
            jobs_before = self.api.list_active_jobs(window)
            try:
                return self._submit_or_adopt(window, jobs_before)
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
                if result := self._resolve_lost_submit(error, jobs_before, window):
                    return result
                delay = self.poll_policy.interval
                if failures > self.poll_policy.max_retries:
                    raise
            sleep(self.clock, delay, f"told to wait with {window}")
        raise AssertionError  # pragma: no cover (the waits never end)

    def _check_throttle_deadline(
        self, error: Throttled, delay: timedelta, deadline: datetime, window: Window
    ) -> None:
        if error.exhausted:
            raise error
        if self.clock.now() + delay > deadline:
            description, timeout = self.description(window), self.poll_policy.throttle_timeout
            msg = (
                f"{description}: the API said 'wait' for {timeout} (throttle_timeout_minutes): "
                f"{error.message}; is something else exporting from this tenant?"
            )
            raise Throttled(msg, status=error.status) from error
        self.log.info("%s: told to wait, trying again in %s", self.description(window), delay)

    def _resolve_lost_submit(
        self, error: AmbiguousSubmit, jobs_before: ActiveJobs | None, window: Window
    ) -> SubmitResult | None:
        """Find out what became of a submit whose answer was lost.

        Returns:
            The job it made; None if it made none.

        Raises:
            AmbiguousSubmit: That cannot be found out.
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
        msg = f"{self.description(window)}: {error.message}; {reason}"
        raise AmbiguousSubmit(msg, status=error.status) from error

    def _wait_for_link(self, job: PendingJob, upcoming: Sequence[Window]) -> str | None:
        """Poll a job to its end; return its link, or None if it must be submitted again."""
        audit_context, last_status = self.audit_context.for_window(job.window, job.id), ""
        if job.id not in self._submitted_this_run:
            audit_context.write("job_found")
            self.slots.reacquire(job.id)
        self._start_upcoming(upcoming)
        activity = f"waiting for {job.window}, job {job.id}"
        set_activity(activity, is_waiting=True, started_at=job.submitted_at)
        known_running_for, current_age = timedelta(0), self.clock.now() - job.submitted_at
        for age in self.poll_policy.poll_ages(self._duration_bounds, current_age=current_age):
            # A look may have come late: the next one is never closer to it than a poll interval.
            earliest_poll = (
                self._last_polled_at.get(job.id, job.submitted_at) + self.poll_policy.interval
            )
            sleep(self.clock, max(job.submitted_at + age, earliest_poll) - self.clock.now())
            try:
                response = self.api.get_status(job)
            except NotFound as error:
                response = StatusResponse(
                    JobStatus.EXPIRED, reason=f"the API does not know it ({error.message})"
                )
            self._last_polled_at[job.id] = self.clock.now()
            if response.status is not JobStatus.RUNNING:
                self.slots.release(job.id)
            if response.status_text != last_status:
                audit_context.write("job_state", state=response.status_text)
            if response.status is JobStatus.SUCCEEDED and response.link:
                self._record_duration(job, known_running_for)
                self._start_upcoming(upcoming)  # its place is free
                return response.link
            if response.status is not JobStatus.RUNNING:
                self._handle_failed_job(job, response)
                return None
            last_status, known_running_for = (
                response.status_text,
                self.clock.now() - job.submitted_at,
            )
            if known_running_for > RESULT_RETENTION and job.id not in self._submitted_this_run:
                self._handle_failed_job(
                    job, replace(response, reason="it has been running for more than a day")
                )
                return None
            self._check_job_timeout(job, job.submitted_at + self.poll_policy.timeout)
            self._start_upcoming(upcoming)
        raise AssertionError  # pragma: no cover (the looks never end)

    def _check_job_timeout(self, job: PendingJob, deadline: datetime) -> None:
        if self.clock.now() < deadline:
            return
        description, timeout = self.description(job.window), self.poll_policy.timeout
        msg = f"{description} is still running after {timeout}; {self._cancel_timed_out(job)}"
        msg += f". Raise {self.poll_policy.timeout_setting} or narrow the window"
        raise JobTimeout(msg, window=job.window)

    def _cancel_timed_out(self, job: PendingJob) -> str:
        """Cancel a job whose time is up, where that is possible; say what becomes of it."""
        try:
            if not self.api.cancel(job):
                return "it stays in the state and the next run takes it up"
            outcome = "it was cancelled"
        except (ApiError, AuthError) as error:
            outcome = f"it could not be cancelled ({error})"
        self.store.remove(job)
        self.audit_context.for_window(job.window, job.id).write(
            "job_failed", reason=f"its time is up: {outcome}"
        )
        return outcome

    def _record_duration(self, job: PendingJob, known_running_for: timedelta) -> None:
        """Remember how long a job took, to look at the next one when it may be done."""
        self._succeeded_ids.add(job.id)
        self._duration_bounds = merge_bounds(
            self._duration_bounds,
            DurationBounds(known_running_for, self.clock.now() - job.submitted_at),
        )

    def _handle_failed_job(self, job: PendingJob, response: StatusResponse) -> None:
        """Forget a job that gives no file; submit again only if an earlier run had made it."""
        succeeded = response.status is JobStatus.SUCCEEDED
        reason = "no download link" if succeeded else response.reason or "no reason given"
        msg = f"{self.description(job.window)} gave no file: {response.status.name}, {reason}"
        self.store.remove(job)
        self._discarded_ids.add(job.id)
        self.audit_context.for_window(job.window, job.id).write(
            "job_failed", reason=f"{response.status_text}: {reason}"
        )
        if job.id in self._submitted_this_run:
            msg += ". Run again; a smaller window may help"
            raise JobFailed(msg)
        self.log.warning("%s; submitting again", msg)
