"""What the journal keeps, in a file and in a database."""

from __future__ import annotations

import threading
from contextlib import ExitStack, closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tap_cxone.errors import JournalError
from tap_cxone.http.rate_limit import ExportQuota, RateLimiter, RateLimits
from tap_cxone.jobs.ledger import JournalLedger
from tap_cxone.simulator.settings import tap_settings
from tap_cxone.tap import TapCXone
from tests.support.examples import csv_jobs, quota_jobs
from tests.support.journals import DAY, NEVER, journal_at, journal_settings, pending_job
from tests.support.run import NOON, FakeClock, run_tap
from tests.support.streams import STREAM, run_stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_cxone.jobs.journal import Journal
    from tap_cxone.simulator import Simulator
    from tests.support.run import Output

SECOND = timedelta(seconds=1)


@pytest.fixture
def journal(journal_address, clock) -> Iterator[Callable[[], Journal]]:
    """Yield what opens the journal once more, as another process would."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(journal_at(journal_address, clock)))


# What it keeps


def test_jobs_survive(journal):
    """The next process that opens the file knows a job."""
    JournalLedger(journal(), "tenant").record_submitted("stream", pending_job())

    assert JournalLedger(journal(), "tenant").jobs("stream", NEVER) == [pending_job()]


def test_one_file_for_many(journal):
    """Tenants and streams of one file do not see each other's jobs and submits."""
    one = JournalLedger(journal(), "one")
    one.record_submitted("stream", pending_job())
    one.register(NOON)

    assert JournalLedger(journal(), "two").jobs("stream", NEVER) == []
    assert one.jobs("other", NEVER) == []
    assert JournalLedger(journal(), "two").submit_times(NOON - DAY) == []


def test_committed_jobs_stay(journal):
    """A job of a committed window stays until a state has the commit."""
    entries = JournalLedger(journal(), "tenant")
    early, late = pending_job("early"), pending_job("late", days=1)
    entries.record_committed("stream", [early, late])

    assert entries.jobs("stream", NEVER) == [early, late]
    assert entries.jobs("stream", {early.window}.__contains__) == [late]
    assert entries.jobs("stream", lambda _: True) == []


@pytest.mark.promise("pending-jobs")
def test_pending_jobs_stay(journal):
    """A job whose window is not committed stays wherever the bookmark is: days are read again."""
    entries = JournalLedger(journal(), "tenant")
    entries.record_submitted("stream", pending_job())

    assert entries.jobs("stream", lambda _: True) == [pending_job()]


@pytest.mark.parametrize("committed", [True, False])
def test_journal_deletes_jobs_after_a_day(journal, clock, committed):
    """After a day a job is of no use: the APIs keep no result for longer."""
    entries = JournalLedger(journal(), "tenant")
    (entries.record_committed if committed else lambda s, j: entries.record_submitted(s, *j))(
        "stream", [pending_job()]
    )
    clock.sleep(DAY - SECOND)
    before = entries.jobs("stream", NEVER)
    clock.sleep(SECOND)

    assert (before, entries.jobs("stream", NEVER)) == ([pending_job()], [])
    journal().open()
    assert journal().read("SELECT * FROM jobs") == []


def test_forgotten_jobs(journal):
    """A job that was forgotten is not found again."""
    entries = JournalLedger(journal(), "tenant")
    entries.record_submitted("stream", pending_job())
    entries.remove("stream", [pending_job()])

    assert entries.jobs("stream", NEVER) == []


def test_threads_share_it(journal):
    """Several threads of a process may use one journal at once."""
    shared = journal()

    def work(name: str) -> None:
        for number in range(20):
            JournalLedger(shared, name).record_submitted("stream", pending_job(str(number)))

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(len(JournalLedger(shared, name).jobs("stream", NEVER)) == 20 for name in "abcd")


# Submits of all processes


@pytest.fixture
def shared_limiter(journal, clock) -> Callable[..., RateLimiter]:
    """Return what makes the limiter of another process."""
    return lambda limits: RateLimiter(limits, clock, JournalLedger(journal(), "tenant"))


@pytest.mark.promise("shared-limits")
def test_spacing_of_all(shared_limiter, clock):
    """A submit of another process is kept away from like one's own."""
    limits = RateLimits(min_submit_interval=30 * SECOND)
    with shared_limiter(limits).submitting():
        pass
    clock.sleep(10 * SECOND)

    assert shared_limiter(limits).time_until_submit() == 20 * SECOND


@pytest.mark.promise("shared-limits")
def test_submit_of_a_killed_process_counts_from_its_latest_arrival(shared_limiter, clock):
    """A submit without a response may have arrived two seconds after it was stored."""
    limits = RateLimits(min_submit_interval=30 * SECOND)
    with shared_limiter(limits).submitting():
        clock.sleep(5 * SECOND)

        assert shared_limiter(limits).time_until_submit() == 27 * SECOND


