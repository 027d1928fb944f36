"""The journal in a PostgreSQL database, for processes on any number of machines.

A slot is an advisory lock of the session. The server releases it when the connection ends, so at
once when the process is killed. Keepalives end the connection of a machine that has vanished.
"""

from __future__ import annotations

import re
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

import psycopg
from msgspec import Struct
from psycopg.conninfo import conninfo_to_dict
from typing_extensions import override

from tap_cxone.clock import OffsetClock, in_utc
from tap_cxone.errors import JournalError
from tap_cxone.jobs.journal import Journal, expiry_statements
from tap_cxone.jobs.slots import Poller
from tap_cxone.redact import Redactor

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from tap_cxone.clock import Clock

_DELIMITERS = re.compile(r"[:@/?#&=]")
_RECONNECT_TIMEOUT = timedelta(minutes=2)  # a server restarts in less
_CLIENT_OPTIONS: dict[str, Any] = {
    "application_name": "tap-cxone",
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 50_000,
}
# By these the server notices within 50 seconds that a machine has vanished.
_SESSION_OPTIONS = """
    SET search_path = tap_cxone; SET tcp_user_timeout = 50000;
    SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3
"""
_SESSION = """
    SELECT pid, backend_start, clock_timestamp() FROM pg_stat_activity WHERE pid = pg_backend_pid()
"""
_END_SESSION = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE pid = %s AND backend_start = %s
"""
_UPGRADES = (
    (
        (
            "CREATE TABLE jobs (tenant TEXT, stream TEXT, id TEXT, job TEXT, "
            'updated_at TEXT COLLATE "C", committed INTEGER, PRIMARY KEY (tenant, stream, id))'
        ),
        'CREATE TABLE submits (id BIGINT PRIMARY KEY, tenant TEXT, at TEXT COLLATE "C")',
    ),
)
"""Statements that lead from each version of the tables to the next. A released one never changes.

Instants are compared as texts, by their bytes as in SQLite.
"""

_Connection = psycopg.Connection[tuple[Any, ...]]
_T = TypeVar("_T")


class _Session(Struct, frozen=True):
    """The server's process for a connection, and when it started: IDs are used again."""

    pid: int
    started_at: datetime


