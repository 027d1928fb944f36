"""Files that are joined from parts whose headers have other orders, or no line end before them."""

from __future__ import annotations

import codecs
import unicodedata
from collections import Counter

import pytest

from tap_cxone.rows.decode import open_table
from tap_cxone.spool import spool_chunks

MARK = codecs.BOM_UTF8.decode()
HEADER = "a,b,c"
READ = {"blocks": lambda table: table.blocks(), "plain": lambda table: table.plain_blocks(1 << 16)}


def joined_cells(text, how):
    """Return the cells of the valid rows of a file, and the number of skipped headers."""
    with spool_chunks([text.encode()], expected_size=None, description="f") as spool:
        table = open_table(spool, "f")
        blocks = list(READ[how](table))
        rows = [list(block.row(i).cells) for block in blocks for i in range(block.count)]
        return rows, table.skipped.repeated_headers


@pytest.mark.parametrize("how", READ)
@pytest.mark.parametrize("mark", ["", MARK], ids=["plain", "BOM"])
@pytest.mark.parametrize("again", ["c,a,b", '"c","a","b"'], ids=["bare", "quoted"])
@pytest.mark.parametrize("end", ["\n", ""], ids=["line end", "no line end"])
def test_rows_behind_a_header_in_another_order_are_read_in_that_order(how, mark, again, end):
    """The cells of each part come back in the order of the first header, until the next one."""
    text = f"{HEADER}\n1,2,3\n4,5,6{end}{mark}{again}\n9,7,8\n12,10,11{end}{HEADER}\n13,14,15\n"

    rows, headers = joined_cells(text, how)

    assert rows == [[f"{first + index}" for index in range(3)] for first in (1, 4, 7, 10, 13)]
    assert headers == 2


@pytest.mark.ci
@pytest.mark.parametrize("how", READ)
def test_rows_of_later_blocks_keep_the_order_of_their_part(how):
    """The order counts until the next header, over any number of rows."""
    text = f"{HEADER}\n1,2,3\nb,c,a\n" + "2,3,1\n" * 60_000

    rows, _ = joined_cells(text, how)
    found = Counter(map(tuple, rows))
    del rows  # else a failure formats them

    assert found == {("1", "2", "3"): 60_001}


@pytest.mark.parametrize("how", READ)
def test_repeated_title_of_another_order_keeps_its_number(how):
    """The first of two equal titles is the first one in each part."""
    rows, headers = joined_cells("k,s,s\n1,x,y\ns,k,s\nx,2,y\n", how)

    assert (rows, headers) == ([["1", "x", "y"], ["2", "x", "y"]], 1)


@pytest.mark.parametrize("how", READ)
@pytest.mark.parametrize("row", ["b,a,a", "c,b,x", "a,b,a", "c,a,Bb"])
def test_row_of_some_titles_is_a_row(how, row):
    """Only a row with each title is a header in another order."""
    rows, headers = joined_cells(f"{HEADER}\n{row}\n1,2,3\n", how)

    assert (rows, headers) == ([row.split(","), ["1", "2", "3"]], 0)


@pytest.mark.parametrize("how", READ)
def test_trailing_delimiter_of_rows_in_another_order_is_accepted(how):
    """Rows that end with a delimiter are read in the order of their part too."""
    rows, headers = joined_cells(f"{HEADER}\n1,2,3,\nc,a,b\n3,1,2,\n", how)

    assert (rows, headers) == ([["1", "2", "3"]] * 2, 1)


@pytest.mark.parametrize("how", READ)
@pytest.mark.parametrize(
    "again", ["C,A,B", "c, A ,b", " c ,a,b"], ids=["capitals", "blanks", "blanks first"]
)
def test_header_of_another_spelling_in_another_order_is_no_row(how, again):
    """Parts of a file may come from different writers."""
    rows, headers = joined_cells(f"{HEADER}\n1,2,3\n{again}\n3,1,2\n", how)

    assert (rows, headers) == ([["1", "2", "3"]] * 2, 1)


@pytest.mark.parametrize("how", READ)
@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")], ids=["composed", "decomposed"])
def test_other_unicode_form_of_a_header_in_another_order_is_no_row(how, forms):
    """The composed and the decomposed `Résumé` are one title, also where a part begins with it."""
    first, again = (unicodedata.normalize(form, "Résumé") for form in forms)

    rows, headers = joined_cells(f"k,{first},n\n1,2,3\n{again},n,k\n2,3,1\n", how)

    assert (rows, headers) == ([["1", "2", "3"]] * 2, 1)


@pytest.mark.parametrize("how", READ)
@pytest.mark.parametrize(
    ("again", "cells"), [("k,S,s", "2,y,x"), ("s,k,S", "x,2,y"), ("k,s,S", "2,x,y")]
)
def test_titles_that_differ_in_case_only_keep_their_cells(how, again, cells):
    """A header in another order is told by its exact titles first."""
    rows, headers = joined_cells(f"k,s,S\n1,x,y\n{again}\n{cells}\n", how)

    assert (rows, headers) == ([["1", "x", "y"], ["2", "x", "y"]], 1)
