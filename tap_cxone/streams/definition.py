"""Declarations of the streams that entries of the settings define or change; their checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from msgspec import structs

from tap_cxone.config.messages import did_you_mean
from tap_cxone.errors import ConfigError
from tap_cxone.rows.columns import match_titles, with_types
from tap_cxone.rows.text_format import TextFormat
from tap_cxone.streams.schema import Declaration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tap_cxone.config.column_rules import ColumnRule
    from tap_cxone.config.csv import CsvSettings
    from tap_cxone.config.types import ColumnType, DateOrder
    from tap_cxone.rows.columns import Column


class _TextEntry(Protocol):
    """An entry of the settings that says how the files of its stream write texts."""

    @property
    def name(self) -> str:
        """Return the name of the stream."""

    @property
    def csv(self) -> CsvSettings:
        """Return the settings of the entry."""

    @property
    def timezone(self) -> str | None:
        """Return the zone of dates without an offset."""

    @property
    def date_order(self) -> DateOrder | None:
        """Return the order of day and month."""


class _TableEntry(_TextEntry, Protocol):
    """An entry of the settings that declares keys and columns of its stream."""

    @property
    def primary_keys(self) -> tuple[str, ...] | None:
        """Return the columns that identify a row; None keeps those of the declaration."""

    @property
    def columns(self) -> Mapping[str, ColumnType]:
        """Return the types of columns."""


_D = TypeVar("_D", bound=Declaration)
_E = TypeVar("_E", bound=_TextEntry)


def declare(
    declaration: _D, entry: _TableEntry, *, setting: str, csv: CsvSettings, **changes: Any
) -> _D:
    """Return a declaration with the values of an entry.

    Args:
        declaration: That of a built-in stream, or of a new one.
        entry: The entry of the stream, or one with its defaults.
        setting: Full path of the entry.
        csv: The settings of the family, which complete those of the entry.
        **changes: Further fields; None keeps the value of the declaration.
    """
    values = {
        "primary_keys": entry.primary_keys,
        "columns": with_types(declaration.columns, entry.columns),
        "keys_setting": f"{setting}, primary_keys",
        "columns_setting": f"{setting}, columns",
        "order_by_setting": f"{setting}, order_by",
        "text_format": entry_text_format(entry, csv, setting),
        **changes,
    }
    return structs.replace(declaration, **{n: v for n, v in values.items() if v is not None})


def declare_all(
    built_in: Iterable[_D],
    entries: Iterable[_E],
    *,
    entry_class: Callable[[str], _E],
    new: Callable[[_E], _D],
    declared: Callable[[_D, _E], _D],
) -> Iterator[_D]:
    """Yield the declarations of the built-in streams, then those of the other entries.

    Args:
        built_in: Declarations of the built-in streams.
        entries: Entries of the settings. The name of a built-in stream changes that stream.
        entry_class: Returns the entry of a name with its defaults.
        new: Returns the declaration that an entry changes if it is not built in.
        declared: Returns a declaration with the values of an entry.
    """
    by_name = {entry.name: entry for entry in entries}
    for declaration in built_in:
        name = declaration.name
        yield declared(declaration, by_name.pop(name, None) or entry_class(name))
    for entry in by_name.values():
        yield declared(new(entry), entry)


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
    values = structs.asdict(csv)
    present = {name: value for name, value in values.items() if value is not None}
    present["null_values"] = frozenset(csv.null_values or ())
    return TextFormat(
        **present,
        timezone=timezone or "UTC",
        date_order=date_order,
        csv_setting=csv_setting,
        date_order_setting=date_order_setting,
    )


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


def require_known_rules(
    columns: Sequence[Column], rules: Mapping[str, ColumnRule], setting: str
) -> None:
    """Raise `ConfigError` if a rule of a user means none of the columns."""
    matched = match_titles(columns, rules).values()
    known = [text for column in columns for text in (column.exact_title, column.title) if text]
    problems = [
        f"{setting} has a rule for '{title}', which is not requested; "
        f"{did_you_mean(title, known, 'name a metric or a dimension of the request')}"
        for title in rules
        if title not in matched
    ]
    if problems:
        raise ConfigError(problems)
