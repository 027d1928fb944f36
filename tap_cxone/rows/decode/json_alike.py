"""Objects whose keys are known beforehand, read by columns: no dictionary is made of any."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import msgspec

from tap_cxone.rows.decode.json_text import at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Columns = Sequence[Sequence[Any]]
    Read = Callable[[str, bool], Columns | None]

_MOST_TITLES = 300  # a struct looks for a key one field after the other


@dataclass(frozen=True, slots=True)
class Keys:
    """Which keys objects may have.

    Attributes:
        titles: All of them, in the order of the columns.
        required: Those that none may lack.
        lifted: Under which key there is an object inside of each; empty: there is none.
        inner: Those that are keys of that object.
    """

    titles: tuple[str, ...]
    required: frozenset[str]
    lifted: str
    inner: frozenset[str]

    @property
    def _fit(self) -> bool:
        own = set(self.titles) - self.inner
        fit = self.required <= set(self.titles) and self.lifted not in own
        return fit and 0 < len(self.titles) <= _MOST_TITLES

    def reader(self) -> Read | None:
        """Return what reads texts of such objects; None where that is not possible.

        It takes the text, and whether each object has a line (else there are commas between). Its
        answer is None if one of the objects has another key, lacks a required one, or is none.
        """
        try:
            return partial(_read, *_structs(self)) if self._fit else None
        except ValueError:  # a key of signs that the name of a field must not have
            return None


@dataclass(frozen=True, slots=True)
class _Kind:
    """How objects are read: as structs, with a field per title."""

    struct: type[Any]
    titles: tuple[str, ...]

    @classmethod
    def of(cls, titles: Iterable[str], required: frozenset[str], inside: Any = None) -> _Kind:
        known = tuple(titles)
        kinds = [*((title, Any) for title in known), *([inside] if inside else ())]
        fields = [
            (f"field{place}", kind, _field(title, needed=title in required))
            for place, (title, kind) in enumerate(kinds)
        ]
        options: Any = {"forbid_unknown_fields": True, "kw_only": True, "gc": False}
        return cls(msgspec.defstruct("Row", fields, **options), known)

    def columns(self, rows: Iterable[Any]) -> list[Sequence[Any]]:
        return list(zip(*map(msgspec.structs.astuple, rows), strict=True))


def _field(title: str, *, needed: bool) -> Any:
    return msgspec.field(name=title) if needed else msgspec.field(name=title, default=None)


@lru_cache(maxsize=16)
def _structs(keys: Keys) -> tuple[Any, ...]:
    """Return the decoders of objects by commas and by lines, and what makes columns of them."""
    inside = None
    if keys.lifted:
        inside = _Kind.of(filter(keys.inner.__contains__, keys.titles), keys.required)
    own = [title for title in keys.titles if not inside or title not in keys.inner]
    # Without an object inside, an object lacks what is required of that one.
    bare = inside and keys.required.isdisjoint(inside.titles)
    kind: Any = inside and (inside.struct | None if bare else inside.struct)
    required = keys.required if bare else keys.required | {keys.lifted}
    outer = _Kind.of(own, required, (keys.lifted, kind) if inside else None)
    by_commas = msgspec.json.Decoder(list[outer.struct], float_hook=Decimal)  # type: ignore[name-defined]
    by_lines = msgspec.json.Decoder(outer.struct, float_hook=Decimal)
    return by_commas, by_lines, partial(_columns, keys, outer, inside)


def _columns(keys: Keys, outer: _Kind, inside: _Kind | None, rows: Sequence[Any]) -> Columns:
    columns = outer.columns(rows)
    if inside is None:
        return columns
    objects = columns.pop()
    if None in objects:
        nothing = inside.struct()
        objects = [nothing if one is None else one for one in objects]
    found = dict(zip(outer.titles, columns, strict=True))
    found |= zip(inside.titles, inside.columns(objects), strict=True)
    return [found[title] for title in keys.titles]


def _read(by_commas: Any, by_lines: Any, columns: Any, text: str, lines: bool) -> Columns | None:
    try:
        rows = at_once(text, lines, by_lines, by_commas)
    except Exception:  # noqa: BLE001 (whoever reads them otherwise will say why)
        return None
    found: Columns = columns(rows)
    return found
