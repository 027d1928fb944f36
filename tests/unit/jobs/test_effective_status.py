"""Which of several status words of one response decides."""

from __future__ import annotations

import pytest

from tap_cxone.jobs.api import JobApi
from tap_cxone.jobs.job import JobStatus, StatusResponse, effective_status


@pytest.mark.parametrize(
    ("words", "word", "status"),
    [
        (["running"], "running", JobStatus.RUNNING),
        (["completed", "running"], "running", JobStatus.RUNNING),
        (["completed", "Failed"], "Failed", JobStatus.FAILED),
        (["200", "expired"], "expired", JobStatus.EXPIRED),
        (["200", "completed"], "completed", JobStatus.SUCCEEDED),
        (["200"], "200", None),
        ([], "", None),
    ],
    ids=["one", "runs below", "failed below", "expired below", "done below", "unknown", "none"],
)
def test_status_of_several_words_is_the_one_that_decides(words, word, status):
    """A failure decides, then a job that runs, wherever the response says so."""
    assert effective_status(words, JobApi.STATUSES) == (word, status)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Succeeded", JobStatus.SUCCEEDED),
        ("done", JobStatus.SUCCEEDED),
        ("IN_PROGRESS", JobStatus.RUNNING),
        ("Aborted", JobStatus.CANCELLED),
        ("Rejected", JobStatus.FAILED),
        ("TIMED_OUT", JobStatus.FAILED),
        ("Warming-Up", None),
    ],
)
def test_status_word_means_the_same_in_every_family(word, status):
    """Each family knows the words of all of them; any other word is unknown."""
    tables = [JobApi.STATUSES, *(api.STATUSES for api in JobApi.__subclasses__())]

    assert {effective_status([word], statuses)[1] for statuses in tables} == {status}


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("Execution limit of 30 minutes reached", "failed"),
        ("The query exceeded its maximum execution time", "failed"),
        ("deadline exceeded", "failed"),
        ("The query took too long", "failed"),
        ("", "TimedOut"),
    ],
)
def test_time_limit_of_the_api_is_recognised(reason, word):
    """A reason or a status word that names a time limit leads to narrower windows."""
    assert StatusResponse(JobStatus.FAILED, reason=reason, api_status=word).is_time_limit


def test_other_reason_is_no_time_limit():
    """A job that failed for another reason would fail in a narrower window too."""
    assert not StatusResponse(JobStatus.FAILED, reason="Unknown metric").is_time_limit
