"""Rows in parquet: the types of their SCHEMA, every digit, or a clear refusal."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_cxone.errors import BatchError
from tap_cxone.output import parquet
from tests.support.ids import readable


def written_column(values: list[Any], schema: dict[str, Any]) -> pa.ChunkedArray:
    """Write one column and read it back."""
    data = parquet.encode([{"it": v} for v in values], {"it": schema}, compressed=True)
    return pq.read_table(io.BytesIO(data)).column("it")


def nullable(kind: str, form: str | None = None) -> dict[str, Any]:
    return {"type": [kind, "null"], **({"format": form} if form else {})}


@pytest.mark.parametrize(
    ("schema", "values", "kind", "read"),
    [
        (nullable("integer"), [1, None, -(2**63)], pa.int64(), [1, None, -(2**63)]),
        (nullable("integer"), [Decimal(2**63), 7], pa.decimal128(19, 0), [2**63, 7]),
        (nullable("integer"), [Decimal(10**40), 0], pa.decimal256(41, 0), [10**40, 0]),
        (nullable("number"), [0.1, 3, None, Decimal("0.25")], pa.float64(), [0.1, 3.0, None, 0.25]),
        (
            nullable("number"),
            [Decimal("12345678901234567.125"), 0.1, 0],
            pa.decimal128(20, 3),
            [Decimal("12345678901234567.125"), Decimal("0.100"), Decimal("0.000")],
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
    """A column has the type of its schema, or the next wider one, and holds the same values."""
    found = written_column(values, schema)

    assert found.type == kind
    assert found.to_pylist() == read


@given(
    st.lists(
        st.none()
        | st.integers(-(2**63), 2**63 - 1)
        | st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15)
        | st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**30)),
        max_size=4,
    )
)
@example([Decimal("1E+3"), Decimal("1E-30")])
@example([Decimal("0E-60"), Decimal("0E+60"), Decimal("1234567890123456.5")])
def test_no_digit_is_lost(values):
    """Whatever numbers stand together, each comes back digit by digit, or none does."""
    try:
        found = written_column(values, nullable("number")).to_pylist()
    except BatchError:
        exponents = [Decimal(str(v)).as_tuple().exponent for v in values if v]
        wide = [Decimal(str(v)).adjusted() for v in values if v]
        assert max(0, *wide) - min(0, *(int(e) for e in exponents)) >= 75
    else:
        assert [v if v is None else Decimal(str(v)) for v in found] == [
            v if v is None else Decimal(str(v)) for v in values
        ]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (nullable("integer"), 1.5),
        (nullable("integer"), "sesame"),
        (nullable("integer"), True),
        (nullable("number"), "sesame"),
        (nullable("number"), Decimal("1E+77")),
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
    values = [value, Decimal("0.1234567890123456789")] if schema == nullable("number") else [value]
    with pytest.raises(BatchError, match="column it has a value that parquet") as caught:
        written_column(values, schema)

    assert "sesame" not in str(caught.value)
    assert "jsonl" in str(caught.value)


def test_columns_are_those_of_the_schema_and_more():
    """A column without a value is there, and so is one that no SCHEMA has."""
    rows = [{"a": "1"}, {"a": "2", "c": "3"}]
    data = parquet.encode(
        rows, {"a": nullable("string"), "b": nullable("integer")}, compressed=False
    )

    assert pq.read_table(io.BytesIO(data)).to_pylist() == [
        {"a": "1", "b": None, "c": None},
        {"a": "2", "b": None, "c": "3"},
    ]
