"""Fields of the reporting API: their columns, and one spelling for their names.

The API's versions differ: field names of two generations, capitals, IDs and numbers as text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tap_cxone.rows.columns import Column, vendor_column
from tap_cxone.rows.text_format import TextFormat
from tap_cxone.rows.titles import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_cxone.config.types import ColumnType, NumberFormat

NUMBER_FORMAT: NumberFormat = "1,234.5"
"""The API may send thousands separators in any number that is a text."""
LIST_FORMAT = TextFormat(json_number_format=NUMBER_FORMAT)
_SECRET_FIELDS = frozenset({"apikey"})
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
        vendor_column(name, _KINDS[kind][0], f"`{name}`{_KINDS[kind][1]}.")
        for kind, listed in names.items()
        for name in listed.split(",")
    )


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
