"""Lines of a CSV file that are no rows, and rows that end with a delimiter."""

from __future__ import annotations

import codecs
import gzip

import pytest

from tap_cxone.errors import DecodeError
from tap_cxone.rows.decode import open_table
from tap_cxone.spool import spool_chunks

MARK = codecs.BOM_UTF8.decode()


def csv_cells(data):
    """Return the cells of the rows of a file, and the numbers of blank lines and of headers."""
    data = data.encode() if isinstance(data, str) else data
    with spool_chunks([data], expected_size=None, description="f") as spool:
        table = open_table(spool, "f")
        rows = [list(row.cells) for row in table.rows()]
        return rows, table.skipped.blank, table.skipped.repeated_headers


@pytest.mark.parametrize(
    "line",
    [",", ",,,", " , ", '"",""', "\t,", '" "'],
    ids=["2", "4", "blanks", "quoted", "tab", "1"],
)
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_line_of_blank_cells_is_no_row(line, place):
    """A line of blank cells is counted and is no row, whatever its width and place."""
    lines = ["1,2", "3,4"]
    lines.insert({"first": 0, "middle": 1, "last": 2}[place], line)

    assert csv_cells("\n".join(["a,b", *lines, ""])) == ([["1", "2"], ["3", "4"]], 1, 0)


@pytest.mark.parametrize("mark", ["", MARK], ids=["plain", "BOM"])
@pytest.mark.parametrize(
    "header",
    ["a,b", '"a","b"', '"a, b",c', '"a ""x""",b', "a"],
    ids=["plain", "quoted", "comma", "quotes", "one"],
)
def test_repeated_header_is_no_row(mark, header):
    """A header that repeats between rows is counted and is no row, with or without a BOM."""
    row = "1" if header == "a" else "1,2"

    rows, blank, headers = csv_cells("\n".join([header, row, f"{mark}{header}", row, ""]))

    assert (rows, blank, headers) == ([row.split(",")] * 2, 0, 1)


@pytest.mark.parametrize("mark", ["", MARK], ids=["plain", "BOM"])
@pytest.mark.parametrize("first", ["sep={}", "SEP = {}"], ids=["sep", "blanks"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("header", ["a|b|c", "a|b", "a"], ids=["3", "2", "1"])
def test_first_line_of_excel_in_each_part_is_no_row(mark, first, delimiter, header):
    """Each part of a joined file may begin with the line that names the delimiter."""
    cells = list("xyz")[: header.count("|") + 1]
    lines = [first.format(delimiter), header, "|".join(cells)]
    part = mark + "\n".join(line.replace("|", delimiter) for line in lines)

    rows, blank, headers = csv_cells(f"{part}\n{part}\n")

    assert (rows, blank, headers) == ([cells] * 2, 0, 2)


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8], ids=["plain", "BOM"])
def test_header_of_each_gzip_member_is_no_row(mark):
    """Files that were packed one by one and joined have one header."""
    parts = [mark + b"a,b\n%d,x\n" % number for number in range(3)]

    rows, _, headers = csv_cells(b"".join(map(gzip.compress, parts)))

    assert rows == [["0", "x"], ["1", "x"], ["2", "x"]]
    assert headers == 2


@pytest.mark.parametrize("mark", ["", MARK], ids=["plain", "BOM"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["text", "gzip"])
@pytest.mark.parametrize(
    "header", ["Record ID,A", '"Record ID","A"', "Record ID,A,B"], ids=["two", "quoted", "three"]
)
def test_header_behind_an_unfinished_line_is_removed(header, pack, mark):
    """The last row of a part without a final newline is kept."""
    more = ["x"] * (header.count(",") - 1)
    lines = [",".join([name, *more, number]) for name, number in ("a1", "b2", "c3")]
    parts = [f"{mark}{header}\n{lines[0]}\n{lines[1]}", f"{mark}{header}\n{lines[2]}\n"]

    rows, _, headers = csv_cells(b"".join(pack(part.encode()) for part in parts))

    assert rows == [line.split(",") for line in lines]
    assert headers == 1


def test_blank_cell_in_front_of_a_header_is_kept():
    """The last line of a part may end with a delimiter."""
    assert csv_cells("a,b\n1,a,b\n2,x\n") == ([["1", ""], ["2", "x"]], 0, 1)


def test_value_that_ends_with_the_only_title_is_an_invalid_row():
    """It may be a value and the header of the next part; nothing is guessed."""
    with spool_chunks(
        [b"Record ID\na\nbRecord ID\nc\nmy Record ID\n"], expected_size=None, description="f"
    ) as spool:
        reasons = [row.invalid_reason for row in open_table(spool, "f").rows()]

    assert [bool(reason) for reason in reasons] == [False, True, False, False]


def test_row_that_begins_like_the_header_is_a_row():
    """Only the whole header is no row."""
    assert csv_cells("a,b\na,1\n1,b\nb,a\n") == ([["a", "1"], ["1", "b"], ["b", "a"]], 0, 0)


def test_skipped_lines_are_counted_once_per_pass():
    """A second pass over the file counts from zero."""
    with spool_chunks([b"a,b\n,\n1,2\na,b\n"], expected_size=None, description="f") as spool:
        table = open_table(spool, "f")
        for _ in range(2):
            assert [row.cells for row in table.rows()] == [["1", "2"]]

        assert (table.skipped.blank, table.skipped.repeated_headers) == (1, 1)


# Rows that end with a delimiter


def test_blank_cell_behind_every_row_is_accepted():
    """A writer that ends each row, but not the header, with a delimiter is read."""
    assert csv_cells("a,b\n1,2,\n3,, \n") == ([["1", "2"], ["3", ""]], 0, 0)


@pytest.mark.parametrize("rows", [3, 3000])
def test_blank_cell_behind_some_rows_is_rejected(rows):
    """An unquoted comma in a row whose last cell is blank does not move its cells."""
    good = "1,2,3\n" * rows
    with spool_chunks(
        [f"a,b,c\n1,x, y,\n{good}1,x, y,\n{good}".encode()], expected_size=None, description="f"
    ) as spool:
        invalid = [row for row in open_table(spool, "f").rows() if row.invalid_reason]

    assert [row.invalid_reason for row in invalid] == ["has 4 cells, but the header has 3"] * 2


def test_filled_cell_behind_every_row_is_rejected():
    """A further cell with a value is no end of a row; the message has both counts."""
    with pytest.raises(DecodeError, match="has 3 cells, but the header has 2"):
        csv_cells("a,b\n1,2,\n3,4,5\n")
