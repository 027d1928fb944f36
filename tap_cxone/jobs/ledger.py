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
from tap_cxone.jobs.job import RESULT_RETENTION, job_from_json, job_to_json

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from tap_cxone.clock import Clock
    from tap_cxone.config.model import Settings
    from tap_cxone.jobs.job import PendingJob
    from tap_cxone.jobs.journal import Journal


_LOCK_POLL_INTERVAL = timedelta(seconds=1)  # looking at a lock costs nothing


@dataclass(frozen=True, slots=True)
class NullLedger:
    """What there is where the settings name no journal: nothing is kept, and nobody shares it."""

    clock: Clock
    poll_interval: timedelta
    log: logging.Logger
    path: None = None
    lock_dir: None = None

    def open(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def write(self, sql: str, *rows: Sequence[Any]) -> int:  # noqa: ARG002
        """Keep nothing."""
        return 0

    def read(self, sql: str, *parameters: Any) -> list[Any]:  # noqa: ARG002
        """Return nothing."""
        return []


def open_ledger(settings: Settings, clock: Clock, log: logging.Logger) -> Journal | NullLedger:
    """Return the journal that the settings name, not opened yet."""
    poll_interval = min(settings.poll_interval, _LOCK_POLL_INTERVAL)
    if settings.journal_path is None:
        return NullLedger(clock, poll_interval, log)
    from tap_cxone.jobs.journal import Journal

    return Journal(Path(settings.journal_path), clock, poll_interval, log)


def tenant_key(family: str, base_url: str, identity: str) -> str:
    """Return what tells a family of a tenant from others, and shows nothing of the login."""
    return hashlib.sha256(json.dumps([family, base_url, identity]).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class JobLedger:
    """The entries of one family of one tenant, for all its streams and every run.

    Attributes:
        journal: Where they are.
        tenant: Whose they are, a `tenant_key`.
    """

    journal: Journal | NullLedger
    tenant: str

    # Jobs

    def jobs(self, stream: str, initial_bookmark: datetime | None) -> list[PendingJob]:
        """Return the jobs of a stream that may be of use still, by the end of their windows.

        A target writes down its state only when it ends, so a run may begin with an older state
        than the last one wrote. A job whose window was committed is of use until a state that is
        `given` to a run has passed it, or its file is gone.
        """
        sql = "SELECT job, committed FROM jobs WHERE tenant = ? AND stream = ? AND heard_at > ?"
        oldest = iso(self.journal.clock.now() - RESULT_RETENTION)
        rows = self.journal.read(sql, self.tenant, stream, oldest)
        jobs = [(self._parse_job(text), committed) for text, committed in rows]
        usable = (
            job
            for job, committed in jobs
            if not committed or initial_bookmark is None or job.window.end > initial_bookmark
        )
        return sorted(usable, key=lambda job: (job.window.end, job.submitted_at))

    def record_submitted(self, stream: str, job: PendingJob) -> None:
        """Keep a job that was submitted or found."""
        self._upsert(stream, [job], committed=False)

    def record_committed(self, stream: str, jobs: Iterable[PendingJob]) -> None:
        """Keep jobs whose windows were committed."""
        self._upsert(stream, jobs, committed=True)

    def remove(self, stream: str, jobs: Iterable[PendingJob]) -> None:
        """Drop jobs that give no file, or whose file nobody needs again."""
        sql = "DELETE FROM jobs WHERE tenant = ? AND stream = ? AND id = ?"
        self.journal.write(sql, *((self.tenant, stream, job.id) for job in jobs))

    def _upsert(self, stream: str, jobs: Iterable[PendingJob], *, committed: bool) -> None:
        now = iso(self.journal.clock.now())
        sql = "INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?, ?)"
        serialized = ((job.id, json.dumps(job_to_json(job))) for job in jobs)
        rows = ((self.tenant, stream, job_id, text, now, committed) for job_id, text in serialized)
        self.journal.write(sql, *rows)

    def _parse_job(self, text: str) -> PendingJob:
        try:
            return job_from_json(json.loads(text))
        except (KeyError, TypeError, ValueError) as error:
            msg = f"the journal {self.journal.path} has an unreadable job ({error!r}); remove it"
            raise JournalError(msg) from error

    # Submits

    def submit_times(self, since: datetime) -> list[datetime]:
        """Return the submits of all runs since an instant."""
        sql = "SELECT at FROM submits WHERE tenant = ? AND at > ?"
        return [parse_instant(at) for (at,) in self.journal.read(sql, self.tenant, iso(since))]

    def register(self, sent_at: datetime) -> int:
        """Count a submit that is about to leave, so that it counts whatever happens next."""
        sql = "INSERT INTO submits (tenant, at) VALUES (?, ?)"
        return self.journal.write(sql, (self.tenant, iso(sent_at)))

    def confirm(self, submit_id: int, counted_at: datetime | None) -> None:
        """Correct when a submit counts from; None: it does not."""
        if counted_at is None:
            self.journal.write("DELETE FROM submits WHERE id = ?", (submit_id,))
        else:
            self.journal.write(
                "UPDATE submits SET at = ? WHERE id = ?", (iso(counted_at), submit_id)
            )
