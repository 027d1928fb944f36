"""Fields of the reporting API: their columns, and one spelling for their names.

The API's versions differ: field names of two generations, capitals, IDs and numbers as text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from tap_cxone.rows.columns import Column, fold, snake_case

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_cxone.types import ColumnType

_SECRET_FIELDS = frozenset({"apikey"})
_THOUSANDS = re.compile(r"\s*[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?\s*")
_NUMERIC: tuple[ColumnType, ...] = ("integer", "number")
_KINDS: dict[str, tuple[ColumnType, str]] = {
    "integer": ("integer", ""),
    "number": ("number", ""),
    "text": ("string", ""),
    "flag": ("boolean", ""),
    "date": ("date", ""),
    "instant": ("date-time", ""),
    "json": ("string", ", as JSON text"),
}


def columns(**names: str) -> tuple[Column, ...]:
    """Return the columns of an API's fields.

    Args:
        **names: Kind of the values → names of the fields, separated by commas.
    """
    return tuple(
        numeric_tolerant(Column(snake_case(name), _KINDS[kind][0], f"`{name}`{_KINDS[kind][1]}."))
        for kind, listed in names.items()
        for name in listed.split(",")
    )


def numeric_tolerant(column: Column) -> Column:
    """Return the column; a numeric one also accepts texts such as `1,234`."""
    is_numeric = column.type in _NUMERIC
    return structs.replace(column, normalize=remove_thousands) if is_numeric else column


class FieldRules(Struct, frozen=True):
    """Rules that give the fields of a row one spelling.

    Attributes:
        aliases: Folded name of an older version → name of the column.
    """

    aliases: Mapping[str, str]

    @classmethod
    def of(cls, aliases: Mapping[str, str]) -> FieldRules:
        """Return the rules for the fields of older versions, by column."""
        return cls({fold(old): new for old, new in aliases.items()})

    def apply(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the row with the present names, without secrets; the first of two names counts.

        A field of the present version precedes its alias.
        """
        result: dict[str, Any] = {}
        taken = set(_SECRET_FIELDS)
        for name, folded, value in self._ordered(row):
            if folded not in taken:
                taken.add(folded)
                result[name] = value
        return result

    def _ordered(self, row: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
        """Yield name, folded name and value of each field; aliases come last."""
        aliased = []
        for name, value in row.items():
            folded = fold(name)
            if column := self.aliases.get(folded):
                aliased.append((column, fold(column), value))
            else:
                yield name, folded, value
        yield from aliased


def remove_thousands(text: str) -> str:
    """Return a number such as `1,234` without separators; any other text as it is."""
    return text.replace(",", "") if _THOUSANDS.fullmatch(text) else text
