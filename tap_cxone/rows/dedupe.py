"""Find duplicate keys and rows in constant memory."""

from __future__ import annotations

import hashlib
import os
import tempfile
from array import array
from bisect import bisect_left
from collections import Counter
from contextlib import contextmanager
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any

import msgspec

from tap_cxone.errors import SpoolError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator, Sequence

_MAX_IN_MEMORY = 100_000  # digests held in memory, about 10 MB
_MAX_HASHES_IN_MEMORY = 25_000  # about 3 MB


class _KeyTable:
    """A value per key, in memory up to a number of keys, then in a temporary file."""

    def __init__(self, max_in_memory: int) -> None:
        self._max_in_memory = max_in_memory
        self._in_memory: dict[bytes, Any] = {}
        self._file: sqlite3.Connection | None = None

    def get(self, digest: bytes) -> Any:
        """Return the value of a key; None if there is none."""
        if self._file is None:
            return self._in_memory.get(digest)
        with _storage_errors():
            row = self._file.execute("select value from keys where digest = ?", (digest,))
            found = row.fetchone()
        return None if found is None else msgspec.json.decode(found[0])

    def set(self, digest: bytes, value: Any) -> None:
        """Store the value of a key: an integer, a text, null, or a list of them."""
        if self._file is None:
            self._in_memory[digest] = value
            if len(self._in_memory) >= self._max_in_memory:
                self._spill()
            return
        with _storage_errors():
            self._file.execute(_STORE, (digest, msgspec.json.encode(value)))

    def _spill(self) -> None:
        import sqlite3  # imported late: few windows need it

        with _storage_errors():
            # A database without a name is a temporary file; closing the connection deletes it.
            self._file = sqlite3.connect("", isolation_level=None)
            self._file.execute("pragma journal_mode = off")
            self._file.execute("pragma synchronous = off")
            self._file.execute(
                "create table keys (digest blob primary key, value blob) without rowid"
            )
            self._file.execute("begin")
            rows = ((d, msgspec.json.encode(value)) for d, value in self._in_memory.items())
            self._file.executemany(_STORE, rows)
        self._in_memory.clear()

    def close(self) -> None:
        """Delete the temporary file."""
        if self._file is not None:
            self._file.close()


_STORE = "insert or replace into keys values (?, ?)"


def _digest(key: Sequence[object]) -> bytes:
    # 128 bits: a digest collision is less likely than a disk error.
    return hashlib.blake2b(repr(list(key)).encode(), digest_size=16).digest()


class SeenKeys:
    """The keys of one window, and how often each has occurred so far."""

    def __init__(self, max_in_memory: int = _MAX_IN_MEMORY) -> None:
        """Create an empty set that holds at most `max_in_memory` keys in memory."""
        self._occurrences = _KeyTable(max_in_memory)

    def add(self, key: Sequence[object]) -> int:
        """Store a key; return how often it has been stored before.

        Raises:
            SpoolError: The temporary file cannot be written.
        """
        digest = _digest(key)
        earlier: int = self._occurrences.get(digest) or 0
        self._occurrences.set(digest, earlier + 1)
        return earlier

    def add_if_new(self, key: Sequence[object]) -> bool:
        """Store a key; return True if it is new.

        Raises:
            SpoolError: The temporary file cannot be written.
        """
        return self.add(key) == 0

    def close(self) -> None:
        """Delete the temporary file."""
        self._occurrences.close()


class NewestRows:
    """The number of the newest row of each key, by the values of one column.

    A row without a value is older than any other. Of equal rows the first one counts.
    """

    def __init__(self, max_in_memory: int = _MAX_IN_MEMORY) -> None:
        """Create an empty mapping that holds at most `max_in_memory` keys in memory."""
        self._newest = _KeyTable(max_in_memory)

    def add(self, key: Sequence[object], value: object, number: int) -> None:
        """Store a row if it is newer than the earlier rows of its key.

        Args:
            key: The key.
            value: The value of the column: a number, a text or None. All values have one type.
            number: Identifies the row.

        Raises:
            SpoolError: The temporary file cannot be written.
        """
        digest, is_number = _digest(key), not isinstance(value, str)
        text = None if value is None else str(int(value) if isinstance(value, bool) else value)
        stored = self._newest.get(digest)
        if stored is None or _is_newer(text, stored[0], is_number=is_number):
            self._newest.set(digest, (text, number))

    def is_newest(self, key: Sequence[object], number: int) -> bool:
        """Return True if no row of this key is newer than the row with this number."""
        newest: bool = self._newest.get(_digest(key))[1] == number
        return newest

    def close(self) -> None:
        """Delete the temporary file."""
        self._newest.close()


