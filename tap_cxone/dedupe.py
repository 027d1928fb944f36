"""Which keys came before, in memory that does not grow with the file."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tap_cxone.errors import SpoolError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

_MOST = 100_000  # digests held in memory, some 10 MB


class Seen:
    """The keys of one window: in memory while they are few, else in a temporary file."""

    def __init__(self, most: int = _MOST) -> None:
        """Hold at most so many keys in memory."""
        self._most = most
        self._held: set[bytes] = set()
        self._file: sqlite3.Connection | None = None

    def first(self, key: Sequence[object]) -> bool:
        """Tell whether a key comes for the first time, and remember it.

        Raises:
            SpoolError: There is no room for the temporary file.
        """
        # 128 bits: two keys of one digest are less likely than a broken disk.
        digest = hashlib.blake2b(repr(key).encode(), digest_size=16).digest()
        if self._file is None:
            if digest in self._held:
                return False
            self._held.add(digest)
            if len(self._held) >= self._most:
                self._spill()
            return True
        with _explained():
            found = self._file.execute("insert or ignore into seen values (?)", (digest,))
        return found.rowcount == 1

    def _spill(self) -> None:
        import sqlite3  # most windows never come here

        with _explained():
            # A database without a name is a temporary file that goes when it is closed.
            self._file = sqlite3.connect("", isolation_level=None)
            self._file.execute("pragma journal_mode = off")
            self._file.execute("pragma synchronous = off")
            self._file.execute("create table seen (digest blob primary key) without rowid")
            self._file.execute("begin")
            self._file.executemany("insert into seen values (?)", ((d,) for d in self._held))
        self._held.clear()

    def close(self) -> None:
        """Remove the temporary file."""
        if self._file is not None:
            self._file.close()


@contextmanager
def _explained() -> Iterator[None]:
    import sqlite3

    try:
        yield
    except sqlite3.Error as error:
        what = "the keys seen in a window"
        raise SpoolError(what, error) from error
