"""Digests of requested titles, which need less room in STATE than the titles themselves."""

from __future__ import annotations

import hashlib
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, Self

from msgspec import Struct, field, structs

from tap_cxone.config.types import COLUMN_TYPES
from tap_cxone.rows.titles import camel_case, default_name, is_main_title, name_with_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_cxone.config.types import ColumnType

MAX_DIGESTS = 2500
"""Most digests that the streams of a family keep in STATE together, see `digest_room`."""
STREAM_ROOM = 15
"""Number of digests that need as much room in a packed STATE as all else of a usual stream."""
_NAME_BITS = 16  # one of 218 other names has the digest of one of 300 names
_IRREGULAR_BITS = 32  # as many as the digest in `name_with_digest` has
_IRREGULAR_ROOM = 3
_COMPLETE = "complete"


class TitleDigests(Struct, frozen=True, dict=True):
    """Titles that files had and whose columns have their default names, by the types of these.

    A digest is that of the name, with the form of the title, such as `talkTime` of `talk_time`. A
    name has one digest at most, so no title is taken for another one of the same name.

    Attributes:
        by_type: The digests of the titles of each type.
        complete: Whether each requested title that a file had has a digest. If they were too many,
            the columns of the others are named after these alone.
    """

    by_type: Mapping[ColumnType, frozenset[int]] = field(default_factory=dict)
    complete: bool = True

    def type_of(self, title: str, expected: ColumnType = "string") -> ColumnType | None:
        """Return the type of a title, if possible the expected one; None for another title."""
        if not self.by_type:
            return None
        types, digest = (expected, *self.by_type), _digest(title)
        return next((t for t in types if digest in self.by_type.get(t, ())), None)

    def new_name(self, title: str) -> str:
        """Return the column name of a title that no file had, which no other title has."""
        is_known = self.type_of(title) is not None
        is_free = is_known or self.complete or is_main_title(title)
        is_default = is_free and not self._has_rival(title)
        return default_name(title) if is_default else name_with_digest(title)

    def _has_rival(self, title: str) -> bool:
        """Return True if another title has the default name; seldom also if none has it."""
        digest = _digest(title)
        return self._by_name.get(_name_digest(digest), digest) != digest

    @cached_property
    def _by_name(self) -> dict[int, int]:
        """Return the only digest of each name, by the digest of the name."""
        return {_name_digest(digest): digest for ds in self.by_type.values() for digest in ds}

    def with_types(self, types: Mapping[str, ColumnType]) -> Self:
        """Return the digests with further titles, or with other types of known ones.

        Of two titles with one digest of the name the first has one. Once the digests are not
        complete, no title is added.
        """
        kept = {d: t for t, digests in self.by_type.items() for d in digests}
        names = set(self._by_name)
        for title, column_type in types.items():
            digest = _digest(title)
            name = _name_digest(digest)
            if digest in kept or (self.complete and name not in names):
                names.add(name)
                kept[digest] = column_type
        by_type: dict[ColumnType, set[int]] = {}
        for digest, column_type in kept.items():
            by_type.setdefault(column_type, set()).add(digest)
        frozen = {t: frozenset(digests) for t, digests in by_type.items()}
        return structs.replace(self, by_type=frozen)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Return the digests of STATE; raises KeyError or TypeError for other values."""
        types: dict[str, ColumnType] = {name: name for name in COLUMN_TYPES}
        gaps = {name: value for name, value in raw.items() if name != _COMPLETE}
        by_type = {types[name]: _from_gaps(value) for name, value in gaps.items()}
        return cls(by_type, raw.get(_COMPLETE, True) is True)

    def to_json(self) -> dict[str, Any]:
        """Return the differences between sorted digests by type; they compress well."""
        by_type: dict[str, Any] = {
            column_type: [after - before for before, after in pairwise((0, *sorted(digests)))]
            for column_type, digests in sorted(self.by_type.items())
        }
        return by_type if self.complete else {**by_type, _COMPLETE: False}


def _from_gaps(gaps: Iterable[int]) -> frozenset[int]:
    numbers = list(gaps)
    if not all(type(number) is int for number in numbers):
        raise TypeError(numbers)
    return frozenset(accumulate(numbers))


def digest_share(streams: int) -> int:
    """Return the most digests of each of so many streams; more streams have fewer in all."""
    return max(0, MAX_DIGESTS // streams - STREAM_ROOM)


def digest_room(titles: Iterable[str]) -> int:
    """Return the room of the digests of titles, as a number of digests of regular titles."""
    return sum(1 if title in _forms(default_name(title)) else _IRREGULAR_ROOM for title in titles)


@lru_cache(maxsize=8192)
def _digest(title: str) -> int:
    """Return the digest of a title: the bits of its name, and above them those of its form."""
    name = default_name(title)
    forms = _forms(name)
    is_regular = title in forms
    form = forms.index(title) if is_regular else len(forms) + _leading_bits(title, _IRREGULAR_BITS)
    return form << _NAME_BITS | _leading_bits(name, _NAME_BITS)


@lru_cache(maxsize=8192)
def _forms(name: str) -> tuple[str, ...]:
    """Return the titles that a column name may come from, apart from irregular ones."""
    capitals = [word.capitalize() for word in name.split("_")]
    others = [form.replace("_", sign) for form in (name, name.upper()) for sign in "-."]
    return (name, camel_case(name), "".join(capitals), name.upper(), " ".join(capitals), *others)


def _leading_bits(text: str, number: int) -> int:
    content = text.encode(errors="surrogatepass")
    return int.from_bytes(hashlib.sha256(content).digest()) >> (256 - number)


def _name_digest(digest: int) -> int:
    return digest % (1 << _NAME_BITS)
