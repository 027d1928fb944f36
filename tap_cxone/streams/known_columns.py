"""The columns that a stream knows: declared ones, and those that files had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, structs

from tap_cxone.rows.columns import find_index, key_columns, with_key_title
from tap_cxone.rows.titles import Title, default_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_cxone.config.types import ColumnType
    from tap_cxone.rows.column_map import ColumnMap
    from tap_cxone.rows.columns import Column


class KnownColumns(Struct, frozen=True):
    """The columns of a stream, with their names in records.

    Attributes:
        columns: The columns that are declared or part of the key, those that only files had, and
            those that only the catalog has.
        key_names: Names of the columns of the key.
        column_map: The columns of the titles that files had.
    """

    columns: tuple[Column, ...]
    key_names: tuple[str, ...]
    column_map: ColumnMap

    @property
    def names(self) -> frozenset[str]:
        """Return the names of all columns."""
        return frozenset(column.name for column in self.columns)

    @property
    def types(self) -> dict[str, ColumnType]:
        """Return the types of all columns by their names."""
        return {column.name: column.type for column in self.columns}

    @property
    def requested_by_name(self) -> dict[Title, Column]:
        """Return the requested columns that have the default names of their titles alone."""
        titles = self.column_map.titles_by_name()
        requested = {Title(c.exact_title): c for c in self.columns if c.requested}
        return {
            title: column
            for title, column in requested.items()
            if column.name == default_name(title.text)
            and titles.get(column.name, [title]) == [title]
        }


def name_known_columns(
    declared: Sequence[Column],
    keys: Sequence[str],
    column_map: ColumnMap,
    *,
    types: Mapping[str, ColumnType],
    catalog: Iterable[Column] = (),
) -> KnownColumns:
    """Return the columns of a stream with unique names.

    Args:
        declared: Declared columns; names may occur twice.
        keys: Columns of the key, by the source's names or in snake_case. A name that begins with
            `_` is one of the tap's own columns.
        column_map: The columns of the titles that files had.
        types: Types of the columns in the last SCHEMA; a column without one is a string.
        catalog: Columns of the catalog. Their types replace others than those of the API.
    """
    matches = {key: find_index(key, declared) for key in keys if key[:1] != "_"}
    titles = {index: key for key, index in matches.items() if index is not None}
    declared = [with_key_title(c, titles[i]) if i in titles else c for i, c in enumerate(declared)]
    undeclared = [key for key, index in matches.items() if index is None]
    named = column_map.name_columns([*declared, *key_columns(undeclared)])
    key_names = dict(zip(undeclared, (c.name for c in named[len(declared) :]), strict=True))
    key_names |= {key: named[index].name for key, index in matches.items() if index is not None}
    learned = [
        structs.replace(column, type=types.get(column.name, "string"))
        for column in column_map.learned_columns(named)
    ]
    return KnownColumns(
        tuple(_with_catalog([*named, *learned], catalog, column_map)),
        tuple(key_names.get(key, key) for key in keys),
        column_map,
    )


def _with_catalog(
    columns: Iterable[Column], catalog: Iterable[Column], column_map: ColumnMap
) -> list[Column]:
    """Return the columns with the types of the catalog, then the columns that only it has.

    A catalog may have been discovered without STATE: its titles count, then its names.
    """
    unmatched = _by_known_name(catalog, column_map)
    typed_columns = []
    for column in columns:
        wanted = unmatched.pop(column.name, column)
        if wanted.type == column.type or column.strict:
            typed_columns.append(column)
        else:
            typed_columns.append(structs.replace(column, type=wanted.type, constraint=None))
    others = (c for name, c in unmatched.items() if name not in column_map.retired)
    return [*typed_columns, *others]


def _by_known_name(catalog: Iterable[Column], column_map: ColumnMap) -> dict[str, Column]:
    """Return the columns of a catalog by the names that their titles have in the map.

    A column of a repeated title keeps its name: the title without a number is the first one.
    """
    titles = column_map.titles_by_name()
    columns: dict[str, Column] = {}
    for column in catalog:
        name, title = column.name, Title(column.source_title)
        has_title = title.text in {known.text for known in titles.get(name, ())}
        known_name = name if has_title or not title.text else column_map.names.get(title, name)
        columns[name if known_name in columns else known_name] = column
    return columns
