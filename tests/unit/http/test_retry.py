"""Retry policies: their delays, and which attempts count."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from tap_cxone.errors import Throttled, Unavailable
from tap_cxone.http.retry import Attempts, RetryPolicy

SECOND = timedelta(seconds=1)
POLICY = RetryPolicy(attempts=2, max_elapsed=60 * SECOND)


def test_delays_grow_and_jitter_shortens_them_by_half_at_most():
    """Each delay is between half of its step and the step, up to the maximum."""
    steps = [SECOND * min(2**step, 120) for step in range(10)]

    for delay, step in zip(POLICY.delays(), steps, strict=False):
        assert step / 2 <= delay <= step


def test_equal_delays_have_no_jitter():
    """Without a maximum every delay is the first one."""
    delays = POLICY.with_equal_delays(15 * SECOND).delays()

    assert set(itertools.islice(delays, 9)) == {15 * SECOND}


def test_throttled_attempts_count_in_time_only(clock):
    """A throttled attempt is no failure; the time limit counts from the first attempt."""
    attempts = Attempts(POLICY, clock)
    throttled = attempts.record(Throttled("", retry_after=60 * SECOND))
    clock.sleep(SECOND)
    failed = attempts.record(Unavailable(""))
    late = attempts.record(Throttled("", retry_after=60 * SECOND))

    assert (throttled.failures, failed.failures, late.failures) == (0, 1, 1)
    assert (throttled.ends_in_time, late.ends_in_time) == (True, False)
    assert failed.elapsed == SECOND


@pytest.mark.parametrize("retry_after", [None, timedelta(0)], ids=["none", "zero"])
def test_retry_delay_is_never_zero(clock, retry_after):
    """Without a wait that the API requests, the delay is that of the policy."""
    attempt = Attempts(POLICY, clock).record(Unavailable("", retry_after=retry_after))

    assert attempt.delay > timedelta(0)


def test_last_attempt_is_not_retried(clock):
    """After as many failures as the policy allows there is no retry."""
    attempts = Attempts(POLICY, clock)

    assert [attempts.record(Unavailable("")).is_last for _ in range(2)] == [False, True]


def test_attempts_are_counted_in_words(clock):
    """A single attempt was tried once, not "1 times"."""
    attempts = Attempts(POLICY, clock)

    texts = [attempts.record(Unavailable("")).count_text for _ in range(2)]

    assert texts == ["tried once (max_retries)", "tried 2 times (max_retries)"]
