"""Slots that limit the concurrent exports of a tenant across all processes with one journal.

A slot is a lock of the journal. The end of a process releases its locks, so no lease has to be
renewed while a synchronous export runs.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct, field

from tap_cxone.errors import Throttled

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from datetime import timedelta

    from tap_cxone.clock import Clock
    from tap_cxone.jobs.journal import Journal

_T = TypeVar("_T")


class Poller(Struct, frozen=True):
    """Repeated attempts to get a resource of another process, with a pause between them.

    Attributes:
        clock: Source of time and sleep.
        interval: Pause between two attempts.
        timeout: Maximum duration of all attempts.
    """

    clock: Clock
    interval: timedelta
    timeout: timedelta

    def wait_for(self, attempt: Callable[[], _T | None]) -> _T | None:
        """Return the result of the first successful attempt, or None after the timeout."""
        deadline = self.clock.now() + self.timeout
        while (result := attempt()) is None and self.clock.now() < deadline:
            self.clock.sleep(self.interval)
        return result


class TenantLocks(Struct, frozen=True):
    """Locks of one family of a tenant.

    Attributes:
        journal: Journal that has the locks.
        tenant: Identifier of family and tenant, a `tenant_key`.
        timeout: Maximum duration of the wait for a lock.
    """

    journal: Journal
    tenant: str
    timeout: timedelta

    def __str__(self) -> str:
        """Return where the locks are."""
        return self.journal.describe_lock(self.tenant)

    @property
    def poller(self) -> Poller:
        """Return the interval and the timeout of the wait for a lock."""
        return Poller(self.journal.clock, self.journal.poll_interval, self.timeout)

    @property
    def log(self) -> logging.Logger:
        """Return the logger of the first wait."""
        return self.journal.log

    def try_lock(self, name: str) -> ExitStack | None:
        """Acquire one of the locks without blocking; return None if it is held."""
        return self.journal.try_lock(f"{self.tenant}.{name}")


class TenantSlots(Struct):
    """Slots of one family of a tenant, shared by all processes.

    Attributes:
        name: Name of the family, for messages.
        slot_count: Number of slots.
        hold_until_job_ends: Whether a job holds its slot until it ends, instead of only during its
            submit.
        locks: Locks of the slots. Without a journal there are none, and the slots are not limited.
    """

    name: str
    slot_count: int
    hold_until_job_ends: bool
    locks: TenantLocks | None
    _job_slots: dict[str, ExitStack] = field(default_factory=dict)
    _wait_logged: bool = False

    def acquire(self) -> ExitStack:
        """Acquire a slot; wait while other processes hold all of them.

        The caller closes the returned stack to release the slot.

        Raises:
            Throttled: Other processes held all slots until the timeout.
        """
        if self.locks is None:
            return ExitStack()
        if (slot := self.try_acquire()) is not None:
            return slot
        # If jobs of this run hold slots, reuse one: the API decides whether another job may start.
        if self._job_slots:
            return self._job_slots.pop(next(iter(self._job_slots)))
        # A waiting process holds the queue lock, so that later processes wait behind it.
        self._log_waiting_once(self.locks)
        with self._wait_for(self.locks, partial(self.locks.try_lock, "queue")):
            return self._wait_for(self.locks, partial(self._lock_free_slot, self.locks))

    def try_acquire(self) -> ExitStack | None:
        """Acquire a slot without blocking; return None if none is free or a process is queued."""
        if self.locks is None:
            return ExitStack()
        if (queue_lock := self.locks.try_lock("queue")) is None:
            return None
        with queue_lock:
            return self._lock_free_slot(self.locks)

    def hold_for_job(self, job_id: str, slot: ExitStack) -> None:
        """Move the slot of a submit to its job, until `release`.

        Without `hold_until_job_ends` the slot stays with the submit.
        """
        if self.hold_until_job_ends:
            self._job_slots[job_id] = slot.pop_all()

    def reacquire(self, job_id: str) -> None:
        """Acquire a slot for a job of an earlier run, if one is free."""
        if (
            self.hold_until_job_ends
            and job_id not in self._job_slots
            and (slot := self.try_acquire()) is not None
        ):
            self._job_slots[job_id] = slot

    def release(self, job_id: str) -> None:
        """Release the slot of a job that has ended."""
        if (slot := self._job_slots.pop(job_id, None)) is not None:
            slot.close()

    def release_all(self) -> None:
        """Release all slots, when this run polls no job any more."""
        for job_id in list(self._job_slots):
            self.release(job_id)

    def _lock_free_slot(self, locks: TenantLocks) -> ExitStack | None:
        slots = (locks.try_lock(str(number)) for number in range(self.slot_count))
        return next((slot for slot in slots if slot is not None), None)

    def _wait_for(self, locks: TenantLocks, attempt: Callable[[], ExitStack | None]) -> ExitStack:
        if (result := locks.poller.wait_for(attempt)) is None:
            msg = (
                f"{self.name}: another process has been exporting from this tenant for "
                f"{locks.timeout} (throttle_timeout_minutes; lock={locks}). Wait for "
                "it, or end it if it hangs"
            )
            raise Throttled(msg)
        return result

    def _log_waiting_once(self, locks: TenantLocks) -> None:
        if not self._wait_logged:
            text = "%s: another process is exporting from this tenant; waiting for lock=%s"
            locks.log.info(text, self.name, locks)
        self._wait_logged = True
