"""The journal in a PostgreSQL database, for processes on any number of machines.

A slot is an advisory lock of the session. The server releases it when the connection ends, so at
once when the process is killed. Keepalives end the connection of a machine that has vanished.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from typing_extensions import override

from tap_cxone.clock import OffsetClock, in_utc
from tap_cxone.errors import JournalError
from tap_cxone.jobs.journal import Journal, expiry_statements
from tap_cxone.jobs.postgres_locks import SessionLocks
from tap_cxone.jobs.postgres_server import (
    RECONNECT_TIMEOUT,
    Connection,
    PostgresServer,
    Session,
)
from tap_cxone.jobs.postgres_tables import upgrade_tables
from tap_cxone.jobs.slots import Poller
from tap_cxone.jobs.socket_watch import watch_socket

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Sequence

    from tap_cxone.clock import Clock

_RETURN_TIME = timedelta(seconds=3)
"""Time in which a process that lost its connection opens another one, and acquires its locks.

Until then no other process acquires them. A killed process looks the same.
"""
_SESSION = """
    SELECT pid, backend_start, clock_timestamp() FROM pg_stat_activity WHERE pid = pg_backend_pid()
"""
_END_SESSION = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE pid = %s AND backend_start = %s
"""
_T = TypeVar("_T")


@dataclass(slots=True)
class PostgresJournal(Journal):
    """A journal in the schema `tap_cxone` of a database, over one connection.

    A lost connection is opened again, and its locks are acquired again. While locks are held, a
    thread watches the connection: a run that waits for the API uses the journal too seldom. A lock
    that another process has acquired meanwhile is lost: `write` then refuses a submit that needs
    it.

    Attributes:
        url: Address with user name and password; a secret.
        run_clock: Clock of the run.
        poll_interval: Pause between two attempts to connect again, or to acquire a lock.
        log: Logger of lost connections.
        real_time: Whether the clock is that of the machine, which the server's clock corrects. If
            not, no thread watches the connection.
    """

    url: str = field(repr=False)
    run_clock: Clock
    poll_interval: timedelta
    log: logging.Logger
    real_time: bool = True
    clock: Clock = field(init=False)
    _server: PostgresServer = field(init=False)
    _locks: SessionLocks = field(init=False)
    _server_clock: OffsetClock = field(init=False)
    _connection: Connection | None = None
    _watched: Connection | None = None
    _session: Session | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        """Make the clock one that all processes with the journal share."""
        self._server = PostgresServer(self.url)
        self._locks = SessionLocks(self._server)
        self.clock = self._server_clock = OffsetClock(self.run_clock)

    @property
    @override
    def address(self) -> str:
        """Return the URL without user name, password and options."""
        return self._server.address

    @override
    def open(self) -> None:
        self._execute(self._delete_expired)

    @override
    def close(self) -> None:
        with self._lock:
            for name in list(self._locks.held):
                self._release(name)
            if self._connection is not None:
                self._connection.close()
            self._connection = self._watched = self._session = None
            self._locks.lost.clear()

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
        if (lock := self._execute(partial(self._acquire, name))) is not None:
            return lock
        session = self._execute(lambda connection: self._locks.find_lost_session(connection, name))
        if not session:
            return None
        self.clock.sleep(_RETURN_TIME)
        return self._execute(partial(self._acquire, name, lost_session=session))

    @override
    def describe_lock(self, name: str) -> str:
        return f"{self.address} {name}"

    def _write(
        self, connection: Connection, sql: str, rows: Sequence[Sequence[Any]], locks: str
    ) -> None:
        if locks and self._locks.has_lost(f"{locks}."):
            msg = (
                f"the journal {self.address} was disconnected, and another process exports from "
                "this tenant since; nothing was submitted. Run again: pending jobs are resumed"
            )
            raise JournalError(msg)
        with connection.transaction():
            connection.cursor().executemany(_with_placeholders(sql), rows)

    def _delete_expired(self, connection: Connection) -> None:
        for sql, parameters in expiry_statements(self.clock.now()):
            self._write(connection, sql, [parameters], "")

    # Locks

    def _acquire(
        self, name: str, connection: Connection, *, lost_session: str = ""
    ) -> ExitStack | None:
        session = self._session
        if session is None or not self._locks.try_acquire(connection, session, name, lost_session):
            return None
        self._watch()
        stack = ExitStack()
        stack.callback(self._release, name)
        return stack

    def _release(self, name: str) -> None:
        with self._lock:
            self._locks.release(self._connection, name)

    def _reacquire_locks(self, connection: Connection, session: Session, lost: Session) -> None:
        """End the lost session, which the server may take for alive, and acquire its locks."""
        connection.execute(_END_SESSION, [lost.pid, lost.started_at])
        self._locks.reacquire(connection, session)
        self.log.warning(
            "The connection of the journal %s was lost; it is open again, and %d of %d locks are "
            "held again. Check the network and the server if this occurs often",
            self.address,
            len(self._locks.held),
            len(self._locks.held | self._locks.lost),
        )

    # The connection

    def _execute(self, operation: Callable[[Connection], _T]) -> _T:
        """Return the result of an operation; repeat it while the server cannot be reached.

        Raises:
            JournalError: The operation failed.
            JournalUnavailable: The server could not be reached in time.
        """
        failures: list[JournalError] = []
        result = self._reconnecting.wait_for(lambda: self._attempt(operation, failures))
        if result is None:
            raise failures[-1]
        return result[0]

    @property
    def _reconnecting(self) -> Poller:
        return Poller(self.clock, self.poll_interval, RECONNECT_TIMEOUT)

    def _attempt(
        self, operation: Callable[[Connection], _T], failures: list[JournalError]
    ) -> tuple[_T] | None:
        """Return the result of an operation, or None if the server cannot be reached now."""
        with self._lock:
            was_connected = self._connection is not None
            try:
                return (operation(self._connect()),)
            except psycopg.Error as error:
                if not self._may_connect_again(error):
                    raise self._server.unusable(error) from None
                self._connection = None
                if was_connected:
                    return self._attempt(operation, failures)
                if not failures:
                    self._log_unreachable(self._server.describe(error))
                failures.append(self._server.unavailable(error))
                return None

    def _may_connect_again(self, error: psycopg.Error) -> bool:
        """Return True if a connection was lost, or if the first one may be possible later."""
        if self._session is None:
            return self._server.is_temporary(error)
        return self._connection is None or self._connection.closed

    def _log_unreachable(self, reason: str) -> None:
        self.log.warning(
            "The journal %s cannot be reached (%s); trying again for at most %s. Check its server "
            "and the network",
            self.address,
            reason,
            RECONNECT_TIMEOUT,
        )

    def _connect(self) -> Connection:
        if self._connection is None:
            connection = self._server.connect()
            try:
                session = self._prepare_session(connection)
                if self._session is not None:
                    self._reacquire_locks(connection, session, self._session)
            except BaseException:
                connection.close()
                raise
            self._connection, self._session = connection, session
            if self._locks.held:
                self._watch()
        return self._connection

    def _prepare_session(self, connection: Connection) -> Session:
        """Compare the clocks, and create or upgrade the tables."""
        sent_at = self.run_clock.now()
        pid, started_at, server_time = connection.execute(_SESSION).fetchall()[0]
        round_trip = self.run_clock.now() - sent_at
        self._server.require_own_session(connection, pid)
        if self.real_time:
            self._server_clock.offset = in_utc(server_time) - (sent_at + round_trip / 2)
        upgrade_tables(connection, self.address)
        return Session(pid, started_at)

    def _watch(self) -> None:
        """Watch the connection, unless a thread watches it already."""
        if self.real_time and self._connection is not None:
            if self._watched is not self._connection:
                watch_socket(self._connection.fileno(), partial(self._check, self._connection))
            self._watched = self._connection

    def _check(self, connection: Connection) -> bool:
        """Open another connection if this one is lost; return True if it is not.

        Raises:
            JournalError: The new connection cannot be used.
        """
        with self._lock:  # no response is being read
            if connection is not self._connection:
                return False
            with suppress(psycopg.Error):
                connection.pgconn.consume_input()
            is_open = not connection.closed
        if not is_open:
            failures: list[JournalError] = []
            self._reconnecting.wait_for(lambda: self._replace(connection, failures))
        return is_open

    def _replace(self, lost: Connection, failures: list[JournalError]) -> object:
        """Return None while a lost connection is watched and no other one can be opened."""
        with self._lock:
            return self._watched is not lost or self._attempt(_use, failures)


def _use(connection: Connection) -> None:
    """Execute a statement, which fails if the connection is lost."""
    connection.execute("SELECT 1")


def _with_placeholders(sql: str) -> bytes:
    """Return a statement with the placeholders of psycopg."""
    return sql.replace("?", "%s").encode()
