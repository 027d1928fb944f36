"""Digests of requested titles, which need less room in STATE than the titles themselves."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Self

from msgspec import Struct, field

from tap_cxone.config.types import COLUMN_TYPES
from tap_cxone.rows.titles import default_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_cxone.config.types import ColumnType

_DIGEST_BITS = 16  # of a name; one of 218 other names has the digest of one of 300 names


class TitleDigests(Struct, frozen=True):
    """Titles that files had and whose columns have their default names, by the types of these.

    A digest is that of the name, with the form of the title, such as `talkTime` of `talk_time`. A
    name has one digest at most, so no title is taken for another one of the same name.

    Attributes:
        by_type: The digests of the titles of each type.
    """

    by_type: Mapping[ColumnType, frozenset[int]] = field(default_factory=dict)

    def type_of(self, title: str, expected: ColumnType) -> ColumnType | None:
        """Return the type of a title, if possible the expected one; None for another title."""
        types, digest = (expected, *self.by_type), _digest(title)
        return next((t for t in types if digest in self.by_type.get(t, ())), None)

    def has_rival(self, title: str) -> bool:
        """Return True if another title has the default name; seldom also if none has it."""
        digests = set(_digests_of_name(default_name(title))) - {_digest(title)}
        return any(not known.isdisjoint(digests) for known in self.by_type.values())

    def with_types(self, types: Mapping[str, ColumnType]) -> Self:
        """Return the digests with further titles, or with other types of known ones.

        A title of another form has none, and of two titles with one digest of the name the first
        has one.
        """
        kept = {d: t for t, digests in self.by_type.items() for d in digests}
        names = {_name_digest(digest): digest for digest in kept}
        for title, column_type in types.items():
            digest = _digest(title)
            if digest is not None and names.setdefault(_name_digest(digest), digest) == digest:
                kept[digest] = column_type
        by_type: dict[ColumnType, set[int]] = {}
        for digest, column_type in kept.items():
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
def _digest(title: str) -> int | None:
    """Return the digest of a title; None if it is no regular form of its name."""
    name = default_name(title)
    forms = _forms(name)
    return _digests_of_name(name)[forms.index(title)] if title in forms else None


def _forms(name: str) -> tuple[str, ...]:
    """Return the titles that a column name may come from, apart from irregular ones."""
    capitals = [word.capitalize() for word in name.split("_")]
    pascal_case = "".join(capitals)
    camel_case = pascal_case[:1].lower() + pascal_case[1:]
    others = [form.replace("_", sign) for form in (name, name.upper()) for sign in "-."]
    return name, camel_case, pascal_case, name.upper(), " ".join(capitals), *others


def _digests_of_name(name: str) -> range:
    """Return the digests of the forms of a name, in order."""
    digest = int.from_bytes(hashlib.sha256(name.encode()).digest()) >> (256 - _DIGEST_BITS)
    return range(digest, len(_forms(name)) << _DIGEST_BITS, 1 << _DIGEST_BITS)


def _name_digest(digest: int) -> int:
    return digest % (1 << _DIGEST_BITS)
