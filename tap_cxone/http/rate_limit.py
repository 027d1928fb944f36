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
from tap_cxone.progress.activity import rest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from tap_cxone.clock import Clock

_NOTHING = timedelta(0)
_LONGEST_WAY = timedelta(seconds=2)  # from here to the API, connecting included
_LONGEST_WAIT = timedelta(days=1)  # no server means more; it bounds what a header can do
_DIGITS = 15
_SCARCE = 0.2  # below this share of a rate limit, requests slow down


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `exports` submits within any `period`."""

    exports: int
    period: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one family.

    Attributes:
        spacing: Least time between two submits.
        concurrent: Most jobs that may run at once.
        quota: Most submits within a period; None if there is no such limit.
        pace: Longest wait before a request when the server's rate limit is all but used up.
        exclusive: Whether the API refuses a job beyond `concurrent`, whosever the others are.
    """

    spacing: timedelta = _NOTHING
    concurrent: int = 1
    quota: Quota | None = None
    pace: timedelta = timedelta(seconds=2)
    exclusive: bool = False

    @property
    def ahead(self) -> int:
        """Return how many windows may be asked for beside the one that is read."""
        return self.concurrent if self.concurrent > 1 else 0

    @property
    def memory(self) -> timedelta:
        """Return for how long a submit still counts against a limit."""
        return max(self.spacing, self.quota.period if self.quota else _NOTHING)


@dataclass(frozen=True, slots=True)
class Hint:
    """What a response says about the limits of its server; None where it says nothing."""

    retry_after: timedelta | None = None
    remaining: int | None = None
    limit: int | None = None

    @classmethod
    def read(cls, headers: Mapping[str, str], now: datetime) -> Hint:
        """Read `Retry-After` (seconds or an HTTP date) and `X-RateLimit-*`."""
        return cls(
            retry_after=_retry_after(headers.get("Retry-After", ""), now),
            remaining=_count(headers.get("X-RateLimit-Remaining", "")),
            limit=_count(headers.get("X-RateLimit-Limit", "")),
        )

    @property
    def scarcity(self) -> float:
        """Return 0 while more than a fifth of the rate limit is left, growing to 1 at its end."""
        if self.remaining is None:
            return 0.0
        if not self.limit:
            return 0.0 if self.remaining else 1.0
        return max(0.0, 1 - self.remaining / self.limit / _SCARCE)


def _count(text: str) -> int | None:
    return int(text) if text.strip().isdecimal() and len(text) <= _DIGITS else None


def _retry_after(text: str, now: datetime) -> timedelta | None:
    try:
        wait = timedelta(seconds=float(text))
    except (ValueError, OverflowError):
        try:
            moment = parsedate_to_datetime(text)
            wait = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
        except (ValueError, OverflowError):
            return None
    return min(max(_NOTHING, wait), _LONGEST_WAIT)


class Shared(Protocol):
    """The submits that several runs know together."""

    def submits(self, since: datetime) -> list[datetime]:
        """Return all of them since an instant."""

    def begin(self, at: datetime) -> int:
        """Count one that is about to leave; return its number."""

    def settle(self, number: int, at: datetime | None) -> None:
        """Correct when it counts from; None: it does not."""


class Alone(Shared):
    """Nobody else submits."""

    @override
    def submits(self, since: datetime) -> list[datetime]:
        return []

    @override
    def begin(self, at: datetime) -> int:
        return 0

    @override
    def settle(self, number: int, at: datetime | None) -> None:
        return None


def _free(at: datetime, taken: Collection[datetime]) -> datetime:
    """Return the last instant up to `at` that no submit has: each is known by its instant."""
    while at in taken:
        at -= timedelta(microseconds=1)
    return at


