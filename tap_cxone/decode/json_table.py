"""A JSON array of objects, or one object a line: the keys of all of them are the columns."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tap_cxone.columns import fold
from tap_cxone.decode.json_text import values
from tap_cxone.decode.table import Row
from tap_cxone.decode.text import reading
from tap_cxone.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_cxone.decode.table import Expected
    from tap_cxone.spool import Spool

_MOST_KEYS = 5000
_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # an escape that is half a character, or one of a pair


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

    def rows(self) -> Iterator[Row]:
        """Yield a row for every value; one that is no object, or lacks a field, has a fault.

        Raises:
            DecodeError: The file is damaged, is not JSON, or has thousands of different keys.
        """
        number = 0
        with reading(
            self.spool, self.name, lambda: f"after record {number}", self._expected.most
        ) as text:
            for number, (written, value) in enumerate(values(text, self.name), 1):
                yield self._row(number, written, value)

    def _row(self, number: int, written: str, value: Any) -> Row:
        if not isinstance(value, dict):
            return Row(number, (), fault="is not an object", text=written)
        lifted = self._expected.lifted
        inner = value.get(lifted, "")
        if inner is None or isinstance(inner, dict):
            inner = value.pop(lifted) or {}
            if twice := sorted(value.keys() & inner.keys()):
                fault = f"has {twice[0]} twice, the second time inside of {lifted}"
                return Row(number, (), fault=fault, field=twice[0], text=written)
            value |= inner
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


def _whole(value: Any) -> bool:
    """Tell whether every text can be written: half of a surrogate pair is no character."""
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        return False
    return True
