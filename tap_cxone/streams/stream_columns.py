"""The columns of one stream during a run; only the main thread changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from tap_cxone.errors import DriftError
from tap_cxone.rows.layout import ROW_HASH
from tap_cxone.rows.title_digests import digest_room
from tap_cxone.rows.titles import Title, default_name, unique_name
from tap_cxone.streams.column_types import apply_type_policy
from tap_cxone.streams.known_columns import name_known_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_cxone.config.types import ColumnType, TypeChangePolicy
    from tap_cxone.rows.columns import Column
    from tap_cxone.streams.column_types import TypeChange
    from tap_cxone.streams.known_columns import KnownColumns
    from tap_cxone.streams.schema import Declaration
    from tap_cxone.streams.state import StreamState

MAX_TITLES = 5000
"""Most titles that a stream keeps in STATE; one JSON file may have as many keys."""
_MAX_REQUESTED_TITLES = 20  # of more requested titles STATE has digests
_DIGESTS_PER_TITLE = 25  # of the share of a stream; so 100 titles of a family are not digests


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
        self._declare(columns)

    def learn(self, names: Mapping[Title, str]) -> None:
        """Add the columns of a file's titles.

        Raises:
            DriftError: The files of the stream had too many different titles.
        """
        requested = {Title(column.exact_title) for column in self._declared if column.requested}
        if len((self.known.column_map.names.keys() | names.keys()) - requested) > MAX_TITLES:
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

        Of requested titles whose columns have the default names digests are stored. Once these are
        too many, the names of further ones follow from their titles, and nothing is stored.
        """
        column_map, types = self.known.column_map, self.known.types
        digests = column_map.digests.with_types(self._types_for_digests())
        requested = {Title(c.exact_title): c.name for c in self.known.columns if c.requested}
        omitted = {
            title: name
            for title, name in requested.items()
            if (digests.type_of(title.text) is not None and name == default_name(title.text))
            or (not digests.complete and name == digests.new_name(title.text))
        }
        names = {title: n for title, n in column_map.names.items() if title not in omitted}
        state.set_column_map(structs.replace(column_map, names=names, digests=digests))
        omitted_names = set(omitted.values())
        state.set_column_types({n: t for n, t in types.items() if n not in omitted_names})

    def _types_for_digests(self) -> dict[str, ColumnType]:
        """Return the types of the requested titles that STATE has as digests.

        Of few titles only those of custom metrics are, which are exact.
        """
        columns = self.known.requested_by_name
        share = self._declaration.max_digests // _DIGESTS_PER_TITLE
        is_many = len(columns) > min(share, _MAX_REQUESTED_TITLES)
        chosen = {t.text: c for t, c in columns.items() if is_many or c.match == "exact"}
        return {text: column.type for text, column in chosen.items()}

    def _restore_omitted(self, columns: Sequence[Column]) -> None:
        """Add the requested titles to the map that STATE does not name.

        A title gets another name than the earlier title that has its default name.
        """
        requested = {Title(c.exact_title): c.type for c in columns if c.requested}
        if digest_room(title.text for title in requested) > self._declaration.max_digests:
            self._map = self._map.without_further_digests()
        digests, names, used_names = self._map.digests, dict[Title, str](), self._map.used_names
        for title, column_type in requested.items():
            name, known_type = default_name(title.text), digests.type_of(title.text, column_type)
            if title in self._map.names:
                continue
            if known_type is not None and name not in used_names:
                names[title] = name
                self._types.setdefault(name, known_type)
            elif (new_name := digests.new_name(title.text)) != name:
                names[title] = unique_name(new_name, used_names)
            if title in names:
                used_names.add(names[title])
        self._map = self._map.with_titles(names)

    def _keep_known(self) -> None:
        self._types |= self.known.types
        self._map = self.known.column_map

    def _declare(self, columns: Sequence[Column]) -> None:
        self._declared = columns
        self._restore_omitted(columns)
        keys = self._declaration.primary_keys or (ROW_HASH,)
        known = name_known_columns(
            columns, keys, self._map, types=self._types, catalog=self._catalog_columns
        )
        self.known, self.type_changes = apply_type_policy(known, self._types, self._policy)
