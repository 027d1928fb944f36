"""What the journal says of one family of one tenant: its jobs and submits."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_cxone.clock import iso, parse_instant
from tap_cxone.errors import JournalError
from tap_cxone.jobs.job import KEPT, job_as_json, job_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from tap_cxone.clock import Clock
    from tap_cxone.config import Settings
    from tap_cxone.jobs.job import PendingJob
    from tap_cxone.jobs.journal import Journal


_LOOK = timedelta(seconds=1)  # looking at a lock costs nothing


@dataclass(frozen=True, slots=True)
class NoJournal:
    """What there is where the settings name no journal: nothing is kept, and nobody shares it."""

    clock: Clock
    pause: timedelta
    log: logging.Logger
    path: None = None
    locks: None = None

    def open(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def change(self, sql: str, *rows: Sequence[Any]) -> int:  # noqa: ARG002
        """Keep nothing."""
        return 0

    def read(self, sql: str, *values: Any) -> list[Any]:  # noqa: ARG002
        """Return nothing."""
        return []


def journal_of(settings: Settings, clock: Clock, log: logging.Logger) -> Journal | NoJournal:
    """Return the journal that the settings name, not opened yet."""
    pause = min(settings.poll_interval, _LOOK)
    if settings.journal_path is None:
        return NoJournal(clock, pause, log)
    from tap_cxone.jobs.journal import Journal

    return Journal(Path(settings.journal_path), clock, pause, log)


def tenant_key(family: str, host: str, login: str) -> str:
    """Return what tells a family of a tenant from others, and shows nothing of the login."""
    return hashlib.sha256(json.dumps([family, host, login]).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries of one family of one tenant, for all its streams and every run.

    Attributes:
        journal: Where they are.
        tenant: Whose they are, a `tenant_key`.
    """

    journal: Journal | NoJournal
    tenant: str

    # Jobs

    def jobs(self, stream: str, given: datetime | None) -> list[PendingJob]:
        """Return the jobs of a stream that may be of use still, by the end of their windows.

        A target writes down its state only when it ends, so a run may begin with an older state
        than the last one wrote. A job whose window was committed is of use until a state that is
        `given` to a run has passed it, or its file is gone.
        """
        sql = "SELECT job, committed FROM jobs WHERE tenant = ? AND stream = ? AND heard_at > ?"
        oldest = iso(self.journal.clock.now() - KEPT)
        found = self.journal.read(sql, self.tenant, stream, oldest)
        jobs = [(self._job(text), committed) for text, committed in found]
        usable = (
            job
            for job, committed in jobs
            if not committed or given is None or job.window.end > given
        )
        return sorted(usable, key=lambda job: (job.window.end, job.submitted_at))

    def submitted(self, stream: str, job: PendingJob) -> None:
        """Keep a job that was submitted or found."""
        self._keep(stream, [job], committed=False)

    def committed(self, stream: str, jobs: Iterable[PendingJob]) -> None:
        """Keep jobs whose windows were committed."""
        self._keep(stream, jobs, committed=True)

    def forget(self, stream: str, jobs: Iterable[PendingJob]) -> None:
        """Drop jobs that give no file, or whose file nobody needs again."""
        sql = "DELETE FROM jobs WHERE tenant = ? AND stream = ? AND id = ?"
        self.journal.change(sql, *((self.tenant, stream, job.id) for job in jobs))

    def _keep(self, stream: str, jobs: Iterable[PendingJob], *, committed: bool) -> None:
        now = iso(self.journal.clock.now())
        sql = "INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?, ?)"
        said = ((job.id, json.dumps(job_as_json(job))) for job in jobs)
        rows = ((self.tenant, stream, name, text, now, committed) for name, text in said)
        self.journal.change(sql, *rows)

    def _job(self, text: str) -> PendingJob:
        try:
            return job_of(json.loads(text))
        except (KeyError, TypeError, ValueError) as error:
            msg = f"the journal {self.journal.path} has an unreadable job ({error!r}); remove it"
            raise JournalError(msg) from error

    # Submits

    def submits(self, since: datetime) -> list[datetime]:
        """Return the submits of all runs since an instant."""
        sql = "SELECT at FROM submits WHERE tenant = ? AND at > ?"
        return [parse_instant(at) for (at,) in self.journal.read(sql, self.tenant, iso(since))]

    def begin(self, at: datetime) -> int:
        """Count a submit that is about to leave, so that it counts whatever happens next."""
        sql = "INSERT INTO submits (tenant, at) VALUES (?, ?)"
        return self.journal.change(sql, (self.tenant, iso(at)))

    def settle(self, number: int, at: datetime | None) -> None:
        """Correct when a submit counts from; None: it does not."""
        if at is None:
            self.journal.change("DELETE FROM submits WHERE id = ?", (number,))
        else:
            self.journal.change("UPDATE submits SET at = ? WHERE id = ?", (iso(at), number))
