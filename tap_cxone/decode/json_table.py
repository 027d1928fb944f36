"""A JSON array of objects, or one object a line: the keys of all of them are the columns."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_cxone.columns import fold
from tap_cxone.decode.json_text import values
from tap_cxone.decode.table import MOST_ROWS, Row, rows_of
from tap_cxone.decode.text import DAMAGE, reading
from tap_cxone.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_cxone.decode.table import Block, Expected
    from tap_cxone.spool import Spool

_MOST_KEYS = 5000
_CHARACTERS = 1 << 16  # of the objects of a block
_LEAST = _CHARACTERS // MOST_ROWS  # for which the shortest object counts
_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # an escape that is half a character, or one of a pair


class _Run:
    """Objects that follow each other."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.texts: list[str] = []
        self.values: list[dict[str, Any]] = []
        self._left = _CHARACTERS

    def filled_by(self, written: str, value: dict[str, Any]) -> bool:
        """Take one more; tell whether that is enough."""
        self.texts.append(written)
        self.values.append(value)
        self._left -= max(len(written), _LEAST)
        return self._left <= 0


@dataclass(frozen=True, slots=True)
class _Block:
    """A run of objects as rows (a `Block`)."""

    run: _Run
    header: tuple[str, ...]

    @property
    def count(self) -> int:
        return len(self.run.values)

    @property
    def columns(self) -> Sequence[Sequence[Any]]:
        objects = self.run.values
        if set(map(tuple, objects)) == {self.header}:
            return list(zip(*map(dict.values, objects), strict=True))
        return [[value.get(title) for value in objects] for title in self.header]

    def row(self, place: int) -> Row:
        value = self.run.values[place]
        cells = [value.get(title) for title in self.header]
        return Row(self.run.first + place, cells, text=self.run.texts[place])


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
        self._last: tuple[str, ...] | None = None  # the keys of the last ordinary object
        self._expected = expected
        self._required = frozenset(expected.required)

    def blocks(self) -> Iterator[Block | Row]:
        """Yield every value; one that is no object, or lacks a field, has a fault.

        Raises:
            DecodeError: The file is damaged, is not JSON, or has thousands of different keys.
        """
        number = 0
        with reading(
            self.spool, self.name, lambda: f"after record {number}", self._expected.most
        ) as text:
            run, lifted = _Run(1), self._expected.lifted
            try:
                for number, (written, value) in enumerate(values(text, self.name), 1):
                    twice = self._lift(value) if lifted else ""
                    if not twice and self._ordinary(written, value):
                        if run.filled_by(written, value):
                            yield self._block(run)
                            run = _Run(number + 1)
                        continue
                    if run.values:
                        yield self._block(run)
                    yield self._row(number, written, value, twice)
                    run = _Run(number + 1)
            except (DecodeError, *DAMAGE):
                if run.values:  # they stand before the damage
                    yield self._block(run)
                raise
            if run.values:
                yield self._block(run)

    def rows(self) -> Iterator[Row]:
        """Yield what `blocks` does, row by row."""
        return rows_of(self.blocks())

    def _ordinary(self, written: str, value: Any) -> bool:
        """Tell whether a value is a row that shows nothing new and wants no second look."""
        if not isinstance(value, dict) or ("\\u" in written and _HALF.search(written)):
            return False
        if (spelled := tuple(value)) == self._last:
            return True
        if not self._required <= value.keys() <= self._titles.keys():
            return False
        self._last = spelled
        return True

    def _block(self, run: _Run) -> _Block:
        self._before = self.header  # no row of it shows a title
        return _Block(run, self.header)

    def _lift(self, value: Any) -> str:
        """Take the keys of an object inside for keys of the row; return one that is there twice."""
        lifted = self._expected.lifted
        inner = value.get(lifted, "") if isinstance(value, dict) else ""
        if inner is None or isinstance(inner, dict):
            inner = value.pop(lifted) or {}
            if not value.keys().isdisjoint(inner):
                return str(min(value.keys() & inner.keys()))
            value |= inner
        return ""

    def _row(self, number: int, written: str, value: Any, twice: str) -> Row:
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
        self._last = None

    def raw(self, row: Row) -> str:
        """Return a row as it stands in the file."""
        return row.text


def _whole(value: Any) -> bool:
    """Tell whether every text can be written: half of a surrogate pair is no character."""
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        return False
    return True
