"""The server of a journal in PostgreSQL: how it is connected to, and what its errors mean."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import psycopg
from msgspec import Struct
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import PGconn, Ping

from tap_cxone.clock import iso
from tap_cxone.errors import JournalError, JournalUnavailable
from tap_cxone.redact import Redactor, SecretStruct

if TYPE_CHECKING:
    from datetime import datetime

Connection = psycopg.Connection[tuple[Any, ...]]

RECONNECT_TIMEOUT = timedelta(minutes=2)  # a server restarts in less
_DELIMITERS = re.compile(r"[:@/?#&=]")
_PORTS = re.compile(r"[\d,]*")
_TOO_MANY = re.compile("too many (?:clients|connections)|connection slots are reserved")
_CLIENT_OPTIONS: dict[str, Any] = {
    "application_name": "tap-cxone",
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 50_000,
}
# By these the server notices within 50 seconds that a machine has vanished. A run that waits for
# the API is idle for longer than a server may allow by default.
_SESSION_OPTIONS = """
    SET search_path = tap_cxone; SET idle_session_timeout = 0; SET tcp_user_timeout = 50000;
    SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3
"""


class Session(Struct, frozen=True):
    """The server's process for a connection, and when it started: IDs are used again."""

    pid: int
    started_at: datetime

    def __str__(self) -> str:
        """Return the text that identifies the session in the tables."""
        return f"{self.pid} {iso(self.started_at)}"


class PostgresServer(SecretStruct, frozen=True):
    """The server and the database that a URL names.

    Attributes:
        url: Address with user name and password; a secret.
    """

    url: str

    @property
    def address(self) -> str:
        """Return the URL without user name, password and options."""
        before, _, options = self.url.partition("://")[2].partition("?")
        # An unescaped character of the password may have split it.
        shown = "…" if "@" in options else before.rpartition("@")[2]
        return f"postgresql://{shown}"

    def connect(self) -> Connection:
        """Return a new connection, whose session has the options of a journal."""
        options = self._options()
        host, port = (str(options.get(name, "")) for name in ("host", "port"))
        if "@" in host or not _PORTS.fullmatch(port):
            raise psycopg.ProgrammingError  # of a password with an unescaped character
        connection: Connection = psycopg.connect(**options, autocommit=True, prepare_threshold=None)
        connection.execute(_SESSION_OPTIONS)
        return connection

    def require_own_session(self, connection: Connection, pid: int) -> None:
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

    def describe(self, error: psycopg.Error) -> str:
        """Return the text of an error without the secrets of the URL."""
        if _is_invalid_url(error):
            return "it is no valid URL"  # libpq repeats parts of a URL that it cannot parse
        return Redactor(_secrets(self.url))(str(error))

    def unusable(self, error: psycopg.Error) -> JournalError:
        """Return the error of a journal that cannot be used with these settings."""
        msg = (
            f"cannot use the journal {self.address} ({self.describe(error)}); correct the server "
            "or journal"
        )
        return JournalError(msg)

    def unavailable(self, error: psycopg.Error) -> JournalUnavailable:
        """Return the error of a journal whose server could not be reached in time."""
        msg = (
            f"could not reach the journal {self.address} for {RECONNECT_TIMEOUT} "
            f"({self.describe(error)}); check its server, the network and the setting journal, "
            "then run again"
        )
        return JournalUnavailable(msg)

    def is_temporary(self, error: psycopg.Error) -> bool:
        """Return True if no server answers, or one that is starting, stopping or full.

        A failed login has no error code, so libpq requests the status of the server once more.
        That blocks all threads of the process, for two seconds at most.
        """
        if isinstance(error, psycopg.errors.ConnectionTimeout) or _TOO_MANY.search(str(error)):
            return True
        if _is_invalid_url(error) or not isinstance(error, psycopg.OperationalError):
            return False
        conninfo = make_conninfo(**self._options() | {"connect_timeout": 2})
        return PGconn.ping(conninfo.encode()) in {Ping.REJECT, Ping.NO_RESPONSE}

    def _options(self) -> dict[str, Any]:
        """Return the options of the URL, and those that it does not have."""
        return {**_CLIENT_OPTIONS, **conninfo_to_dict(self.url)}


def _is_invalid_url(error: psycopg.Error) -> bool:
    return isinstance(error, psycopg.ProgrammingError) and not error.sqlstate


def _secrets(url: str) -> set[str]:
    """Return the URL, and each part of its password and options, which an error may repeat."""
    address = url.partition("://")[2]
    password = _DELIMITERS.split(address.rpartition("@")[0].partition(":")[2])
    options = _DELIMITERS.split(address.partition("?")[2])
    parts = {part for part in (*password, *options) if len(part) > 1}
    return {url, *parts, *map(unquote, parts)}
