"""API limits as data, and the limiter that enforces them."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct, field, structs
from typing_extensions import override

from tap_cxone.errors import (
    AmbiguousSubmit,
    CXoneError,
    Interrupted,
    JournalError,
    QuotaExhausted,
)
from tap_cxone.http.rate_limit_headers import RateLimitHeaders
from tap_cxone.http.send_timing import SendTiming
from tap_cxone.progress.activity import sleep

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime

    from tap_cxone.clock import Clock

_ZERO = timedelta(0)


class ExportQuota(Struct, frozen=True):
    """Maximum number of submits (`exports`) within any `period`."""

    exports: int
    period: timedelta = timedelta(hours=24)


class RateLimits(Struct, frozen=True):
    """The limits of one family.

    Attributes:
        min_submit_interval: Minimum time between two submits.
        max_concurrent: Maximum number of jobs that run at the same time.
        quota: Maximum number of submits within a period, or None.
        quota_wait: Longest wait for a submit that the quota does not allow yet.
        max_request_delay: Longest wait before a request, for a rate limit that is almost used up.
        tenant_wide: Whether the API enforces `max_concurrent` across all clients of the tenant.
    """

    min_submit_interval: timedelta = _ZERO
    max_concurrent: int = 1
    quota: ExportQuota | None = None
    quota_wait: timedelta = _ZERO
    max_request_delay: timedelta = timedelta(seconds=2)
    tenant_wide: bool = False

    @property
    def max_upcoming(self) -> int:
        """Return for how many upcoming windows jobs may be started ahead of time."""
        return self.max_concurrent if self.max_concurrent > 1 else 0

    @property
    def retention(self) -> timedelta:
        """Return how long a submit counts against a limit."""
        return max(self.min_submit_interval, self.quota.period if self.quota else _ZERO)


class SubmitLog(Protocol):
    """Record of submits that several runs share."""

    def submit_times(self, since: datetime) -> list[datetime]:
        """Return the times of all submits since an instant."""

    def register(self, sent_at: datetime) -> int:
        """Store a submit immediately before it is sent; return its number."""

    def confirm(self, submit_id: int, counted_at: datetime | None) -> None:
        """Correct the time from which a submit counts; delete it if `counted_at` is None."""


class NullSubmitLog(SubmitLog):
    """Record of a run that shares its submits with no other run."""

    @override
    def submit_times(self, since: datetime) -> list[datetime]:
        return []

    @override
    def register(self, sent_at: datetime) -> int:
        return 0

    @override
    def confirm(self, submit_id: int, counted_at: datetime | None) -> None:
        return None


def _latest_untaken(at: datetime, taken: Collection[datetime]) -> datetime:
    """Return the latest instant up to `at` that is not taken; an instant identifies a submit."""
    while at in taken:
        at -= timedelta(microseconds=1)
    return at


class RateLimiter(Struct):
    """Limiter of one family's requests and submits, for all its streams and across runs.

    `restore` adds the submits of earlier runs, and `submit_log` those of other processes.
    `update_from_headers` stores the rate-limit headers of the last response.

    Attributes:
        limits: Limits of the family.
        clock: Source of time and sleep.
        submit_log: Record of submits that several runs share.
        throttle_timeout: Longest wait for the reset of a rate limit.
    """

    limits: RateLimits
    clock: Clock
    submit_log: SubmitLog = field(default_factory=NullSubmitLog)
    throttle_timeout: timedelta = timedelta(minutes=30)
    _submit_times: list[datetime] = field(default_factory=list)
    _shared_times: list[datetime] = field(default_factory=list)
    _last_headers: RateLimitHeaders = field(default_factory=RateLimitHeaders)
    _most_remaining: int = 0
    _last_submit_at: datetime | None = None
    _quota_exhausted_until: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def restore(self, submit_times: Iterable[datetime]) -> None:
        """Add submits that an earlier run stored, each once."""
        with self._lock:  # one thread submits, another one writes STATE
            self._submit_times = sorted({*self._submit_times, *submit_times})

    def submit_times(self) -> list[datetime]:
        """Return the times of submits that still count, oldest first; delete the others."""
        self._shared_times = self.submit_log.submit_times(self.clock.now() - self.limits.retention)
        return self.known_submit_times()

    def known_submit_times(self) -> list[datetime]:
        """Return the same without reading the submit log, which may be out of reach."""
        with self._lock:
            self._submit_times = local_times = self._drop_expired(self._submit_times)
        return sorted({*local_times, *self._drop_expired(self._shared_times)})

    def _drop_expired(self, submit_times: Iterable[datetime]) -> list[datetime]:
        now = self.clock.now()
        # A submit in the future (the clock was set back) must not block until then.
        times = (min(at, now) for at in submit_times)
        return [at for at in times if at > now - self.limits.retention]

    @contextmanager
    def submitting(self) -> Iterator[SendTiming]:
        """Wait until a submit is allowed; count the submit of this block, whatever its outcome.

        The API counts a submit from its arrival, which is before the response, and before
        `SendTiming.latest_arrival` of the yielded value. A refused submit counts for the minimum
        interval, but not for a quota.

        Raises:
            QuotaExhausted: The quota allows no submit now.
            JournalError: The submit could not be stored and was not sent.
        """
        while self.remaining_exports() == 0:
            self.await_export(self.quota_error())
        sleep(
            self.clock, self.time_until_submit(), "waiting for the minimum time between two submits"
        )
        sent_at = self.clock.now()
        taken = {
            *self._submit_times,
            *self.submit_log.submit_times(sent_at - self.limits.retention),
        }
        # The submit counts from now on: a run killed before the response may have spent the export.
        timing = SendTiming(self.clock, sent_at)
        submit_id = self.submit_log.register(_latest_untaken(timing.latest_arrival(), taken))
        counts = True
        try:
            yield timing
        except AmbiguousSubmit:
            raise
        except CXoneError:
            counts = self.limits.quota is None
            raise
        finally:
            self._last_submit_at = min(self.clock.now(), timing.latest_arrival())
            counted_at = _latest_untaken(self._last_submit_at, taken) if counts else None
            self.restore([counted_at] if counted_at else [])
            # The response must not be lost. A journal error loses nothing: the submit is registered
            # already, and storing its job raises the error again. The same holds for a signal,
            # which the next wait of the thread raises again.
            with suppress(JournalError, Interrupted):
                self.submit_log.confirm(submit_id, counted_at)

    @property
    def _quota_closed_until(self) -> datetime | None:
        """Return the time until which the API refuses submits; None if it has passed."""
        until = self._quota_exhausted_until
        return until if until is not None and self.clock.now() < until else None

    def remaining_exports(self, within: timedelta = _ZERO) -> int | None:
        """Return how many submits the quota allows; None if there is no quota.

        Args:
            within: Time until the last of these submits; by default they are allowed now.
        """
        at, quota = self.clock.now() + within, self.limits.quota
        if (closed_until := self._quota_closed_until) is not None and at < closed_until:
            return 0
        if quota is None:
            return None
        counting = [sent_at for sent_at in self.submit_times() if sent_at + quota.period > at]
        return max(0, quota.exports - len(counting))

    def await_export(self, error: QuotaExhausted) -> None:
        """Wait until the quota allows another submit.

        Raises:
            QuotaExhausted: It would take longer than `quota_wait`.
        """
        now = self.clock.now()
        if error.until is None or error.until > now + self.limits.quota_wait:
            raise error
        sleep(self.clock, error.until - now, "waiting for an export of the quota")

    def mark_quota_exhausted(self) -> QuotaExhausted:
        """Store that the API reported the quota as used up; return the error to raise.

        Other clients may have used it at unknown times. An export is certainly possible when the
        oldest known submit stops counting, or else after a whole period.
        """
        quota = self.limits.quota or ExportQuota(1)
        self._quota_exhausted_until = (
            min(self.submit_times(), default=self.clock.now()) + quota.period
        )
        return self.quota_error()

    def quota_error(self) -> QuotaExhausted:
        """Return the error for a submit that the quota does not allow.

        It states when the next export is possible. Exports that remain today count as reserved for
        other streams.
        """
        quota, submit_times = self.limits.quota or ExportQuota(1), self.submit_times()
        available_now = [self.clock.now()] * (quota.exports - len(submit_times))
        until = (
            self._quota_closed_until
            or [*submit_times, *available_now][-quota.exports] + quota.period
        )
        next_export = f"{until:%Y-%m-%d %H:%M} UTC"
        msg = f"the export quota is used up; the next export is possible at {next_export}"
        return QuotaExhausted(msg, until=until)

    def time_until_submit(self) -> timedelta:
        """Return the wait before the next submit that the minimum interval requires."""
        last_submit_at = max(
            [*self.submit_times(), *filter(None, [self._last_submit_at])], default=None
        )
        if last_submit_at is None:
            return _ZERO
        return max(_ZERO, last_submit_at + self.limits.min_submit_interval - self.clock.now())

    def update_from_headers(self, headers: RateLimitHeaders) -> None:
        """Store the rate-limit headers of the last response.

        A server that announces only the remaining requests allows at least the most seen so far.
        """
        self._most_remaining = max(self._most_remaining, headers.remaining or 0)
        limit = self._most_remaining if headers.limit is None else headers.limit
        self._last_headers = structs.replace(headers, limit=limit)

    def slow_down(self) -> None:
        """Wait longer the closer the server's rate limit is to its end, at most until its reset.

        If no request remains, wait until the reset, at most `throttle_timeout`.
        """
        headers, delay = self._last_headers, self.limits.max_request_delay
        if headers.reset_at is not None:
            until_reset = max(_ZERO, headers.reset_at - self.clock.now())
            max_delay = delay if headers.remaining else self.throttle_timeout
            delay = min(until_reset, max_delay)
        sleep(self.clock, delay * headers.scarcity, "slowing down before the rate limit")
