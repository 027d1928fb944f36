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
class Wait:
    """How to wait for what another process has: look, sleep, look again."""

    clock: Clock
    pause: timedelta
    longest: timedelta

    def until(self, attempt: Callable[[], _T | None]) -> _T | None:
        """Return what an attempt gives; None when the time is up."""
        give_up = self.clock.now() + self.longest
        while (found := attempt()) is None and self.clock.now() < give_up:
            self.clock.sleep(self.pause)
        return found


def locked(file: Path) -> ExitStack | None:
    """Return the lock of a file, to be closed; None if somebody has it.

    Raises:
        JournalError: The file cannot be locked.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(file, mode=0o600, thread_local=False)
    try:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        lock.acquire(blocking=False)
    except Timeout:
        return None
    except (OSError, NotImplementedError) as error:
        if not (folder := file.parent.parent).is_dir():
            msg = f"cannot lock {file}: {folder} is no folder; make it, or correct journal_path"
            raise JournalError(msg) from error
        msg = f"cannot lock {file} ({error}); give journal_path a folder where files can be locked"
        raise JournalError(msg) from error
    held = ExitStack()
    held.callback(lock.release)
    return held


@dataclass(slots=True)
class Turns:
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
    files: Path | None
    places: int
    kept: bool
    wait: Wait
    log: logging.Logger
    _held: dict[str, ExitStack] = field(default_factory=dict)
    _told: bool = False

    def turn(self) -> ExitStack:
        """Return a place, to be closed; wait for it if need be.

        Raises:
            Throttled: Another process has had it for as long as one may wait.
        """
        if (place := self.at_once()) is not None:
            return place
        if self._held:  # our own jobs have the others: the API says whether they still run
            return self._held.pop(next(iter(self._held)))
        # Who waits keeps the door: who wants another place after it has to wait behind it.
        self._tell()
        with self._until(lambda: self._lock("door")):
            return self._until(self._place)

    def at_once(self) -> ExitStack | None:
        """Return a place if one is free and nobody waits for it."""
        if self.files is None:
            return ExitStack()
        if (door := self._lock("door")) is None:
            return None
        with door:
            return self._place()

    def keep(self, job_id: str, place: ExitStack) -> None:
        """Let a job keep the place that was taken for its submit, until it is freed."""
        if self.kept:
            self._held[job_id] = place.pop_all()

    def adopt(self, job_id: str) -> None:
        """Give a place to a job that an earlier run left behind, if one is free."""
        if self.kept and job_id not in self._held and (place := self.at_once()) is not None:
            self._held[job_id] = place

    def free(self, job_id: str) -> None:
        """Free the place of a job that has ended."""
        if (place := self._held.pop(job_id, None)) is not None:
            place.close()

    def free_all(self) -> None:
        """Free every place: nobody looks at the jobs any more."""
        for job_id in list(self._held):
            self.free(job_id)

    def _place(self) -> ExitStack | None:
        places = (self._lock(str(number)) for number in range(self.places))
        return next((place for place in places if place is not None), None)

    def _lock(self, name: str) -> ExitStack | None:
        assert self.files is not None  # noqa: S101 (only who shares gets here)
        return locked(self.files.with_name(f"{self.files.name}.{name}"))

    def _until(self, attempt: Callable[[], ExitStack | None]) -> ExitStack:
        if (found := self.wait.until(attempt)) is None:
            msg = (
                f"{self.name}: another process has been exporting from this tenant for "
                f"{self.wait.longest} (job_timeout_minutes; its lock: {self.files}); is it stuck?"
            )
            raise Throttled(msg)
        return found

    def _tell(self) -> None:
        if not self._told:
            text = "%s: another process is exporting from this tenant (its lock: %s); waiting"
            self.log.info(text, self.name, self.files)
        self._told = True
