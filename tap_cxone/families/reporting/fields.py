"""Fields of the reporting API: their columns, and one spelling for names and values.

The API's versions differ: field names of two generations, capitals, IDs and numbers as text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tap_cxone.rows.columns import Column, fold, snake_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tap_cxone.types import ColumnType

_SECRET_FIELDS = frozenset({"apikey"})
_THOUSANDS = re.compile(r"\s*[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?\s*")
_NUMERIC: tuple[ColumnType, ...] = ("integer", "number")
_JSON_NOTE = {True: ", as JSON text", False: ""}


def columns(  # noqa: PLR0913 (one per type)
    *,
    integer: str = "",
    number: str = "",
    text: str = "",
    flag: str = "",
    instant: str = "",
    json: str = "",
) -> tuple[Column, ...]:
    """Return the columns of an API's fields, which are named by type and separated by commas."""
    fields: dict[ColumnType, str] = {
        "integer": integer,
        "number": number,
        "string": text,
        "boolean": flag,
        "date-time": instant,
    }
    typed = [
        (name, kind, False)
        for kind, names in fields.items()
        for name in filter(None, names.split(","))
    ]
    return tuple(
        Column(snake_case(name), kind, f"`{name}` of the API{_JSON_NOTE[is_json]}.")
        for name, kind, is_json in (
            *typed,
            *((name, "string", True) for name in filter(None, json.split(","))),
        )
    )


class FieldRules(Struct, frozen=True):
    """Rules that give the fields of a row one spelling.

    Attributes:
        aliases: Folded name of an older version → name of the column.
        converters: Folded name → converter of its texts.
    """

    aliases: Mapping[str, str]
    converters: Mapping[str, Callable[[str], str]]

    @classmethod
    def of(cls, known: Iterable[Column], aliases: Mapping[str, str]) -> FieldRules:
        """Return the rules for the known columns of a table.

        Args:
            known: The columns.
            aliases: Field of an older version → column.
        """
        numeric = {fold(c.name): remove_thousands for c in known if c.type in _NUMERIC}
        return cls({fold(old): new for old, new in aliases.items()}, numeric)

    def apply(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the row with the present names, without secrets; the first of two names counts.

        A field of the present version precedes its alias.
        """
        result: dict[str, Any] = {}
        taken: set[str] = set()
        for name, folded, value in self._ordered(row):
            if folded in taken or folded in _SECRET_FIELDS:
                continue
            taken.add(folded)
            convert = self.converters.get(folded)
            result[name] = convert(value) if convert and isinstance(value, str) else value
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
