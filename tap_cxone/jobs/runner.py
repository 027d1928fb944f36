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
from tap_cxone.http.transport import waits
from tap_cxone.jobs.api import Receipt
from tap_cxone.jobs.job import KEPT, JobStatus, PendingJob, Phase
from tap_cxone.jobs.polling import Took, learned
from tap_cxone.progress.activity import doing, rest, spent

if TYPE_CHECKING:
    import logging
    from collections.abc import Sequence
    from contextlib import ExitStack
    from datetime import datetime

    from tap_cxone.clock import Clock
    from tap_cxone.events.audit_log import Trail
    from tap_cxone.http.rate_limit import Limiter
    from tap_cxone.jobs.api import JobApi, Listing
    from tap_cxone.jobs.polling import Patience
    from tap_cxone.jobs.slots import Turns
    from tap_cxone.jobs.store import Memory
    from tap_cxone.spool import Spool
    from tap_cxone.windows import Window

_LOOKS = 3  # how often to look for a job whose submit got no answer
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(slots=True)
class Lifecycle:
    """Bring home the files of one stream's windows, asking for some of them ahead of time."""

    api: JobApi
    memory: Memory
    limiter: Limiter
    turns: Turns
    clock: Clock
    patience: Patience
    log: logging.Logger
    trail: Trail
    _own: dict[str, Window] = field(default_factory=dict)
    _done: set[str] = field(default_factory=set)
    _dropped: set[str] = field(default_factory=set)
    _looked: dict[str, datetime] = field(default_factory=dict)
    _took: Took | None = None
    _no_haste: bool = False

    def fetch(self, window: Window, coming: Sequence[Window] = ()) -> Spool:
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
        for tries in range(self.patience.retries + 1):
            link = self._link(window, coming)
            doing(f"downloading {window}")
            try:
                return self.api.download(link, self.title(window))
            except SpoolError:
                raise  # asking the API again makes no room on the disk
            except (DownloadError, NotFound) as error:
                if tries == self.patience.retries:
                    tried = f"tried {tries + 1} times (max_retries), nothing was emitted"
                    msg = f"{error}; {tried}: run again later"
                    raise DownloadError(msg) from error
                self.log.warning("%s; asking for it again", error)
                if isinstance(error, NotFound):  # a link is renewed, a file that is gone is not
                    self.forget(window)
                rest(self.clock, self.patience.poll, "the download broke off")
        raise AssertionError  # pragma: no cover (the last try returns or raises)

    def title(self, window: Window) -> str:
        """Name a window, and its job if there is one, in a message."""
        job_id = self.job_id(window)
        return f"{self.api.name}, {window}{f', job {job_id}' if job_id else ''}"

    def job_id(self, window: Window) -> str | None:
        """Return the last job of a window; None if there was none, or it has no name."""
        pending = self.job(window)
        made = [job_id for job_id, asked in self._own.items() if asked == window]
        return pending.id if pending else next(reversed(made), None)

    def forget(self, window: Window) -> None:
        """Drop the job of a window, whose file is of no use; the next run asks for another."""
        if job := self.job(window):
            self.memory.forget(job)

    def job(self, window: Window) -> PendingJob | None:
        """Return the pending job that asked for exactly this window."""
        wanted = self.api.fingerprint(window)
        jobs = (job for job in self.memory.pending() if job.window == window)
        return next((job for job in jobs if job.fingerprint == wanted), None)

    def _link(self, window: Window, coming: Sequence[Window]) -> str:
        while True:
            if (job := self._known(window)) is None:
                if link := self._submit(window):
                    return link
            elif link := self._wait(job, coming):
                return link

    def _known(self, window: Window) -> PendingJob | None:
        """Return the pending job of a window, whichever run it is of."""
        if (job := self.job(window)) is None:
            self.memory.recall(window)
            job = self.job(window)
        return job

    def _submit(self, window: Window) -> str | None:
        """Submit; return the link if the answer had one, else None (the job is pending then)."""
        asked = self.clock.now()
        doing(f"asking for {window}", waits=True)
        with self.turns.turn() as place:
            if self._known(window):  # another process has asked for it meanwhile
                return None
            return self._created(window, self._accepted(window), asked, place)

    def _created(
        self, window: Window, receipt: Receipt, asked: datetime, place: ExitStack
    ) -> str | None:
        job = None
        if receipt.job_id is not None:
            self._own[receipt.job_id] = window
        now = self.clock.now()
        if receipt.link is None and receipt.job_id is not None:
            job = PendingJob(receipt.job_id, window, now, self.api.fingerprint(window))
            self.turns.keep(job.id, place)
        self.memory.submitted(job)
        trail = self.trail.of(window, receipt.job_id)
        if receipt.found:
            trail.write("job_found")
        else:
            spent()
            trail.write("job_created", latency_ms=round((now - asked) / _MILLISECOND))
        self.log.info("%s %s", self.title(window), "found" if receipt.found else "submitted")
        return receipt.link

    def _prepare(self, coming: Sequence[Window]) -> None:
        """Start jobs for the windows to come, as far as there is room; never wait for it."""
        for window in coming:
            if self._known(window) is None and not self._ahead(window):
                return

    def _ahead(self, window: Window) -> bool:
        """Ask for a window before its turn; tell whether there may be room for another."""
        active = [job for job in self.memory.pending() if job.id not in self._done]
        if self._no_haste or len(active) >= self.limiter.limits.concurrent:
            return False
        if (place := self.turns.at_once()) is None:
            return False
        with place:
            return self._asked_ahead(window, place)

    def _asked_ahead(self, window: Window, place: ExitStack) -> bool:
        asked = self.clock.now()
        before: Listing | None = None
        receipt: Receipt | None = None
        try:
            before = self.api.listing(window)
            receipt = self._asked(window, before)
        except Throttled as error:
            self.log.debug("%s has to wait for its turn: %s", self.title(window), error)
        except AmbiguousSubmit as error:
            receipt = self._settle(error, before, window)
        except ApiError as error:
            self.log.info("%s has to wait for its turn: %s", self.title(window), error)
            self._no_haste = True
        if receipt is not None:
            self._created(window, receipt, asked, place)
        return receipt is not None

    def _asked(self, window: Window, listing: Listing | None) -> Receipt:
        """Submit once, unless the API shows a running job that asked for exactly this."""
        same = listing.same - self._dropped if listing else frozenset()
        if same:
            return Receipt(min(same), found=True)
        if listing is not None and listing.full:
            msg = f"{self.api.name}: as many jobs as the tenant may have are active"
            raise Throttled(msg)
        try:
            return self.api.submit(window)
        except JobFailed as error:  # at once, without a name
            msg = f"{self.title(window)}: {error}. Run again; a smaller window may help"
            raise JobFailed(msg) from error

    def _accepted(self, window: Window) -> Receipt:
        give_up = self.clock.now() + self.patience.timeout
        failures = 0
        for wait in waits(max(self.limiter.limits.spacing, self.patience.poll)):
            before = self.api.listing(window)
            try:
                return self._asked(window, before)
            except Throttled as error:
                pause = error.retry_after or wait
                self._may_wait(error, pause, give_up, window)
            except Unavailable as error:
                failures += 1
                pause = error.retry_after or wait
                if error.repeated or failures > self.patience.retries:
                    raise
            except AmbiguousSubmit as error:
                failures += 1
                if receipt := self._settle(error, before, window):
                    return receipt
                pause = self.patience.poll
                if failures > self.patience.retries:
                    raise
            rest(self.clock, pause, f"told to wait with {window}")
        raise AssertionError  # pragma: no cover (the waits never end)

    def _may_wait(
        self, error: Throttled, pause: timedelta, give_up: datetime, window: Window
    ) -> None:
        if error.repeated:
            raise error
        if self.clock.now() + pause > give_up:
            msg = (
                f"{self.title(window)}: the API said 'wait' for {self.patience.timeout} "
                f"(job_timeout_minutes): {error.said}; is something else exporting from this "
                "tenant?"
            )
            raise Throttled(msg, status=error.status) from error
        self.log.info("%s: told to wait, trying again in %s", self.title(window), pause)

    def _settle(
        self, error: AmbiguousSubmit, before: Listing | None, window: Window
    ) -> Receipt | None:
        """Find out what became of a submit whose answer was lost.

        Returns:
            The job it made; None if it made none.

        Raises:
            AmbiguousSubmit: That cannot be found out.
        """
        for _ in range(_LOOKS):
            rest(self.clock, self.patience.poll, f"looking for the job of {window}")
            now = self.api.listing(window)
            if before is None or now is None:
                spent()
                why = "this API has no list of jobs: it counts as spent, the next run asks anew"
                break
            if len(new := now.ids - before.ids) == 1:
                (found,) = new
                self.log.warning("%s: the answer to the submit was lost, its job found", window)
                return Receipt(found, found=True)
            if new:
                why = (
                    f"several jobs appeared at once ({', '.join(sorted(new))}): run again when "
                    "nothing else is exporting"
                )
                break
        else:
            return None
        msg = f"{self.title(window)}: {error.said}; {why}"
        raise AmbiguousSubmit(msg, status=error.status) from error

    def _wait(self, job: PendingJob, coming: Sequence[Window]) -> str | None:
        """Poll a job to its end; return its link, or None if it must be submitted again."""
        trail, seen = self.trail.of(job.window, job.id), ""
        if job.id not in self._own:
            trail.write("job_found")
            self.turns.adopt(job.id)
        self._prepare(coming)
        words = f"waiting for {job.window}, job {job.id}"
        doing(words, waits=True, since=job.submitted_at)
        more, old = timedelta(0), self.clock.now() - job.submitted_at
        for age in self.patience.looks(self._took, old=old):
            # A look may have come late: the next one is never closer to it than a poll interval.
            soonest = self._looked.get(job.id, job.submitted_at) + self.patience.poll
            rest(self.clock, max(job.submitted_at + age, soonest) - self.clock.now())
            try:
                status = self.api.status(job)
            except NotFound as error:
                status = JobStatus(Phase.EXPIRED, words=f"the API does not know it ({error.said})")
            self._looked[job.id] = self.clock.now()
            if status.phase is not Phase.RUNNING:
                self.turns.free(job.id)
            if status.called != seen:
                trail.write("job_state", state=status.called)
            if status.phase is Phase.SUCCEEDED and status.link:
                self._learn(job, more)
                self._prepare(coming)  # its place is free
                return status.link
            if status.phase is not Phase.RUNNING:
                self._lost(job, status)
                return None
            seen, more = status.called, self.clock.now() - job.submitted_at
            if more > KEPT and job.id not in self._own:
                self._lost(job, replace(status, words="it has been running for more than a day"))
                return None
            self._may_run(job, job.submitted_at + self.patience.timeout)
            self._prepare(coming)
        raise AssertionError  # pragma: no cover (the looks never end)

    def _may_run(self, job: PendingJob, give_up: datetime) -> None:
        if self.clock.now() < give_up:
            return
        title, after = self.title(job.window), self.patience.timeout
        msg = f"{title} is still running after {after}; {self._ended(job)}"
        msg += ". Raise job_timeout_minutes or narrow the window"
        raise JobTimeout(msg, window=job.window)

    def _ended(self, job: PendingJob) -> str:
        """Cancel a job whose time is up, where that is possible; say what becomes of it."""
        try:
            if not self.api.cancel(job):
                return "it stays in the state and the next run takes it up"
            what = "it was cancelled"
        except (ApiError, AuthError) as error:
            what = f"it could not be cancelled ({error})"
        self.memory.forget(job)
        self.trail.of(job.window, job.id).write("job_failed", reason=f"its time is up: {what}")
        return what

    def _learn(self, job: PendingJob, more: timedelta) -> None:
        """Remember how long a job took, to look at the next one when it may be done."""
        self._done.add(job.id)
        self._took = learned(self._took, Took(more, self.clock.now() - job.submitted_at))

    def _lost(self, job: PendingJob, status: JobStatus) -> None:
        """Forget a job that gives no file; submit again only if an earlier run had made it."""
        done = status.phase is Phase.SUCCEEDED
        words = "no download link" if done else status.words or "no reason given"
        msg = f"{self.title(job.window)} gave no file: {status.phase.name}, {words}"
        self.memory.forget(job)
        self._dropped.add(job.id)
        self.trail.of(job.window, job.id).write("job_failed", reason=f"{status.called}: {words}")
        if job.id in self._own:
            msg += ". Run again; a smaller window may help"
            raise JobFailed(msg)
        self.log.warning("%s; submitting again", msg)
