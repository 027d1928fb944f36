"""Which keys came before, in memory that does not grow with the file."""

from __future__ import annotations

import hashlib
import os
import tempfile
from array import array
from bisect import bisect_left
from collections import Counter
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from tap_cxone.errors import SpoolError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator, Sequence

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


_PARTS = 256
_BOUNDS = [part * (2**64 // _PARTS) - 2**63 for part in range(1, _PARTS)]


class Suspects:
    """Finds which keys may have come more than once, when all of them have come.

    Two keys of one hash need not be the same: what is found wants a second look (`Seen`), what is
    not found came once. Past what is held in memory the hashes lie in a temporary file, run by
    run and each sorted, and are compared a part of all runs at a time.
    """

    def __init__(self, most: int = _MOST) -> None:
        """Hold at most about so many hashes in memory."""
        self._most = most
        self._held: set[int] = set()
        self._found: set[int] = set()
        self._file: IO[bytes] | None = None
        self._runs: list[list[int]] = []  # where in the file each part of a run begins

    def see(self, keys: Iterable[tuple[object, ...]]) -> None:
        """Take more keys.

        Raises:
            SpoolError: There is no room for the temporary file.
        """
        self.note(list(map(hash, keys)))

    def note(self, hashes: Sequence[int]) -> int:
        """Take the hashes of more keys; return how many of those held so far are among them.

        Raises:
            SpoolError: There is no room for the temporary file.
        """
        fresh = set(hashes)
        if len(fresh) != len(hashes):
            self._found.update(_repeated(hashes))
        known = self._held & fresh
        self._found |= known
        self._held |= fresh
        if len(self._held) >= self._most:
            with _explained():
                self._spill()
        return len(known)

    def found(self) -> Collection[int] | None:
        """Return the hashes of keys that may have come again; None: too many to name them."""
        if self._file is not None:
            with _explained():
                self._spill()
                for part in range(_PARTS):
                    self._found.update(_repeated(self._part(self._file, part)))
                    if len(self._found) > self._most:
                        break
        return self._found if len(self._found) <= self._most else None

    def _spill(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="tap-cxone-")  # noqa: SIM115 (lives on)
        run = array("q", sorted(self._held))
        self._held.clear()
        begin = self._file.seek(0, os.SEEK_END) // run.itemsize
        self._file.write(run)
        cuts = [0, *(bisect_left(run, bound) for bound in _BOUNDS), len(run)]
        self._runs.append([begin + cut for cut in cuts])

    def _part(self, file: IO[bytes], part: int) -> array[int]:
        """Return one part of every run."""
        found = array("q")
        for run in self._runs:
            begin, end = (place * found.itemsize for place in run[part : part + 2])
            file.seek(begin)
            found.frombytes(file.read(end - begin))
        return found

    def close(self) -> None:
        """Remove the temporary file."""
        if self._file is not None:
            self._file.close()


class Passed:
    """Tells whether texts that passed come again: the first ones at once, others at the end.

    They are told apart by 64 bits of a hash that is another one in every run: of three million
    texts that differ two look the same once in four million runs.
    """

    def __init__(self, most: int = _MOST) -> None:
        """Hold about so many hashes of the first ones in memory, and as many of others."""
        self._most = most
        self._first: set[int] = set()
        self._others = Suspects(most)

    def again(self, texts: Iterable[bytes]) -> tuple[int, int]:
        """Take some texts; return how many of them differ, and how many of these passed before.

        Raises:
            SpoolError: There is no room for the temporary file.
        """
        hashes = set(map(hash, texts))
        known = len(self._first & hashes)
        if len(self._first) < self._most:
            self._first |= hashes
        else:
            known += self._others.note(list(hashes - self._first))
        return len(hashes), known

    def twice(self) -> bool:
        """Tell whether any text came again. Raises `SpoolError` if there is no room."""
        found = self._others.found()
        return found is None or len(found) > 0

    def close(self) -> None:
        """Remove the temporary file."""
        self._others.close()


def _repeated(hashes: Sequence[int]) -> Iterable[int]:
    if len(set(hashes)) == len(hashes):
        return ()
    return (found for found, times in Counter(hashes).items() if times > 1)


@contextmanager
def _explained() -> Iterator[None]:
    import sqlite3

    try:
        yield
    except (sqlite3.Error, OSError) as error:
        what = "the keys seen in a window"
        raise SpoolError(what, error) from error
