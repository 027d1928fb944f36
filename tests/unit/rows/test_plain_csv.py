"""Plain CSV that pyarrow parses: every row, value, error and count is that of the ordinary reader."""

from __future__ import annotations

import gzip
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_cxone.config.destinations import BatchEncoding, BatchSettings, BatchStorage
from tap_cxone.config.destinations import ParquetSettings
from tap_cxone.errors import CXoneError
from tap_cxone.output.parquet import Parquet
from tap_cxone.rows.columnar import Records
from tap_cxone.rows.columns import Column
from tap_cxone.rows.dates import DateRule, FileDates
from tap_cxone.rows.decode import FileExpectation, open_table
from tap_cxone.rows.decode.plain_block import PlainBlock
from tap_cxone.rows.layout import ROW_HASH, RecordSpec
from tap_cxone.rows.reader import RowReader
from tap_cxone.rows.stored_columns import with_number_storage
from tap_cxone.rows.text_format import TextFormat
from tap_cxone.spool import spool_chunks
from tap_cxone.types import COLUMN_TYPES
from tests.support.ids import readable
from tests.support.properties import many

CELLS = [
    *("", " ", "a", " a ", "ü€😀", "\u00a0", "\x1f", "n/a", "007", "-0", "+5", "5.", ".5", "1e5", "0.1"),
    *("-0.0", "-0.25", "1.50", "12", " 12 ", "123456789012345", "1234567890123456", "1_000"),
    *("0.1234567890123456789", "9223372036854775807", "9223372036854775808", "1,234.5"),
    *("true", "No", "Y", "0", "1", "falſe", "2026-03-01", "2026-02-30", "20260301", "03/04/2026"),
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
    [HEADER, "", '"key","n","note"', "k,1", "k,1,2,3", 'k"x,1,2', '"k"x,1,2', ",,x"]
)
key_rows = st.builds("k{},{},{}".format, st.integers(0, 30), written, written)
files = st.builds(
    lambda lines, separator, end: separator.join([HEADER, *lines]) + end,
    st.lists(key_rows | rows, max_size=12) | st.lists(key_rows, max_size=12),
    st.sampled_from(["\n", "\r\n"]) | st.sampled_from(SEPARATORS),
    st.sampled_from(["", "\n", "\r\n"]),
)
specs = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(sorted(COLUMN_TYPES)),
        "numbers": st.sampled_from(sorted(SETTINGS)),
        "keys": st.sampled_from([("key",), (ROW_HASH,), ("key", "n")]),
        "null_values": st.sampled_from([frozenset(), frozenset({"n/a", "a"})]),
        "zone": st.sampled_from(["UTC", "America/Denver"]),
        "number_format": st.sampled_from(["1234.5", "1,234.5"]),
    }
)


def read(data: bytes, spec: dict[str, Any], chunk_bytes: int) -> dict[str, Any]:
    """Return all that a pass over a file shows, with values as parquet stores them."""
    settings = SETTINGS[spec["numbers"]]
    text_format = TextFormat(
        null_values=spec["null_values"],
        timezone=spec["zone"],
        number_format=spec["number_format"],
    )
    column = with_number_storage(Column("n", spec["kind"]), settings.parquet)
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
    plain_blocks = 0

    def see(item: Any) -> None:
        nonlocal plain_blocks
        if not isinstance(item, Records):
            seen.append((item.location, item.reason, item.field, item.raw))
            return
        plain_blocks += any(isinstance(column, pa.Array) for column in item.columns)
        encoded = Parquet(settings).of_records(item, frozenset())
        values = encoded.data.to_pylist()
        seen.extend((repr(key), repr(row)) for key, row in zip(item.all_keys(), values, strict=True))

    found: dict[str, Any] = {"seen": seen}
    with spool_chunks([data], expected_size=None, description="f") as spool:
        try:
            reader = RowReader(open_table(spool, "f", FileExpectation(text_format=text_format)), record_spec)
            counts = reader.validate(see, chunk_bytes)
        except CXoneError as error:
            return {"error": (type(error), str(error))}
        found |= {"counts": (counts.rows, counts.reasons, counts.skipped, counts.recognized)}
        found |= {"names": reader.layout and reader.layout.names, "new": reader.layout and reader.layout.new_columns}
        hashes = reader.repeated_keys.hashes
        found |= {"repeated": hashes and sorted(hashes), "opposed": dates.opposed, "contradictory": dates.contradictory}
        found |= {"plain": plain_blocks}
    return found


def same(data: bytes, spec: dict[str, Any], chunk_bytes: int) -> int:
    """Check that both readers see the same; return the number of blocks that pyarrow parsed."""
    ordinary, plain = read(data, spec, 0), read(data, spec, chunk_bytes)
    blocks = plain.pop("plain", 0)
    ordinary.pop("plain", 0)
    assert plain == ordinary
    return int(blocks)


USUAL = {
    "kind": "number",
    "numbers": "double",
    "keys": ("key",),
    "null_values": frozenset(),
    "zone": "UTC",
    "number_format": "1234.5",
}


@many
@given(files, specs, st.sampled_from([16, 40, 200, 1 << 20]))
def test_plain_csv_of_any_text_is_read_as_by_the_ordinary_reader(text, spec, chunk_bytes):
    """Values, errors, invalid rows, keys, hashes and columns are the same, whatever the file has."""
    same(text.encode("utf-8", "surrogatepass"), spec, chunk_bytes)
