"""Fields of the reporting API: their columns, and one spelling for their names.

The API's versions differ: field names of two generations, capitals, IDs and numbers as text.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from tap_cxone.rows.columns import Column, vendor_column
from tap_cxone.rows.text_format import TextFormat
from tap_cxone.rows.titles import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_cxone.config.types import ColumnType, NumberFormat

NUMBER_FORMAT: NumberFormat = "1,234.5"
"""The API may send thousands separators in any number that is a text."""
LIST_FORMAT = TextFormat(json_number_format=NUMBER_FORMAT)
NO_DEFAULTS: Mapping[str, Any] = {}
_SECRET_FIELDS = frozenset({"apikey"})
_KINDS: dict[str, tuple[ColumnType, str]] = {
    "integer": ("integer", ""),
    "number": ("number", ""),
    "seconds": ("number", ", in seconds"),
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


def seconds_of(value: Any) -> Any:
    """Return an ISO 8601 duration such as `PT1H30M` in seconds; any other value is kept."""
    if not isinstance(value, str) or not value.lstrip("-").startswith("P"):
        return value
    try:
        seconds = msgspec.convert(value, timedelta).total_seconds()
    except msgspec.ValidationError:
        return value
    return int(seconds) if seconds.is_integer() else seconds


def without_secrets(value: Any) -> Any:
    """Return a value without the secret fields of the objects in it."""
    if isinstance(value, dict):
        public = {name: v for name, v in value.items() if fold(name) not in _SECRET_FIELDS}
        return {name: without_secrets(inner) for name, inner in public.items()}
    return list(map(without_secrets, value)) if isinstance(value, list) else value


class FieldRules(Struct, frozen=True):
    """Rules that give the fields of a row one spelling.

    Attributes:
        aliases: Folded name of an older version → name of the column.
        numbers: Folded names of numeric columns, whose values may be durations.
    """

    aliases: Mapping[str, str]
    numbers: frozenset[str] = frozenset()

    @classmethod
    def of(cls, aliases: Mapping[str, str], columns: Iterable[Column] = ()) -> FieldRules:
        """Return the rules for the columns of a list and for the fields of older versions."""
        numbers = frozenset(fold(column.name) for column in columns if column.type == "number")
        return cls({fold(old): new for old, new in aliases.items()}, numbers)

    def apply(
        self, row: Mapping[str, Any], defaults: Mapping[str, Any] = NO_DEFAULTS
    ) -> dict[str, Any]:
        """Return the row with the present names, without secrets; the first of two names counts.

        A field of the present version precedes its alias. `defaults` are fields for a row without
        them.
        """
        result: dict[str, Any] = {}
        taken = set(_SECRET_FIELDS)
        for name, folded, value in self._ordered(row):
            if folded not in taken:
                taken.add(folded)
                is_number = folded in self.numbers
                result[name] = seconds_of(value) if is_number else without_secrets(value)
        return result | {name: v for name, v in defaults.items() if fold(name) not in taken}

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
