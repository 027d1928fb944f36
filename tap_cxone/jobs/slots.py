"""Whose turn it is, among the processes of one machine that share a journal.

A place is the lock of a small file beside the journal. The system itself takes a lock back when its
process ends, however it ends and on every platform: there is no lease to renew while a synchronous
export is waited for, and no process number that another one may get.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from tap_cxone.errors import JournalError, Throttled

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from datetime import timedelta
    from pathlib import Path

    from tap_cxone.clock import Clock

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Poller:
    """How to wait for what another process has: look, sleep, look again."""

    clock: Clock
    interval: timedelta
    timeout: timedelta

    def wait_for(self, attempt: Callable[[], _T | None]) -> _T | None:
        """Return what an attempt gives; None when the time is up."""
        deadline = self.clock.now() + self.timeout
        while (result := attempt()) is None and self.clock.now() < deadline:
            self.clock.sleep(self.interval)
        return result


def acquire_file_lock(path: Path) -> ExitStack | None:
    """Return the lock of a file, to be closed; None if somebody has it.

    Raises:
        JournalError: The file cannot be locked.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, mode=0o600, thread_local=False)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        lock.acquire(blocking=False)
    except Timeout:
        return None
    except (OSError, NotImplementedError) as error:
        if not (folder := path.parent.parent).is_dir():
            msg = f"cannot lock {path}: {folder} is no folder; make it, or correct journal_path"
            raise JournalError(msg) from error
        msg = f"cannot lock {path} ({error}); give journal_path a folder where files can be locked"
        raise JournalError(msg) from error
    stack = ExitStack()
    stack.callback(lock.release)
    return stack


@dataclass(slots=True)
class TenantSlots:
    """The places that one family of a tenant has, for all processes together.

    Attributes:
        name: The family's name, for messages.
        files: Where the locks are, the last part a beginning of their names; None: there is no
            journal, and so nobody to share with.
        places: How many there are.
        kept: Whether a job keeps its place until it ends; otherwise it is for the submit only.
        wait: How to wait for one.
        log: Where it says that it waits, once.
    """

    name: str
    lock_prefix: Path | None
    slot_count: int
    hold_until_job_ends: bool
    poller: Poller
    log: logging.Logger
    _job_slots: dict[str, ExitStack] = field(default_factory=dict)
    _wait_logged: bool = False

    def acquire(self) -> ExitStack:
        """Return a place, to be closed; wait for it if need be.

        Raises:
            Throttled: Another process has had it for as long as one may wait.
        """
        if (slot := self.try_acquire()) is not None:
            return slot
        if self._job_slots:  # our own jobs have the others: the API says whether they still run
            return self._job_slots.pop(next(iter(self._job_slots)))
        # Who waits keeps the door: who wants another place after it has to wait behind it.
        self._log_waiting_once()
        with self._wait_for(lambda: self._try_lock("door")):
            return self._wait_for(self._lock_free_slot)

    def try_acquire(self) -> ExitStack | None:
        """Return a place if one is free and nobody waits for it."""
        if self.lock_prefix is None:
            return ExitStack()
        if (queue_lock := self._try_lock("door")) is None:
            return None
        with queue_lock:
            return self._lock_free_slot()

    def hold_for_job(self, job_id: str, slot: ExitStack) -> None:
        """Let a job keep the place that was taken for its submit, until it is freed."""
        if self.hold_until_job_ends:
            self._job_slots[job_id] = slot.pop_all()

    def reacquire(self, job_id: str) -> None:
        """Give a place to a job that an earlier run left behind, if one is free."""
        if (
            self.hold_until_job_ends
            and job_id not in self._job_slots
            and (slot := self.try_acquire()) is not None
        ):
            self._job_slots[job_id] = slot

    def release(self, job_id: str) -> None:
        """Free the place of a job that has ended."""
        if (slot := self._job_slots.pop(job_id, None)) is not None:
            slot.close()

    def release_all(self) -> None:
        """Free every place: nobody looks at the jobs any more."""
        for job_id in list(self._job_slots):
            self.release(job_id)

    def _lock_free_slot(self) -> ExitStack | None:
        slots = (self._try_lock(str(number)) for number in range(self.slot_count))
        return next((slot for slot in slots if slot is not None), None)

    def _try_lock(self, name: str) -> ExitStack | None:
        assert self.lock_prefix is not None  # noqa: S101 (only who shares gets here)
        return acquire_file_lock(self.lock_prefix.with_name(f"{self.lock_prefix.name}.{name}"))

    def _wait_for(self, attempt: Callable[[], ExitStack | None]) -> ExitStack:
        if (result := self.poller.wait_for(attempt)) is None:
            msg = (
                f"{self.name}: another process has been exporting from this tenant for "
                f"{self.poller.timeout} (throttle_timeout_minutes; its lock: {self.lock_prefix}); "
                "is it stuck?"
            )
            raise Throttled(msg)
        return result

    def _log_waiting_once(self) -> None:
        if not self._wait_logged:
            text = "%s: another process is exporting from this tenant (its lock: %s); waiting"
            self.log.info(text, self.name, self.lock_prefix)
        self._wait_logged = True
