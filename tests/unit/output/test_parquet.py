"""Rows in parquet: the types of their SCHEMA in every file, every digit, or a clear refusal."""

from __future__ import annotations

import io
import weakref
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_cxone.config.destinations import (
    BatchEncoding,
    BatchSettings,
    BatchStorage,
    ParquetSettings,
)
from tap_cxone.errors import BatchError
from tap_cxone.output.parquet import Parquet
from tap_cxone.rows.columns import Column
from tap_cxone.rows.stored_columns import with_number_storage
from tests.support.ids import readable


def written(
    rows: list[dict[str, Any]], properties: dict[str, Any], **settings: Any
) -> pq.ParquetFile:
    """Write rows, and open what was written."""
    own = ParquetSettings(**settings)
    file_format = Parquet(BatchSettings(BatchEncoding("parquet"), BatchStorage("x"), parquet=own))
    data = io.BytesIO()
    encoded = file_format.of_messages(rows, properties)
    encoder = file_format.encoder(data.write, encoded.schema)
    encoder.write(encoded)
    encoder.close()
    return pq.ParquetFile(data)


def written_column(values: list[Any], schema: dict[str, Any], **settings: Any) -> pa.ChunkedArray:
    """Write one column and read it back."""
    return written([{"it": v} for v in values], {"it": schema}, **settings).read().column("it")


def nullable(kind: str, form: str | None = None) -> dict[str, Any]:
    return {"type": [kind, "null"], **({"format": form} if form else {})}


@pytest.mark.parametrize(
    ("schema", "values", "kind", "read"),
    [
        (nullable("integer"), [1, None, -(2**63)], pa.int64(), [1, None, -(2**63)]),
        (nullable("integer"), [Decimal(7), 8.0], pa.int64(), [7, 8]),
        (nullable("number"), [0.1, 3, None, Decimal("0.25")], pa.float64(), [0.1, 3.0, None, 0.25]),
        (
            nullable("number"),
            [Decimal(12345678901234568), Decimal("0.30000000000000004")],
            pa.float64(),
            [12345678901234568.0, 0.30000000000000004],
        ),
        (nullable("boolean"), [True, None, False], pa.bool_(), [True, None, False]),
        (nullable("string", "date"), ["2026-01-31", None], pa.date32(), [date(2026, 1, 31), None]),
        (
            nullable("string", "date-time"),
            ["2026-01-31T05:00:00.000001+01:00", None],
            pa.timestamp("us", tz="UTC"),
            [datetime(2026, 1, 31, 4, 0, 0, 1, tzinfo=UTC), None],
        ),
        (nullable("string"), ["007", None, ""], pa.string(), ["007", None, ""]),
        ({"type": ["object", "null"]}, [{"a": Decimal("1.10")}], pa.string(), ['{"a":1.10}']),
        ({}, ["x", 1, date(2026, 1, 2)], pa.string(), ["x", "1", "2026-01-02"]),
        (nullable("integer"), [None, None], pa.int64(), [None, None]),
        (nullable("number"), [None], pa.float64(), [None]),
    ],
    ids=readable,
)
def test_types(schema, values, kind, read):
    """A column has the type of its schema and holds the same values."""
    found = written_column(values, schema)

    assert found.type == kind
    assert found.to_pylist() == read


def test_decimal_numbers_have_their_decimals():
    """With decimal numbers a column has 38 digits, and as many decimals as the setting says."""
    values = [Decimal("12345678901234567.125"), 0.1, 3, None]

    found = written_column(values, nullable("number"), numbers="decimal", decimals=3)

    assert found.type == pa.decimal128(38, 3)
    assert found.to_pylist() == [
        *(Decimal("12345678901234567.125"), Decimal("0.100"), Decimal("3.000"), None)
    ]


