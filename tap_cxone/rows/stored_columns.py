"""Columns whose numbers are stored by type, as in parquet files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from tap_cxone.rows.columns import ValueConstraint
from tap_cxone.rows.number_storage import NumberStorage

if TYPE_CHECKING:
    from tap_cxone.config.destinations import ParquetSettings
    from tap_cxone.rows.columns import Column


def with_number_storage(column: Column, settings: ParquetSettings) -> Column:
    """Return a column that refuses numbers which its type in parquet files does not hold."""
    if column.type not in {"integer", "number"}:
        return column
    constraint = column.constraint or ValueConstraint()
    if column.type == "integer":
        storage = NumberStorage("int64")
    elif settings.numbers == "double":
        storage = NumberStorage("double")
    else:
        decimals = settings.decimals if constraint.precision is None else constraint.precision
        storage = NumberStorage("decimal128", decimals)
    return structs.replace(column, constraint=structs.replace(constraint, storage=storage))
