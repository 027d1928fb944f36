"""Run remote jobs: submit a window once, poll its job and download the file."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import structs

from tap_cxone.errors import (
    ApiError,
    AuthError,
    DownloadError,
    InsecureLink,
    JobTimeout,
    NotFound,
    SpoolError,
)
from tap_cxone.http.retry import Attempts
from tap_cxone.jobs.failure import failure_error, failure_reason, failure_text
from tap_cxone.jobs.job import RESULT_RETENTION, Job, JobOrigin, JobStatus, StatusResponse
from tap_cxone.jobs.polling import DurationBounds, merge_bounds
from tap_cxone.jobs.submitter import JobSubmitter
from tap_cxone.progress.activity import count_export, set_activity, sleep
from tap_cxone.spool import WindowFile

if TYPE_CHECKING:
    import logging
    from collections.abc import Sequence
    from contextlib import ExitStack
    from datetime import datetime

    from tap_cxone.clock import Clock
    from tap_cxone.events.audit_log import AuditContext
    from tap_cxone.http.rate_limit import RateLimiter
    from tap_cxone.jobs.api import JobApi, SubmitResult
    from tap_cxone.jobs.known_jobs import KnownJobs
    from tap_cxone.jobs.polling import PollPolicy
    from tap_cxone.jobs.slots import TenantSlots
    from tap_cxone.spool import Spool
    from tap_cxone.windows import Window

_MILLISECOND = timedelta(milliseconds=1)
_REGISTRATION_TIME = timedelta(minutes=1)  # until an API certainly knows a job that it accepted


@dataclass(slots=True)
class JobRunner:
    """Runner of one stream's jobs; it starts jobs of upcoming windows ahead of time.

    Attributes:
        api: API of the family.
        jobs: Jobs of the stream, as its worker knows them.
        rate_limiter: Limiter of the family's requests and submits.
        slots: Slots of the family, shared by all processes.
        clock: Source of time and sleep.
        poll_policy: Poll interval, timeout and retry policy.
        log: Logger of the stream.
        audit_context: Audit log of the stream.
    """

    api: JobApi
    jobs: KnownJobs
    rate_limiter: RateLimiter
    slots: TenantSlots
    clock: Clock
    poll_policy: PollPolicy
    log: logging.Logger
    audit_context: AuditContext
    _duration_bounds: DurationBounds | None = None
    _unknown_statuses: set[str] = field(default_factory=set)
    _submitter: JobSubmitter = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Create the submitter."""
        self._submitter = JobSubmitter(
            api=self.api,
            jobs=self.jobs,
            rate_limiter=self.rate_limiter,
            clock=self.clock,
            poll_policy=self.poll_policy,
            log=self.log,
            describe=self.description,
        )

    def fetch(self, window: Window, upcoming: Sequence[Window] = ()) -> WindowFile:
        """Return the complete file of a window.

        A pending job of the window is resumed. After a failed download or an expired link the job
        is polled for a new link. Without a pending job, or if its file is gone, the window is
        submitted again.

        Args:
            window: Window to fetch.
            upcoming: Following windows, whose jobs are started as soon as a slot is free.

        Raises:
            JobError: The job failed or timed out.
            DownloadError: All attempts to download the file failed.
            ApiError: The API refused a request.
        """
        spool = self._fetch_spool(window, upcoming)
        description, job_id = self.description(window), self.jobs.last_job_id(window)
        return WindowFile(window, upcoming, description, job_id, spool)

    def _fetch_spool(self, window: Window, upcoming: Sequence[Window]) -> Spool:
        policy = self.poll_policy.retry.with_equal_delays(self.poll_policy.interval)
        attempts = Attempts(policy, self.clock)
        while True:
            link = self._obtain_link(window, upcoming)
            set_activity(f"downloading {window}")
            try:
                return self.api.download(link, self.description(window))
            except (SpoolError, InsecureLink):
                raise  # a retry frees no space on the disk, and makes no link secure
            except (DownloadError, NotFound) as error:
                attempt = attempts.record(error)
                if attempt.is_last:
                    msg = f"{error}; {attempt.count_text}; no record was emitted. Run again later"
                    raise DownloadError(msg) from error
                self.log.warning("%s; requesting the file again", error)
                if isinstance(error, NotFound):  # a new link does not restore a missing file
                    self.discard(window)
                sleep(self.clock, attempt.delay, "waiting to download again")

    def check_submit(self, window: Window) -> None:
        """Submit a window whose file is not needed; cancel its job if the API supports it.

        Raises:
            ApiError: The API refused the submit.
        """
        with self.slots.acquire():
            result = self._submitter.submit_with_retry(window)
        if result.job_id is not None and not result.adopted:
            fingerprint = self.api.fingerprint(window)
            with suppress(ApiError, AuthError):  # the job ends by itself
                self.api.cancel(Job(result.job_id, window, self.clock.now(), fingerprint))

    def description(self, window: Window) -> str:
        """Return the name of a window, and of its job if there is one, for messages."""
        job_id = self.jobs.last_job_id(window)
        return f"{self.api.name}, {window}{f', job {job_id}' if job_id else ''}"

    def discard(self, window: Window) -> None:
        """Delete the job of a window with an unusable file; a later attempt submits it again."""
        if job := self.jobs.pending_job(window):
            self.jobs.remove(job)

    def _obtain_link(self, window: Window, upcoming: Sequence[Window]) -> str:
        while True:
            if (job := self.jobs.find_pending(window)) is None:
                if link := self._submit(window):
                    return link
            elif link := self._wait_for_link(job, upcoming):
                return link

    def _submit(self, window: Window) -> str | None:
        """Submit a window; return the link of the response, or None if the job is pending."""
        requested_at = self.clock.now()
        set_activity(f"submitting {window}", is_waiting=True)
        with self.slots.acquire() as slot:
            if self.jobs.find_pending(window):  # another process submitted it meanwhile
                return None
            result = self._submitter.submit_with_retry(window)
            return self._record_submit(window, result, requested_at, slot)

    def _record_submit(
        self, window: Window, result: SubmitResult, requested_at: datetime, slot: ExitStack
    ) -> str | None:
        job, now = None, self.clock.now()
        if result.job_id is not None:
            job = Job(
                result.job_id,
                window,
                submitted_at=now,
                fingerprint=self.api.fingerprint(window),
                reload=self.jobs.store.reload_of(window),
                origin=JobOrigin.ADOPTED if result.adopted else JobOrigin.SUBMITTED,
                # A job that came with its link is complete: there is nothing to poll or to resume.
                resumable=result.link is None,
            )
            if job.resumable:
                self.slots.hold_for_job(job.id, slot)
        self.jobs.record_submit(job)
        audit_context = self.audit_context.for_window(window, result.job_id)
        if result.adopted:
            audit_context.write("job_adopted")
        else:
            count_export()
            latency = round((now - requested_at) / _MILLISECOND)
            audit_context.write("job_created", latency_ms=latency, request=self.api.body(window))
        outcome = "adopted" if result.adopted else "submitted"
        self.log.info("%s: %s", self.description(window), outcome)
        return result.link

    def _start_upcoming(self, upcoming: Sequence[Window]) -> None:
        """Start jobs of upcoming windows while slots are free; never wait for a slot."""
        for window in upcoming:
            if self.jobs.find_pending(window) is None and not self._try_start(window):
                return

    def _try_start(self, window: Window) -> bool:
        """Start the job of a window ahead of time; return True if another one may start too."""
        limit = self.rate_limiter.limits.max_concurrent if self._submitter.start_ahead else 0
        if len(self.jobs.running_jobs()) >= limit:
            return False
        if (slot := self.slots.try_acquire()) is None:
            return False
        with slot:
            return self._try_submit(window, slot)

    def _try_submit(self, window: Window, slot: ExitStack) -> bool:
        requested_at = self.clock.now()
        result = self._submitter.submit_ahead(window)
        if result is not None:
            self._record_submit(window, result, requested_at, slot)
        return result is not None

    def _wait_for_link(self, job: Job, upcoming: Sequence[Window]) -> str | None:
        """Poll a job until it ends; return its link, or None if it must be submitted again."""
        audit_context, last_status = self.audit_context.for_window(job.window, job.id), ""
        if not job.from_this_run:
            audit_context.write("job_adopted")
            self.slots.reacquire(job.id)
        self._start_upcoming(upcoming)
        activity = f"waiting for {job.window}, job {job.id}"
        set_activity(activity, is_waiting=True, started_at=job.submitted_at)
        known_running_for, current_age = timedelta(0), self.clock.now() - job.submitted_at
        for age in self.poll_policy.poll_ages(self._duration_bounds, current_age=current_age):
            job, response = self._poll(job, age)
            self._warn_of_unknown_status(job, response)
            if response.status_text != last_status:
                audit_context.write("job_state", state=response.status_text)
            if response.status is JobStatus.SUCCEEDED and response.link:
                self._record_duration(job, known_running_for)
                self._start_upcoming(upcoming)  # the slot of this job is free
                return response.link
            if job.status.is_terminal:
                self._handle_failed_job(job, response)
                return None
            last_status = response.status_text
            known_running_for = self.clock.now() - job.submitted_at
            if known_running_for > RESULT_RETENTION and not job.from_this_run:
                reason = "it has been running for more than a day"
                self._handle_failed_job(job, structs.replace(response, reason=reason))
                return None
            self._check_job_timeout(job, response)
            self._start_upcoming(upcoming)
        raise AssertionError  # pragma: no cover (the poll ages never end)

    def _poll(self, job: Job, age: timedelta) -> tuple[Job, StatusResponse]:
        """Wait until a job has this age, then poll it; release its slot if it ended."""
        # A poll may be late. The next one still follows at least one poll interval after it.
        last_polled_at = job.last_polled_at or job.submitted_at
        poll_at = max(job.submitted_at + age, last_polled_at + self.poll_policy.interval)
        sleep(self.clock, poll_at - self.clock.now())
        try:
            response = self.api.get_status(job)
        except NotFound as error:
            response = self._missing_job(job, error)
        polled_job = replace(job, status=response.status, last_polled_at=self.clock.now())
        self.jobs.update(polled_job)
        if polled_job.status.is_terminal:
            self.slots.release(job.id)
        return polled_job, response

    def _missing_job(self, job: Job, error: NotFound) -> StatusResponse:
        """Return the status of a job that the API does not know: expired, unless it is new."""
        if job.from_this_run and self.clock.now() - job.submitted_at < _REGISTRATION_TIME:
            return StatusResponse(JobStatus.RUNNING)
        reason = f"the API does not know the job ({error.message})"
        return StatusResponse(JobStatus.EXPIRED, reason=reason)

    def _warn_of_unknown_status(self, job: Job, response: StatusResponse) -> None:
        """Log a status that the tap does not know, once per status."""
        if response.is_known or response.api_status in self._unknown_statuses:
            return
        self._unknown_statuses.add(response.api_status)
        text = "%s: tap-cxone does not know the status in %s; the %s counts as running and "
        text += "is polled for at most %s (%s). Please report the status"
        setting, timeout = self.poll_policy.timeout_setting, self.poll_policy.timeout
        name, noun = self.description(job.window), self.api.NOUN
        self.log.warning(text, name, response.answer, noun, timeout, setting)

    def _check_job_timeout(self, job: Job, response: StatusResponse) -> None:
        description, timeout = self.description(job.window), self.poll_policy.timeout
        running_for = self.clock.now() - job.submitted_at
        if running_for < timeout:
            return
        outcome = self._cancel_timed_out(job)
        self.audit_context.for_window(job.window, job.id).write(
            "job_stuck",
            state=response.status_text,
            seconds=running_for.total_seconds(),
            outcome=outcome,
        )
        msg = f"{description} is still running after {timeout}; {outcome}"
        if not response.is_known:
            msg += f". tap-cxone does not know the status in {response.answer}; please report it"
        msg += f". Raise {self.poll_policy.timeout_setting} or narrow the window"
        raise JobTimeout(msg, window=None if self.jobs.pending_job(job.window) else job.window)

    def _cancel_timed_out(self, job: Job) -> str:
        """Cancel a timed-out job if the API supports it; return the outcome for the message."""
        try:
            if not self.api.cancel(job):
                return "the job stays in the state and the next run resumes it"
            outcome = "the job was cancelled"
        except (ApiError, AuthError) as error:
            outcome = f"the job could not be cancelled ({error})"
        self.jobs.remove(job)
        self.audit_context.for_window(job.window, job.id).write(
            "job_failed", reason=f"timed out; {outcome}"
        )
        return outcome

    def _record_duration(self, job: Job, known_running_for: timedelta) -> None:
        """Store the duration of a job, to poll the next one at the right age."""
        self._duration_bounds = merge_bounds(
            self._duration_bounds,
            DurationBounds(known_running_for, self.clock.now() - job.submitted_at),
        )

    def _handle_failed_job(self, job: Job, response: StatusResponse) -> None:
        """Delete a job that gives no file.

        Raises:
            JobFailed: This run submitted the job. A job of an earlier run is submitted again.
            JobTimeout: The same, and the API ended the job at a limit of its own.
            WindowTooLarge: The same, and the reason is the size of the result.
        """
        description = self.description(job.window)
        self.jobs.remove(job)
        reason = f"{response.status_text}: {failure_reason(response)}"
        self.audit_context.for_window(job.window, job.id).write("job_failed", reason=reason)
        if job.from_this_run:
            raise failure_error(description, response, job.window)
        text = "%s; submitting the window again"
        self.log.warning(text, failure_text(description, response))
