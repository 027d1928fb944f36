"""What an API allows, as data, and the one loop that keeps it."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Protocol

from typing_extensions import override

from tap_cxone.errors import (
    AmbiguousSubmit,
    CXoneError,
    Interrupted,
    JournalError,
    QuotaExhausted,
)
from tap_cxone.progress.activity import sleep

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from tap_cxone.clock import Clock

_ZERO = timedelta(0)
_MAX_TRANSIT_TIME = timedelta(seconds=2)  # from here to the API, connecting included
_MAX_RETRY_AFTER = timedelta(days=1)  # no server means more; it bounds what a header can do
_MAX_DIGITS = 15
_SCARCITY_THRESHOLD = 0.2  # below this share of a rate limit, requests slow down


@dataclass(frozen=True, slots=True)
class ExportQuota:
    """At most `exports` submits within any `period`."""

    exports: int
    period: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class RateLimits:
    """The limits of one family.

    Attributes:
        spacing: Least time between two submits.
        concurrent: Most jobs that may run at once.
        quota: Most submits within a period; None if there is no such limit.
        pace: Longest wait before a request when the server's rate limit is all but used up.
        exclusive: Whether the API refuses a job beyond `concurrent`, whosever the others are.
    """

    min_submit_interval: timedelta = _ZERO
    max_concurrent: int = 1
    quota: ExportQuota | None = None
    max_throttle_delay: timedelta = timedelta(seconds=2)
    tenant_wide: bool = False

    @property
    def prefetch_windows(self) -> int:
        """Return how many windows may be asked for beside the one that is read."""
        return self.max_concurrent if self.max_concurrent > 1 else 0

    @property
    def retention(self) -> timedelta:
        """Return for how long a submit still counts against a limit."""
        return max(self.min_submit_interval, self.quota.period if self.quota else _ZERO)


@dataclass(frozen=True, slots=True)
class RateLimitHeaders:
    """What a response says about the limits of its server; None where it says nothing."""

    retry_after: timedelta | None = None
    remaining: int | None = None
    limit: int | None = None

    @classmethod
    def parse(cls, headers: Mapping[str, str], now: datetime) -> RateLimitHeaders:
        """Read `Retry-After` (seconds or an HTTP date) and `X-RateLimit-*`."""
        return cls(
            retry_after=_parse_retry_after(headers.get("Retry-After", ""), now),
            remaining=_parse_count(headers.get("X-RateLimit-Remaining", "")),
            limit=_parse_count(headers.get("X-RateLimit-Limit", "")),
        )

    @property
    def scarcity(self) -> float:
        """Return 0 while more than a fifth of the rate limit is left, growing to 1 at its end."""
        if self.remaining is None:
            return 0.0
        if not self.limit:
            return 0.0 if self.remaining else 1.0
        return max(0.0, 1 - self.remaining / self.limit / _SCARCITY_THRESHOLD)


def _parse_count(text: str) -> int | None:
    return int(text) if text.strip().isdecimal() and len(text) <= _MAX_DIGITS else None


def _parse_retry_after(text: str, now: datetime) -> timedelta | None:
    try:
        delay = timedelta(seconds=float(text))
    except (ValueError, OverflowError):
        try:
            retry_at = parsedate_to_datetime(text)
            delay = (retry_at if retry_at.tzinfo else retry_at.replace(tzinfo=UTC)) - now
        except (ValueError, OverflowError):
            return None
    return min(max(_ZERO, delay), _MAX_RETRY_AFTER)


class SubmitLog(Protocol):
    """The submits that several runs know together."""

    def submit_times(self, since: datetime) -> list[datetime]:
        """Return all of them since an instant."""

    def register(self, sent_at: datetime) -> int:
        """Count one that is about to leave; return its number."""

    def confirm(self, submit_id: int, counted_at: datetime | None) -> None:
        """Correct when it counts from; None: it does not."""


class NullSubmitLog(SubmitLog):
    """Nobody else submits."""

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
    """Return the last instant up to `at` that no submit has: each is known by its instant."""
    while at in taken:
        at -= timedelta(microseconds=1)
    return at


@dataclass(slots=True)
class RateLimiter:
    """Keep one family's limits, for all its streams and across runs.

    It knows the submits of earlier runs once it is told (`recall`), those of other processes if
    they are `shared`, and what the server said last (`note`).
    """

    limits: RateLimits
    clock: Clock
    submit_log: SubmitLog = field(default_factory=NullSubmitLog)
    _submit_times: list[datetime] = field(default_factory=list)
    _last_headers: RateLimitHeaders = field(default_factory=RateLimitHeaders)
    _last_submit_at: datetime | None = None
    _quota_exhausted_until: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def restore(self, submit_times: Iterable[datetime]) -> None:
        """Count submits that an earlier run remembered, each once."""
        with self._lock:  # STATE is written by another thread than the one that submits
            self._submit_times = sorted({*self._submit_times, *submit_times})

    def submit_times(self) -> list[datetime]:
        """Return the submits that still count, oldest first, and forget the others."""
        with self._lock:
            self._submit_times = local_times = self._drop_expired(self._submit_times)
        shared_times = self.submit_log.submit_times(self.clock.now() - self.limits.retention)
        return sorted({*local_times, *self._drop_expired(shared_times)})

    def _drop_expired(self, submit_times: Iterable[datetime]) -> list[datetime]:
        now = self.clock.now()
        # A submit 'in the future' (a clock that was set back) must not block until then.
        times = (min(at, now) for at in submit_times)
        return [at for at in times if at > now - self.limits.retention]

    @contextmanager
    def submitting(self) -> Iterator[None]:
        """Wait until a submit is allowed; count the one inside this block, however it ends.

        The API counts from its arrival: no earlier than it left, no later than its answer, and
        not long after it left (a synchronous submit is answered only when its job is done). A
        refused one counts for the spacing, not for a quota.

        Raises:
            QuotaExhausted: No submit is allowed before another day.
            JournalError: It could not be noted, and did not leave.
        """
        if self.remaining_exports() == 0:
            raise self.quota_error()
        sleep(self.clock, self.time_until_submit(), "keeping the time between two submits")
        sent_at = self.clock.now()
        taken = {
            *self._submit_times,
            *self.submit_log.submit_times(sent_at - self.limits.retention),
        }
        # It counts from here on: a run that dies before the answer may have spent it.
        submit_id = self.submit_log.register(_latest_untaken(sent_at, taken))
        counts = True
        try:
            yield
        except AmbiguousSubmit:
            raise
        except CXoneError:
            counts = self.limits.quota is None
            raise
        finally:
            self._last_submit_at = min(self.clock.now(), sent_at + _MAX_TRANSIT_TIME)
            counted_at = _latest_untaken(self._last_submit_at, taken) if counts else None
            self.restore([counted_at] if counted_at else [])
            # The answer must not be lost: it counts already, and who notes the job will say so.
            # Nor for a signal, which is raised again where the thread waits next.
            with suppress(JournalError, Interrupted):
                self.submit_log.confirm(submit_id, counted_at)

    @property
    def _quota_closed_until(self) -> datetime | None:
        """Return until when the API itself allows no submit; None once that is past."""
        until = self._quota_exhausted_until
        return until if until is not None and self.clock.now() < until else None

    def remaining_exports(self) -> int | None:
        """Return how many submits the quota allows now; None if there is no quota."""
        if self._quota_closed_until is not None:
            return 0
        quota = self.limits.quota
        return None if quota is None else max(0, quota.exports - len(self.submit_times()))

    def mark_quota_exhausted(self) -> QuotaExhausted:
        """Remember that the API itself called the quota used up; return the error to raise.

        Others may have used it, nobody knows when: a place is free for certain when the first of
        our own stops counting, or else after a whole period.
        """
        quota = self.limits.quota or ExportQuota(1)
        self._quota_exhausted_until = (
            min(self.submit_times(), default=self.clock.now()) + quota.period
        )
        return self.quota_error()

    def quota_error(self) -> QuotaExhausted:
        """Return the error for a submit that the quota does not allow.

        It says when the next one is possible, taking what is left today for promised elsewhere.
        """
        quota, submit_times = self.limits.quota or ExportQuota(1), self.submit_times()
        unused_slots = [self.clock.now()] * (quota.exports - len(submit_times))
        until = (
            self._quota_closed_until
            or [*submit_times, *unused_slots][-quota.exports] + quota.period
        )
        next_export = f"{until:%Y-%m-%d %H:%M} UTC"
        msg = f"the export quota is used up; the next export is possible at {next_export}"
        return QuotaExhausted(msg, until=until)

    def time_until_submit(self) -> timedelta:
        """Return how long the spacing asks to wait before the next submit."""
        last_submit_at = max(
            [*self.submit_times(), *filter(None, [self._last_submit_at])], default=None
        )
        if last_submit_at is None:
            return _ZERO
        return max(_ZERO, last_submit_at + self.limits.min_submit_interval - self.clock.now())

    def update_from_headers(self, headers: RateLimitHeaders) -> None:
        """Remember what the server said last."""
        self._last_headers = headers

    def throttle(self) -> None:
        """Sleep in proportion to how little of the server's rate limit is left."""
        delay = self.limits.max_throttle_delay * self._last_headers.scarcity
        sleep(self.clock, delay, "sparing what is left of the rate limit")
