"""Base class of streams that download files made by remote jobs."""

from __future__ import annotations

from abc import abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_cxone.errors import JobTimeout
from tap_cxone.jobs.known_jobs import KnownJobs
from tap_cxone.jobs.runner import JobRunner
from tap_cxone.streams.windowed import WindowedStream
from tap_cxone.windows import Overlap, Window, daily_windows, midnight

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from singer_sdk.helpers.types import Record

    from tap_cxone.jobs.api import JobApi
    from tap_cxone.jobs.ledger import JobLedger
    from tap_cxone.jobs.store import JobStore
    from tap_cxone.planning.workload import Unit
    from tap_cxone.streams.window_loader import FileSource

_WIDENING_INTERVAL = timedelta(weeks=1)
_MAX_WIDENINGS = 9  # doublings from one day to the widest window of any API


class JobStream(WindowedStream):
    """A windowed stream whose files are made by remote jobs."""

    unit: ClassVar[Unit] = "exports"

    @property
    @abstractmethod
    def api(self) -> JobApi:
        """Return the API that runs the stream's jobs."""

    @property
    def configured_window_days(self) -> int:
        """Return the maximum days of a window by the settings."""
        return self.family.window_days

    @property
    def window_days(self) -> int:
        """Return the maximum days of a window: by the settings, or fewer after a time-out.

        They double with each week without a time-out, until they are those of the settings.
        """
        state = self.state_view
        if (days := state.window_days) is None:
            return self.configured_window_days
        weeks = (self.now() - (state.window_days_at() or self.now())) // _WIDENING_INTERVAL
        return min(self.configured_window_days, days << min(weeks, _MAX_WIDENINGS))

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
    def read_records(self) -> Iterator[Record]:
        """Yield every record; after a time-out read on in narrower windows.

        Each retry but the first needs a commit since the one before it.
        """
        bookmark_at_retry: datetime | None = None
        is_retry = False
        while True:
            try:
                yield from super().read_records()
            except JobTimeout as error:
                self._narrow_windows(error)
                if is_retry and self.state_view.bookmark() == bookmark_at_retry:
                    raise
                bookmark_at_retry, is_retry = self.state_view.bookmark(), True
                text = "%s. Retrying once with window_days=%d"
                self.logger.warning(text, error, self.window_days)
            else:
                return

    def _narrow_windows(self, error: JobTimeout) -> None:
        """Store half of the window's days in STATE; a window of one day stays as it is.

        Raises:
            JobTimeout: The job is still pending, so another one could not start.
        """
        if error.window is None:
            raise error
        days = min((error.window.end - error.window.start).days, self.window_days)
        if days > 1:
            self.state_view.set_window_days(days // 2, self.now())
            self.write_state()

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
