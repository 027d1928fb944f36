"""The row reader by itself, and its memory."""

from __future__ import annotations

import gzip
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_cxone.rows.columns import Column
from tap_cxone.rows.decode import FileExpectation, Format, open_table
from tap_cxone.rows.dedupe import SeenKeys
from tap_cxone.rows.layout import RecordSpec
from tap_cxone.rows.reader import RowReader
from tap_cxone.rows.row_counts import InvalidRow
from tap_cxone.spool import spool_chunks
from tests.docs.document import ROOT

if TYPE_CHECKING:
    from tap_cxone.spool import Spool


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.text(max_size=2) | st.integers(0, 3) | st.none())),
    st.integers(1, 20),
)
def test_seen_is_a_set(keys, most):
    """However few keys are held in memory, a key is new the first time and never again."""
    seen, wanted = SeenKeys(most), set()
    for key in keys:
        assert seen.add_if_new(key) == ((type(key[0]), key) not in wanted)
        wanted.add((type(key[0]), key))
    seen.close()


def test_seen_keeps_the_parts_of_a_key_apart():
    """Keys of several parts are the same only if each part is."""
    seen = SeenKeys()

    assert seen.add_if_new(["ab", "c"])
    assert seen.add_if_new(["a", "bc"])
    assert seen.add_if_new(["a", "b,c"])
    assert not seen.add_if_new(["a", "bc"])


@pytest.mark.promise("constant-memory")
@pytest.mark.slow
def test_seen_does_not_grow():
    """Past what is held, more keys take no more memory."""
    tracemalloc.start()
    seen = SeenKeys(2000)
    for number in range(2000):
        seen.add_if_new([number])
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(2000, 40_000):
        assert seen.add_if_new([number])
    grown = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    seen.close()

    assert grown < 500_000


SHAPE = RecordSpec(
    columns=[Column("id"), Column("n", "number")],
    schema_columns={"id", "n"},
    key_columns=("id",),
    constants={},
    required=("n",),
)
JSON: tuple[Format, ...] = ("json",)


def reading(spool: Spool) -> RowReader:
    """Open a spool of JSON."""
    return RowReader(open_table(spool, "f", FileExpectation(JSON, SHAPE.mandatory_columns)), SHAPE)


def test_what_was_counted():
    """A tally knows how many rows failed validation, and why, the most frequent reason first."""
    body = b'[{"id":1,"n":1},7,{"id":1,"n":"x"},8,{"id":1,"n":2}]'
    with spool_chunks([body], expected_size=None, description="f") as spool:
        found = reading(spool)
        tally = found.validate()
        items = list(found.items())

    assert (tally.rows, tally.invalid, tally.ratio) == (5, 3, 0.6)
    assert str(tally) == (
        "3 of 5 rows failed validation (2 times: is not an object, "
        "1 times: column n has a value that is not of type number)"
    )
    assert found.duplicate_count == 1
    assert [isinstance(item, InvalidRow) for item in items] == [False, True, True, True]
    assert [item.location for item in items if isinstance(item, InvalidRow)] == [
        "record 2",
        "record 3",
        "record 4",
    ]


def test_invalid_row_does_not_show_its_text():
    """The text of a row is in no representation that a log could hold."""
    assert "SECRET" not in repr(InvalidRow("line 1", "is odd", None, "SECRET"))


MEASURE = """
import gzip, io, re, sys
from pathlib import Path
from tap_cxone.rows.columns import Column
from tap_cxone.rows.decode import FileExpectation, open_table
from tap_cxone.rows.reader import RowReader
from tap_cxone.rows.layout import RecordSpec
from tap_cxone.spool import spool_chunks

def chunks(number):
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1) as file:
        for start in range(0, number, 1000):
            rows = (b'{"id":"c%d","n":%d.25,"t":"ab"}' % (n, n) for n in range(start, start + 1000))
            file.write((b"[" if start == 0 else b",") + b",".join(rows))
            yield out.getvalue()
            out.seek(0)
            out.truncate()
        file.write(b"]")
    yield out.getvalue()

number = int(sys.argv[1])
shape = RecordSpec(
    columns=[Column("id"), Column("n", "number")],
    schema_columns={"id", "n"},
    key_columns=("id",),
    constants={},
)
with spool_chunks(chunks(number), expected_size=None, description="f") as spool:
    expected = FileExpectation(("json",), shape.mandatory_columns)
    reader = RowReader(open_table(spool, "f", expected), shape)
    assert reader.validate().rows == number
    assert sum(1 for _ in reader.items()) == number
# Not `ru_maxrss`: it begins with what the process took that started this one.
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


def peak_of_reading(number: int) -> int:
    """Return the most memory, in KiB, that reading an array of so many objects takes."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(number)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return int(done.stdout)


@pytest.mark.promise("constant-memory")
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="tells the peak of memory")
@pytest.mark.slow
def test_million_records_take_no_more_memory():
    """A million records take no more memory than a hundred thousand, and less than 150 MB."""
    few, many = peak_of_reading(100_000), peak_of_reading(1_000_000)

    assert many < 150 * 1024
    assert many < few * 1.15


@pytest.mark.ci
@pytest.mark.promise("constant-memory")
def test_reading_ten_times_the_records_takes_no_more_memory():
    """Ten times the records take no more memory, but for what their keys take."""
    peaks = []
    for number in (500, 5000):
        rows = ",".join(f'{{"id":"{n}","n":1.5,"t":"{"x" * 700}"}}' for n in range(number))
        with spool_chunks(
            [gzip.compress(f"[{rows}]".encode(), 1)], expected_size=None, description="f"
        ) as spool:
            del rows
            tracemalloc.start()
            found = reading(spool)
            assert found.validate().invalid == 0
            assert sum(1 for _ in found.items()) == number
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()

    assert peaks[1] - peaks[0] < 4500 * 250
    assert peaks[1] < 4_000_000  # a megabyte of it unpacks the file
