"""Many rows at once become just what each becomes by itself."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_cxone.config.types import COLUMN_TYPES
from tap_cxone.rows.columnar import block_converter
from tap_cxone.rows.columns import Column, ValueConstraint
from tap_cxone.rows.convert import ConversionError
from tap_cxone.rows.layout import ROW_HASH, FileLayout, RecordSpec
from tests.support.ids import readable

TEXTS = st.text(max_size=6) | st.sampled_from(
    [
        *(
            "",
            " ",
            "\u00a0",
            " a ",
            "ü€😀",
            "007",
            "-0",
            "+5",
            "1_000",
            "١٢",
            "1e5",
            "1.50",
            ".5",
            "5.",
        ),
        *("0.1234567890123456789", "123456789012345", "1234567890123456", "9223372036854775807"),
        *("9223372036854775808", "-9223372036854775809", "NaN", "inf", "1e400", " 12 ", "true"),
        *("FALSE", "Yes", "y", "ß", "2026-03-01", " 2026-03-01", "2026-02-30", "20260301"),
        *("2026-03-01T10:20:30Z", "2026-03-01T10:20:30", "2026-03-01T10:20:30.000Z", "03/01/2026"),
        *("2026-03-01T10:20:30+00:00", "2026-03-01T10:20:30.5Z", "2026-03-01T10:20:30+02:00"),
        *("2026-03-01T24:00:00Z", "0000-03-01T00:00:00Z", "2026-W09-1T10:20:30Z", "2026-03-01Z"),
    ]
)
NUMBERS = st.integers() | st.decimals(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=3,
)
COLUMNS = st.sampled_from(
    [Column("n", kind, strict=strict) for kind in sorted(COLUMN_TYPES) for strict in (False, True)]
)


def one_by_one(layout, rows):
    """Return each record's pairs, in their order and with their types; None for a misfit."""
    make = layout.row_converter()
    try:
        return [with_types(make(row)) for row in rows]
    except ConversionError:
        return None


def convert_block(layout, rows):
    cells = [list(column) for column in zip(*rows, strict=True)]
    try:
        return [with_types(record) for record in block_converter(layout)(cells, len(rows))]
    except ValueError:
        return None


def with_types(record):
    return [(name, type(value), repr(value)) for name, value in record.items()]


def shape(column, **changes):
    return RecordSpec(
        **{
            "columns": [column, Column("absent")],
            "schema_columns": ["n", "absent"],
            "key_columns": (),
            "constants": {"_window_end": "x"},
            **changes,
        }
    )


@given(COLUMNS, st.lists(TEXTS, min_size=1, max_size=4), st.booleans())
@example(Column("n", "integer"), ["9223372036854775808", "1"], False)
@example(Column("n", "number"), ["1234567890.12345", "1"], False)
@example(Column("n", "date-time"), ["2026-03-01T24:00:00Z"], False)
def test_columns_of_texts(column, cells, key):
    """Texts become the same values, a column at a time, and the same columns hold a misfit."""
    rows = [[cell, "x"] for cell in cells]
    layout = FileLayout.from_header(["n", "More"], shape(column, key_columns=("n",) if key else ()))

    assert convert_block(layout, rows) == one_by_one(layout, rows)


@given(COLUMNS, st.lists(VALUES, min_size=1, max_size=4), st.booleans())
@example(Column("n", "integer"), [2**63, 1], False)
@example(Column("n", "number"), [Decimal("1.50"), None, 2**70], False)
@example(Column("n", "boolean", strict=True), [True, None], False)
def test_columns_of_json(column, cells, key):
    """So do values of JSON."""
    rows = [[cell, 1] for cell in cells]
    layout = FileLayout.from_header(
        ["n", "More"], shape(column, key_columns=("n",) if key else ()), cells_are_text=False
    )

    assert convert_block(layout, rows) == one_by_one(layout, rows)


@pytest.mark.parametrize(
    "rule", [ValueConstraint(minimum=Decimal(0)), ValueConstraint(allowed=(1, 2))], ids=readable
)
@given(st.lists(st.sampled_from(["1", "2", "-1", "", "x"]), min_size=1, max_size=3))
def test_rules(rule, cells):
    """A column's rule is kept in both."""
    layout = FileLayout.from_header(["n"], shape(Column("n", "integer", constraint=rule)))
    rows = [[cell] for cell in cells]

    assert convert_block(layout, rows) == one_by_one(layout, rows)


@given(
    st.lists(st.lists(TEXTS, min_size=3, max_size=3), min_size=1, max_size=3),
    st.booleans(),
)
def test_digests(rows, keep):
    """Rows that are known by their digest have the same one, whatever is omitted of them."""
    hashed = shape(Column("n"), key_columns=(ROW_HASH,), keep_unknown_columns=keep)
    layout = FileLayout.from_header(["n", "Zeta", "Alpha"], hashed)

    assert convert_block(layout, rows) == one_by_one(layout, rows)


@given(st.lists(st.lists(VALUES, min_size=2, max_size=2), min_size=1, max_size=3))
def test_digests_of_json(rows):
    """So have objects."""
    layout = FileLayout.from_header(
        ["n", "Zeta"], shape(Column("n"), key_columns=(ROW_HASH,)), cells_are_text=False
    )

    assert convert_block(layout, rows) == one_by_one(layout, rows)
