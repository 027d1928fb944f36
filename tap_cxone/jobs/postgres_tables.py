"""The tables of the journal in PostgreSQL, and their versions."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tap_cxone.errors import JournalError

if TYPE_CHECKING:
    import psycopg

_UPGRADES = (
    (
        (
            "CREATE TABLE jobs (tenant TEXT, stream TEXT, id TEXT, job TEXT, "
            'updated_at TEXT COLLATE "C", committed INTEGER, PRIMARY KEY (tenant, stream, id))'
        ),
        'CREATE TABLE submits (id BIGINT PRIMARY KEY, tenant TEXT, at TEXT COLLATE "C")',
        "CREATE TABLE locks (name TEXT PRIMARY KEY, holder TEXT, session TEXT)",
    ),
)
"""Statements that lead from each version of the tables to the next. A released one never changes.

Instants are compared as texts, by their bytes as in SQLite. `locks` has the process and the session
of each lock that was acquired and not released.
"""


def upgrade_tables(connection: psycopg.Connection[tuple[Any, ...]], address: str) -> None:
    """Create the tables, or upgrade those of an older version, in one transaction.

    Args:
        connection: Connection whose `search_path` is the schema `tap_cxone`.
        address: Address of the journal for the message.

    Raises:
        JournalError: A newer version of the tap wrote the tables.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [lock_key("tables")])
        # Even with IF NOT EXISTS, a schema that exists needs the right to create one.
        if connection.execute("SELECT to_regnamespace('tap_cxone')").fetchone() == (None,):
            connection.execute("CREATE SCHEMA tap_cxone")
        connection.execute("CREATE TABLE IF NOT EXISTS version (number INTEGER)")
        ((version,),) = connection.execute("SELECT coalesce(max(number), 0) FROM version")
        if version > len(_UPGRADES):
            msg = (
                f"the journal {address} has tables of version {version}, which a newer "
                f"tap-cxone wrote; this one knows version {len(_UPGRADES)}. Upgrade tap-cxone"
            )
            raise JournalError(msg)
        for number, statements in enumerate(_UPGRADES[version:], version + 1):
            for statement in statements:
                connection.execute(statement)
            connection.execute("INSERT INTO version VALUES (%s)", [number])


def lock_key(name: str) -> int:
    """Return the number of an advisory lock; all programs of a database share these numbers."""
    digest = sha256(f"tap-cxone {name}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)
