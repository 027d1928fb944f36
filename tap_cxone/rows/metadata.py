"""Columns that tell from which file a record comes; the setting `metadata_columns` adds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from tap_cxone.rows.columnar import Records
from tap_cxone.rows.columns import Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class _Counted(Protocol):
    @property
    def count(self) -> int:
        """Return the number of rows."""


_C = TypeVar("_C", bound=_Counted)

ROW_NUMBER = "_row_number"
METADATA_COLUMNS = {
    "_job_id": Column("_job_id", "string", "Job that made the file of the row, if it has an ID."),
    ROW_NUMBER: Column(
        ROW_NUMBER, "integer", "Number of the row in its file, from 1; invalid rows count."
    ),
    "_file_sha256": Column(
        "_file_sha256", "string", "SHA-256 of the file of the row as downloaded."
    ),
    "_extracted_at": Column(
        "_extracted_at", "date-time", "When the file of the row was requested, UTC."
    ),
}


def number_rows(items: Iterable[Records | _C]) -> Iterator[Records | _C]:
    """Yield the items of a whole file, in its order, with the number of each record's row."""
    number = 1
    for item in items:
        if isinstance(item, Records):
            numbers = list(range(number, number + item.count))
            yield item.with_values(ROW_NUMBER, numbers)
        else:
            yield item
        number += item.count
