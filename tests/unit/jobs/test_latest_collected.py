"""The jobs that a stream collected last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tap_cxone.jobs.collected import LatestCollected

NOON = datetime(2026, 3, 20, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LATEST = LatestCollected(NOON, ("8", "9"))


@pytest.mark.parametrize(
    ("job_id", "ended_at", "is_collected"),
    [
        ("7", NOON - SECOND, True),
        ("9", NOON, True),
        ("7", NOON, False),
        ("9", NOON + SECOND, False),
    ],
    ids=["earlier", "same", "another of the instant", "later"],
)
def test_collected_job_is_known_by_its_end_and_its_id(job_id, ended_at, is_collected):
    """A job that ended at the instant is collected if its ID is stored."""
    assert LATEST.has_collected(job_id, ended_at) == is_collected


@pytest.mark.parametrize(
    ("instant", "latest"),
    [(NOON, LATEST), (NOON + SECOND, LatestCollected(NOON + SECOND))],
    ids=["before", "after"],
)
def test_skipped_time_has_no_jobs_to_collect(instant, latest):
    """Time that is skipped never moves the latest instant back."""
    assert LATEST.skip_to(instant) == latest


@pytest.mark.parametrize(
    ("job_id", "ended_at", "latest"),
    [
        ("7", NOON - SECOND, LATEST),
        ("9", NOON, LATEST),
        ("7", NOON, LatestCollected(NOON, ("8", "9", "7"))),
        ("7", NOON + SECOND, LatestCollected(NOON + SECOND, ("7",))),
    ],
    ids=["before", "repeated", "of the instant", "after"],
)
def test_only_the_jobs_of_the_last_instant_are_stored(job_id, ended_at, latest):
    """A later job replaces the stored ones, so their number is bounded."""
    assert LATEST.add(job_id, ended_at) == latest
