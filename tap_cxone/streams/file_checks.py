"""Checks of a whole file that each row passes alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cxone.errors import DecodeError
from tap_cxone.redact import Redactor
from tap_cxone.rows.columns import find_index
from tap_cxone.rows.decode.notice import has_blanks_after_delimiters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_cxone.rows.layout import RecordSpec
    from tap_cxone.rows.reader import RowCounts, RowReader
    from tap_cxone.streams.schema import Declaration


def reject_foreign_header(reader: RowReader, counts: RowCounts, declaration: Declaration) -> None:
    """Raise `DecodeError` for a file without rows whose columns are all unknown.

    A stream without known columns accepts any header that cannot be a sentence.
    """
    table, spec = reader.table, reader.spec
    if (
        table.header
        and not counts.rows
        and (spec.columns or has_blanks_after_delimiters(table.header))
        and not count_known_columns(spec, table.header)
    ):
        titles = Redactor()(", ".join(table.header))
        msg = (
            f"{table.name}: the file has no rows and only unknown columns ({titles}). If they "
            f"are right, declare one of them in {declaration.columns_setting}"
        )
        raise DecodeError(msg)


def reject_conflicting_groups(reader: RowReader, declaration: Declaration) -> None:
    """Raise `DecodeError` if two rows of grouped results differ and have one key.

    One of them would replace the other in the target.
    """
    if declaration.grouped and (numbers := reader.find_conflict()):
        first, second = numbers
        keys = ", ".join(reader.spec.key_columns)
        msg = (
            f"{reader.table.name}: rows {first} and {second} differ and have the same key "
            f"({keys}); name what tells them apart in {declaration.keys_setting}"
        )
        raise DecodeError(msg)


def count_known_columns(spec: RecordSpec, header: Sequence[str]) -> int:
    """Return how many columns of a header are known, or required, before the file is read."""
    columns = spec.column_map.assign(header, spec.columns, spec.mandatory_columns)
    required = (find_index(title, columns) for title in spec.required)
    known = {column.name for column in spec.columns} | spec.mandatory_columns
    known |= {columns[index].name for index in required if index is not None}
    return len(known.intersection(column.name for column in columns))
