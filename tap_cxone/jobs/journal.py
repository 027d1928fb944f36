"""The journal: an SQLite file with what must outlive the run, and what its processes share.

It keeps SQLite's default way to commit, not the write-ahead log: that one needs memory that all
processes share, which a volume mounted into pods may not give.
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
from tap_cxone.jobs.job import KEPT
from tap_cxone.jobs.slots import Wait, locked

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tap_cxone.clock import Clock

_WEEK = timedelta(days=7)  # no limit counts a submit for longer
_MARKS = {"application_id": 0x63786A6E, "user_version": 1}
_PATIENCE = timedelta(minutes=1)  # a change takes another process milliseconds
_SHORT = 0.2  # seconds that SQLite itself waits, where no signal reaches it
_PRIMARY = 0xFF  # the part of SQLite's error codes that tells their kind
_DAMAGE = "jobs and exports that only it knew of may be spent once more"
_JOB = "tenant TEXT, stream TEXT, id TEXT, job TEXT, heard_at TEXT, committed INTEGER"
_TABLES = {
    f"CREATE TABLE jobs ({_JOB}, PRIMARY KEY (tenant, stream, id))",
    "CREATE TABLE submits (id INTEGER PRIMARY KEY, tenant TEXT, at TEXT)",
    "CREATE TABLE opened (at TEXT)",
}


_T = TypeVar("_T")


class _Busy(sqlite3.OperationalError):
    """Another process is opening the file."""


@dataclass(slots=True)
class Journal:
    """The journal of one run. Threads may share it.

    Attributes:
        path: Where it is.
        clock: The time.
        pause: Between two looks at what another process holds.
        log: Where it says that a file was set aside.
    """

    path: Path
    clock: Clock
    pause: timedelta
    log: logging.Logger
    _connection: sqlite3.Connection | None = None
    _one: threading.RLock = field(default_factory=threading.RLock)

    @property
    def locks(self) -> Path:
        """Return the folder of the locks that belong to it."""
        return self.path.with_name(f"{self.path.name}.locks")

    def open(self) -> None:
        """Open or begin the file, and write to it once; unless told to, it opens when first used.

        A file that is no journal, or a damaged one, is set aside.

        Raises:
            JournalError: It cannot be written.
        """
        self._waited(self._connected)

    def close(self) -> None:
        """Close the file."""
        with self._one:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def change(self, sql: str, *rows: Sequence[Any]) -> int:
        """Carry out a statement for each of `rows`, all or none; return the last row's number.

        Raises:
            JournalError: It cannot be written.
        """
        return self._waited(lambda: self._changed(sql, rows)) if rows else 0

    def read(self, sql: str, *values: Any) -> list[Any]:
        """Return the rows of a query.

        Raises:
            JournalError: It cannot be read.
        """
        return self._waited(lambda: self._connected().execute(sql, values).fetchall())

    def _changed(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        db = self._connected()
        cursor = db.cursor()
        with db:
            cursor.execute("BEGIN IMMEDIATE")
            for row in rows:
                cursor.execute(sql, row)
        return cursor.lastrowid or 0

    def _waited(self, work: Callable[[], _T]) -> _T:
        """Do something; wait while another process has the file."""

        def attempt() -> tuple[_T] | None:
            try:
                with self._one:
                    return (work(),)
            except sqlite3.OperationalError as error:
                if _busy(error):
                    return None
                raise

        try:
            found = Wait(self.clock, self.pause, _PATIENCE).until(attempt)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error
        if found is None:
            why = f"another process has had it for {_PATIENCE}"
            raise self._unusable(why)
        return found[0]

    def _unusable(self, why: object) -> JournalError:
        msg = f"cannot use the journal {self.path} ({why}); make room, or correct journal_path"
        return JournalError(msg)

    # The file

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            if (opening := locked(self.locks / "opening")) is None:
                raise _Busy
            with opening:
                self._connection = self._opened()
        return self._connection

    def _opened(self) -> sqlite3.Connection:
        try:
            return self._begun()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            self._set_aside(error)
        return self._begun()

    def _begun(self) -> sqlite3.Connection:
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        db = sqlite3.connect(
            self.path, timeout=_SHORT, isolation_level=None, check_same_thread=False
        )
        try:
            _check(db)
            self._clear(db)
        except BaseException:
            db.close()
            raise
        return db

    def _clear(self, db: sqlite3.Connection) -> None:
        """Leave out what is of no use any more; write in any case, to see that one can."""
        now = self.clock.now()
        with db:
            db.execute("BEGIN IMMEDIATE")
            db.execute("DELETE FROM opened")
            db.execute("INSERT INTO opened VALUES (?)", (iso(now),))
            db.execute("DELETE FROM jobs WHERE heard_at <= ?", (iso(now - KEPT),))
            db.execute("DELETE FROM submits WHERE at <= ?", (iso(now - _WEEK),))

    def _set_aside(self, error: sqlite3.DatabaseError) -> None:
        aside = f"{self.path}.damaged-{self.clock.now():%Y%m%dT%H%M%S%fZ}"
        self.path.replace(aside)
        text = "The journal %s is damaged (%s). It is now %s, and a new one was begun: %s"
        self.log.warning(text, self.path, error, aside, _DAMAGE)


def _busy(error: sqlite3.OperationalError) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    return isinstance(error, _Busy) or code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _check(db: sqlite3.Connection) -> None:
    """Make the tables in an empty file; raise `DatabaseError` if this tap did not write it."""
    if (said := db.execute("PRAGMA quick_check").fetchone()) != ("ok",):
        raise sqlite3.DatabaseError(*said)
    with db:
        db.execute("BEGIN IMMEDIATE")
        tables = {sql for (sql,) in db.execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL")}
        marks = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in _MARKS]
        if not tables and not any(marks):
            for table in _TABLES:
                db.execute(table)
            for name, value in _MARKS.items():
                db.execute(f"PRAGMA {name} = {value}")
        elif tables != _TABLES or marks != list(_MARKS.values()):
            msg = "another program, or another version of this one, wrote it"
            raise sqlite3.DatabaseError(msg)
