"""Convert a block of rows by columns; the records equal those of `FileLayout.row_converter`."""

from __future__ import annotations

import hashlib
from itertools import compress, repeat
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any, Self

from msgspec import Struct, structs

from tap_cxone.rows.column_converters import column_converter
from tap_cxone.rows.convert import json_text
from tap_cxone.rows.layout import ROW_HASH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tap_cxone.rows.column_converters import Cells, ColumnConverter
    from tap_cxone.rows.layout import FileLayout


class Records(Struct, frozen=True):
    """Records of one layout, stored by columns.

    Attributes:
        layout: The layout; it names the columns.
        columns: The values of each column, in the order of `layout.names`.
        count: Number of records.
        has_arrays: Whether columns beside the key may be Arrow arrays. Only records of
            `RowReader.validate` have them, where it is requested to make them.
    """

    layout: FileLayout
    columns: Sequence[Cells]
    count: int
    has_arrays: bool = False

    @classmethod
    def from_rows(cls, layout: FileLayout | None, rows: Sequence[dict[str, Any]]) -> Self:
        """Return records that were converted one by one, at least one."""
        assert layout is not None  # noqa: S101 (records exist only after a layout)
        columns = list(zip(*(row.values() for row in rows), strict=True))
        return cls(layout, columns, len(rows))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Return an iterator over the records."""
        names = self.layout.names
        rows: Iterable[Cells] = zip(*self.columns, strict=True) if names else repeat((), self.count)
        return (dict(zip(names, row, strict=True)) for row in rows)

    def all_keys(self) -> Iterator[tuple[Any, ...]]:
        """Return an iterator over the key of each record."""
        return zip(*self._key_columns(), strict=True)

    def _key_columns(self) -> list[Cells]:
        names = self.layout.names
        return [self.columns[names.index(key)] for key in self.layout.spec.key_columns]

    def with_layout(self, layout: FileLayout) -> Records:
        """Return the records in a later layout of the same file; its new columns are null."""
        if layout is self.layout:
            return self
        values_by_name = dict(zip(self.layout.names, self.columns, strict=True))
        nulls = [None] * self.count
        columns = [values_by_name.get(name, nulls) for name in layout.names]
        return structs.replace(self, layout=layout, columns=columns)

    def values_of(self, name: str) -> Cells:
        """Return the values of a column; nulls if there is no such column."""
        names = self.layout.names
        return self.columns[names.index(name)] if name in names else [None] * self.count

    def order_values(self) -> Cells:
        """Return the values of the column of `order_by`; nulls if there is no such column."""
        column = self.layout.order_column
        values = self.values_of(column.name if column else "")
        return values.to_pylist() if hasattr(values, "to_pylist") else values  # an Arrow array

    def with_values(self, name: str, values: Cells) -> Records:
        """Return the records with other values of a column."""
        columns = list(self.columns)
        columns[self.layout.names.index(name)] = values
        return Records(self.layout, columns, self.count)

    def part(self, start: int, end: int) -> Records:
        """Return the records from one index to another, or to the last one."""
        if start == 0 and end >= self.count:
            return self
        columns = [column[start:end] for column in self.columns]
        return structs.replace(self, columns=columns, count=min(end, self.count) - start)

    def select(self, mask: Sequence[bool]) -> Records:
        """Return the records for which `mask` is True."""
        if all(mask):
            return self
        columns = [list(compress(column, mask)) for column in self.columns]
        return Records(self.layout, columns, sum(mask))


def block_converter(layout: FileLayout) -> Callable[[Sequence[Cells], int], Records]:
    """Return the function that converts a block of rows to records.

    Its arguments are the cells by columns, and the number of rows. It raises ValueError if any
    row is invalid; `layout.row_converter` finds the row and the reason.
    """
    spec = layout.spec
    positions = {name: position for position, name in enumerate(layout.names)}
    converters = [
        (
            positions[c.name],
            cell_index,
            column_converter(c, layout.cell_rules(c), cells_are_text=layout.cells_are_text),
        )
        for cell_index, c in layout.kept_columns
    ]
    text_indexes = {positions[c.name] for _, c in layout.kept_columns if c.type == "string"}
    key_indexes = [positions[key] for key in spec.key_columns]
    constants = [(positions[name], value) for name, value in spec.constants.items()]
    hash_rows = row_hasher(layout) if ROW_HASH in spec.key_columns else None

    def convert_block(cells: Sequence[Cells], count: int) -> Records:
        converted: list[Cells] = [[None] * count] * len(positions)
        for index, cell_index, convert in converters:
            converted[index] = convert(cells[cell_index])
        if hash_rows:
            converted[positions[ROW_HASH]] = hash_rows(cells)
        for index, value in constants:
            converted[index] = [value] * count
        for index in key_indexes:
            if not all(converted[index]):
                may_be_blank = spec.null_keys and index in text_indexes
                converted[index] = _without_nulls(converted[index], may_be_blank=may_be_blank)
        return Records(layout, converted, count)

    return convert_block


def _without_nulls(values: Cells, *, may_be_blank: bool) -> Cells:
    if not may_be_blank and (None in values or "" in values):
        raise ValueError
    return ["" if value is None else value for value in values]


# Row hashes


def row_hasher(layout: FileLayout) -> ColumnConverter:
    """Return the function that hashes rows given by columns, with the results of `digest`."""
    name_indexes = sorted((c.name if c else "", index) for index, c in enumerate(layout.columns))
    if sum(not name for name, _ in name_indexes) > 1:
        # `digest` sorts the cells of dropped columns by their text, which differs between rows.
        return lambda cells: list(map(layout.digest, zip(*cells, strict=True)))
    prefixes = [(f"[{encode_basestring_ascii(name)}, ", index) for name, index in name_indexes]

    def hash_rows(cells: Sequence[Cells]) -> Cells:
        parts = [_hash_parts(prefix, column_texts(cells[index])) for prefix, index in prefixes]
        return [_hash_row(filter(None, row)) for row in zip(*parts, strict=True)]

    def column_texts(column: Cells) -> Cells:
        if layout.cells_are_text or set(map(type, column)) == {str}:
            return column
        return [json_text(cell) or "" for cell in column]

    return hash_rows


def _hash_parts(prefix: str, texts: Cells) -> list[str]:
    return [f"{prefix}{encode_basestring_ascii(text)}]" if text.strip() else "" for text in texts]


def _hash_row(parts: Iterable[str]) -> str:
    return hashlib.sha256(f"[{', '.join(parts)}]".encode()).hexdigest()
