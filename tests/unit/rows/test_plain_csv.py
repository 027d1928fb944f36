"""Plain CSV that pyarrow parses: rows, values, errors and counts are those of the other reader."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_cxone.config.destinations import (
    BatchEncoding,
    BatchSettings,
    BatchStorage,
    ParquetSettings,
)
from tap_cxone.config.types import COLUMN_TYPES
from tap_cxone.errors import CXoneError
from tap_cxone.output.parquet import Parquet
from tap_cxone.output.record_lines import LineEncoder
from tap_cxone.rows.columns import Column
from tap_cxone.rows.dates import DateRule, FileDates
from tap_cxone.rows.decode import FileExpectation, open_table, plain_csv
from tap_cxone.rows.layout import ROW_HASH, RecordSpec
from tap_cxone.rows.reader import RowReader
from tap_cxone.rows.row_counts import InvalidRow
from tap_cxone.rows.stored_columns import with_number_storage
from tap_cxone.rows.text_format import TextFormat
from tap_cxone.spool import spool_chunks
from tests.support.properties import many
from tests.support.run import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.rows.columnar import Records

CELLS = [
    *(
        "",
        " ",
        "a",
        " a ",
        "ü€😀",
        "\u00a0",
        "\x1f",
        "n/a",
        "007",
        "-0",
        "+5",
        "5.",
        ".5",
        "1e5",
        "0.1",
    ),
    *("-0.0", "-0.25", "1.50", "12", " 12 ", "123456789012345", "1234567890123456", "1_000"),
    *("0.1234567890123456789", "9223372036854775807", "9223372036854775808", "1,234.5"),
    *(
        "true",
        "No",
        "Y",
        "0",
        "1",
        "fal\u017fe",
        "2026-03-01",
        "2026-02-30",
        "20260301",
        "03/04/2026",
    ),
    *("31.12.2026", "2026-03-01T10:20:30Z", "2026-03-01T10:20:30", "2026-03-01T10:20:30.123Z"),
    *("2026-03-01T10:20:30.1234567Z", "2026-03-01T10:20:30+05:30", "2026-03-01T24:00:00Z"),
    *("2026-03-01T10:20:60Z", "0000-03-01T00:00:00Z", "0000-03-01", "9999-12-31T23:59:59Z"),
]
"""Texts of every form, usual or not."""
SEPARATORS = ["\n", "\r\n", "\r", "\n\n", "\n,,\n", "\n , , \n"]
HEADER = "key,n,note"
SETTINGS = {
    numbers: BatchSettings(
        BatchEncoding("parquet"), BatchStorage("x"), parquet=ParquetSettings(numbers=numbers)
    )
    for numbers in ("double", "decimal")
}


def _quoted(text: str) -> str:
    return '"{}"'.format(text.replace('"', '""'))


cells = st.sampled_from(CELLS) | st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from('",\r\n;\0'), max_size=5
)
written = cells.map(_quoted) | cells
rows = st.lists(written, min_size=3, max_size=3).map(",".join) | st.sampled_from(
    [
        HEADER,
        " KEY,N , note",
        "note,key,n",
        "\ufeffN,NOTE,KEY",
        "k,1,2note,key,n",
        "",
        '"key","n","note"',
        "k,1",
        "k,1,2,3",
        f"k,1,2{HEADER}",
        'k"x,1,2',
        '"k"x,1,2',
        ",,x",
    ]
)
key_rows = st.builds("k{},{},{}".format, st.integers(0, 30), written, written)
plain_rows = st.builds("k{},{},{}".format, st.integers(0, 99), *[st.sampled_from(CELLS)] * 2).map(
    lambda row: row.replace("1,234.5", '"1,234.5"')
)


def _file(lines: list[str], separator: str, end: str) -> str:
    return separator.join([HEADER, *lines]) + end


ends = st.sampled_from(["", "\n", "\r\n"])
files = st.builds(
    _file,
    st.lists(key_rows | rows, max_size=12),
    st.sampled_from(SEPARATORS),
    ends,
) | st.builds(
    _file, st.lists(plain_rows, min_size=4, max_size=20), st.sampled_from(["\n", "\r\n"]), ends
)
specs = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(sorted(COLUMN_TYPES)),
        "form": st.sampled_from([*SETTINGS, "lines"]),
        "keys": st.sampled_from([("key",), (ROW_HASH,), ("key", "n")]),
        "null_values": st.sampled_from([frozenset(), frozenset({"n/a", "a"})]),
        "zone": st.sampled_from(["UTC", "America/Denver"]),
        "number_format": st.sampled_from(["1234.5", "1,234.5"]),
    }
)


def read(data: bytes, spec: dict[str, Any], chunk_bytes: int) -> dict[str, Any]:
    """Return all that a pass over a file shows, with values as parquet or lines hold them."""
    settings = SETTINGS.get(spec["form"])
    text_format = TextFormat(
        null_values=spec["null_values"],
        timezone=spec["zone"],
        number_format=spec["number_format"],
    )
    column = Column("n", spec["kind"])
    if settings is not None:
        column = with_number_storage(column, settings.parquet)
    dates = FileDates(DateRule(text_format.zone))
    record_spec = RecordSpec(
        columns=[Column("key"), column, Column("absent", "integer")],
        schema_columns=["key", "n", "absent"],
        key_columns=spec["keys"],
        constants={"_window_start": "2026-03-01T00:00:00+00:00"},
        text_format=text_format,
        dates=dates,
    )
    seen: list[Any] = []
    with spool_chunks([data], expected_size=None, description="f") as spool:
        try:
            table = open_table(spool, "f", FileExpectation(text_format=text_format))
            reader = RowReader(table, record_spec)
            counts = reader.validate(
                lambda item: seen.append(_shown_rows(item, settings)), chunk_bytes
            )
        except CXoneError as error:
            return {"error": (type(error), str(error))}
    layout, hashes = reader.layout, reader.repeated_keys.hashes
    return {
        "rows": [row for rows, _ in seen for row in rows],
        "plain": sum(is_plain for _, is_plain in seen),
        "counts": (counts.rows, counts.reasons, counts.skipped, counts.recognized),
        "columns": layout and (layout.names, layout.new_columns),
        "repeated": hashes and sorted(hashes),
        "dates": (dates.opposed, dates.contradictory, dates.undecided),
    }


def _shown_rows(
    item: Records | InvalidRow, settings: BatchSettings | None
) -> tuple[list[Any], bool]:
    """Return the keys and values of records, or an invalid row; and whether pyarrow parsed it."""
    if isinstance(item, InvalidRow):
        return [(item.location, item.reason, item.field, item.raw)], False
    if settings is None:
        lines = LineEncoder("s0", FakeClock()).encoder_for(item.layout)(item).data
        values = list(map(json.loads, lines.splitlines()))
    else:
        values = Parquet(settings).of_records(item, frozenset()).data.to_pylist()
    pairs = zip(map(repr, item.all_keys()), map(repr, values), strict=True)
    return list(pairs), any(isinstance(column, pa.Array) for column in item.columns)


def same(data: bytes, spec: dict[str, Any], chunk_bytes: int) -> int:
    """Check that both readers see the same; return the number of blocks that pyarrow parsed."""
    ordinary, plain = read(data, spec, 0), read(data, spec, chunk_bytes)
    blocks = int(plain.get("plain", 0))
    assert {**plain, "plain": 0} == {**ordinary, "plain": 0}
    return blocks


USUAL = {
    "kind": "number",
    "form": "double",
    "keys": ("key",),
    "null_values": frozenset(),
    "zone": "UTC",
    "number_format": "1234.5",
}


@pytest.fixture(scope="module", autouse=True)
def _small_chunks_are_parsed_ahead() -> Iterator[None]:
    """Parse chunks of 200 bytes on a thread too, so that a few rows have several of them."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(plain_csv, "_MIN_AHEAD_BYTES", 200)
        yield


