"""Slots among processes: acquired in order, and released when their process ends."""

from __future__ import annotations

import logging
import subprocess
import sys
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tap_cxone.clock import SystemClock
from tap_cxone.errors import Interrupted, JournalError, Throttled
from tap_cxone.jobs.slots import Poller, TenantLocks, TenantSlots
from tap_cxone.signals import SignalHandler
from tests.support.journals import journal_at
from tests.support.run import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECOND = timedelta(seconds=1)
HOLDER = """
import sys
from tests.support.journals import journal_at
from tests.support.run import FakeClock

lock = journal_at(sys.argv[1], FakeClock()).try_lock("place")
print(lock is not None, flush=True)
input()
"""


@dataclass
class Meanwhile(FakeClock):
    """A clock with which something else happens while one sleeps."""

    happening: list[Callable[[], object]] = field(default_factory=list)

    def sleep(self, duration: timedelta) -> None:
        super().sleep(duration)
        if self.happening:
            self.happening.pop(0)()


@pytest.fixture
def clock() -> Meanwhile:
    """Return a clock with which nothing else happens yet."""
    return Meanwhile()


@pytest.fixture
def other_process(journal_address, clock) -> Iterator[Callable[..., TenantSlots]]:
    """Yield what makes the places as another process sees them."""
    with ExitStack() as opened:

        def turns(places: int = 1, *, kept: bool = True) -> TenantSlots:
            journal = opened.enter_context(closing(journal_at(journal_address, clock)))
            locks = TenantLocks(journal, "tenant", 5 * SECOND)
            return TenantSlots("family", places, kept, locks)

        yield turns


@pytest.fixture
def try_file() -> Callable[[Path], object]:
    """Return what tries to lock beside a file."""
    return lambda path: journal_at(str(path), FakeClock()).try_lock("place")


def test_slot_is_exclusive(other_process):
    """While one process has the place, another one has not."""
    one, two = other_process(), other_process()
    place = one.try_acquire()
    during = two.try_acquire()
    place.close()

    assert during is None
    assert two.try_acquire() is not None


def test_slots_are_as_many_as_concurrent_jobs(other_process):
    """There are as many places as the API allows jobs."""
    held = [other_process(places=3).try_acquire() for _ in range(4)]

    assert [place is not None for place in held] == [True, True, True, False]


def test_waiting(other_process, clock, caplog):
    """A slot is waited for by the clock, and one line logs the wait with the lock."""
    caplog.set_level(logging.INFO)
    one, two = other_process(), other_process()
    for _ in range(2):
        place = one.try_acquire()
        clock.happening = [lambda: None, lambda: None, place.close]
        two.acquire().close()

    assert clock.slept == [SECOND] * 6
    (said,) = caplog.messages
    assert said.startswith("family: another process")
    assert "tenant" in said


def test_wait_for_a_slot_ends_after_the_throttle_timeout(other_process, clock):
    """After throttle_timeout_minutes the wait ends with an error that says where to look."""
    held = other_process().try_acquire()
    with pytest.raises(
        Throttled,
        match=r"throttle_timeout_minutes.*(journal|postgresql:).*tenant",
    ):
        other_process().acquire()

    assert sum(clock.slept, timedelta(0)) == 5 * SECOND
    held.close()


def test_waiting_process_is_served_first(other_process, clock):
    """A process that releases a slot does not get it again before waiting processes."""
    one, two = other_process(), other_process()
    place = one.try_acquire()
    again: list[object] = []

    def freed() -> None:
        place.close()
        again.append(one.try_acquire())

    clock.happening = [freed]
    got = two.acquire()

    assert again == [None]
    got.close()
    assert one.try_acquire() is not None


def test_waiting_for_a_slot_can_be_interrupted(other_process, clock):
    """A wait may be interrupted, and blocks no process afterwards."""

    def signalled() -> None:
        raise Interrupted(15)

    place = other_process().try_acquire()
    clock.happening = [signalled]
    with pytest.raises(Interrupted):
        other_process().acquire()
    place.close()

    assert other_process().try_acquire() is not None


def test_job_keeps_its_slot_until_it_ends(other_process):
    """A place that a job keeps is free when the job has ended."""
    one, two = other_process(), other_process()
    with one.acquire() as place:
        one.hold_for_job("job", place)
    during = two.try_acquire()
    one.release("job")

    assert during is None
    assert two.try_acquire() is not None


def test_submit_has_a_slot_without_a_job_limit(other_process):
    """Where the API takes any number of jobs, a place is for the submit only."""
    one, two = other_process(kept=False), other_process(kept=False)
    with one.acquire() as place:
        one.hold_for_job("job", place)

    assert two.try_acquire() is not None


def test_process_with_all_slots_does_not_wait(other_process, clock):
    """Who has all places uses one of them again: the API says whether its job still runs."""
    one = other_process()
    with one.acquire() as place:
        one.hold_for_job("job", place)
    with one.acquire():
        assert clock.slept == []


def test_job_of_an_earlier_run_gets_a_free_slot(other_process):
    """A job that an earlier run left behind gets a place if there is one."""
    one, two = other_process(), other_process()
    one.reacquire("job")
    two.reacquire("other")
    one.release_all()

    assert two.try_acquire() is not None


def test_slots_without_journal_are_free():
    """Without a journal there is always a place."""
    turns = TenantSlots("family", 1, hold_until_job_ends=True, locks=None)

    assert turns.try_acquire() is not None
    assert turns.try_acquire() is not None


@pytest.mark.ci
def test_slot_of_a_killed_process_is_free_at_once(journal_address, clock):
    """The place of a process that is killed is free at once."""
    journal = journal_at(journal_address, clock)
    soon = Poller(SystemClock(SignalHandler()), SECOND / 200, 10 * SECOND)
    command = [sys.executable, "-c", HOLDER, journal_address]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"True\n"
        during = journal.try_lock("place")
        child.kill()
        child.wait()

    with closing(journal):
        assert during is None
        assert soon.wait_for(lambda: journal.try_lock("place"))


def test_nothing_to_lock(tmp_path, try_file):
    """A folder that cannot be made is an error that names the setting."""
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="correct journal"):
        try_file(tmp_path / "file" / "journal.db")


def test_no_folder(tmp_path, try_file):
    """Where the journal's folder does not exist, the message names that folder and the setting."""
    with pytest.raises(
        JournalError, match=r"nowhere is not a folder; create it or correct journal"
    ):
        try_file(tmp_path / "nowhere" / "journal.db")


def test_locks_are_private(tmp_path, try_file):
    """No other user may read the locks."""
    with try_file(tmp_path / "journal.db"):
        locks = tmp_path / "journal.db.locks"
        found = [locks, *locks.iterdir()]

    assert all(path.stat().st_mode & 0o77 == 0 for path in found)
