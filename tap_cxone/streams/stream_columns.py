"""The columns of one stream during a run; only the main thread changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from tap_cxone.errors import DriftError
from tap_cxone.rows.layout import ROW_HASH
from tap_cxone.rows.titles import Title, default_name, unique_name
from tap_cxone.streams.column_types import apply_type_policy
from tap_cxone.streams.known_columns import name_known_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_cxone.config.types import ColumnType, TypeChangePolicy
    from tap_cxone.rows.column_map import ColumnMap
    from tap_cxone.rows.columns import Column
    from tap_cxone.streams.column_types import TypeChange
    from tap_cxone.streams.known_columns import KnownColumns
    from tap_cxone.streams.schema import Declaration
    from tap_cxone.streams.state import StreamState

MAX_TITLES = 5000
"""Most titles that a stream keeps in STATE; one JSON file may have as many keys."""
_MAX_REQUESTED_TITLES = 20  # of more requested titles STATE has digests


class StreamColumns:
    """The known columns of a stream, from its declaration, the catalog, STATE and the files.

    Attributes:
        known: The columns with their names and types in records.
        type_changes: Columns whose type differs from that of an earlier SCHEMA.
    """

    known: KnownColumns
    type_changes: list[TypeChange]

    def __init__(
        self, declaration: Declaration, state: StreamState, policy: TypeChangePolicy
    ) -> None:
        """Merge the declared columns with those of earlier runs; `policy` is `on_type_change`."""
        self._declaration = declaration
        self._policy = policy
        self._map = state.column_map()
        self._types: dict[str, ColumnType] = dict.fromkeys(self._map.names.values(), "string")
        self._digests = state.title_digests()
        self._types |= state.column_types()
        self._catalog_columns: Sequence[Column] = ()
        self._declare(declaration.columns)

    @property
    def has_known_columns(self) -> bool:
        """Return True if columns are declared, or learned from a file, beside those of the key."""
        return bool(self._declared or self._map.names)

    def use_catalog(self, columns: Sequence[Column]) -> None:
        """Use the column types of a catalog."""
        self._catalog_columns = columns
        self._declare(self._declared)

    def redeclare(self, columns: Sequence[Column]) -> None:
        """Replace the declared columns by those that the API reports."""
        self._keep_known()
        self._map = self.known.map_for(columns)
        self._declare(columns)

    def learn(self, names: Mapping[Title, str]) -> None:
        """Add the columns of a file's titles.

        Raises:
            DriftError: The files of the stream had too many different titles.
        """
        if len(self.known.column_map.names.keys() | names.keys()) > MAX_TITLES:
            msg = (
                f"the files had more than {MAX_TITLES} different column titles; set schema_drift "
                f"to ignore, and declare the columns to keep in {self._declaration.columns_setting}"
            )
            raise DriftError(msg)
        self._keep_known()
        self._map = self._map.with_titles(names)
        self._declare(self._declared)

    def store(self, state: StreamState) -> None:
        """Store the columns of all titles, and the types of all columns.

        Of many requested titles whose columns have the default names digests are stored.
        """
        column_map, types = self.known.stored_map(), self.known.stored_types()
        named = self._titles_for_digests(column_map)
        digests = self._digests.with_types({title.text: types[n] for title, n in named.items()})
        state.set_title_digests(digests)
        digested = {t: n for t, n in named.items() if digests.type_of(t.text, types[n])}
        names = {title: n for title, n in column_map.names.items() if title not in digested}
        state.set_column_map(structs.replace(column_map, names=names))
        digested_names = set(digested.values())
        state.set_column_types({n: t for n, t in types.items() if n not in digested_names})

    def _titles_for_digests(self, column_map: ColumnMap) -> dict[Title, str]:
        """Return the columns of the titles that STATE may have as digests."""
        requested = {Title(column.exact_title) for column in self._declared if column.requested}
        if len(requested) <= _MAX_REQUESTED_TITLES:
            return {}
        names = column_map.names.items()
        return {t: n for t, n in names if t in requested and n == default_name(t.text)}

    def _restore_digested(self, columns: Sequence[Column]) -> None:
        """Add the requested titles to the map that earlier files had by their digests.

        A title gets another name than the earlier title that has its default name.
        """
        requested = {Title(c.exact_title): c.type for c in columns if c.requested}
        for title, column_type in requested.items():
            name = default_name(title.text)
            is_free = title not in self._map.names and name not in self._map.used_names
            known_type = self._digests.type_of(title.text, column_type)
            if is_free and known_type is not None:
                self._map = self._map.with_titles({title: name})
                self._types = {name: known_type, **self._types}
        names = {column.name for column in columns}
        for title in requested:
            if title not in self._map.names and self._digests.has_rival(title.text):
                name = unique_name(default_name(title.text), names | self._map.used_names)
                self._map = self._map.with_titles({title: name})

    def _keep_known(self) -> None:
        self._types |= {column.name: column.type for column in self.known.columns}
        self._map = self.known.column_map

    def _declare(self, columns: Sequence[Column]) -> None:
        self._declared = columns
        self._restore_digested(columns)
        keys = self._declaration.primary_keys or (ROW_HASH,)
        known = name_known_columns(
            columns, keys, self._map, types=self._types, catalog=self._catalog_columns
        )
        self.known, self.type_changes = apply_type_policy(known, self._types, self._policy)
