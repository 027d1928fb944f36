"""Which of several status words of one response decides."""

from __future__ import annotations

import pytest

from tap_cxone.jobs.api import JobApi
from tap_cxone.jobs.job import JobStatus, effective_status


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
