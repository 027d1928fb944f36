"""Limits that responses announce: `Retry-After` and the rate limit."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_cxone.http.rate_limit import RateLimiter, RateLimits
from tap_cxone.http.rate_limit_headers import RateLimitHeaders
from tests.support.properties import many
from tests.support.rate_limits import NOTHING, SECOND
from tests.support.run import NOON


def test_silence():
    """A response that says nothing about limits says nothing."""
    assert RateLimitHeaders.parse({}, NOON) == RateLimitHeaders()


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("3", 3 * SECOND),
        ("0", NOTHING),
        ("1.5", 1.5 * SECOND),
        (" 7 ", 7 * SECOND),
        ("-5", NOTHING),
        (format_datetime(NOON + 90 * SECOND, usegmt=True), 90 * SECOND),
        (format_datetime(NOON - 90 * SECOND, usegmt=True), NOTHING),
        ("Fri, 20 Mar 2026 12:01:30 GMT", 90 * SECOND),
        ("Friday, 20-Mar-26 12:01:30 GMT", 90 * SECOND),
        ("Fri Mar 20 12:01:30 2026", 90 * SECOND),
        ("Fri, 20 Mar 2026 14:01:30 +0200", 90 * SECOND),
    ],
    ids=[
        *("seconds", "zero", "fraction", "blanks", "negative", "date", "past", "RFC 9110"),
        *("RFC 850", "asctime", "offset"),
    ],
)
def test_retry_after_is_seconds_or_a_date(text, wait):
    """`Retry-After` is a number of seconds or a date, and never negative."""
    assert RateLimitHeaders.parse({"Retry-After": text}, NOON).retry_after == wait


@pytest.mark.parametrize(
    "text",
    ["", "soon", "nan", "inf", "-inf", "1e400", "2026-03-20", "Fri", "--", "0x10", "Fri, 99"],
)
def test_retry_after_garbage(text):
    """A `Retry-After` that is neither says nothing."""
    assert RateLimitHeaders.parse({"Retry-After": text}, NOON).retry_after is None


header = (
    st.text("0123456789 -+.,:eEMarFriGMTnaif", max_size=30)
    | st.text(max_size=20)
    | st.integers(0, 10**30).map(str)
    | st.integers(1, 10**12).map(lambda year: f"Fri, 20 Mar {year} 12:00:00 GMT")
    | st.integers(0, 10**20).map(lambda zone: f"Fri, 20 Mar 2026 12:00:00 +{zone}")
)


@many
@given(header, header, header)
@example("Fri, 20 Mar 99999999999999999999 12:00:00 GMT", "", "")
@example("20 Mar 0001 00:00:00 +2300", "", "")
@example("", "9" * 5000, "")
@example("", "9" * 400, "1")
def test_any_header_is_a_hint(retry_after, remaining, limit):
    """No header makes reading it fail, nor what follows from it."""
    headers = {
        "Retry-After": retry_after,
        "X-RateLimit-Remaining": remaining,
        "X-RateLimit-Limit": limit,
    }
    hint = RateLimitHeaders.parse(headers, NOON)

    assert hint.retry_after is None or hint.retry_after >= NOTHING
    assert 0 <= hint.scarcity <= 1


@many
@given(header)
@example("99999999999999")
@example("Fri, 31 Dec 9999 23:59:59 GMT")
def test_any_wait_can_be_waited(retry_after):
    """However long the API asks to wait, the end of the wait is an instant."""
    wait = RateLimitHeaders.parse({"Retry-After": retry_after}, NOON).retry_after or NOTHING

    assert NOON + wait >= NOON


@pytest.mark.parametrize(
    ("remaining", "limit", "scarcity"),
    [
        ("100", "100", 0),
        ("50", "100", 0),
        ("20", "100", 0),
        ("10", "100", 0.5),
        ("5", "100", 0.75),
        ("0", "100", 1),
        ("120", "100", 0),
        ("5", None, 0),
        ("0", None, 1),
        ("5", "0", 0),
        ("0", "0", 1),
        (None, "100", 0),
        (None, None, 0),
        ("many", "100", 0),
        ("-1", "few", 0),
    ],
)
def test_scarcity(remaining, limit, scarcity):
    """Scarcity is none while a fifth of the rate limit is left, and grows to one at its end."""
    named = {"X-RateLimit-Remaining": remaining, "X-RateLimit-Limit": limit}
    hint = RateLimitHeaders.parse(
        {name: text for name, text in named.items() if text is not None}, NOON
    )

    assert hint.scarcity == pytest.approx(scarcity)


@many
@given(st.integers(0, 1000), st.integers(1, 1000))
def test_scarcity_never_falls(remaining, limit):
    """The fewer requests are left, the scarcer they are, between nothing and one."""
    here, less = (
        RateLimitHeaders(remaining=remaining + 1, limit=limit),
        RateLimitHeaders(remaining=remaining, limit=limit),
    )

    assert 0 <= here.scarcity <= less.scarcity <= 1


def test_plenty_is_not_waited_for(limiter, clock):
    """While the rate limit is far, no request waits."""
    limiter.update_from_headers(RateLimitHeaders(remaining=80, limit=100))
    limiter.slow_down()

    assert clock.slept == []


@pytest.mark.parametrize(("remaining", "seconds"), [(10, 1), (0, 2)], ids=["half", "all"])
def test_scarce_requests_slow_down(clock, remaining, seconds):
    """The scarcer requests are, the longer each waits, up to the family's pace."""
    limiter = RateLimiter(RateLimits(max_request_delay=2 * SECOND), clock)
    limiter.update_from_headers(RateLimitHeaders(remaining=remaining, limit=100))
    limiter.slow_down()

    assert clock.slept == [seconds * SECOND]


