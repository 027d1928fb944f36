"""Jobs and submit times of one family and tenant, stored beyond the run."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from typing_extensions import override

from tap_cxone.clock import iso, parse_instant
from tap_cxone.errors import ConfigError, JournalError
from tap_cxone.http.rate_limit import NullSubmitLog, SubmitLog
from tap_cxone.jobs.job import RESULT_RETENTION, Job, JobOrigin

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from tap_cxone.clock import Clock
    from tap_cxone.config.model import Settings
    from tap_cxone.jobs.journal import Journal
    from tap_cxone.windows import Window

_SUBMIT_ID_BITS = 63  # a positive number in a column of eight bytes
_POSTGRES = ("postgresql://", "postgres://")
_LOCK_POLL_INTERVAL = timedelta(seconds=1)  # an attempt to lock costs almost nothing


class JobLedger(SubmitLog, Protocol):
    """Ledger of one family and tenant, for all its streams and every run."""

    def jobs(self, stream: str, was_committed: Callable[[Window], bool]) -> list[Job]:
        """Return the usable jobs of a stream, in the order of the end of their windows.

        A target stores the state only when it ends. So a run may start with an older state than the
        last run wrote. A job with a committed window stays usable until the initial state of a
        run has the commit, or its result has expired.

        Args:
            stream: Name of the stream.
            was_committed: Returns True if a window was committed before this run.
        """

    def all_jobs(self) -> list[tuple[str, Job]]:
        """Return the jobs of all streams, each with the name of its stream."""

    def record_submitted(self, stream: str, job: Job) -> None:
        """Store a job that was submitted or adopted."""

    def record_committed(self, stream: str, jobs: Iterable[Job]) -> None:
        """Store jobs whose windows were committed."""

    def remove(self, stream: str, jobs: Iterable[Job]) -> None:
        """Delete jobs that give no file or whose file is not needed again."""


class NullLedger(NullSubmitLog, JobLedger):
    """Ledger of a run without a journal; it stores nothing."""

    @override
    def jobs(self, stream: str, was_committed: Callable[[Window], bool]) -> list[Job]:
        return []

    @override
    def all_jobs(self) -> list[tuple[str, Job]]:
        return []

    @override
    def record_submitted(self, stream: str, job: Job) -> None:
        return None

    @override
    def record_committed(self, stream: str, jobs: Iterable[Job]) -> None:
        return None

    @override
    def remove(self, stream: str, jobs: Iterable[Job]) -> None:
        return None


@dataclass(frozen=True, slots=True)
class JournalLedger(JobLedger):
    """Ledger in the journal.

    Attributes:
        journal: Journal that stores the rows.
        tenant: Identifier of family and tenant, a `tenant_key`.
    """

    journal: Journal
    tenant: str

    # Jobs

    @override
    def jobs(self, stream: str, was_committed: Callable[[Window], bool]) -> list[Job]:
        sql = "SELECT job, committed FROM jobs WHERE tenant = ? AND stream = ? AND updated_at > ?"
        oldest = iso(self.journal.clock.now() - RESULT_RETENTION)
        rows = self.journal.read(sql, self.tenant, stream, oldest)
        jobs = [(self._parse_job(text), committed) for text, committed in rows]
        usable = (job for job, committed in jobs if not committed or not was_committed(job.window))
        return sorted(usable, key=lambda job: (job.window.end, job.submitted_at))

    @override
    def all_jobs(self) -> list[tuple[str, Job]]:
        sql = "SELECT stream, job FROM jobs WHERE tenant = ? ORDER BY updated_at"
        return [(s, self._parse_job(text)) for s, text in self.journal.read(sql, self.tenant)]

    @override
    def record_submitted(self, stream: str, job: Job) -> None:
        self._upsert(stream, [job], committed=False)

    @override
    def record_committed(self, stream: str, jobs: Iterable[Job]) -> None:
        self._upsert(stream, jobs, committed=True)

    @override
    def remove(self, stream: str, jobs: Iterable[Job]) -> None:
        sql = "DELETE FROM jobs WHERE tenant = ? AND stream = ? AND id = ?"
        self.journal.write(sql, *((self.tenant, stream, job.id) for job in jobs))

    def _upsert(self, stream: str, jobs: Iterable[Job], *, committed: bool) -> None:
        now = iso(self.journal.clock.now())
        sql = (
            "INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, stream, id) "
            "DO UPDATE SET (job, updated_at, committed) = "
            "(excluded.job, excluded.updated_at, excluded.committed)"
        )
        end = (now, int(committed))
        rows = ((self.tenant, stream, job.id, json.dumps(job.to_json()), *end) for job in jobs)
        self.journal.write(sql, *rows)

    def _parse_job(self, text: str) -> Job:
        try:
            return Job.from_json(json.loads(text), JobOrigin.LEDGER)
        except (KeyError, TypeError, ValueError) as error:
            msg = f"the journal {self.journal.address} has an unreadable job ({error!r}); delete it"
            raise JournalError(msg) from error

    # Submits

    @override
    def submit_times(self, since: datetime) -> list[datetime]:
        sql = "SELECT at FROM submits WHERE tenant = ? AND at > ?"
        return [parse_instant(at) for (at,) in self.journal.read(sql, self.tenant, iso(since))]

    @override
    def register(self, sent_at: datetime) -> int:
        # A chosen number: a repeated statement stores the submit once.
        submit_id = secrets.randbits(_SUBMIT_ID_BITS)
        sql = "INSERT INTO submits VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING"
        self.journal.write(sql, (submit_id, self.tenant, iso(sent_at)), locks=self.tenant)
        return submit_id

    @override
    def confirm(self, submit_id: int, counted_at: datetime | None) -> None:
        if counted_at is None:
            self.journal.write("DELETE FROM submits WHERE id = ?", (submit_id,))
        else:
            self.journal.write(
                "UPDATE submits SET at = ? WHERE id = ?", (iso(counted_at), submit_id)
            )


def create_journal(
    settings: Settings, clock: Clock, log: logging.Logger, real_time: bool
) -> Journal | None:
    """Return the journal that the settings name, or None; it is not open yet.

    Args:
        settings: Settings of the run.
        clock: Clock of the run.
        log: Logger of the run.
        real_time: Whether the clock is that of the machine, which a server may correct.

    Raises:
        ConfigError: The journal is in PostgreSQL, and its extra is not installed.
    """
    if settings.journal is None:
        return None
    poll_interval = min(settings.poll_interval, _LOCK_POLL_INTERVAL)
    if not settings.journal.startswith(_POSTGRES):
        from tap_cxone.jobs.sqlite_journal import SqliteJournal

        return SqliteJournal(Path(settings.journal), clock, poll_interval, log)
    try:
        from tap_cxone.jobs.postgres_journal import PostgresJournal
    except ImportError as error:
        msg = (
            f"journal is a PostgreSQL address, which needs psycopg ({error}); install "
            "tap-cxone[postgres], or set it to the path of a file"
        )
        raise ConfigError([msg]) from error
    return PostgresJournal(settings.journal, clock, poll_interval, log, real_time=real_time)


def tenant_key(family: str, base_url: str, identity: str) -> str:
    """Return an identifier of a family and tenant that reveals nothing of the login.

    Args:
        family: Name of the family.
        base_url: Base URL of its API.
        identity: Public part of the credentials.
    """
    return hashlib.sha256(json.dumps([family, base_url, identity]).encode()).hexdigest()[:16]
