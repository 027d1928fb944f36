"""The journal: an SQLite file with data that outlives the run and that processes share.

It uses SQLite's default rollback journal, not the write-ahead log. The latter needs memory shared
by all processes, which a volume mounted into pods may not provide.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from tap_cxone.clock import iso
from tap_cxone.errors import JournalError
from tap_cxone.jobs.job import RESULT_RETENTION
from tap_cxone.jobs.slots import Poller, acquire_file_lock

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tap_cxone.clock import Clock

_SUBMIT_RETENTION = timedelta(days=7)  # longer than any limit counts a submit
_FILE_MARKERS = {"application_id": 0x63786A6E, "user_version": 1}
_BUSY_TIMEOUT = timedelta(minutes=1)  # a write of another process takes milliseconds
_SQLITE_BUSY_SECONDS = 0.2  # wait inside SQLite, which no signal interrupts
_PRIMARY_CODE_MASK = 0xFF  # the primary part of an extended SQLite error code
_DAMAGE_CONSEQUENCE = "the exports of its jobs may be spent once more"
_JOB_COLUMNS = "tenant TEXT, stream TEXT, id TEXT, job TEXT, updated_at TEXT, committed INTEGER"
_TABLES = {
    f"CREATE TABLE jobs ({_JOB_COLUMNS}, PRIMARY KEY (tenant, stream, id))",
    "CREATE TABLE submits (id INTEGER PRIMARY KEY, tenant TEXT, at TEXT)",
    "CREATE TABLE opened (at TEXT)",
}

_T = TypeVar("_T")


class _Busy(sqlite3.OperationalError):
    """Error while another process opens the file."""


@dataclass(slots=True)
class Journal:
    """The journal of one run; thread-safe. It opens itself on first use.

    Attributes:
        path: Path of the file.
        clock: Source of time and sleep.
        poll_interval: Pause between two attempts while another process holds the file.
        log: Logger of the warning about a damaged file.
    """

    path: Path
    clock: Clock
    poll_interval: timedelta
    log: logging.Logger
    _connection: sqlite3.Connection | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def lock_dir(self) -> Path:
        """Return the folder of its lock files."""
        return self.path.with_name(f"{self.path.name}.locks")

    def open(self) -> None:
        """Open or create the file, and write to it once.

        A file that is damaged or is not a journal is renamed and replaced.

        Raises:
            JournalError: The file cannot be written.
        """
        self._retry_while_busy(self._connect)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def write(self, sql: str, *rows: Sequence[Any]) -> int:
        """Execute a statement for each of `rows` in one transaction; return the last row id.

        Args:
            sql: Statement to execute.
            *rows: Parameters of the statement, once for each execution.

        Raises:
            JournalError: The file cannot be written.
        """
        return (
            self._retry_while_busy(lambda: self._execute_in_transaction(sql, rows)) if rows else 0
        )

    def read(self, sql: str, *parameters: Any) -> list[Any]:
        """Return the rows of a query.

        Args:
            sql: Query to execute.
            *parameters: Parameters of the query.

        Raises:
            JournalError: The file cannot be read.
        """
        return self._retry_while_busy(lambda: self._connect().execute(sql, parameters).fetchall())

    def _execute_in_transaction(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        db = self._connect()
        cursor = db.cursor()
        with db:
            cursor.execute("BEGIN IMMEDIATE")
            for row in rows:
                cursor.execute(sql, row)
        return cursor.lastrowid or 0

    def _retry_while_busy(self, operation: Callable[[], _T]) -> _T:
        """Return the result of an operation; retry it while another process holds the file."""

        def attempt() -> tuple[_T] | None:
            try:
                with self._lock:
                    return (operation(),)
            except sqlite3.OperationalError as error:
                if _is_busy(error):
                    return None
                raise

        try:
            result = Poller(self.clock, self.poll_interval, _BUSY_TIMEOUT).wait_for(attempt)
        except (OSError, sqlite3.Error) as error:
            raise self._journal_error(error) from error
        if result is None:
            reason = f"another process has locked it for {_BUSY_TIMEOUT}"
            raise self._journal_error(reason)
        return result[0]

    def _journal_error(self, reason: object) -> JournalError:
        msg = (
            f"cannot use the journal {self.path} ({reason}); free disk space or correct "
            "journal_path"
        )
        return JournalError(msg)

    # The file

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            if (open_lock := acquire_file_lock(self.lock_dir / "opening")) is None:
                raise _Busy
            with open_lock:
                self._connection = self._open_or_replace()
        return self._connection

    def _open_or_replace(self) -> sqlite3.Connection:
        try:
            return self._open_file()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            self._move_damaged_file(error)
        return self._open_file()

    def _open_file(self) -> sqlite3.Connection:
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        db = sqlite3.connect(
            self.path, timeout=_SQLITE_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            _create_or_verify_tables(db)
            self._delete_expired(db)
        except BaseException:
            db.close()
            raise
        return db

    def _delete_expired(self, db: sqlite3.Connection) -> None:
        """Delete expired rows; always write once to prove that the file is writable."""
        now = self.clock.now()
        with db:
            db.execute("BEGIN IMMEDIATE")
            db.execute("DELETE FROM opened")
            db.execute("INSERT INTO opened VALUES (?)", (iso(now),))
            db.execute("DELETE FROM jobs WHERE updated_at <= ?", (iso(now - RESULT_RETENTION),))
            db.execute("DELETE FROM submits WHERE at <= ?", (iso(now - _SUBMIT_RETENTION),))

    def _move_damaged_file(self, error: sqlite3.DatabaseError) -> None:
        backup_path = f"{self.path}.damaged-{self.clock.now():%Y%m%dT%H%M%S%fZ}"
        self.path.replace(backup_path)
        text = "The journal %s is damaged (%s); renamed to %s and replaced by an empty one: %s"
        self.log.warning(text, self.path, error, backup_path, _DAMAGE_CONSEQUENCE)


def _is_busy(error: sqlite3.OperationalError) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE_MASK
    return isinstance(error, _Busy) or code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _create_or_verify_tables(db: sqlite3.Connection) -> None:
    """Create the tables in an empty file, or verify those of an existing file.

    Raises:
        DatabaseError: The file is damaged, or another program or version wrote it.
    """
    if (check_result := db.execute("PRAGMA quick_check").fetchone()) != ("ok",):
        raise sqlite3.DatabaseError(*check_result)
    with db:
        db.execute("BEGIN IMMEDIATE")
        tables = {sql for (sql,) in db.execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL")}
        marker_values = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in _FILE_MARKERS]
        if not tables and not any(marker_values):
            for table in _TABLES:
                db.execute(table)
            for name, value in _FILE_MARKERS.items():
                db.execute(f"PRAGMA {name} = {value}")
        elif tables != _TABLES or marker_values != list(_FILE_MARKERS.values()):
            msg = "another program or another version of tap-cxone wrote it"
            raise sqlite3.DatabaseError(msg)
