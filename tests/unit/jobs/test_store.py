"""The jobs of a stream: what STATE and ledger hold of them, and what the worker knows."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from tap_cxone.errors import JournalError
from tap_cxone.jobs.job import Job, JobOrigin, JobStatus
from tap_cxone.jobs.known_jobs import KnownJobs
from tap_cxone.jobs.ledger import JournalLedger, NullLedger
from tap_cxone.jobs.store import JobStore
from tap_cxone.streams.state import StreamState
from tap_cxone.windows import Window
from tests.support.journals import journal_at
from tests.support.run import NOON

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = timedelta(days=1)
FIRST = datetime(2026, 3, 10, tzinfo=UTC)
WINDOW, NEXT = Window(FIRST, FIRST + DAY), Window(FIRST + DAY, FIRST + 2 * DAY)
JOB = Job("one", WINDOW, NOON, "today's", origin=JobOrigin.SUBMITTED)
LATER = replace(JOB, id="two", window=NEXT)


class Inline:
    """A main thread that runs each task at once."""

    def call(self, task):
        return task()

    def post(self, task):
        task()


@pytest.fixture
def stored_state():
    return StreamState("stream", {})


@pytest.fixture
def emitted():
    """Return the jobs of each STATE that left."""
    return []


@pytest.fixture
def ledger(tmp_path, clock):
    with closing(journal_at(str(tmp_path / "j.db"), clock)) as journal:
        yield JournalLedger(journal, "tenant")


@pytest.fixture
def make(stored_state, emitted, ledger) -> Callable[..., KnownJobs]:
    """Return what makes the known jobs of one run, with their store."""

    def make(own=ledger):
        store = JobStore(
            stream="stream",
            was_committed=lambda _: False,
            reload_of=lambda _: "",
            state=stored_state,
            emit_state=lambda: emitted.append(stored_state.pending_jobs()),
            ledger=own,
            fingerprint=lambda _window: "today's",
        )
        return KnownJobs.load(store, Inline())

    return make


@pytest.mark.parametrize("status", JobStatus, ids=lambda status: status.name)
def test_only_a_running_job_is_not_terminal(status):
    """Each status but RUNNING is the end of a job."""
    assert status.is_terminal == (status is not JobStatus.RUNNING)


@pytest.mark.promise("pending-jobs")
def test_submitted_job_is_stored_before_anything_else(make, stored_state, emitted, ledger):
    """A job is in the ledger, in STATE and in a STATE that left."""
    make().record_submit(JOB)

    assert ledger.jobs("stream", lambda _: False) == [JOB]
    assert emitted == [[JOB]]
    assert stored_state.pending_jobs() == [JOB]


def test_job_is_in_state_although_the_journal_fails(make, emitted):
    """A ledger that cannot be written does not cost the job."""

    class Broken(NullLedger):
        @override
        def record_submitted(self, stream, job):
            raise JournalError

    with pytest.raises(JournalError):
        make(Broken()).record_submit(JOB)

    assert emitted == [[JOB]]


@pytest.mark.parametrize("job", [None, replace(JOB, resumable=False)], ids=["no ID", "a link"])
def test_submit_with_nothing_to_resume_emits_state_only(make, emitted, ledger, job):
    """A submit whose response has the link leaves no job behind."""
    known = make()
    known.record_submit(job)

    assert emitted == [[]]
    assert ledger.jobs("stream", lambda _: False) == []
    assert known.pending_job(WINDOW) is None
    assert known.last_job_id(WINDOW) == (job and job.id)


def test_origin_tells_runs_apart(make, ledger):
    """A job is of this run, of an earlier one's STATE, or of another process."""
    first = make()
    first.record_submit(JOB)
    ledger.record_submitted("stream", LATER)
    second = make()

    origins = [known.find_pending(WINDOW).origin for known in (first, second)]

    assert [*origins, second.find_pending(NEXT).origin] == [
        JobOrigin.SUBMITTED,
        JobOrigin.STATE,
        JobOrigin.LEDGER,
    ]


@pytest.mark.promise("pending-jobs")
def test_job_of_another_request_is_not_used(make, stored_state):
    """A job with another fingerprint is neither found nor kept when a run begins."""
    stored_state.set_pending_jobs([replace(JOB, fingerprint="yesterday's"), LATER])
    known = make()

    assert known.find_pending(WINDOW) is None
    assert known.store.pending_windows() == [NEXT]
    known.store.delete_outdated()
    assert stored_state.pending_jobs() == [LATER]


def test_removed_job_is_gone_everywhere(make, stored_state, ledger):
    """A removed job is not found or adopted again; messages still name it."""
    known = make()
    known.record_submit(JOB)
    known.remove(JOB)

    assert known.find_pending(WINDOW) is None
    assert (stored_state.pending_jobs(), ledger.jobs("stream", lambda _: False)) == ([], [])
    assert known.unusable_ids() == {JOB.id}
    assert known.last_job_id(WINDOW) == JOB.id


def test_added_job_leaves_the_others(make, stored_state):
    """A job is remembered beside the others."""
    known = make()
    known.record_submit(JOB)
    known.record_submit(LATER)

    assert stored_state.pending_jobs() == [JOB, LATER]


def test_stored_job_replaces_the_one_with_its_id(make, stored_state):
    """A job that is stored again takes the place of what was known of it."""
    known, again = make(), replace(JOB, submitted_at=JOB.submitted_at + DAY)
    known.record_submit(JOB)
    known.record_submit(again)

    assert stored_state.pending_jobs() == [again]


def test_other_jobs_stay_when_one_is_removed(make, stored_state):
    """A job that gives no file is dropped, the others stay."""
    stored_state.set_pending_jobs([JOB, LATER])
    make().remove(JOB)

    assert stored_state.pending_jobs() == [LATER]


def test_unknown_job_may_be_removed(make, stored_state):
    """The removal of a job that is not stored changes nothing."""
    stored_state.set_pending_jobs([JOB])
    make().remove(LATER)

    assert stored_state.pending_jobs() == [JOB]


def test_polled_job_keeps_its_time_and_status(make, stored_state):
    """What a poll tells of a job stays in this run, and STATE is as it was."""
    known = make()
    known.record_submit(JOB)
    before = stored_state.raw["pending_jobs"]
    known.update(replace(JOB, status=JobStatus.SUCCEEDED, last_polled_at=NOON + DAY))

    assert known.pending_job(WINDOW).last_polled_at == NOON + DAY
    assert known.running_jobs() == []
    assert stored_state.raw["pending_jobs"] == before


@pytest.mark.parametrize("incremental", [True, False], ids=["incremental", "full table"])
def test_commit_deletes_the_jobs_up_to_its_end(make, stored_state, ledger, incremental):
    """A job of a later window stays; the ledger has committed ones only if a bookmark passes."""
    known = make()
    known.record_submit(JOB)
    known.record_submit(LATER)
    known.store.commit(WINDOW, incremental=incremental)

    assert stored_state.pending_jobs() == [LATER]
    assert ledger.jobs("stream", lambda _: False) == ([JOB, LATER] if incremental else [LATER])