def _is_newer(text: str | None, other: str | None, *, is_number: bool) -> bool:
    if text is None or other is None:
        return text is not None
    # Texts of date-times compare like instants: all are in UTC and in one format.
    return Decimal(text) > Decimal(other) if is_number else text > other


_PARTITIONS = 256
_PARTITION_BOUNDS = [
    partition * (2**64 // _PARTITIONS) - 2**63 for partition in range(1, _PARTITIONS)
]


class DuplicateCandidates:
    """Finds the keys that may occur more than once, after all keys have been added.

    Different keys may have equal hashes, so `SeenKeys` must check the candidates. Any other key
    occurs once. Hashes beyond the memory limit are written to a temporary file as
    sorted runs. `candidates` reads one partition of all runs at a time.
    """

    def __init__(self, max_in_memory: int = _MAX_HASHES_IN_MEMORY) -> None:
        """Create an empty set that holds about `max_in_memory` hashes in memory."""
        self._max_in_memory = max_in_memory
        self._in_memory: set[int] = set()
        self._candidates: set[int] = set()
        self._file: IO[bytes] | None = None
        self._run_offsets: list[list[int]] = []  # per run: item offset of each partition

    def add_keys(self, keys: Iterable[tuple[object, ...]]) -> None:
        """Store keys.

        Raises:
            SpoolError: The temporary file cannot be written.
        """
        self.add_hashes(list(map(hash, keys)))

    def add_hashes(self, hashes: Sequence[int]) -> int:
        """Store hashes of keys; return how many of them were in memory already.

        Raises:
            SpoolError: The temporary file cannot be written.
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
        """Return the hashes of keys that may be duplicates; None if there are too many.

        Raises:
            SpoolError: The temporary file cannot be written or read.
        """
        if self._file is not None:
            with _storage_errors():
                self._spill()
                for partition in range(_PARTITIONS):
                    self._candidates.update(
                        _duplicates(self._read_partition(self._file, partition))
                    )
                    if len(self._candidates) > self._max_in_memory:
                        break
        return self._candidates if len(self._candidates) <= self._max_in_memory else None

    def _spill(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="tap-cxone-")  # noqa: SIM115 (closed by `close`)
        run = array("q", sorted(self._in_memory))
        self._in_memory.clear()
        begin = self._file.seek(0, os.SEEK_END) // run.itemsize
        self._file.write(run)
        offsets = [0, *(bisect_left(run, bound) for bound in _PARTITION_BOUNDS), len(run)]
        self._run_offsets.append([begin + offset for offset in offsets])

    def _read_partition(self, file: IO[bytes], partition: int) -> array[int]:
        """Return one partition of every run."""
        hashes = array("q")
        for run in self._run_offsets:
            begin, end = (offset * hashes.itemsize for offset in run[partition : partition + 2])
            file.seek(begin)
            hashes.frombytes(file.read(end - begin))
        return hashes

    def close(self) -> None:
        """Delete the temporary file."""
        if self._file is not None:
            self._file.close()


class PageOverlap:
    """Detects rows that occur on more than one page.

    Repeats of the first rows are counted at once; repeats of later rows show in `has_duplicates`.

    Rows are compared by 64-bit hashes, with a different seed in every run. Among three million
    different rows, two hashes collide once in four million runs.
    """

    def __init__(self, max_in_memory: int = _MAX_IN_MEMORY) -> None:
        """Hold in memory about `max_in_memory` hashes of first rows, and as many of later ones."""
        self._max_in_memory = max_in_memory
        self._first_hashes: set[int] = set()
        self._later_hashes = DuplicateCandidates(max_in_memory)

    def add_page(self, rows: Iterable[bytes]) -> tuple[int, int]:
        """Store a page's rows; return the number of distinct rows, and of those seen before.

        Raises:
            SpoolError: The temporary file cannot be written.
        """
        hashes = set(map(hash, rows))
        repeated = len(self._first_hashes & hashes)
        if len(self._first_hashes) < self._max_in_memory:
            self._first_hashes |= hashes
        else:
            repeated += self._later_hashes.add_hashes(list(hashes - self._first_hashes))
        return len(hashes), repeated

    def has_duplicates(self) -> bool:
        """Return True if a later row may have occurred twice.

        Raises:
            SpoolError: The temporary file cannot be written or read.
        """
        candidates = self._later_hashes.candidates()
        return candidates is None or len(candidates) > 0

    def close(self) -> None:
        """Delete the temporary file."""
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
