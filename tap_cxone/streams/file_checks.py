"""Checks of a whole file that each row passes alone."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from tap_cxone.errors import DecodeError
from tap_cxone.http.json_body import error_of
from tap_cxone.redact import Redactor
from tap_cxone.rows.columns import find_index
from tap_cxone.rows.decode.notice import has_blanks_after_delimiters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_cxone.rows.columnar import Records
    from tap_cxone.rows.layout import RecordSpec
    from tap_cxone.rows.reader import RowReader
    from tap_cxone.rows.row_counts import InvalidRow, RowCounts
    from tap_cxone.streams.schema import Declaration


class RowCheck(Protocol):
    """A check of all rows of one file that each row passes alone."""

    def add(self, part: Records | InvalidRow) -> None:
        """Check, or count, a part of the rows."""

    def require_valid(self, name: str) -> None:
        """Raise `InvalidRecords` for the file of this name if its rows failed the check."""


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


def reject_error_message(reader: RowReader, counts: RowCounts) -> None:
    """Raise `DecodeError` for a file that is one JSON object with an error in place of rows."""
    if counts.rows != 1 or counts.example is None or reader.table.cells_are_text:
        return
    with suppress(ValueError, RecursionError):
        if error_text := error_of(json.loads(counts.example.raw)):
            text = Redactor()(error_text)
            msg = f"{reader.table.name}: the file is an error message ({text}); run again"
            raise DecodeError(msg)


def reject_repeated_groups(reader: RowReader, declaration: Declaration) -> None:
    """Raise `DecodeError` if two rows of grouped results have one key.

    A group has one row. Of two, each may be the group or a part of it, even if they are equal.
    """
    if declaration.grouped and (numbers := reader.find_repeated_key()):
        first, second = numbers
        keys = ", ".join(reader.spec.key_columns)
        by_setting = f"name what tells them apart in {declaration.keys_setting}"
        remedy = declaration.repeated_key_remedy or by_setting
        msg = f"{reader.table.name}: rows {first} and {second} have the same key ({keys}); {remedy}"
        raise DecodeError(msg)


def count_known_columns(spec: RecordSpec, header: Sequence[str]) -> int:
    """Return how many columns of a header are known, or required, before the file is read."""
    columns = spec.assign(header)
    required = (find_index(title, columns) for title in spec.required)
    known = {column.name for column in spec.columns} | spec.mandatory_columns
    known |= {columns[index].name for index in required if index is not None}
    return len(known.intersection(column.name for column in columns))