@dataclass(slots=True)
class PostgresJournal(Journal):
    """A journal in the schema `tap_cxone` of a database, over one connection.

    A lost connection is opened again, and its locks are acquired again. A lock that another process
    has acquired meanwhile is lost: `write` then refuses a submit that needs it.

    Attributes:
        url: Address with user name and password; a secret.
        run_clock: Clock of the run.
        poll_interval: Pause between two attempts to connect again, or to acquire a lock.
        log: Logger of lost connections.
        real_time: Whether the clock is that of the machine, which the server's clock corrects.
    """

    url: str = field(repr=False)
    run_clock: Clock
    poll_interval: timedelta
    log: logging.Logger
    real_time: bool = True
    clock: Clock = field(init=False)
    _server_clock: OffsetClock = field(init=False)
    _connection: _Connection | None = None
    _session: _Session | None = None
    _held: set[str] = field(default_factory=set)
    _lost: set[str] = field(default_factory=set)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        """Make the clock one that all processes with the journal share."""
        self.clock = self._server_clock = OffsetClock(self.run_clock)

    @property
    @override
    def address(self) -> str:
        """Return the URL without user name, password and options."""
        before, _, options = self.url.partition("://")[2].partition("?")
        # An unescaped character of the password may have split it.
        shown = "…" if "@" in options else before.rpartition("@")[2]
        return f"postgresql://{shown}"

    @override
    def open(self) -> None:
        self._execute(self._delete_expired)

    @override
    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = self._session = None
            self._held.clear()
            self._lost.clear()

    @override
    def write(self, sql: str, *rows: Sequence[Any], locks: str = "") -> None:
        if rows:
            self._execute(lambda connection: self._write(connection, sql, rows, locks))

    @override
    def read(self, sql: str, *parameters: Any) -> list[Any]:
        query = _with_placeholders(sql)
        return self._execute(lambda connection: connection.execute(query, parameters).fetchall())

    @override
    def try_lock(self, name: str) -> ExitStack | None:
        return self._execute(lambda connection: self._acquire(connection, name))

    @override
    def describe_lock(self, name: str) -> str:
        return f"{self.address} {name}"

    def _write(
        self, connection: _Connection, sql: str, rows: Sequence[Sequence[Any]], locks: str
    ) -> None:
        if locks and any(name.startswith(f"{locks}.") for name in self._lost):
            msg = (
                f"the journal {self.address} was disconnected, and another process exports from "
                "this tenant since; nothing was submitted. Run again: pending jobs are resumed"
            )
            raise JournalError(msg)
        with connection.transaction():
            connection.cursor().executemany(_with_placeholders(sql), rows)

    def _delete_expired(self, connection: _Connection) -> None:
        for sql, parameters in expiry_statements(self.clock.now()):
            self._write(connection, sql, [parameters], "")

    # Locks

    def _acquire(self, connection: _Connection, name: str) -> ExitStack | None:
        # The server would give a session its own lock once more.
        if name in self._held or name in self._lost or not self._lock_in(connection, name):
            return None
        self._held.add(name)
        stack = ExitStack()
        stack.callback(self._release, name)
        return stack

    def _release(self, name: str) -> None:
        with self._lock:
            is_held = name in self._held
            self._held.discard(name)
            self._lost.discard(name)
            if is_held and self._connection is not None:
                with suppress(psycopg.Error):  # the end of the connection releases it too
                    self._connection.execute("SELECT pg_advisory_unlock(%s)", [_lock_key(name)])

    def _reacquire_locks(self, connection: _Connection, lost: _Session) -> None:
        """End the lost session, which the server may take for alive, and acquire its locks."""
        connection.execute(_END_SESSION, [lost.pid, lost.started_at])
        self._lost |= {name for name in self._held if not self._lock_in(connection, name)}
        self._held -= self._lost
        self.log.warning(
            "The connection of the journal %s was lost; it is open again, and %d of %d locks are "
            "held again. Check the network and the server if this occurs often",
            self.address,
            len(self._held),
            len(self._held | self._lost),
        )

    def _lock_in(self, connection: _Connection, name: str) -> bool:
        """Return True if the session of a connection acquired a lock.

        Raises:
            JournalError: A pooler executed the statement in another session.
        """
        query = "SELECT pg_backend_pid(), pg_try_advisory_lock(%s)"
        pid, acquired = connection.execute(query, [_lock_key(name)]).fetchall()[0]
        self._require_own_session(connection, pid)
        return bool(acquired)

    def _require_own_session(self, connection: _Connection, pid: int) -> None:
        """Raise `JournalError` unless the server named its process `pid` when it was connected.

        A pooler such as PgBouncer announces a number of its own, since its server's process changes
        from one transaction to the next.
        """
        if pid != connection.info.backend_pid:
            msg = (
                f"the journal {self.address} is behind a connection pooler such as PgBouncer, "
                "which moves statements between sessions. Set journal to the address of the "
                "server itself"
            )
            raise JournalError(msg)

    # The connection

    def _execute(self, operation: Callable[[_Connection], _T]) -> _T:
        """Return the result of an operation; repeat it after a lost connection.

        Raises:
            JournalError: The operation failed, or the server did not come back in time.
        """
        failures: list[JournalError] = []

        def attempt() -> tuple[_T] | None:
            with self._lock:
                try:
                    return (operation(self._connect()),)
                except psycopg.Error as error:
                    failures.append(self._journal_error(error))
                    if not self._is_connection_lost():
                        raise failures[-1] from None
                    self._connection = None
                    return None

        poller = Poller(self.clock, self.poll_interval, _RECONNECT_TIMEOUT)
        if (result := poller.wait_for(attempt)) is None:
            raise failures[-1]
        return result[0]

    def _is_connection_lost(self) -> bool:
        """Return True if there was a connection, and there is none now."""
        return self._session is not None and (self._connection is None or self._connection.closed)

    def _connect(self) -> _Connection:
        if self._connection is None:
            connection = self._open_connection()
            try:
                session = self._prepare_session(connection)
                if self._session is not None:
                    self._reacquire_locks(connection, self._session)
            except BaseException:
                connection.close()
                raise
            self._connection, self._session = connection, session
        return self._connection

    def _open_connection(self) -> _Connection:
        options = {**_CLIENT_OPTIONS, **conninfo_to_dict(self.url)}
        return psycopg.connect(**options, autocommit=True, prepare_threshold=None)

    def _prepare_session(self, connection: _Connection) -> _Session:
        """Set the options of a new session, and create or upgrade the tables."""
        connection.execute(_SESSION_OPTIONS)
        sent_at = self.run_clock.now()
        pid, started_at, server_time = connection.execute(_SESSION).fetchall()[0]
        round_trip = self.run_clock.now() - sent_at
        self._require_own_session(connection, pid)
        if self.real_time:
            self._server_clock.offset = in_utc(server_time) - (sent_at + round_trip / 2)
        self._upgrade_tables(connection)
        return _Session(pid, started_at)

    def _upgrade_tables(self, connection: _Connection) -> None:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_lock_key("tables")])
            # Even with IF NOT EXISTS, a schema that exists needs the right to create one.
            if connection.execute("SELECT to_regnamespace('tap_cxone')").fetchone() == (None,):
                connection.execute("CREATE SCHEMA tap_cxone")
            connection.execute("CREATE TABLE IF NOT EXISTS version (number INTEGER)")
            ((version,),) = connection.execute("SELECT coalesce(max(number), 0) FROM version")
            if version > len(_UPGRADES):
                msg = (
                    f"the journal {self.address} has tables of version {version}, which a newer "
                    f"tap-cxone wrote; this one knows version {len(_UPGRADES)}. Upgrade tap-cxone"
                )
                raise JournalError(msg)
            for number, statements in enumerate(_UPGRADES[version:], version + 1):
                for statement in statements:
                    connection.execute(statement)
                connection.execute("INSERT INTO version VALUES (%s)", [number])

    def _journal_error(self, error: psycopg.Error) -> JournalError:
        # libpq repeats parts of a URL that it cannot parse.
        is_invalid = isinstance(error, psycopg.ProgrammingError) and not error.sqlstate
        reason = "it is no valid URL" if is_invalid else Redactor(_secrets(self.url))(str(error))
        msg = f"cannot use the journal {self.address} ({reason}); correct the server or journal"
        return JournalError(msg)


def _secrets(url: str) -> set[str]:
    """Return the URL, and each part of its password and options, which an error may repeat."""
    address = url.partition("://")[2]
    password = _DELIMITERS.split(address.rpartition("@")[0].partition(":")[2])
    options = _DELIMITERS.split(address.partition("?")[2])
    parts = {part for part in (*password, *options) if len(part) > 1}
    return {url, *parts, *map(unquote, parts)}


def _with_placeholders(sql: str) -> bytes:
    """Return a statement with the placeholders of psycopg."""
    return sql.replace("?", "%s").encode()


def _lock_key(name: str) -> int:
    """Return the number of an advisory lock; all programs of a database share these numbers."""
    digest = sha256(f"tap-cxone {name}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)
