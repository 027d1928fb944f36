"""Which of several records with one key are emitted."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from msgspec import Struct, field

from tap_cxone.rows.dedupe import NewestRows, SeenKeys
from tap_cxone.rows.layout import ROW_HASH

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from tap_cxone.rows.columnar import Records
    from tap_cxone.rows.layout import RecordSpec
    from tap_cxone.rows.value_order import ValueOrder

Key = tuple[Any, ...]


class DuplicateRule(Protocol):
    """Selects records of one pass over a file; it sees all of them in file order."""

    def select(self, records: Records) -> Records:
        """Return the records to emit.

        Raises:
            SpoolError: A temporary file cannot be written.
        """

    def close(self) -> None:
        """Delete the temporary file."""


class RepeatedKeys(msgspec.Struct, frozen=True):
    """The keys that may occur more than once.

    Attributes:
        hashes: Hashes of these keys; None means that every key may be one.
    """

    hashes: Collection[int] | None = None

    def __contains__(self, key: Key) -> bool:
        """Return True if the key may occur more than once."""
        return self.hashes is None or hash(key) in self.hashes

    @property
    def exist(self) -> bool:
        """Return True if there may be such a key."""
        return self.hashes is None or len(self.hashes) > 0


def duplicate_rule(
    spec: RecordSpec,
    repeated: RepeatedKeys,
    order: ValueOrder,
    read_records: Callable[[], Iterable[Records]],
) -> DuplicateRule:
    """Return the rule of a stream, for one pass over a file.

    Args:
        spec: The requirements on the records.
        repeated: The keys that may occur more than once.
        order: What the values of the column `order_by` are.
        read_records: Returns all records of the file; they are read if the newest one is needed.

    Raises:
        SpoolError: A temporary file cannot be written.
    """
    if not repeated.exist:
        return _AllRecords()
    if spec.count_identical_rows and ROW_HASH in spec.key_columns:
        return _NumberedRecords(repeated)
    if spec.order_by:
        return _NewestOfKey.of(repeated, order, read_records)
    return _FirstOfKey(repeated)


class _AllRecords:
    """Selects all records, because no key occurs twice."""

    def select(self, records: Records) -> Records:
        return records

    def close(self) -> None:
        """Do nothing: no key is stored."""


class _FirstOfKey(msgspec.Struct, frozen=True):
    """Selects the first record of each key."""

    repeated: RepeatedKeys
    seen: SeenKeys = msgspec.field(default_factory=SeenKeys)

    def select(self, records: Records) -> Records:
        return records.select(
            [key not in self.repeated or self.seen.add_if_new(key) for key in records.all_keys()]
        )

    def close(self) -> None:
        self.seen.close()


class _NewestOfKey(Struct):
    """Selects the newest record of each key, by the values of one column."""

    repeated: RepeatedKeys
    newest: NewestRows = field(default_factory=NewestRows)
    number: int = 0  # of the next record

    @classmethod
    def of(
        cls,
        repeated: RepeatedKeys,
        order: ValueOrder,
        read_records: Callable[[], Iterable[Records]],
    ) -> _NewestOfKey:
        """Return the rule after reading all records."""
        rule, number = cls(repeated), 0
        comparable = order.converter()
        try:
            for records in read_records():
                values = records.order_values()
                for key, value in zip(records.all_keys(), values, strict=True):
                    if key in repeated:
                        rule.newest.add(key, comparable(value), number)
                    number += 1
        except BaseException:
            rule.close()
            raise
        return rule

    def select(self, records: Records) -> Records:
        numbered_keys = enumerate(records.all_keys(), self.number)
        self.number += records.count
        return records.select(
            [
                key not in self.repeated or self.newest.is_newest(key, number)
                for number, key in numbered_keys
            ]
        )

    def close(self) -> None:
        self.newest.close()


class _NumberedRecords(msgspec.Struct, frozen=True):
    """Selects all records; a repeated row gets a hash of the row and its number."""

    repeated: RepeatedKeys
    seen: SeenKeys = msgspec.field(default_factory=SeenKeys)

    def select(self, records: Records) -> Records:
        earlier = [self.seen.add(key) if key in self.repeated else 0 for key in records.all_keys()]
        if not any(earlier):
            return records
        hashes = zip(records.values_of(ROW_HASH), earlier, strict=True)
        return records.with_values(ROW_HASH, [_numbered_hash(*pair) for pair in hashes])

    def close(self) -> None:
        self.seen.close()


def _numbered_hash(row_hash: str, earlier: int) -> str:
    """Return the hash of a row that has occurred before, or that of the row."""
    if not earlier:
        return row_hash
    return hashlib.sha256(f"{row_hash} {earlier + 1}".encode()).hexdigest()
