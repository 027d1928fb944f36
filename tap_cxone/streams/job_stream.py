"""Base class of streams whose files are made by remote jobs."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_cxone.jobs.runner import Lifecycle
from tap_cxone.streams.windowed import WindowedStream

if TYPE_CHECKING:
    from tap_cxone.jobs.api import JobApi
    from tap_cxone.jobs.job import PendingJob
    from tap_cxone.jobs.ledger import Entries
    from tap_cxone.planning.plan import Unit
    from tap_cxone.streams.window_loader import Source
    from tap_cxone.windows import Window
    from tap_cxone.workers.main_thread import Desk


class JobStream(WindowedStream):
    """A windowed stream whose files are made by remote jobs."""

    unit: ClassVar[Unit] = "exports"

    @property
    @abstractmethod
    def api(self) -> JobApi:
        """Return what makes this stream's files."""

    @override
    def source(self) -> Source:

        family = self.family
        return Lifecycle(
            api=self.api,
            memory=_Memory(self, self.lanes.desk, self.lanes.desk.run(self.memory.pending)),
            limiter=family.limiter,
            turns=family.turns,
            clock=family.surroundings.clock,
            patience=family.patience,
            log=self.logger,
            trail=self.trail,
        )

    def remember(self, job: PendingJob) -> None:
        """Remember a job before anything else happens to it."""
        self.memory.remember(job)
        self.write_state()

    @override
    def pending(self) -> list[PendingJob]:
        remembered = self.memory.pending()
        names = {job.id for job in remembered}
        jobs = [*(job for job in self.noted() if job.id not in names), *remembered]
        return [job for job in jobs if self.api.fingerprint(job.window) == job.fingerprint]

    def noted(self) -> list[PendingJob]:
        """Return the jobs of any run that the journal knows."""
        return self.family.entries.jobs(self.name, self.given)


@dataclass(slots=True)
class _Memory:
    """The stream's state, and the journal beside it, as the memory of its jobs.

    What is pending is known here too: a lane that asked the desk for it would wait for a target
    that takes its time, while a link ends.
    """

    stream: JobStream
    desk: Desk
    jobs: list[PendingJob]

    def pending(self) -> list[PendingJob]:
        return list(self.jobs)

    def recall(self, window: Window) -> None:
        for job in self.stream.noted():
            if job.window == window:
                self._add(job)
                self.desk.post(partial(self.stream.memory.remember, job))

    def submitted(self, job: PendingJob | None) -> None:
        if job is None:  # nothing to take up, and a link that must not wait
            self.desk.post(self.stream.write_state)
            return
        self._add(job)
        try:
            self._entries.submitted(self.stream.name, job)
        finally:  # what the journal cannot take must be in STATE at least
            self.desk.run(lambda: self.stream.remember(job))

    def forget(self, job: PendingJob) -> None:
        self.jobs = [other for other in self.jobs if other.id != job.id]
        self.desk.post(lambda: self.stream.memory.forget(job))
        self._entries.forget(self.stream.name, [job])

    def _add(self, job: PendingJob) -> None:
        self.jobs = [*(other for other in self.jobs if other.id != job.id), job]

    @property
    def _entries(self) -> Entries:
        return self.stream.family.entries
