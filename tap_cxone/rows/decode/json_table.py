"""A JSON array of objects, or one object a line: the keys of all of them are the columns."""

from __future__ import annotations

import json
import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_cxone.errors import DecodeError
from tap_cxone.rows.columns import fold
from tap_cxone.rows.decode.json_alike import Keys
from tap_cxone.rows.decode.json_text import Several, pieces
from tap_cxone.rows.decode.table import MOST_ROWS, Row, rows_of
from tap_cxone.rows.decode.text import DAMAGE, reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_cxone.rows.decode.json_alike import Columns
    from tap_cxone.rows.decode.table import Block, Expected
    from tap_cxone.spool import Spool

_MOST_KEYS = 5000
_MOST_MISSED = 3  # times in a row, after which objects are not taken for known ones
_CHARACTERS = 1 << 16  # of the objects of a block
_LEAST = _CHARACTERS // MOST_ROWS  # for which the shortest object counts
_disjoint: Any = type({}.keys()).isdisjoint
_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # an escape that is half a character, or one of a pair


Shapes = AbstractSet[tuple[str, ...]]


def shapes_of(found: Sequence[Any]) -> Shapes:
    """Return which keys values have, each in their order; nothing if one is no object."""
    if set(map(type, found)) != {dict}:
        return frozenset()
    first = tuple(found[0])
    if all(map(first.__eq__, map(tuple, found))):  # as a rule
        return {first}
    return set(map(tuple, found))


class _Run:
    """Objects that follow each other."""

    def __init__(
        self, first: int, several: Several | None = None, shapes: Shapes = frozenset()
    ) -> None:
        self.first = first
        self.shapes = shapes
        self.values: list[dict[str, Any]] = several.values if several else []
        self._several = several
        self._texts: list[str] = []
        self._left = _CHARACTERS

    @property
    def count(self) -> int:
        return self._several.count if self._several is not None else len(self.values)

    @property
    def columns(self) -> Columns | None:
        return self._several.columns if self._several is not None else None

    @property
    def following(self) -> int:
        return self.first + self.count

    def filled_by(self, written: str, value: dict[str, Any]) -> bool:
        """Take one more; tell whether that is enough."""
        self._texts.append(written)
        self.values.append(value)
        self._left -= max(len(written), _LEAST)
        return self._left <= 0

    def text(self, place: int) -> str:
        """Return how one of them is written."""
        if self._several is not None and not self._texts:
            self._texts = self._several.written()
        return self._texts[place]


class _Walk:
    """One way through a table, and what of it waits to become a block."""

    def __init__(self, table: JsonTable) -> None:
        self._table = table
        self._run = _Run(1)

    def place(self) -> str:
        return f"after record {self._run.following - 1}"

    def rest(self) -> Iterator[Block]:
        """Yield what waits."""
        run, self._run = self._run, _Run(self._run.following)
        if run.count:
            yield self._table.block(run)

    def over(self, piece: tuple[str, Any] | Several) -> Iterator[Block | Row]:
        """Yield what is read, but for what may wait for more of its kind."""
        if not isinstance(piece, Several):
            written, value = piece
            yield from self._one(written, value, *self._table.lift([value]))
            return
        if piece.columns is not None:
            yield from self._together(piece)
            return
        twice = self._table.lift(piece.values)
        if not any(twice) and self._table.alike(shapes := shapes_of(piece.values)):
            yield from self._together(piece, shapes)
            return
        for written, value, again in zip(piece.written(), piece.values, twice, strict=True):
            yield from self._one(written, value, again)

    def _together(self, several: Several, shapes: Shapes = frozenset()) -> Iterator[Block]:
        yield from self.rest()
        self._run = _Run(self._run.first, several, shapes)
        yield from self.rest()

    def _one(self, written: str, value: Any, twice: str) -> Iterator[Block | Row]:
        if twice or not self._table.ordinary(written, value):
            yield from self.rest()
            yield self._table.row(self._run.first, written, value, twice)
            self._run = _Run(self._run.first + 1)
        elif self._run.filled_by(written, value):
            yield from self.rest()


@dataclass(frozen=True, slots=True)
class _Block:
    """A run of objects as rows (a `Block`)."""

    run: _Run
    header: tuple[str, ...]

    @property
    def count(self) -> int:
        return self.run.count

    @property
    def columns(self) -> Columns:
        if self.run.columns is not None:
            return self.run.columns
        objects = self.run.values
        if (self.run.shapes or shapes_of(objects)) == {self.header}:
            return list(zip(*map(dict.values, objects), strict=True))
        return [[value.get(title) for value in objects] for title in self.header]

    def row(self, place: int) -> Row:
        if self.run.columns is not None:
            cells = [column[place] for column in self.run.columns]
        else:
            cells = list(map(self.run.values[place].get, self.header))
        return Row(self.run.first + place, cells, text=self.run.text(place))


