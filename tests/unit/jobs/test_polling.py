"""When a job is looked at: never too often, seldom too soon, soon never too late."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_cxone.http.retry import RetryPolicy
from tap_cxone.jobs.polling import DurationBounds, PollPolicy, merge_bounds

SECOND = timedelta(seconds=1)
POLL = 15 * SECOND
PATIENCE = PollPolicy(
    interval=POLL,
    timeout=45 * 60 * SECOND,
    retry=RetryPolicy(attempts=1, max_elapsed=30 * 60 * SECOND),
)
JOBS = st.lists(st.floats(1, 1700).map(lambda seconds: seconds * SECOND), min_size=1, max_size=30)


def polled_ages(job: timedelta, known: DurationBounds | None) -> list[timedelta]:
    """Return the ages at which a job is looked at, to the one at which it is found done."""
    ages = PATIENCE.poll_ages(known)
    running = list(itertools.takewhile(lambda age: age < job, ages))
    found = next(age for age in PATIENCE.poll_ages(known) if age >= job)
    return [*running, found]


def followed(jobs: list[timedelta]) -> list[list[timedelta]]:
    """Return the looks at one job after the other, each knowing those before it."""
    known: DurationBounds | None = None
    every = []
    for job in jobs:
        looks = polled_ages(job, known)
        every.append(looks)
        more = looks[-2] if len(looks) > 1 else timedelta(0)
        known = merge_bounds(known, DurationBounds(more, looks[-1]))
    return every


@given(JOBS)
def test_polls_are_a_poll_interval_apart(jobs):
    """Whatever the jobs before it took, a job is looked at after a poll, then a poll apart."""
    for looks in followed(jobs):
        assert looks[0] >= POLL
        assert all(later - sooner >= POLL for sooner, later in itertools.pairwise(looks))


@pytest.mark.parametrize("seconds", [15, 16, 20, 25, 29, 31, 60, 100, 400, 1700])
def test_jobs_that_take_as_long_are_found_done_in_time(seconds):
    """The time of the jobs before it tells when a job is done, to an eighth; two looks will do."""
    job = seconds * SECOND

    later = followed([job] * 30)[8:]

    assert all(looks[-1] <= job * 1.15 for looks in later)
    assert all(len(looks) <= 2 for looks in later)


@given(JOBS, st.floats(15, 40))
def test_slow_jobs_are_forgotten(slow, seconds):
    """However long jobs took, quick ones are soon found done in two polls or twice their time."""
    quick = seconds * SECOND

    after = followed([*slow, *[quick] * 16])[-4:]

    assert all(looks[-1] <= max(2 * POLL, 2 * quick) for looks in after)
