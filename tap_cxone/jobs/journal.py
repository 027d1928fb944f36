"""The journal: data that outlives the run and that processes share, and the locks of its slots."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from tap_cxone.clock import iso
from tap_cxone.errors import ConfigError, JournalError, JournalUnavailable
from tap_cxone.jobs.job import RESULT_RETENTION

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Sequence
    from contextlib import ExitStack
    from datetime import datetime

    from tap_cxone.clock import Clock

_SUBMIT_RETENTION = timedelta(days=7)  # longer than any limit counts a submit


class Journal(Protocol):
    """The journal of one run; thread-safe. It opens itself on first use.

    Statements are SQL that SQLite and PostgreSQL both execute, with `?` for each parameter. The
    tables are `jobs` (tenant, stream, id, job, updated_at, committed) and `submits` (id, tenant,
    at). Instants are texts of `clock.iso`.

    Attributes:
        clock: Source of sleep, and of the time that all processes with the journal share.
        poll_interval: Pause between two attempts while another process holds what is needed.
        log: Logger of warnings.
    """

    clock: Clock
    poll_interval: timedelta
    log: logging.Logger

    @property
    def address(self) -> str:
        """Return where the journal is, for messages: without a user name or a password."""

    def open(self) -> None:
        """Open or create the journal, and write to it once.

        Raises:
            JournalError: The journal cannot be written.
            JournalUnavailable: Its server could not be reached in time.
        """

    def close(self) -> None:
        """Close the journal, and release its locks."""

    def write(self, sql: str, *rows: Sequence[Any], locks: str = "") -> None:
        """Execute a statement for each of `rows` in one transaction.

        Args:
            sql: Statement to execute. Executing it twice has the effect of executing it once.
            *rows: Parameters of the statement, once for each execution.
            locks: Start of the names of locks; none of those acquired may have been lost.

        Raises:
            JournalError: The journal cannot be written, or a lock was lost; nothing was written.
        """

    def read(self, sql: str, *parameters: Any) -> list[Any]:
        """Return the rows of a query.

        Args:
            sql: Query to execute.
            *parameters: Parameters of the query.

        Raises:
            JournalError: The journal cannot be read.
        """

    def try_lock(self, name: str) -> ExitStack | None:
        """Acquire a lock without blocking; return None if any process holds it.

        The caller closes the returned stack to release the lock. The end of the process releases
        it too.

        Raises:
            JournalError: The lock cannot be acquired.
        """

    def describe_lock(self, name: str) -> str:
        """Return where a lock is, for messages."""


def open_journal(journal: Journal | None) -> None:
    """Open the journal at the start of a run, if there is one; close it if that fails.

    Raises:
        ConfigError: The journal cannot be used with these settings.
        JournalUnavailable: Its server could not be reached in time; a later run may succeed.
    """
    if journal is None:
        return
    try:
        journal.open()
    except JournalError as error:
        journal.close()
        if isinstance(error, JournalUnavailable):
            raise
        raise ConfigError([str(error)]) from error


def expiry_statements(now: datetime) -> Iterator[tuple[str, tuple[str]]]:
    """Yield the statements, each with its parameters, that delete what no run needs any more."""
    yield "DELETE FROM jobs WHERE updated_at <= ?", (iso(now - RESULT_RETENTION),)
    yield "DELETE FROM submits WHERE at <= ?", (iso(now - _SUBMIT_RETENTION),)