@many
@given(files, specs, st.sampled_from([40, 200, 1 << 20]))
def test_plain_csv_of_any_text_is_read_as_by_the_ordinary_reader(text, spec, chunk_bytes):
    """Rows, errors, invalid rows, keys, hashes and columns are the same, whatever a file has."""
    same(text.encode("utf-8", "surrogatepass"), spec, chunk_bytes)


@pytest.mark.parametrize("form", ["double", "lines"], ids=["double", "lines"])
@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        ("integer", ["1", "-7", "", " 12 ", "007"]),
        ("number", ["1", "-7.250", "", " 0.5 ", "-0.0", "100.00", "123456789012.345"]),
        ("boolean", ["yes", "FALSE", "", " 1 "]),
        ("date", ["2026-03-01", "", "1999-12-31"]),
        ("date-time", ["2026-03-01T10:20:30Z", "", "2026-03-01T10:20:30.123456+05:30"]),
        ("string", ["a", "", " b ", "ü€😀", '"quoted, ""twice"""', '"two\nlines"']),
    ],
    ids=["integer", "number", "boolean", "date", "date-time", "string"],
)
def test_plain_csv_of_the_usual_form_is_parsed_by_pyarrow(kind, cells, form):
    """Cells of the usual forms of a type need no other reader."""
    text = "\r\n".join([HEADER, *(f"k{n},{cell},x" for n, cell in enumerate(cells))])

    assert same(text.encode(), {**USUAL, "kind": kind, "form": form}, 1 << 20) == 1


@pytest.mark.parametrize(
    "row",
    [
        "k,2.5",
        "k,2.5,x,x",
        "k,abc,x",
        ",2.5,x",
        HEADER,
        "KEY,n, Note",
        ",,",
        'k,2.5,"',
        "k,2.5,\xff",
        "k,2.5,\0",
    ],
    ids=["short", "long", "type", "key", "header", "spelling", "blank", "quote", "encoding", "NUL"],
)
@pytest.mark.parametrize("place", [3, 8, 19], ids=["early", "middle", "last"])
@pytest.mark.parametrize("chunk_bytes", [40, 200], ids=["in turn", "ahead"])
def test_plain_csv_with_an_odd_row_is_read_as_by_the_ordinary_reader(row, place, chunk_bytes):
    """One row that is not plain, or not valid, changes nothing but the reader of its chunk."""
    lines = [f"k{number},{number}.5,{'x' * (chunk_bytes // 8)}" for number in range(20)]
    lines.insert(place, row)
    text = "\n".join([HEADER, *lines, "last,1,x", ""])

    same(text.encode("latin-1"), USUAL, chunk_bytes)


@pytest.mark.ci
def test_plain_csv_packed_and_damaged_has_the_error_of_the_ordinary_reader():
    """A gzip file that ends early has the error that the ordinary reader raises."""
    text = "\n".join([HEADER, *(f"k{number},{number}.5,x" for number in range(9999)), ""])

    same(gzip.compress(text.encode())[:-20], USUAL, 1000)


def test_plain_csv_of_unbalanced_quotes_is_not_kept_in_memory():
    """A quote that nothing closes does not make a chunk of the whole file."""
    text = "\n".join([HEADER, *(f'k{number},{number}.5,5"' for number in range(99)), ""])

    same(text.encode(), USUAL, 40)
