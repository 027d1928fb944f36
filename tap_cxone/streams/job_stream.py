"""Base class of streams that download files made by remote jobs."""

from __future__ import annotations

from abc import abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_cxone.jobs.known_jobs import KnownJobs
from tap_cxone.jobs.runner import JobRunner
from tap_cxone.streams.windowed import WindowedStream
from tap_cxone.windows import Overlap, Window, daily_windows, midnight

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tap_cxone.jobs.api import JobApi
    from tap_cxone.jobs.ledger import JobLedger
    from tap_cxone.jobs.store import JobStore
    from tap_cxone.planning.workload import Unit
    from tap_cxone.streams.window_loader import FileSource


class JobStream(WindowedStream):
    """A windowed stream whose files are made by remote jobs."""

    unit: ClassVar[Unit] = "exports"

    @property
    @abstractmethod
    def api(self) -> JobApi:
        """Return the API that runs the stream's jobs."""

    @property
    @override
    def configured_window_days(self) -> int:
        return self.family.window_days

    @override
    def windows(
        self, start: datetime, end: datetime, pending: Iterable[Window]
    ) -> Iterable[Window]:
        """Yield windows of whole UTC days, unless a subclass overrides it."""
        return daily_windows(
            start, end, max_days=self.window_days, pending=pending, overlap=self.overlap(start)
        )

    def overlap(self, start: datetime) -> Overlap:  # noqa: ARG002 (the same for any start)
        """Return the days that are read again, for windows from `start` on."""
        return Overlap(self.family.overlap.days, self.settings.start_date)

    @override
    def check_permission(self) -> bool:
        if self.family.submits_cost_exports:
            return False
        end = midnight(self.now())
        self.runner(self.api, self.job_store).check_submit(Window(end - timedelta(days=1), end))
        return True

    @override
    def source(self) -> FileSource:
        return self.runner(self.api, self.job_store)

    def runner(self, api: JobApi, store: JobStore) -> JobRunner:
        """Return the runner of the jobs of one request, which a store holds."""
        family = self.family
        return JobRunner(
            api=api,
            jobs=KnownJobs.load(store, self.workers.main_thread),
            rate_limiter=family.rate_limiter,
            slots=family.slots,
            clock=family.context.clock,
            poll_policy=family.poll_policy,
            log=self.logger,
            audit_context=self.audit_context,
        )

    @override
    def ledger(self) -> JobLedger:
        return self.family.ledger

    @override
    def fingerprint(self, window: Window) -> str:
        return self.api.fingerprint(window)
