from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import sys
import tracemalloc
import zlib
from contextlib import nullcontext
from importlib.machinery import SourceFileLoader
from itertools import pairwise
from types import ModuleType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_cxone.errors import DecodeError
from tap_cxone.rows.decode import FileExpectation, Row, open_table, text
from tap_cxone.rows.text_format import TextFormat
from tap_cxone.spool import spool_chunks
from tests.support.properties import many

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["", "a\nb", "a\r\nb", "a\rb", ' "quoted" ', "a,b", "ü€😀", "\ufeff", "\x00", "\x85", "\u2028"]
)


@st.composite
def draw_table(draw):
    """Draw a header and rows as wide as it, none of them blank; the header begins with a letter.

    No title has a NUL, with which a file of one line may look like UTF-16.
    """
    width = draw(st.integers(1, 4))
    row = st.lists(texts, min_size=width, max_size=width)
    header, *rows = draw(st.lists(row, min_size=1, max_size=6))
    header = [title.replace("\0", "") for title in (f"h{header[0]}", *header[1:])]
    return [header, *(row for row in rows if row != header and any(map(str.strip, row)))]


def as_csv(rows, **dialect):
    file = io.StringIO(newline="")
    csv.writer(file, **dialect).writerows(rows)
    return file.getvalue()


def encoded(text, encoding="utf-8"):
    bom = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
    return bom.get(encoding, b"") + text.encode(encoding)


AS_IT_IS = TextFormat(null_characters="keep")


def read_file(data, name="f"):
    """Return the header and the rows' cells of a file."""
    with spool_chunks([data], expected_size=None, description=name) as spool:
        table = open_table(spool, name, FileExpectation(text_format=AS_IT_IS))
        return [list(table.header), *(row.cells for row in table.rows())]


def pieces(data, cuts):
    """Cut bytes into pieces at some places."""
    ends = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(ends)] or [data]


ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"])


# What comes back


@many
@given(draw_table(), ENCODINGS)
def test_csv_comes_back(rows, encoding):
    """Any table that was written as CSV comes back exactly, whatever the encoding."""
    assert read_file(encoded(as_csv(rows), encoding)) == rows


@many
@given(draw_table(), st.sampled_from(["\r\n", "\n", "\r"]))
def test_csv_with_any_newline(rows, newline):
    """Lines may end as they like."""
    data = encoded(as_csv(rows, quoting=csv.QUOTE_ALL, lineterminator=newline))

    assert read_file(data) == rows


@many
@given(draw_table(), ENCODINGS, st.integers(1, 2))
def test_gzip_comes_back(rows, encoding, times):
    """A gzip file is unpacked, also one that travelled gzipped once more."""
    data = encoded(as_csv(rows), encoding)
    for _ in range(times):
        data = gzip.compress(data, mtime=0)

    assert read_file(data) == rows


@many
@given(draw_table(), ENCODINGS, st.lists(st.integers(1, 100), max_size=4))
def test_gzip_of_several_members(rows, encoding, cuts):
    """A gzip file may consist of several, of any length, one behind the other."""
    members = [gzip.compress(part) for part in pieces(encoded(as_csv(rows), encoding), cuts)]

    assert read_file(b"".join(members)) == rows


def test_gzip_with_empty_members():
    """An empty member between others is nothing."""
    empty = gzip.compress(b"")
    data = empty + gzip.compress(b"a,b\n1,") + empty + gzip.compress(b"2\n") + empty

    assert read_file(data) == [["a", "b"], ["1", "2"]]


def test_gzip_in_a_gzip_of_members():
    """The outer gzip of two may consist of members of a byte."""
    inner = gzip.compress(b"a,b\n1,2\n")
    outer = gzip.compress(inner[:1]) + gzip.compress(inner[1:])

    assert read_file(outer) == [["a", "b"], ["1", "2"]]


def test_quoted_newlines():
    """A cell may hold line ends of any kind; they stay as they are."""
    assert read_file(b'a,b\r\n"1\n2\r\n3\r4",x\r\n') == [["a", "b"], ["1\n2\r\n3\r4", "x"]]


def test_byte_order_mark_is_no_title():
    """The mark of UTF-8 is not a part of the first title."""
    assert read_file(codecs.BOM_UTF8 + b"a,b\n") == [["a", "b"]]


def test_blank_lines_are_nothing():
    """Blank lines are no rows, before the header or behind it."""
    assert read_file(b"\n\r\na,b\n\n1,2\n\n\n") == [["a", "b"], ["1", "2"]]


def test_last_line_without_an_end():
    """The last row may do without a newline."""
    assert read_file(b"a,b\n1,2") == [["a", "b"], ["1", "2"]]


def test_very_long_cell():
    """A comment may hold a whole conversation."""
    comment = "so she said\n" * 100_000

    assert read_file(encoded(as_csv([["a", "b"], ["1", comment]]))) == [["a", "b"], ["1", comment]]


