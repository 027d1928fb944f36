"""Convert a block of plain text by columns to Arrow arrays; the records equal the ordinary ones.

This module needs pyarrow (extra `parquet`), so it is imported only where pyarrow is installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tap_cxone.rows.arrow_columns import arrow_converter
from tap_cxone.rows.column_converters import column_converter
from tap_cxone.rows.columnar import Records, row_hasher
from tap_cxone.rows.layout import ROW_HASH

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_cxone.rows.arrow_columns import ArrowConverter
    from tap_cxone.rows.columns import Column
    from tap_cxone.rows.decode.plain_block import PlainBlock
    from tap_cxone.rows.layout import FileLayout


def arrow_block_converter(layout: FileLayout) -> Callable[[PlainBlock], Records]:
    """Return the function that converts a block; it raises ValueError if a row may be invalid.

    Columns of the key are Python values, because keys are compared by their hashes. The other
    columns are Arrow arrays, or Python values where the ordinary converter made them.
    """
    names, keys = layout.names, frozenset(layout.spec.key_columns)
    converters = [
        (names.index(column.name), cell_index, _converter(layout, column))
        for cell_index, column in layout.kept_columns
    ]
    constants = [(names.index(name), value) for name, value in layout.spec.constants.items()]
    key_indexes = [names.index(key) for key in keys]
    hash_rows = row_hasher(layout) if ROW_HASH in keys else None

    def convert(block: PlainBlock) -> Records:
        converted: list[Any] = [pa.nulls(block.count)] * len(names)
        for index, cell_index, convert_texts in converters:
            converted[index] = convert_texts(block.arrays[cell_index], block.blanks[cell_index])
        for index, value in constants:
            is_key = index in key_indexes
            converted[index] = [value] * block.count if is_key else pa.repeat(value, block.count)
        if hash_rows:
            converted[names.index(ROW_HASH)] = hash_rows(block.columns)
        if any(None in converted[index] or "" in converted[index] for index in key_indexes):
            raise ValueError
        return Records(layout, converted, block.count, has_arrays=True)

    return convert


def _converter(layout: FileLayout, column: Column) -> ArrowConverter:
    rules = layout.cell_rules(column)
    convert = arrow_converter(column, rules)
    if column.name not in layout.spec.key_columns:
        return convert
    convert_cells = column_converter(column, rules, cells_are_text=True)

    def convert_key(texts: Any, is_blank: Any) -> Any:
        if column.type in {"date", "date-time"}:
            convert(texts, is_blank)  # refuses what only the conversion by rows can read
        return convert_cells(texts.to_pylist())

    return convert_key
