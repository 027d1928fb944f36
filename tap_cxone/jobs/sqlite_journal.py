"""The journal as an SQLite file with file locks beside it, for the processes of one machine.

It uses SQLite's default rollback journal, not the write-ahead log. The latter needs memory shared
by all processes, which a volume mounted into pods may not provide.

A slot is the lock of a small file next to the journal. The operating system releases a lock when
its process ends, for any reason and on every platform. So no lease has to be renewed while a
synchronous export runs, and no process id can be confused with that of a later process.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from filelock import FileLock, Timeout
from typing_extensions import override

from tap_cxone.clock import iso
from tap_cxone.errors import JournalError
from tap_cxone.jobs.journal import Journal, expiry_statements
from tap_cxone.jobs.slots import Poller

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tap_cxone.clock import Clock

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
class SqliteJournal(Journal):
    """A journal in a file.

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
    @override
    def address(self) -> str:
        return str(self.path)

    @override
    def open(self) -> None:
        """Open or create the file; rename and replace one that is damaged or is no journal."""
        self._retry_while_busy(self._connect)

    @override
    def close(self) -> None:
        """Close the file; the stack of a lock releases it."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @override
    def write(self, sql: str, *rows: Sequence[Any], locks: str = "") -> None:
        """Execute a statement; the system takes no file lock from a process that lives."""
        if rows:
            self._retry_while_busy(lambda: self._execute_in_transaction(sql, rows))

    @override
    def read(self, sql: str, *parameters: Any) -> list[Any]:
        return self._retry_while_busy(lambda: self._connect().execute(sql, parameters).fetchall())

    @override
    def try_lock(self, name: str) -> ExitStack | None:
        return _lock_file(self._lock_path(name))

    @override
    def describe_lock(self, name: str) -> str:
        return str(self._lock_path(name))

    def _lock_path(self, name: str) -> Path:
        return self.path.with_name(f"{self.path.name}.locks") / name

    def _execute_in_transaction(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        db = self._connect()
        with db:
            db.execute("BEGIN IMMEDIATE")
            for row in rows:
                db.execute(sql, row)

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
            "the setting journal"
        )
        return JournalError(msg)

    # The file

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            if (open_lock := self.try_lock("opening")) is None:
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
            for sql, parameters in expiry_statements(now):
                db.execute(sql, parameters)

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


def _lock_file(path: Path) -> ExitStack | None:
    """Acquire the lock of a file without blocking; return None if it is held.

    Raises:
        JournalError: The file cannot be locked.
    """
    lock = FileLock(path, mode=0o600, thread_local=False)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        lock.acquire(blocking=False)
    except Timeout:
        return None
    except (OSError, NotImplementedError) as error:
        if not (folder := path.parent.parent).is_dir():
            msg = f"cannot lock {path}: {folder} is not a folder; create it or correct journal"
            raise JournalError(msg) from error
        msg = f"cannot lock {path} ({error}); set journal to a file system with file locks"
        raise JournalError(msg) from error
    stack = ExitStack()
    stack.callback(lock.release)
    return stack
