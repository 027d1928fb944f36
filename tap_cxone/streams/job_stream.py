"""Base class of streams that download files made by remote jobs."""

from __future__ import annotations

from abc import abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_cxone.jobs.runner import JobRunner
from tap_cxone.streams.windowed import WindowedStream
from tap_cxone.windows import Window, midnight

if TYPE_CHECKING:
    from tap_cxone.jobs.api import JobApi
    from tap_cxone.jobs.ledger import JobLedger
    from tap_cxone.planning.workload import Unit


class JobStream(WindowedStream):
    """A windowed stream whose files are made by remote jobs."""

    unit: ClassVar[Unit] = "exports"

    @property
    @abstractmethod
    def api(self) -> JobApi:
        """Return the API that runs the stream's jobs."""

    @override
    def check_permission(self) -> bool:
        if self.family.submits_cost_exports:
            return False
        end = midnight(self.now())
        self.source().check_submit(Window(end - timedelta(days=1), end))
        return True

    @override
    def source(self) -> JobRunner:
        family = self.family
        self.job_store.load(self.workers.main_thread)
        return JobRunner(
            api=self.api,
            store=self.job_store,
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