@pytest.mark.promise("shared-limits")
def test_quota_of_all(shared_limiter):
    """The exports of all processes count for the quota."""
    one, two = (
        shared_limiter(RateLimits(quota=ExportQuota(3))),
        shared_limiter(RateLimits(quota=ExportQuota(3))),
    )
    for which in (one, two):
        with which.submitting():
            pass

    assert (one.remaining_exports(), two.remaining_exports()) == (1, 1)


@pytest.mark.promise("shared-limits")
def test_own_submits_count_once(shared_limiter):
    """A submit that state and journal both know counts once."""
    one = shared_limiter(RateLimits(quota=ExportQuota(3)))
    with one.submitting():
        pass
    two = shared_limiter(RateLimits(quota=ExportQuota(3)))
    two.restore(one.submit_times())

    assert two.remaining_exports() == 2


def test_refused_submits_do_not_count(shared_limiter):
    """A submit that was refused spends nothing of the others' quota."""
    with pytest.raises(JournalError), shared_limiter(RateLimits(quota=ExportQuota(3))).submitting():
        raise JournalError

    assert shared_limiter(RateLimits(quota=ExportQuota(3))).remaining_exports() == 3


def test_journal_counts_a_submit_before_it_is_sent(shared_limiter):
    """A submit whose process dies before the answer comes counts: it may have been spent."""
    with shared_limiter(RateLimits(quota=ExportQuota(3))).submitting():
        assert shared_limiter(RateLimits(quota=ExportQuota(3))).remaining_exports() == 2


# Runs with a journal


@pytest.mark.ci
def test_state_that_is_old_exports_nothing_again(sim, clock, journal_address):
    """A run that begins with an old state finds every job again, and exports nothing again."""
    first = run_stream(journal_settings(sim, journal_address), clock)
    spent = len(sim.jobs)
    second = run_stream(journal_settings(sim, journal_address), clock)

    assert spent == len(sim.jobs) == 3
    assert second.records(STREAM) == first.records(STREAM)
    assert second.bookmark(STREAM) == first.bookmark(STREAM)


@pytest.mark.ci
def test_state_that_is_newest_reads_nothing_from_the_journal(sim, clock, journal_address):
    """A run that begins with the last state takes nothing from the journal."""
    first = run_stream(journal_settings(sim, journal_address), clock)
    again = run_stream(
        journal_settings(sim, journal_address) | {"lookback_days": 1}, clock, state=first.state
    )

    assert len(again.records(STREAM)) == 12
    assert len(sim.jobs) == 4


@pytest.mark.ci
def test_full_table_without_a_bookmark_exports_again(sim, clock, journal_address):
    """Without a bookmark nothing tells an old state from a new one: every run exports again."""
    config = {"access_key_id": "any", "access_key_secret": "any"}
    catalog = TapCXone(config=config).catalog_dict
    for entry in catalog["streams"]:
        entry["replication_method"] = "FULL_TABLE"
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                chosen = entry["tap_stream_id"] == STREAM
                item["metadata"] |= {"selected": chosen, "forced-replication-method": "FULL_TABLE"}
    for _ in range(2):
        assert (
            run_tap(journal_settings(sim, journal_address), clock=clock, catalog=catalog).error
            is None
        )

    assert len(sim.jobs) == 6


@pytest.mark.ci
def test_another_request(sim, clock, journal_address):
    """A job that requested something else is not taken for this one."""
    run_stream(journal_settings(sim, journal_address), clock)
    entity = {"name": STREAM, "version": "3"}
    config = journal_settings(sim, journal_address)
    own = {**config[csv_jobs.FAMILY], "entities": [entity]}
    run_stream({**config, csv_jobs.FAMILY: own}, clock)

    assert len(sim.jobs) == 6


@pytest.mark.ci
def test_plan_knows_the_journal(sim, clock, journal_address):
    """`--plan` has no metrics that the journal has a job for."""
    run_stream(journal_settings(sim, journal_address), clock)
    with closing(TapCXone(config=journal_settings(sim, journal_address), clock=clock)) as tap:
        plans = [plan.workload for family in tap.plans() for plan in family.streams]
    (planned,) = [work for work in plans if work.stream == STREAM]

    assert (len(planned.windows), len(planned.windows_without_job)) == (3, 0)


@pytest.mark.ci
@pytest.mark.promise("shared-limits")
def test_quota_without_a_state(simulate, clock, journal_address):
    """The day's exports are counted without a state: the API refuses none."""
    sim = simulate(exports_per_day=3)
    for stream in (quota_jobs.KB, quota_jobs.AS):
        assert dashboard_run(sim, clock, journal_address, stream).error is None

    assert (sim.exports, sim.quota_violations) == (3, 0)


def dashboard_run(sim: Simulator, clock: FakeClock, address: str, stream: str) -> Output:
    """Run one table over two days."""
    config = tap_settings(sim.url, families=(quota_jobs.FAMILY,)) | {
        "start_date": "2026-03-16",
        "end_date": "2026-03-18",
        quota_jobs.FAMILY: {"window_days": 1},
        "journal": address,
    }
    return run_tap(config, clock=clock, only=stream)
