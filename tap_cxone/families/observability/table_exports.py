"""Streams that the settings define: one per built-in table, and one per entry of the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from tap_cxone.families.observability.tables import TABLES, DashboardTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_cxone.config.types import ColumnType
    from tap_cxone.families.observability.table_settings import TableOptions, TableSettings


class TableExport(Struct, frozen=True, kw_only=True):
    """What one stream exports.

    Attributes:
        table: The table, named as the stream.
        channels: Channels to export; empty for all.
        filters: Accepted filter → values to export; no values for all.
        primary_keys: Columns that identify a row; empty for `_row_hash`.
        columns: Column → type, for the columns that the user declares.
        order_by: Column whose greatest value decides between rows with one key; empty for none.
        entry: Whether an entry of `table_streams` defines or changes the stream.
        selected: Whether the stream is selected by default.
    """

    table: DashboardTable
    channels: tuple[str, ...]
    filters: Mapping[str, tuple[str, ...]]
    primary_keys: tuple[str, ...]
    columns: Mapping[str, ColumnType]
    order_by: str
    entry: bool
    selected: bool

    def unused_options(self, section: TableOptions) -> Iterator[str]:
        """Yield the family's options that narrow rows and that this table does not accept."""
        if section.channels and not self.table.channels:
            yield "channels"
        for name, values in section.filters.by_name().items():
            if values and name not in self.table.filters:
                yield f"filters.{name}"


def table_exports(section: TableOptions) -> Iterator[TableExport]:
    """Yield what each stream exports; tables missing in `tables` are not selected by default."""
    entries = {entry.name: entry for entry in section.table_streams}
    for table in TABLES:
        selected = bool({*table.paths} & {*section.tables})
        # A configured name is tried first.
        paths = tuple(sorted(table.paths, key=lambda path: path not in section.tables))
        entry = entries.pop(table.stream, None)
        yield _export(section, replace(table, paths=paths), entry, selected=selected)
    for entry in entries.values():
        yield _export(section, _table_of(entry), entry, selected=True)


def _table_of(entry: TableSettings) -> DashboardTable:
    """Return the table of an entry that changes no built-in stream."""
    path = entry.path or ""
    known = next((table for table in TABLES if path in table.paths), None)
    if known is None:
        description = f"Rows of the dashboard's table {path}."
        return DashboardTable(entry.name, (path,), (), channels=False, description=description)
    return replace(known, stream=entry.name, paths=(path, *(p for p in known.paths if p != path)))


def _export(
    section: TableOptions,
    table: DashboardTable,
    entry: TableSettings | None,
    *,
    selected: bool,
) -> TableExport:
    """Return the export of a table with the settings of the family, then those of the entry."""
    channels = section.channels if table.channels else ()
    filters: Mapping[str, tuple[str, ...]] = section.filters.by_name()
    keys = section.primary_keys.get(table.stream, ())
    columns = section.columns.get(table.stream, {})
    if entry is not None:
        table = replace(
            table,
            filters=table.filters if entry.accepts_filters is None else entry.accepts_filters,
            channels=table.channels if entry.accepts_channels is None else entry.accepts_channels,
            paths=(entry.path, *table.paths[1:]) if entry.path else table.paths,
        )
        channels = section.channels if entry.channels is None else entry.channels
        filters = filters if entry.filters is None else entry.filters
        keys, columns = entry.primary_keys or keys, {**columns, **entry.columns}
    return TableExport(
        table=table,
        channels=channels if table.channels else (),
        filters={name: filters.get(name, ()) for name in table.filters},
        primary_keys=keys,
        columns=columns,
        order_by=section.order_by.get(table.stream, ""),
        entry=entry is not None,
        selected=selected,
    )