def test_last_word_counts(limiter, clock):
    """What the server said last replaces what it said before."""
    limiter.update_from_headers(RateLimitHeaders(remaining=0, limit=100))
    limiter.update_from_headers(RateLimitHeaders(remaining=100, limit=100))
    limiter.slow_down()

    assert clock.slept == []


@pytest.mark.parametrize(
    "text",
    [
        *("90", str(int(NOON.timestamp()) + 90), str((int(NOON.timestamp()) + 90) * 1000)),
        format_datetime(NOON + 90 * SECOND, usegmt=True),
        "2026-03-20T12:01:30Z",
    ],
    ids=["seconds", "Unix time", "milliseconds", "date", "ISO 8601"],
)
def test_rate_limit_reset_is_a_wait_or_an_instant(text):
    """`X-RateLimit-Reset` is a wait in seconds, a Unix time or a date."""
    headers = RateLimitHeaders.parse({"X-RateLimit-Reset": text}, NOON)

    assert headers.reset_at == NOON + 90 * SECOND
    assert headers.wait == 90 * SECOND


def test_rate_limit_without_a_limit_is_the_most_that_remained(clock):
    """A server that announces only what remains allows at least the most that it announced."""
    limiter = RateLimiter(RateLimits(max_request_delay=2 * SECOND), clock)
    for remaining in (100, 10):
        limiter.update_from_headers(RateLimitHeaders(remaining=remaining))
    limiter.slow_down()

    assert clock.slept == [SECOND]


def test_used_up_rate_limit_is_waited_for_until_its_reset(clock):
    """If no request remains, the next one waits for the reset, however far the family's pace is."""
    limiter = RateLimiter(RateLimits(max_request_delay=2 * SECOND), clock)
    reset_at = clock.now() + 600 * SECOND
    limiter.update_from_headers(RateLimitHeaders(remaining=0, limit=100, reset_at=reset_at))
    limiter.slow_down()

    assert clock.slept == [600 * SECOND]


def test_reset_of_a_rate_limit_ends_the_slowing_down(clock):
    """A scarce request waits no longer than until the reset."""
    limiter = RateLimiter(RateLimits(max_request_delay=20 * SECOND), clock)
    reset_at = clock.now() + 4 * SECOND
    limiter.update_from_headers(RateLimitHeaders(remaining=10, limit=100, reset_at=reset_at))
    limiter.slow_down()

    assert clock.slept == [2 * SECOND]


def test_reset_of_a_rate_limit_is_waited_for_at_most_the_throttle_timeout(clock):
    """A reset that is further away than throttle_timeout_minutes is not waited for."""
    limiter = RateLimiter(RateLimits(), clock, throttle_timeout=60 * SECOND)
    reset_at = clock.now() + 600 * SECOND
    limiter.update_from_headers(RateLimitHeaders(remaining=0, limit=100, reset_at=reset_at))
    limiter.slow_down()

    assert clock.slept == [60 * SECOND]


def test_hint_is_read_in_local_time():
    """The present may be given in any zone."""
    now = datetime(2026, 3, 20, 12, tzinfo=UTC).astimezone()

    assert (
        RateLimitHeaders.parse({"Retry-After": "Fri, 20 Mar 2026 12:00:09 GMT"}, now).retry_after
        == 9 * SECOND
    )