@pytest.mark.parametrize(
    "data",
    [b"", b"\n\n", codecs.BOM_UTF8, gzip.compress(b""), codecs.BOM_UTF16_LE],
    ids=["empty", "blank lines", "mark", "gzip", "mark of UTF-16"],
)
def test_csv_file_that_is_empty_has_no_header(data):
    """A file with nothing in it has neither header nor rows."""
    assert read_file(data) == [[]]


def test_header_alone():
    """A file may have no rows."""
    assert read_file(b"a,b\n") == [["a", "b"]]


def test_lines_are_counted():
    """A row knows the line of the file that it ends on."""
    with spool_chunks([b'a,b\n1,"x\ny"\n\n2,z\n'], expected_size=None, description="f") as spool:
        rows = list(open_table(spool, "f").rows())

    assert rows == [Row(3, ["1", "x\ny"]), Row(5, ["2", "z"])]


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_rows_are_read_again_from_the_first(pack):
    """Rows are read again from the first one, also while others are being read."""
    data = encoded(as_csv([["a", "b"], *([str(n), "x" * 50] for n in range(5000))]))
    with spool_chunks([pack(data)], expected_size=None, description="f") as spool:
        table = open_table(spool, "f")
        once = list(table.rows())
        together = list(zip(table.rows(), table.rows(), strict=True))

    assert [row.cells[0] for row in once] == [str(n) for n in range(5000)]
    assert together == list(zip(once, once, strict=True))


@pytest.mark.ci
@pytest.mark.promise("constant-memory")
def test_decoding_a_long_csv_takes_constant_memory():
    """Reading needs no more memory than a row, however long the file is."""
    rows = (f"{n},{'x' * 200}\n".encode() for n in range(50_000))
    packed = gzip.compress(b"a,b\n" + b"".join(rows))
    with spool_chunks([packed], expected_size=None, description="f") as spool:
        table = open_table(spool, "f")
        tracemalloc.start()
        count = sum(1 for _ in table.rows())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert count == 50_000
    assert peak < 2_000_000  # of 10 MB; most of it is the buffer of isal


@pytest.mark.parametrize(
    ("packed", "is_damaged"),
    [(gzip.compress(b"a,b"), False), (gzip.compress(b"a,b")[:-9], True)],
    ids=["whole", "cut off"],
)
def test_gzip_without_isal_is_read_by_zlib(monkeypatch, packed, is_damaged):
    """Where isal is not installed, zlib unpacks a file and finds its damage."""
    for name in ("isal", "isal.igzip"):
        monkeypatch.setitem(sys.modules, name, None)
    loader = SourceFileLoader("text_without_isal", text.__file__)
    module: Any = ModuleType(loader.name)
    loader.exec_module(module)

    with (
        spool_chunks([packed], expected_size=None, description="f") as spool,
        pytest.raises(DecodeError, match="gzip") if is_damaged else nullcontext(),
        module.open_text(spool, "f", lambda: "", AS_IT_IS) as lines,
    ):
        assert lines.read() == "a,b"

    assert module.GzipFile is gzip.GzipFile


# What is refused

PACKED = gzip.compress(b"a,b\n" + b"".join(b"%d,x%d\n" % (n, n * n) for n in range(100)), mtime=0)


@st.composite
def damaged(draw):
    """Draw a gzip file in which a few bytes were changed, cut off or added."""
    data = bytearray(PACKED)
    for place, byte in draw(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)))):
        data[place % len(data)] = byte
    end = draw(st.integers(0, len(data)))
    return bytes(data[:end] if draw(st.booleans()) else data) + draw(st.binary(max_size=5))


@many
@given(
    st.builds(
        bytes.__add__,
        st.sampled_from([b"", b"\x1f\x8b", b"\x1f\x8b\x08\x00", b"\xff\xfe", b"\xfe\xff", b"<"]),
        st.binary(max_size=100),
    )
    | st.text('",\r\n ab\x00\ufeff', max_size=40).map(str.encode)
    | damaged()
    | st.binary(max_size=60).map(gzip.compress)
    | st.binary(max_size=60).map(zlib.compress)
)
@example(b"\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff\xff\xff")
@example(b"\xff\xfe\x00")
@example(b"\xff\xfe\x00\xd8")
@example(codecs.BOM_UTF32_LE + "a,b".encode("utf-32-le"))
@example(b'"')
@example(b"a\r,\ra")
def test_any_bytes_as_csv_are_rows_or_refused(data):
    """Whatever arrives is a table, or refused as what it is not; nothing else happens."""
    with spool_chunks([data], expected_size=None, description="f") as spool:
        try:
            table = open_table(spool, "f")
            rows = list(table.rows())
        except DecodeError:
            return

    assert all(row.invalid_reason or len(row.cells) == len(table.header) for row in rows)