@dataclass(slots=True)
class Limiter:
    """Keep one family's limits, for all its streams and across runs.

    It knows the submits of earlier runs once it is told (`recall`), those of other processes if
    they are `shared`, and what the server said last (`note`).
    """

    limits: Limits
    clock: Clock
    shared: Shared = field(default_factory=Alone)
    _submits: list[datetime] = field(default_factory=list)
    _hint: Hint = field(default_factory=Hint)
    _asked: datetime | None = None
    _refused_until: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def recall(self, submits: Iterable[datetime]) -> None:
        """Count submits that an earlier run remembered, each once."""
        with self._lock:  # STATE is written by another thread than the one that submits
            self._submits = sorted({*self._submits, *submits})

    def submits(self) -> list[datetime]:
        """Return the submits that still count, oldest first, and forget the others."""
        with self._lock:
            self._submits = own = self._counting(self._submits)
        others = self.shared.submits(self.clock.now() - self.limits.memory)
        return sorted({*own, *self._counting(others)})

    def _counting(self, submits: Iterable[datetime]) -> list[datetime]:
        now = self.clock.now()
        # A submit 'in the future' (a clock that was set back) must not block until then.
        known = (min(at, now) for at in submits)
        return [at for at in known if at > now - self.limits.memory]

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
        if self.exports_left() == 0:
            raise self.used_up()
        rest(self.clock, self.until_submit(), "keeping the time between two submits")
        left = self.clock.now()
        taken = {*self._submits, *self.shared.submits(left - self.limits.memory)}
        # It counts from here on: a run that dies before the answer may have spent it.
        number = self.shared.begin(_free(left, taken))
        counts = True
        try:
            yield
        except AmbiguousSubmit:
            raise
        except CXoneError:
            counts = self.limits.quota is None
            raise
        finally:
            self._asked = min(self.clock.now(), left + _LONGEST_WAY)
            counted = _free(self._asked, taken) if counts else None
            self.recall([counted] if counted else [])
            # The answer must not be lost: it counts already, and who notes the job will say so.
            # Nor for a signal, which is raised again where the thread waits next.
            with suppress(JournalError, Interrupted):
                self.shared.settle(number, counted)

    @property
    def _closed_until(self) -> datetime | None:
        """Return until when the API itself allows no submit; None once that is past."""
        until = self._refused_until
        return until if until is not None and self.clock.now() < until else None

    def exports_left(self) -> int | None:
        """Return how many submits the quota allows now; None if there is no quota."""
        if self._closed_until is not None:
            return 0
        quota = self.limits.quota
        return None if quota is None else max(0, quota.exports - len(self.submits()))

    def refuse(self) -> QuotaExhausted:
        """Remember that the API itself called the quota used up; return the error to raise.

        Others may have used it, nobody knows when: a place is free for certain when the first of
        our own stops counting, or else after a whole period.
        """
        quota = self.limits.quota or Quota(1)
        self._refused_until = min(self.submits(), default=self.clock.now()) + quota.period
        return self.used_up()

    def used_up(self) -> QuotaExhausted:
        """Return the error for a submit that the quota does not allow.

        It says when the next one is possible, taking what is left today for promised elsewhere.
        """
        quota, submits = self.limits.quota or Quota(1), self.submits()
        promised = [self.clock.now()] * (quota.exports - len(submits))
        until = self._closed_until or [*submits, *promised][-quota.exports] + quota.period
        moment = f"{until:%Y-%m-%d %H:%M} UTC"
        msg = f"the export quota is used up; the next export is possible at {moment}"
        return QuotaExhausted(msg, until=until)

    def until_submit(self) -> timedelta:
        """Return how long the spacing asks to wait before the next submit."""
        asked = max([*self.submits(), *filter(None, [self._asked])], default=None)
        if asked is None:
            return _NOTHING
        return max(_NOTHING, asked + self.limits.spacing - self.clock.now())

    def note(self, hint: Hint) -> None:
        """Remember what the server said last."""
        self._hint = hint

    def wait_to_ask(self) -> None:
        """Sleep in proportion to how little of the server's rate limit is left."""
        pace = self.limits.pace * self._hint.scarcity
        rest(self.clock, pace, "sparing what is left of the rate limit")
