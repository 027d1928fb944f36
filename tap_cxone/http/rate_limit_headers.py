"""Headers by which an API announces its rate limit."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from tap_cxone.clock import parse_instant

if TYPE_CHECKING:
    from collections.abc import Mapping

_ZERO = timedelta(0)
_MAX_WAIT = timedelta(days=1)  # an upper bound for the value of a header
_MAX_DIGITS = 15
_SCARCITY_THRESHOLD = 0.2  # below this share of a rate limit, requests slow down
_MIN_UNIX_TIME = 1_000_000_000  # a smaller number of seconds is a wait, not an instant


class RateLimitHeaders(Struct, frozen=True):
    """Rate-limit headers of a response; None stands for a missing header.

    Attributes:
        retry_after: Requested wait before the next request.
        remaining: Requests that remain in the current period.
        limit: Requests that the server allows in a period.
        reset_at: End of the current period, in UTC.
        wait: `retry_after`, or else the time until `reset_at`.
    """

    retry_after: timedelta | None = None
    remaining: int | None = None
    limit: int | None = None
    reset_at: datetime | None = None
    wait: timedelta | None = None

    @classmethod
    def parse(cls, headers: Mapping[str, str], now: datetime) -> RateLimitHeaders:
        """Parse `Retry-After` (seconds or an HTTP date) and `X-RateLimit-*`.

        `X-RateLimit-Reset` is a number of seconds, a Unix time, or a date of HTTP or ISO 8601.

        Args:
            headers: Headers of the response.
            now: Current time in UTC, to convert a date to a wait.
        """
        retry_after = _parse_wait(headers.get("Retry-After", ""), now)
        until_reset = _parse_reset(headers.get("X-RateLimit-Reset", ""), now)
        return cls(
            retry_after=retry_after,
            remaining=_parse_count(headers.get("X-RateLimit-Remaining", "")),
            limit=_parse_count(headers.get("X-RateLimit-Limit", "")),
            reset_at=None if until_reset is None else now + until_reset,
            wait=until_reset if retry_after is None else retry_after,
        )

    @property
    def scarcity(self) -> float:
        """Return 0 while over a fifth of the rate limit remains, then a value growing to 1."""
        if self.remaining is None:
            return 0.0
        if not self.limit:
            return 0.0 if self.remaining else 1.0
        return max(0.0, 1 - self.remaining / self.limit / _SCARCITY_THRESHOLD)


def _parse_count(text: str) -> int | None:
    return int(text) if text.strip().isdecimal() and len(text) <= _MAX_DIGITS else None


def _parse_reset(text: str, now: datetime) -> timedelta | None:
    """Return the time until the reset; a Unix time has seconds or milliseconds."""
    if "T" in text:
        with suppress(ValueError, OverflowError):
            return _bounded(parse_instant(text) - now)
    count = _parse_count(text)
    if count is None or count < _MIN_UNIX_TIME:
        return _parse_wait(text, now)
    seconds = count / 1000 if count >= _MIN_UNIX_TIME * 1000 else count
    return _bounded(timedelta(seconds=seconds - now.timestamp()))


def _parse_wait(text: str, now: datetime) -> timedelta | None:
    try:
        delay = timedelta(seconds=float(text))
    except (ValueError, OverflowError):
        try:
            retry_at = parsedate_to_datetime(text)
            delay = (retry_at if retry_at.tzinfo else retry_at.replace(tzinfo=UTC)) - now
        except (ValueError, OverflowError):
            return None
    return _bounded(delay)


def _bounded(delay: timedelta) -> timedelta:
    return min(max(_ZERO, delay), _MAX_WAIT)
