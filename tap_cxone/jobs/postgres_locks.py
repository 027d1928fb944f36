"""Locks of the journal in PostgreSQL: advisory locks of a session, and a table of their holders.

The end of a session releases its locks, whether its process was killed or has lost the connection.
The table tells a released lock from one that was lost. So a process that lives can open another
connection and acquire its locks again, before any other process does.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg

from tap_cxone.jobs.postgres_tables import lock_key

if TYPE_CHECKING:
    from tap_cxone.jobs.postgres_server import Connection, PostgresServer, Session

_TRY_LOCK = """
    SELECT pg_backend_pid(), CASE
        WHEN EXISTS (SELECT FROM locks WHERE name = %s AND holder <> %s AND session <> %s)
        THEN FALSE ELSE pg_try_advisory_lock(%s)
    END
"""
_STORE_HOLDER = """
    INSERT INTO locks VALUES (%s, %s, %s)
    ON CONFLICT (name) DO UPDATE SET (holder, session) = (excluded.holder, excluded.session)
"""
_REMOVE_HOLDER = "DELETE FROM locks WHERE name = %s AND holder = %s"
_OTHER_SESSION = "SELECT session FROM locks WHERE name = %s AND holder <> %s"
# The view shows the number of an advisory lock as its two halves.
_IS_LOCKED = """
    SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = database
    WHERE datname = current_database() AND (classid::bigint << 32 | objid::bigint) = %s
"""


@dataclass(slots=True)
class SessionLocks:
    """Locks of one process, which the session of its present connection holds.

    Attributes:
        server: Server that has the locks.
        held: Names of the locks that the process holds.
        lost: Names of those that another process acquired after a lost connection.
        holder: Identifier of the process, in all of its sessions.
    """

    server: PostgresServer
    held: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    holder: str = field(default_factory=lambda: secrets.token_hex(8))

    def try_acquire(
        self, connection: Connection, session: Session, name: str, lost_session: str = ""
    ) -> bool:
        """Return True if the process acquired a lock that it does not hold.

        A lock that another session lost is not acquired, except that of `lost_session`.

        Raises:
            JournalError: A pooler executed the statement in another session.
        """
        # The server would give a session its own lock once more.
        if name in self.held or name in self.lost:
            return False
        if acquired := self._lock(connection, session, name, lost_session):
            self.held.add(name)
        return acquired

    def find_lost_session(self, connection: Connection, name: str) -> str:
        """Return the session that ended and did not release a lock; empty if there is none."""
        other = connection.execute(_OTHER_SESSION, [name, self.holder]).fetchone()
        if other is None or connection.execute(_IS_LOCKED, [lock_key(name)]).fetchone():
            return ""
        return str(other[0])

    def reacquire(self, connection: Connection, session: Session) -> None:
        """Acquire the locks of a lost connection again; those that cannot be are lost."""
        acquired = {name for name in self.held if self._lock(connection, session, name, "")}
        self.lost |= self.held - acquired
        self.held &= acquired

    def release(self, connection: Connection | None, name: str) -> None:
        """Release a lock; it may be lost."""
        is_held = name in self.held
        self.held.discard(name)
        self.lost.discard(name)
        if is_held and connection is not None:
            with suppress(psycopg.Error):  # the end of the connection releases it too
                connection.execute(_REMOVE_HOLDER, [name, self.holder])
                connection.execute("SELECT pg_advisory_unlock(%s)", [lock_key(name)])

    def has_lost(self, prefix: str) -> bool:
        """Return True if a lock whose name starts with a prefix is lost."""
        return any(name.startswith(prefix) for name in self.lost)

    def _lock(self, connection: Connection, session: Session, name: str, lost_session: str) -> bool:
        parameters = [name, self.holder, lost_session, lock_key(name)]
        pid, acquired = connection.execute(_TRY_LOCK, parameters).fetchall()[0]
        self.server.require_own_session(connection, pid)
        if acquired:
            connection.execute(_STORE_HOLDER, [name, self.holder, str(session)])
        return bool(acquired)