class JsonTable:
    """A file of JSON objects (a `Table`); its header grows as they show their keys."""

    unit = "record"
    texts = False

    def __init__(self, spool: Spool, name: str, expected: Expected) -> None:
        """Read from `spool`."""
        self.spool = spool
        self.name = name
        self.header: tuple[str, ...] = ()
        self._before: tuple[str, ...] = ()
        self._titles: dict[str, None] = {}
        self._expected = expected
        self._required = frozenset(expected.required)
        self._inner: set[str] = set()
        self._keys: Keys | None = None
        self._missed = 0  # how often in a row objects had other keys

    def blocks(self) -> Iterator[Block | Row]:
        """Yield every value; one that is no object, or lacks a field, has a fault.

        Raises:
            DecodeError: The file is damaged, is not JSON, or has thousands of different keys.
        """
        walk = _Walk(self)
        with reading(self.spool, self.name, walk.place, self._expected.most) as text:
            try:
                for piece in pieces(text, self.name, self._known):
                    yield from walk.over(piece)
            except (DecodeError, *DAMAGE):
                yield from walk.rest()  # it stands before the damage
                raise
            yield from walk.rest()

    def rows(self) -> Iterator[Row]:
        """Yield what `blocks` does, row by row."""
        return rows_of(self.blocks())

    def _known(self, text: str, lines: bool) -> Columns | None:
        """Return the cells of objects of which none shows anything new, else None."""
        keys = Keys(self.header, self._required, self._expected.lifted, frozenset(self._inner))
        if keys != self._keys:
            self._keys, self._missed = keys, 0
        read = keys.reader() if self._missed < _MOST_MISSED else None
        found = read(text, lines) if read else None
        self._missed = self._missed + 1 if found is None else 0
        return found

    def alike(self, shapes: Shapes) -> bool:
        """Tell whether values of these shapes are rows that show nothing new."""
        titles = self._titles.keys()
        return bool(shapes) and all(self._required <= set(keys) <= titles for keys in shapes)

    def ordinary(self, written: str, value: Any) -> bool:
        """Tell whether a value is a row that shows nothing new and wants no second look."""
        return self.alike(shapes_of([value])) and not ("\\u" in written and _HALF.search(written))

    def lift(self, found: Sequence[Any]) -> Sequence[str]:
        """Take the keys of an object inside for keys of the row; return those there twice."""
        lifted = self._expected.lifted
        if not lifted:
            return [""] * len(found)
        inner = [value.get(lifted) if type(value) is dict else None for value in found]
        self._inner.update(*shapes_of([one for one in inner if type(one) is dict]))
        if _lift_all(found, inner, lifted):
            return [""] * len(found)
        return [_lift(value, lifted) for value in found]

    def block(self, run: _Run) -> Block:
        """Return rows of which none shows a title."""
        self._before = self.header
        return _Block(run, self.header)

    def row(self, number: int, written: str, value: Any, twice: str) -> Row:
        """Return a row that may show titles, or have a fault."""
        if not isinstance(value, dict):
            return Row(number, (), fault="is not an object", text=written)
        if twice:
            fault = f"has {twice} twice, the second time inside of {self._expected.lifted}"
            return Row(number, (), fault=fault, field=twice, text=written)
        if not self._required <= value.keys() and (missing := self._missing(value)):
            fault = f"lacks the required {', '.join(missing)}"
            return Row(number, (), fault=fault, field=missing[0], text=written)
        if "\\u" in written and _HALF.search(written) and not _whole(value):
            return Row(number, (), fault="holds half a character (a lone surrogate)", text=written)
        self._before = self.header
        if not value.keys() <= self._titles.keys():
            self._learn(value)
        return Row(number, [value.get(title) for title in self.header], text=written)

    def _missing(self, value: Mapping[str, Any]) -> list[str]:
        """Return the required fields an object lacks, and learn how it spells the others."""
        spelled = {fold(key): key for key in value}
        if missing := sorted(name for name in self._required if fold(name) not in spelled):
            return missing
        self._required = frozenset(spelled[fold(name)] for name in self._required)
        return []

    def _learn(self, value: Mapping[str, Any]) -> None:
        self._titles |= dict.fromkeys(value)
        self.header = tuple(self._titles)
        if len(self.header) > _MOST_KEYS:
            msg = f"{self.name}: its objects have more than {_MOST_KEYS} different keys"
            raise DecodeError(msg)

    def reject(self) -> None:
        """Forget the titles that only the last row showed: it turned out to be none."""
        self.header = self._before
        self._titles = dict.fromkeys(self.header)

    def raw(self, row: Row) -> str:
        """Return a row as it stands in the file."""
        return row.text


def _lift_all(found: Sequence[Any], inner: Sequence[Any], lifted: str) -> bool:
    """Do what `_lift` does, if all values have such an object whose keys are not theirs."""
    if set(map(type, inner)) != {dict} or not all(map(_disjoint, map(dict.keys, found), inner)):
        return False
    for value in found:
        value.update(value.pop(lifted))
    return True


def _lift(value: Any, lifted: str) -> str:
    inner = value.get(lifted, "") if isinstance(value, dict) else ""
    if inner is None or isinstance(inner, dict):
        del value[lifted]
        if inner and not value.keys().isdisjoint(inner):
            return str(min(value.keys() & inner.keys()))
        value.update(inner or ())
    return ""


def _whole(value: Any) -> bool:
    """Tell whether every text can be written: half of a surrogate pair is no character."""
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        return False
    return True
