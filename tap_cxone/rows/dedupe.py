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

_MAX_IN_MEMORY = 100_000  # digests held in memory, some 10 MB


class SeenKeys:
    """The keys of one window: in memory while they are few, else in a temporary file."""

    def __init__(self, max_in_memory: int = _MAX_IN_MEMORY) -> None:
        """Hold at most so many keys in memory."""
        self._max_in_memory = max_in_memory
        self._in_memory: set[bytes] = set()
        self._file: sqlite3.Connection | None = None

    def add_if_new(self, key: Sequence[object]) -> bool:
        """Tell whether a key comes for the first time, and remember it.

        Raises:
            SpoolError: There is no room for the temporary file.
        """
        # 128 bits: two keys of one digest are less likely than a broken disk.
        digest = hashlib.blake2b(repr(key).encode(), digest_size=16).digest()
        if self._file is None:
            if digest in self._in_memory:
                return False
            self._in_memory.add(digest)
            if len(self._in_memory) >= self._max_in_memory:
                self._spill()
            return True
        with _storage_errors():
            cursor = self._file.execute("insert or ignore into seen values (?)", (digest,))
        return cursor.rowcount == 1

    def _spill(self) -> None:
        import sqlite3  # most windows never come here

        with _storage_errors():
            # A database without a name is a temporary file that goes when it is closed.
            self._file = sqlite3.connect("", isolation_level=None)
            self._file.execute("pragma journal_mode = off")
            self._file.execute("pragma synchronous = off")
            self._file.execute("create table seen (digest blob primary key) without rowid")
            self._file.execute("begin")
            self._file.executemany("insert into seen values (?)", ((d,) for d in self._in_memory))
        self._in_memory.clear()

    def close(self) -> None:
        """Remove the temporary file."""
        if self._file is not None:
            self._file.close()


_PARTS = 256
_PART_BOUNDS = [part * (2**64 // _PARTS) - 2**63 for part in range(1, _PARTS)]


class DuplicateCandidates:
    """Finds which keys may have come more than once, when all of them have come.

    Two keys of one hash need not be the same: what is found wants a second look (`Seen`), what is
    not found came once. Past what is held in memory the hashes lie in a temporary file, run by
    run and each sorted, and are compared a part of all runs at a time.
    """

    def __init__(self, max_in_memory: int = _MAX_IN_MEMORY) -> None:
        """Hold at most about so many hashes in memory."""
        self._max_in_memory = max_in_memory
        self._in_memory: set[int] = set()
        self._candidates: set[int] = set()
        self._file: IO[bytes] | None = None
        self._run_offsets: list[list[int]] = []  # where in the file each part of a run begins

    def add_keys(self, keys: Iterable[tuple[object, ...]]) -> None:
        """Take more keys.

        Raises:
            SpoolError: There is no room for the temporary file.
        """
        self.add_hashes(list(map(hash, keys)))

    def add_hashes(self, hashes: Sequence[int]) -> int:
        """Take the hashes of more keys; return how many of those held so far are among them.

        Raises:
            SpoolError: There is no room for the temporary file.
        """
        new_hashes = set(hashes)
        if len(new_hashes) != len(hashes):
            self._candidates.update(_duplicates(hashes))
        repeated = self._in_memory & new_hashes
        self._candidates |= repeated
        self._in_memory |= new_hashes
        if len(self._in_memory) >= self._max_in_memory:
            with _storage_errors():
                self._spill()
        return len(repeated)

    def candidates(self) -> Collection[int] | None:
        """Return the hashes of keys that may have come again; None: too many to name them."""
        if self._file is not None:
            with _storage_errors():
                self._spill()
                for part in range(_PARTS):
                    self._candidates.update(_duplicates(self._read_part(self._file, part)))
                    if len(self._candidates) > self._max_in_memory:
                        break
        return self._candidates if len(self._candidates) <= self._max_in_memory else None

    def _spill(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="tap-cxone-")  # noqa: SIM115 (lives on)
        run = array("q", sorted(self._in_memory))
        self._in_memory.clear()
        begin = self._file.seek(0, os.SEEK_END) // run.itemsize
        self._file.write(run)
        cuts = [0, *(bisect_left(run, bound) for bound in _PART_BOUNDS), len(run)]
        self._run_offsets.append([begin + cut for cut in cuts])

    def _read_part(self, file: IO[bytes], part: int) -> array[int]:
        """Return one part of every run."""
        hashes = array("q")
        for run in self._run_offsets:
            begin, end = (offset * hashes.itemsize for offset in run[part : part + 2])
            file.seek(begin)
            hashes.frombytes(file.read(end - begin))
        return hashes

    def close(self) -> None:
        """Remove the temporary file."""
        if self._file is not None:
            self._file.close()


class PageOverlap:
    """Tells whether texts that passed come again: the first ones at once, others at the end.

    They are told apart by 64 bits of a hash that is another one in every run: of three million
    texts that differ two look the same once in four million runs.
    """

    def __init__(self, max_in_memory: int = _MAX_IN_MEMORY) -> None:
        """Hold about so many hashes of the first ones in memory, and as many of others."""
        self._max_in_memory = max_in_memory
        self._first_hashes: set[int] = set()
        self._later_hashes = DuplicateCandidates(max_in_memory)

    def add_page(self, rows: Iterable[bytes]) -> tuple[int, int]:
        """Take some texts; return how many of them differ, and how many of these passed before.

        Raises:
            SpoolError: There is no room for the temporary file.
        """
        hashes = set(map(hash, rows))
        repeated = len(self._first_hashes & hashes)
        if len(self._first_hashes) < self._max_in_memory:
            self._first_hashes |= hashes
        else:
            repeated += self._later_hashes.add_hashes(list(hashes - self._first_hashes))
        return len(hashes), repeated

    def has_duplicates(self) -> bool:
        """Tell whether any text came again. Raises `SpoolError` if there is no room."""
        candidates = self._later_hashes.candidates()
        return candidates is None or len(candidates) > 0

    def close(self) -> None:
        """Remove the temporary file."""
        self._later_hashes.close()


def _duplicates(hashes: Sequence[int]) -> Iterable[int]:
    if len(set(hashes)) == len(hashes):
        return ()
    return (value for value, times in Counter(hashes).items() if times > 1)


@contextmanager
def _storage_errors() -> Iterator[None]:
    import sqlite3

    try:
        yield
    except (sqlite3.Error, OSError) as error:
        subject = "the keys seen in a window"
        raise SpoolError(subject, error) from error
