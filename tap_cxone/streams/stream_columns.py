"""The columns of one stream during a run; only the main thread changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cxone.errors import DriftError
from tap_cxone.rows.layout import ROW_HASH
from tap_cxone.streams.column_types import apply_type_policy
from tap_cxone.streams.known_columns import name_known_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_cxone.config.types import ColumnType, TypeChangePolicy
    from tap_cxone.rows.columns import Column
    from tap_cxone.rows.titles import Title
    from tap_cxone.streams.column_types import TypeChange
    from tap_cxone.streams.known_columns import KnownColumns
    from tap_cxone.streams.schema import Declaration
    from tap_cxone.streams.state import StreamState

MAX_TITLES = 5000
"""Most titles that a stream keeps in STATE; one JSON file may have as many keys."""


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
        """Store the columns of all titles, and the types of all columns."""
        state.set_column_map(self.known.stored_map())
        state.set_column_types(self.known.stored_types())

    def _keep_known(self) -> None:
        self._types |= {column.name: column.type for column in self.known.columns}
        self._map = self.known.column_map

    def _declare(self, columns: Sequence[Column]) -> None:
        self._declared = columns
        keys = self._declaration.primary_keys or (ROW_HASH,)
        known = name_known_columns(
            columns, keys, self._map, types=self._types, catalog=self._catalog_columns
        )
        self.known, self.type_changes = apply_type_policy(known, self._types, self._policy)
