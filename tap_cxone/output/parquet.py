"""Encode records as parquet files; a column has one type, that of the stream's schema.

```
integer             int64
number              double, or decimal128 with a fixed number of decimals
boolean             bool
string, date        date32
string, date-time   timestamp in microseconds, UTC
other types         text; values that are not strings are encoded as JSON
```

A value that its column cannot store exactly raises an error. This module needs pyarrow (extra
`parquet`), so it is imported only to write parquet.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from itertools import chain
from types import NoneType
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from singer_sdk.contrib.msgspec import serialize_jsonl

from tap_cxone.errors import BatchError
from tap_cxone.output.batch_file import EncodedRows
from tap_cxone.rows.arrow_columns import arrow_type
from tap_cxone.rows.columns import Column
from tap_cxone.rows.decode.plain_csv import CHUNK_BYTES
from tap_cxone.rows.metadata import METADATA_COLUMNS
from tap_cxone.rows.number_storage import NumberStorage
from tap_cxone.rows.stored_columns import with_number_storage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_cxone.config.destinations import BatchSettings
    from tap_cxone.config.types import ColumnType
    from tap_cxone.rows.columnar import Records

# A column of more distinct values has no dictionary: it takes half of the time and less space.
_DICTIONARY_BYTES = 1 << 16
_WRITE_BATCH_ROWS = 1 << 14  # fewer rows take a tenth more time


class Parquet:
    """Parquet as a format of batch files (a `FileFormat`)."""

    suffix = "parquet"

    def __init__(self, settings: BatchSettings) -> None:
        """Use the settings of parquet files."""
        self._settings = settings
        self._codec = settings.parquet.compression if settings.compressed else "none"
        self.encoding: Mapping[str, str] = {"format": "parquet", "compression": self._codec}

    def arrow_chunk_bytes(self, file_bytes: int) -> int:  # noqa: ARG002 (arrays are always best)
        """Return the size of the text of CSV to convert at once."""
        return CHUNK_BYTES

    def of_records(self, records: Records, excluded: frozenset[str]) -> EncodedRows:
        """Return records as Arrow arrays, without the excluded columns."""
        layout = records.layout
        known = {c.name: c for c in (*layout.absent_columns, *(c for _, c in layout.kept_columns))}
        instants = {name: Column(name, "date-time") for name in layout.spec.constants}
        known = instants | METADATA_COLUMNS | known
        columns = [
            (known.get(name) or Column(name), values)
            for name, values in zip(layout.names, records.columns, strict=True)
            if name not in excluded
        ]
        return self._encoded(columns, records.count)

    def of_messages(
        self, records: Sequence[Mapping[str, Any]], properties: Mapping[str, Any]
    ) -> EncodedRows:
        """Return the records of RECORD messages as Arrow arrays.

        The columns are those of the schema, then all others.

        Raises:
            BatchError: A value fits no type of its column; the message does not contain the value.
        """
        names = dict.fromkeys(chain(properties, chain.from_iterable(records)))
        kinds = {name: _column_type(properties.get(name, {})) for name in names}
        columns = [
            (
                with_number_storage(Column(name, kind), self._settings.parquet),
                [record.get(name) for record in records],
            )
            for name, kind in kinds.items()
        ]
        return self._encoded(columns, len(records))

    def _encoded(self, columns: Sequence[tuple[Column, Any]], count: int) -> EncodedRows:
        names = [column.name for column, _ in columns]
        arrays = [_column_array(column, values) for column, values in columns]
        batch = pa.RecordBatch.from_arrays(arrays, names)
        return EncodedRows(names, count, batch, batch.schema)

    def encoder(self, sink: Callable[[bytes], Any], schema: Any) -> _ParquetEncoder:
        """Return an encoder that passes the bytes of a file to `sink`."""
        return _ParquetEncoder(sink, schema, self._codec, self._settings.parquet.row_group_rows)


class _ParquetEncoder:
    """Writes row groups to a file (a `FileEncoder`)."""

    def __init__(
        self, sink: Callable[[bytes], Any], schema: Any, codec: str, row_group_rows: int
    ) -> None:
        self._writer = pq.ParquetWriter(
            _Sink(sink),
            schema,
            compression=codec,
            dictionary_pagesize_limit=_DICTIONARY_BYTES,
            write_batch_size=_WRITE_BATCH_ROWS,
        )
        self._row_group_rows = row_group_rows
        self._batches: list[Any] = []
        self._count = 0

    def write(self, rows: EncodedRows) -> None:
        """Collect rows; write each full row group."""
        self._batches.append(rows.data)
        self._count += rows.count
        if self._count >= self._row_group_rows:
            table = pa.Table.from_batches(self._batches)
            full = self._count - self._count % self._row_group_rows
            self._write_groups(table[:full])
            self._batches, self._count = table[full:].to_batches(), self._count - full

    def _write_groups(self, rows: pa.Table) -> None:
        self._writer.write_table(rows, row_group_size=self._row_group_rows)

    def close(self) -> None:
        """Write the last row group and the end of the file."""
        if self._count:
            self._write_groups(pa.Table.from_batches(self._batches))
        self._batches = []
        self._writer.close()


class _Sink:
    """What pyarrow sees as a file."""

    closed = False

    def __init__(self, sink: Callable[[bytes], Any]) -> None:
        self._sink = sink
        self._position = 0

    def write(self, data: Any) -> int:
        """Pass bytes on."""
        self._sink(bytes(data))
        self._position += len(data)
        return len(data)

    def tell(self) -> int:
        """Return the number of bytes so far."""
        return self._position

    def flush(self) -> None:
        """Do nothing: no byte is kept."""

    def close(self) -> None:
        """Do nothing: the stored file is closed by its owner."""


# Values to arrays


def _column_array(column: Column, values: Any) -> pa.Array:
    kind = arrow_type(column)
    if isinstance(values, pa.Array):
        return values if values.type == kind else values.cast(kind)
    try:
        return _CONVERTERS[column.type](values, kind)
    except (ValueError, TypeError, ArithmeticError, pa.ArrowException):
        msg = (
            f"column {column.name} has a value that parquet cannot store exactly as {kind}; "
            "correct its type or its stream map, or set batch_config.encoding.format to jsonl"
        )
        raise BatchError(msg) from None  # the cause contains the value


def _column_type(schema: Mapping[str, Any]) -> ColumnType:
    """Return the column type of a JSON schema; nested and other values are texts."""
    types = schema.get("type", ())
    kinds = sorted({types} if isinstance(types, str) else set(types) - {"null"})
    match kinds, schema.get("format"):
        case ["integer"], _:
            return "integer"
        case ((["number"] | ["integer", "number"]), _):
            return "number"
        case ["boolean"], _:
            return "boolean"
        case ["string"], "date":
            return "date"
        case ["string"], "date-time":
            return "date-time"
        case _:
            return "string"


def _integers(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if set(map(type, values)) <= {int, NoneType}:
        return pa.array(values, kind)
    return pa.array([None if value is None else _to_int(value) for value in values], kind)


def _to_int(value: Any) -> int:
    number = _to_decimal(value)
    if number != int(number):
        raise ValueError
    return int(number)


def _to_decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise TypeError
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _numbers(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_decimal(kind):
        decimals = [None if v is None else _to_decimal(v) for v in values]
        storage = NumberStorage("decimal128", kind.scale)
        if not storage.holds_all([v for v in decimals if v is not None]):
            raise ValueError  # Arrow stores a very small number as zero
        return pa.array(decimals, kind)
    if set(map(type, values)) <= {float, NoneType}:
        return pa.array(values, kind)
    return pa.array([None if value is None else _to_double(value) for value in values], kind)


def _to_double(value: Any) -> float:
    """Return a number as a double with the same digits. Raises ValueError if there is none."""
    double = float(value)
    if not isinstance(value, float) and Decimal(repr(double)) != _to_decimal(value):
        raise ValueError
    return double


def _booleans(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if not set(map(type, values)) <= {bool, NoneType}:
        raise TypeError
    return pa.array(values, kind)


def _temporals(
    to_value: Callable[[Any], Any], values: Sequence[Any], kind: pa.DataType
) -> pa.Array:
    """Convert texts at once if they have the usual form, otherwise each value by itself."""
    if set(map(type, values)) <= {str, NoneType}:
        with suppress(pa.ArrowInvalid):
            return pa.array(values, pa.string()).cast(kind)
    return pa.array([v and to_value(v) for v in values], kind)


def _to_date(value: Any) -> date:
    return value if type(value) is date else date.fromisoformat(value)


def _to_datetime(value: Any) -> datetime:
    instant = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _strings(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if not set(map(type, values)) <= {str, NoneType}:
        values = [_to_string(value) for value in values]
    return pa.array(values, kind)


def _to_string(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    serialized = serialize_jsonl(value).decode().rstrip("\n")
    return str(json.loads(serialized)) if serialized.startswith('"') else serialized


_CONVERTERS: Mapping[ColumnType, Callable[[Sequence[Any], pa.DataType], pa.Array]] = {
    "integer": _integers,
    "number": _numbers,
    "boolean": _booleans,
    "date": partial(_temporals, _to_date),
    "date-time": partial(_temporals, _to_datetime),
    "string": _strings,
}
