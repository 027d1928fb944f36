"""Encode records as a parquet file with the types of the SCHEMA message, without rounding.

```
integer             int64; decimal if a value does not fit
number              double if it preserves the digits of every value in the file;
                    otherwise decimal, as wide as the file's longest value
boolean             bool
string, date        date32
string, date-time   timestamp in microseconds, UTC
other types         text; values that are not strings are encoded as JSON
```

A decimal has up to 76 digits. A value that fits none of its column's types raises an error. This
module needs pyarrow (extra `parquet`), so it is imported only to write parquet.
"""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from singer_sdk.contrib.msgspec import serialize_jsonl

from tap_cxone.errors import BatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_INT64 = range(-(2**63), 2**63)
_DECIMAL128, _DECIMAL256 = 38, 76  # digits


def encode(
    rows: Sequence[Mapping[str, Any]], properties: Mapping[str, Any], *, compressed: bool
) -> bytes:
    """Return records as a parquet file: the columns of the schema, then all other columns.

    Raises:
        BatchError: A value fits no type of its column; the message does not contain the value.
    """
    names = dict.fromkeys(chain(properties, chain.from_iterable(rows)))
    columns = {
        name: _column(name, properties.get(name, {}), [row.get(name) for row in rows])
        for name in names
    }
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, compression="gzip" if compressed else "none")
    return file.getvalue()


def _column(name: str, schema: Mapping[str, Any], values: list[Any]) -> pa.Array:
    convert = _converter_for(schema)
    try:
        return convert(values)
    except (ValueError, TypeError, ArithmeticError):
        type_name = schema.get("format") or "/".join(sorted(_types(schema)))
        msg = (
            f"column {name} has a value that parquet cannot store exactly as {type_name}; "
            "correct its type or its stream map, or set batch_config.encoding.format to jsonl"
        )
        raise BatchError(msg) from None  # the cause contains the value


def _types(schema: Mapping[str, Any]) -> set[str]:
    types = schema.get("type", ())
    return {types} if isinstance(types, str) else set(types) - {"null"}


def _converter_for(schema: Mapping[str, Any]) -> Callable[[list[Any]], pa.Array]:
    match sorted(_types(schema)), schema.get("format"):
        case ["integer"], _:
            return _integers
        case ((["number"] | ["integer", "number"]), _):
            return _numbers
        case ["boolean"], _:
            return _booleans
        case ["string"], "date":
            return _dates
        case ["string"], "date-time":
            return _timestamps
        case _:
            return _strings


def _integers(values: list[Any]) -> pa.Array:
    integers = [None if value is None else _to_int(value) for value in values]
    if all(value is None or value in _INT64 for value in integers):
        return pa.array(integers, pa.int64())
    return _decimals(integers)


def _to_int(value: Any) -> int:
    number = _to_decimal(value)
    if number != int(number):
        raise ValueError
    return int(number)


def _numbers(values: list[Any]) -> pa.Array:
    if all(value is None or _is_double(value) for value in values):
        return pa.array([None if v is None else float(v) for v in values], pa.float64())
    return _decimals(values)


def _is_double(value: Any) -> bool:
    """Return True if the value as a double has the same digits."""
    return isinstance(value, float) or Decimal(repr(float(value))) == _to_decimal(value)


def _to_decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise TypeError
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _decimals(values: list[Any]) -> pa.Array:
    exact = [None if value is None else _to_decimal(value) for value in values]
    nonzero = [value for value in exact if value]  # a zero needs no digits
    scale = max(max(0, -_exponent(value)) for value in nonzero)
    digits = scale + max(max(1, value.adjusted() + 1) for value in nonzero)
    if digits > _DECIMAL256:
        raise ValueError
    decimal_type = pa.decimal128 if digits <= _DECIMAL128 else pa.decimal256
    normalized = [value if value is None else value or Decimal(0) for value in exact]
    return pa.array(normalized, decimal_type(digits, scale))


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):  # infinity or NaN
        raise TypeError
    return exponent


def _booleans(values: list[Any]) -> pa.Array:
    if not all(value is None or isinstance(value, bool) for value in values):
        raise TypeError
    return pa.array(values, pa.bool_())


def _dates(values: list[Any]) -> pa.Array:
    return pa.array([v and _to_date(v) for v in values], pa.date32())


def _to_date(value: Any) -> date:
    return value if type(value) is date else date.fromisoformat(value)


def _timestamps(values: list[Any]) -> pa.Array:
    return pa.array([v and _to_datetime(v) for v in values], pa.timestamp("us", tz="UTC"))


def _to_datetime(value: Any) -> datetime:
    instant = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _strings(values: list[Any]) -> pa.Array:
    return pa.array([_to_string(value) for value in values], pa.string())


def _to_string(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    serialized = serialize_jsonl(value).decode().rstrip("\n")
    return str(json.loads(serialized)) if serialized.startswith('"') else serialized