@given(
    st.lists(
        st.none()
        | st.integers(-(2**63), 2**63 - 1)
        | st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15)
        | st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**30)),
        max_size=4,
    ),
    st.sampled_from(["double", "decimal"]),
)
@example([Decimal("1E+3"), Decimal("1E-30")], "decimal")
@example([8.7e-227], "decimal")
@example([Decimal("0E-60"), Decimal("0E+60"), Decimal("1234567890123456.5")], "double")
def test_no_digit_is_lost(values, numbers):
    """Whatever numbers stand together, each comes back digit by digit, or none does.

    The storage of a column says which numbers it holds.
    """
    column = with_number_storage(Column("it", "number"), ParquetSettings(numbers=numbers))
    assert column.constraint
    fit = column.constraint.allows_all(values)
    try:
        found = written_column(values, nullable("number"), numbers=numbers).to_pylist()
    except BatchError:
        assert not fit
    else:
        assert fit
        assert [v if v is None else Decimal(str(v)) for v in found] == [
            v if v is None else Decimal(str(v)) for v in values
        ]


def test_row_groups_and_compression_are_those_of_the_settings():
    """A row group has as many rows as the setting says, in the compression of the setting."""
    rows = [{"it": str(number)} for number in range(2500)]
    settings = {"row_group_rows": 1000, "compression": "snappy"}

    metadata = written(rows, {"it": nullable("string")}, **settings).metadata

    assert [metadata.row_group(i).num_rows for i in range(3)] == [1000, 1000, 500]
    assert metadata.row_group(0).column(0).compression == "SNAPPY"


def test_parquet_file_that_is_closed_holds_no_rows():
    """The rows of a complete file do not stay in memory until its window is emitted."""
    file_format = Parquet(BatchSettings(BatchEncoding("parquet"), BatchStorage("x")))
    block = file_format.of_messages([{"it": "x"}], {"it": nullable("string")})
    rows = weakref.ref(block.data)
    encoder = file_format.encoder(io.BytesIO().write, block.schema)

    encoder.write(block)
    encoder.close()
    del block

    assert rows() is None


def test_row_groups_of_many_blocks_are_full():
    """Blocks whose rows do not divide a row group leave no small group between two full ones."""
    own = ParquetSettings(row_group_rows=1000)
    settings = BatchSettings(BatchEncoding("parquet"), BatchStorage("x"), parquet=own)
    block = Parquet(settings).of_messages([{"it": "x"}] * 700, {"it": nullable("string")})
    data = io.BytesIO()
    encoder = Parquet(settings).encoder(data.write, block.schema)

    for _ in range(4):
        encoder.write(block)
    encoder.close()

    metadata = pq.ParquetFile(data).metadata
    groups = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    assert groups == [1000, 1000, 800]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (nullable("integer"), 1.5),
        (nullable("integer"), Decimal(2**63)),
        (nullable("number"), Decimal("0.1234567890123456789")),
        (nullable("integer"), "sesame"),
        (nullable("integer"), True),
        (nullable("number"), "sesame"),
        (nullable("number"), Decimal("1E+400")),
        (nullable("number"), Decimal("NaN")),
        (nullable("boolean"), 1),
        (nullable("string", "date"), "sesame"),
        (nullable("string", "date"), "2026-01-31T05:00:00"),
        (nullable("string", "date-time"), "sesame"),
        (nullable("string", "date-time"), 5),
    ],
    ids=readable,
)
def test_what_fits_no_type_is_refused(schema, value):
    """A value that its column cannot hold is an error that names the column, not the value."""
    with pytest.raises(BatchError, match="column it has a value that parquet") as caught:
        written_column([value], schema)

    assert "sesame" not in str(caught.value)
    assert "jsonl" in str(caught.value)


def test_columns_are_those_of_the_schema_and_more():
    """A column without a value is there, and so is one that no SCHEMA has."""
    rows = [{"a": "1"}, {"a": "2", "c": "3"}]
    file = written(rows, {"a": nullable("string"), "b": nullable("integer")})

    assert file.read().to_pylist() == [
        {"a": "1", "b": None, "c": None},
        {"a": "2", "b": None, "c": "3"},
    ]
