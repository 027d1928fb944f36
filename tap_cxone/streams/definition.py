"""Merge the definitions of built-in streams with the entries of the user."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from msgspec import Struct, structs

from tap_cxone.rows.text_format import TextFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_cxone.config.csv import CsvSettings
    from tap_cxone.config.types import DateOrder


class Definition(Struct, frozen=True):
    """Base class of what defines one stream.

    Attributes:
        name: Name of the stream.
    """

    name: str


class _Entry(Protocol):
    """An entry of the settings."""

    @property
    def name(self) -> str:
        """Return the name of the stream."""


_D = TypeVar("_D", bound=Definition)
_E = TypeVar("_E", bound=_Entry)


def merge_definition(built_in: _D, **override: Any) -> _D:
    """Return a definition with the values of the user; None keeps the built-in value."""
    changes = {name: value for name, value in override.items() if value is not None}
    return structs.replace(built_in, **changes)


def merge_definitions(
    built_in: Iterable[_D],
    entries: Iterable[_E],
    *,
    new: Callable[[_E], _D],
    merge: Callable[[_D, _E], _D],
) -> Iterator[_D]:
    """Yield the built-in definitions with the user's changes, then the other entries.

    Args:
        built_in: Definitions of the built-in streams.
        entries: Entries of the settings. The name of a built-in stream changes that stream.
        new: Returns the definition to merge with an entry that is not built in.
        merge: Returns a definition with the values of an entry.
    """
    by_name = {entry.name: entry for entry in entries}
    for definition in built_in:
        entry = by_name.pop(definition.name, None)
        yield merge(definition, entry) if entry else definition
    for entry in by_name.values():
        yield merge(new(entry), entry)


def find_entry(entries: Iterable[_E], name: str) -> _E | None:
    """Return the user's entry for a stream; None if there is none."""
    return next((entry for entry in entries if entry.name == name), None)


def text_format(
    csv: CsvSettings,
    *,
    csv_setting: str,
    timezone: str | None = None,
    date_order: DateOrder | None = None,
    date_order_setting: str = "",
) -> TextFormat:
    """Return how the files of a stream write texts.

    Args:
        csv: The settings of the stream, completed by those of its family.
        csv_setting: Full path of the setting in which the user changes them.
        timezone: Name of the zone of dates without an offset; None for UTC.
        date_order: The order of day and month that the user has set; None if it is not set.
        date_order_setting: Full path of the setting of that order.
    """
    values = {field.name: getattr(csv, field.name) for field in fields(csv)}
    present = {name: value for name, value in values.items() if value is not None}
    present["null_values"] = frozenset(csv.null_values or ())
    return TextFormat(
        **present,
        timezone=timezone or "UTC",
        date_order=date_order,
        csv_setting=csv_setting,
        date_order_setting=date_order_setting,
    )


class _TextEntry(_Entry, Protocol):
    """An entry of the settings that says how the files of its stream write texts."""

    @property
    def csv(self) -> CsvSettings:
        """Return the settings of the entry."""

    @property
    def timezone(self) -> str | None:
        """Return the zone of dates without an offset."""

    @property
    def date_order(self) -> DateOrder | None:
        """Return the order of day and month."""


def entry_text_format(entry: _TextEntry, family_csv: CsvSettings, setting: str) -> TextFormat:
    """Return how the files of the stream of an entry write texts.

    Args:
        entry: The entry of the stream, or one with its defaults.
        family_csv: The settings of the family, which complete those of the entry.
        setting: Full path of the entry.
    """
    return text_format(
        entry.csv.over(family_csv),
        csv_setting=f"{setting}, csv",
        timezone=entry.timezone,
        date_order=entry.date_order,
        date_order_setting=f"{setting}, date_order",
    )
