"""Digests of requested titles, which need less room in STATE than the titles themselves."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Self

from msgspec import Struct, field

from tap_cxone.config.types import COLUMN_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_cxone.config.types import ColumnType

_DIGEST_BYTES = 2


class TitleDigests(Struct, frozen=True):
    """Titles that files had and whose columns have their default names, by the types of these.

    Of 218 other titles one is taken for one of 300 titles by accident.

    Attributes:
        by_type: The digests of the titles of each type.
    """

    by_type: Mapping[ColumnType, frozenset[int]] = field(default_factory=dict)

    def type_of(self, title: str, expected: ColumnType) -> ColumnType | None:
        """Return the type of a title, if possible the expected one; None for another title."""
        types, digest = (expected, *self.by_type), _digest(title)
        return next((t for t in types if digest in self.by_type.get(t, ())), None)

    def with_types(self, types: Mapping[str, ColumnType]) -> Self:
        """Return the digests with further titles, or with other types of known ones."""
        added = {_digest(title): column_type for title, column_type in types.items()}
        kept = {d: t for t, digests in self.by_type.items() for d in digests}
        by_type: dict[ColumnType, set[int]] = {}
        for digest, column_type in (kept | added).items():
            by_type.setdefault(column_type, set()).add(digest)
        return type(self)({t: frozenset(digests) for t, digests in by_type.items()})

    @classmethod
    def from_json(cls, raw: Mapping[str, Sequence[int]]) -> Self:
        """Return the digests of STATE; raises KeyError or TypeError for other values."""
        types: dict[str, ColumnType] = {name: name for name in COLUMN_TYPES}
        return cls({types[name]: _from_gaps(gaps) for name, gaps in raw.items()})

    def to_json(self) -> dict[str, list[int]]:
        """Return the differences between sorted digests by type; they compress well."""
        return {
            column_type: [after - before for before, after in pairwise((0, *sorted(digests)))]
            for column_type, digests in sorted(self.by_type.items())
        }


def _from_gaps(gaps: Iterable[int]) -> frozenset[int]:
    numbers = list(gaps)
    if not all(type(number) is int for number in numbers):
        raise TypeError(numbers)
    return frozenset(accumulate(numbers))


@lru_cache(maxsize=8192)
def _digest(title: str) -> int:
    content = hashlib.sha256(title.encode(errors="surrogatepass")).digest()
    return int.from_bytes(content[:_DIGEST_BYTES])