@pytest.mark.promise("whole-files")
@many
@given(st.integers(2, len(PACKED) - 1))
def test_decoding_cut_gzip_is_refused(end):
    """A gzip file that ends early is refused, wherever it ends."""
    with pytest.raises(DecodeError, match="gzip"):
        read_file(PACKED[:end])


@pytest.mark.ci
@pytest.mark.parametrize("packed", [1, 2], ids=["once", "twice"])
def test_decompression_bomb_names_the_setting(packed):
    """A file that unpacks to more than it may is refused, and names the setting."""
    data = b"a,b\n" + b"1,2\n" * 300_000
    for _ in range(packed):
        data = gzip.compress(data)

    with (
        spool_chunks([data], expected_size=None, description="f") as spool,
        pytest.raises(DecodeError, match=r"unpacks to more than 1 MB.*max_unpacked_mb"),
    ):
        list(open_table(spool, "f", FileExpectation(max_bytes=1_000_000)).rows())


@many
@given(st.integers(10, len(PACKED) - 1), st.integers(1, 255))
def test_changed_gzip(place, change):
    """A gzip file with a changed byte in its data or its sums is refused."""
    data = bytearray(PACKED)
    data[place] ^= change

    with pytest.raises(DecodeError):
        read_file(bytes(data))


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"a,b\n1\n2,3\n", 2),
        (b"a,b\n1,2\n1,2,3\n4,5\n", 3),
        (b'a,b\n"1\n2",3\n4\n5,6\n', 4),
    ],
    ids=["short", "long", "behind a quoted newline"],
)
def test_row_of_another_width(data, line):
    """A row of another width than the header has a fault that says so, and its place."""
    with spool_chunks([data], expected_size=None, description="f") as spool:
        *before, odd, after = open_table(spool, "f").rows()

    assert odd.number == line
    assert re.fullmatch(r"has \d cells, but the header has 2", odd.invalid_reason)
    assert not any(row.invalid_reason for row in [*before, after])


@pytest.mark.promise("whole-files")
@pytest.mark.parametrize("rest", [b"1\n", b"1,2\n3", b"1,2\n3,4,5\n"])
def test_last_row_of_another_width(rest):
    """A file whose last row has another width is refused: its end may be lost."""
    with pytest.raises(DecodeError, match=r"qm-workflows: the last line has \d cells, but .* 2"):
        read_file(b"a,b\n" + rest, "qm-workflows")


def test_rows_before_the_damage():
    """Rows before the damage have been yielded."""
    with spool_chunks([b"a,b\n1,2\n3\n"], expected_size=None, description="f") as spool:
        rows = open_table(spool, "f").rows()

        assert next(rows).cells == ["1", "2"]
        with pytest.raises(DecodeError):
            next(rows)


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE html><html></html>",
        b"<html><body>Bad gateway</body></html>",
        b"\n  <HTML>",
        codecs.BOM_UTF8 + b"<!doctype html>",
        b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
        b"<Error><Code>ExpiredToken</Code></Error>",
        gzip.compress(b"<html></html>"),
        gzip.compress(b"<") + gzip.compress(b"html></html>"),
    ],
    ids=["doctype", "html", "capitals", "mark", "xml", "error", "gzip", "gzip of members"],
)
def test_page_in_place_of_a_file(data):
    """A page of HTML or XML is not read as CSV; the message states what came."""
    with pytest.raises(DecodeError, match=r"qm: .*HTML or XML"):
        read_file(data, "qm")


def test_text_in_another_encoding():
    """Text that is not UTF-8 is refused, not guessed at."""
    with pytest.raises(DecodeError, match=r"qm: .*UTF-8"):
        read_file("a,b\n1,Größe\n".encode("latin-1"), "qm")


def test_csv_cut_in_a_character_is_refused():
    """A UTF-16 file that ends inside a character is refused."""
    with pytest.raises(DecodeError):
        read_file(encoded("a,b\n1,2\n", "utf-16-le")[:-1])


@pytest.mark.parametrize(
    "data", [b'a,b\n1,"2\n', b'a,b\n"1"x,2\n'], ids=["open quote", "text behind a quote"]
)
def test_broken_quotes(data):
    """Quotes that do not close, or close too early, are refused."""
    with pytest.raises(DecodeError, match=r"qm: .*CSV"):
        read_file(data, "qm")


@pytest.mark.promise("no-secrets")
def test_csv_error_contains_no_data():
    """The message does not contain the content of the file, which may be personal data."""
    with pytest.raises(DecodeError) as raised:
        read_file(b'a,b\nJane Doe,555-0100\n"Jane Doe"x,2\n')

    assert "Jane" not in str(raised.value)
