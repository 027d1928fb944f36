"""The life of a remote job: submit → wait → file, once, whatever happens in between."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_cxone.errors import (
    AmbiguousSubmit,
    DownloadError,
    JobFailed,
    JobTimeout,
    NotFound,
    Throttled,
    Unavailable,
)
from tap_cxone.jobs import JobStatus, Phase, Receipt
from tap_cxone.state import PendingJob
from tap_cxone.transport import waits

if TYPE_CHECKING:
    import logging
    from datetime import datetime, timedelta

    from tap_cxone.clock import Clock
    from tap_cxone.jobs import JobApi, Memory, Patience
    from tap_cxone.limits import Limiter
    from tap_cxone.spool import Spool
    from tap_cxone.windows import Window

_LOOKS = 3  # how often to look for a job whose submit got no answer


@dataclass(slots=True)
class Lifecycle:
    """Bring home the files of one stream's windows."""

    api: JobApi
    memory: Memory
    limiter: Limiter
    clock: Clock
    patience: Patience
    log: logging.Logger
    _own: dict[str, Window] = field(default_factory=dict)

    def fetch(self, window: Window) -> Spool:
        """Return the complete file of a window.

        A job that is pending for the window is taken up. A file that breaks off, or a link that
        ends too early, is asked for again: with a fresh link where the job can give one, else
        with a new submit.

        Raises:
            JobError: The job failed or its time was up.
            DownloadError: The file broke off again and again.
            ApiError: The API refused.
        """
        for tries in range(self.patience.retries + 1):
            link = self._link(window)
            try:
                return self.api.download(link, self.title(window))
            except DownloadError as error:
                if tries == self.patience.retries:
                    msg = f"{error}; tried {tries + 1} times (max_retries), nothing was emitted"
                    raise DownloadError(msg) from error
                self.log.warning("%s; asking for it again", error)
                self.clock.sleep(self.patience.poll)
        raise AssertionError  # pragma: no cover (the last try returns or raises)

    def title(self, window: Window) -> str:
        """Name a window, and its job if there is one, in a message."""
        pending = self.job(window)
        made = [job_id for job_id, asked in self._own.items() if asked == window]
        job_id = pending.id if pending else next(reversed(made), None)
        return f"{self.api.name}, {window}{f', job {job_id}' if job_id else ''}"

    def job(self, window: Window) -> PendingJob | None:
        """Return the pending job that asked for exactly this window."""
        wanted = self.api.fingerprint(window)
        jobs = (job for job in self.memory.pending() if job.window == window)
        return next((job for job in jobs if job.fingerprint == wanted), None)

    def _link(self, window: Window) -> str:
        with self.limiter.place:
            while True:
                if (job := self.job(window)) is None:
                    if link := self._submit(window):
                        return link
                elif link := self._wait(job):
                    return link

    def _submit(self, window: Window) -> str | None:
        """Submit; return the link if the answer had one, else None (the job is pending then)."""
        receipt = self._accepted(window)
        job = None
        if receipt.job_id is not None:
            self._own[receipt.job_id] = window
        if receipt.link is None and receipt.job_id is not None:
            asked = self.api.fingerprint(window)
            job = PendingJob(receipt.job_id, window, self.clock.now(), asked)
        self.memory.submitted(job)
        self.log.info("%s submitted", self.title(window))
        return receipt.link

    def _accepted(self, window: Window) -> Receipt:
        give_up = self.clock.now() + self.patience.timeout
        failures = 0
        for wait in waits(max(self.limiter.limits.spacing, self.patience.poll)):
            before = self.api.job_ids()
            try:
                return self.api.submit(window)
            except Throttled as error:
                pause = error.retry_after or wait
                self._may_wait(error, pause, give_up, window)
            except Unavailable as error:
                failures += 1
                pause = error.retry_after or wait
                if failures > self.patience.retries:
                    raise
            except AmbiguousSubmit as error:
                failures += 1
                if receipt := self._settle(error, before, window):
                    return receipt
                pause = self.patience.poll
                if failures > self.patience.retries:
                    raise
            self.clock.sleep(pause)
        raise AssertionError  # pragma: no cover (the waits never end)

    def _may_wait(
        self, error: Throttled, pause: timedelta, give_up: datetime, window: Window
    ) -> None:
        if self.clock.now() + pause > give_up:
            msg = (
                f"{self.title(window)}: the API said 'wait' for {self.patience.timeout} "
                f"(job_timeout_minutes): {error}; is something else exporting from this tenant?"
            )
            raise Throttled(msg, status=error.status) from error
        self.log.info("%s: told to wait, trying again in %s", self.title(window), pause)

    def _settle(
        self, error: AmbiguousSubmit, before: frozenset[str] | None, window: Window
    ) -> Receipt | None:
        """Find out what became of a submit whose answer was lost.

        Returns:
            The job it made; None if it made none.

        Raises:
            AmbiguousSubmit: That cannot be found out.
        """
        for _ in range(_LOOKS):
            self.clock.sleep(self.patience.poll)
            now = self.api.job_ids()
            if before is None or now is None:
                why = "this API has no list of jobs: it counts as spent, the next run asks anew"
                break
            if len(new := now - before) == 1:
                (found,) = new
                self.log.warning("%s: the answer to the submit was lost, its job found", window)
                return Receipt(found)
            if new:
                why = (
                    f"several jobs appeared at once ({', '.join(sorted(new))}): run again when "
                    "nothing else is exporting"
                )
                break
        else:
            return None
        msg = f"{self.title(window)}: {error}; {why}"
        raise AmbiguousSubmit(msg, status=error.status) from error

    def _wait(self, job: PendingJob) -> str | None:
        """Poll a job to its end; return its link, or None if it must be submitted again."""
        now = self.clock.now()
        self.clock.sleep(job.submitted_at + self.patience.poll - now)
        for pause in self.patience.polls():
            try:
                status = self.api.status(job)
            except NotFound as error:
                status = JobStatus(Phase.EXPIRED, words=f"the API does not know it ({error})")
            if status.phase is Phase.SUCCEEDED and status.link:
                return status.link
            if status.phase is not Phase.RUNNING:
                self._lost(job, status)
                return None
            self._may_run(job, now + self.patience.timeout)
            self.clock.sleep(pause)
        raise AssertionError  # pragma: no cover (the polls never end)

    def _may_run(self, job: PendingJob, give_up: datetime) -> None:
        if self.clock.now() < give_up:
            return
        msg = (
            f"{self._called(job)} is still running after {self.patience.timeout}; it stays in "
            "the state and the next run takes it up. Raise job_timeout_minutes or narrow the window"
        )
        raise JobTimeout(msg)

    def _lost(self, job: PendingJob, status: JobStatus) -> None:
        """Forget a job that gives no file; submit again only if an earlier run had made it."""
        self.memory.forget(job)
        done = status.phase is Phase.SUCCEEDED
        words = "no download link" if done else status.words or "no reason given"
        msg = f"{self._called(job)} gave no file: {status.phase.name}, {words}"
        if job.id in self._own:
            raise JobFailed(msg)
        self.log.warning("%s; submitting again", msg)

    def _called(self, job: PendingJob) -> str:
        return f"{self.api.name}, {job.window}: job {job.id}"
