"""Jobs and submit times of one family and tenant, stored in the journal."""

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

_LOCK_POLL_INTERVAL = timedelta(seconds=1)  # an attempt to lock costs almost nothing


@dataclass(frozen=True, slots=True)
class NullLedger:
    """Replacement of the journal if the settings name none; it stores nothing.

    Attributes:
        clock: Source of time and sleep.
        poll_interval: Pause between two attempts to acquire a lock.
        log: Logger of the run.
        path: None, since there is no file.
        lock_dir: None, since there are no locks.
    """

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
        """Store nothing; return 0 as the row id."""
        return 0

    def read(self, sql: str, *parameters: Any) -> list[Any]:  # noqa: ARG002
        """Return no rows."""
        return []


def open_ledger(settings: Settings, clock: Clock, log: logging.Logger) -> Journal | NullLedger:
    """Return the journal that the settings name; it is not open yet."""
    poll_interval = min(settings.poll_interval, _LOCK_POLL_INTERVAL)
    if settings.journal_path is None:
        return NullLedger(clock, poll_interval, log)
    from tap_cxone.jobs.journal import Journal

    return Journal(Path(settings.journal_path), clock, poll_interval, log)


def tenant_key(family: str, base_url: str, identity: str) -> str:
    """Return an identifier of a family and tenant that reveals nothing of the login.

    Args:
        family: Name of the family.
        base_url: Base URL of its API.
        identity: Public part of the credentials.
    """
    return hashlib.sha256(json.dumps([family, base_url, identity]).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class JobLedger:
    """Ledger of one family and tenant, for all its streams and every run.

    Attributes:
        journal: Journal that stores the rows.
        tenant: Identifier of family and tenant, a `tenant_key`.
    """

    journal: Journal | NullLedger
    tenant: str

    # Jobs

    def jobs(self, stream: str, initial_bookmark: datetime | None) -> list[PendingJob]:
        """Return the usable jobs of a stream, in the order of the end of their windows.

        A target stores the state only when it ends. So a run may start with an older state than the
        last run wrote. A job with a committed window stays usable until the initial bookmark of a
        run has passed the window, or its result has expired.

        Args:
            stream: Name of the stream.
            initial_bookmark: Bookmark in the state at the start of this run, if there is one.
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
        """Store a job that was submitted or adopted."""
        self._upsert(stream, [job], committed=False)

    def record_committed(self, stream: str, jobs: Iterable[PendingJob]) -> None:
        """Store jobs whose windows were committed."""
        self._upsert(stream, jobs, committed=True)

    def remove(self, stream: str, jobs: Iterable[PendingJob]) -> None:
        """Delete jobs that give no file or whose file is not needed again."""
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
        """Return the submit times of all runs since an instant."""
        sql = "SELECT at FROM submits WHERE tenant = ? AND at > ?"
        return [parse_instant(at) for (at,) in self.journal.read(sql, self.tenant, iso(since))]

    def register(self, sent_at: datetime) -> int:
        """Store a submit immediately before it is sent, so that it always counts; return its id."""
        sql = "INSERT INTO submits (tenant, at) VALUES (?, ?)"
        return self.journal.write(sql, (self.tenant, iso(sent_at)))

    def confirm(self, submit_id: int, counted_at: datetime | None) -> None:
        """Correct the time from which a submit counts; delete it if `counted_at` is None."""
        if counted_at is None:
            self.journal.write("DELETE FROM submits WHERE id = ?", (submit_id,))
        else:
            self.journal.write(
                "UPDATE submits SET at = ? WHERE id = ?", (iso(counted_at), submit_id)
            )
