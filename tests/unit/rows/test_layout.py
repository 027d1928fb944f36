"""Rows to records by the layout of their file, and the digest of a row."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_cxone.errors import DriftError
from tap_cxone.rows.columns import Column
from tap_cxone.rows.convert import ConversionError
from tap_cxone.rows.layout import FileLayout, RecordSpec
from tests.support.properties import many


def layout(header, known=(), **changes):
    """Match a header with columns of an emitted SCHEMA."""
    changes.setdefault("schema_columns", [column.name for column in known])
    shape = RecordSpec(**{"columns": known, "key_columns": (), "constants": {}, **changes})
    return FileLayout.from_header(header, shape)


def record(header, cells, known=(), **changes):
    return layout(header, known, **changes).row_converter()(cells)


# FileLayout

KNOWN = (Column("id"), Column("score", "number"), Column("passed", "boolean"))


def test_record():
    """A row becomes a record of typed values under the columns' names."""
    found = record(["ID", "Score", "Passed"], ["007", "12.5", "false"], KNOWN)

    assert found == {"id": "007", "score": 12.5, "passed": False}


def test_order_of_the_file():
    """The columns may come in any order."""
    found = record(["Passed", "ID", "Score"], ["yes", "007", ""], KNOWN)

    assert found == {"id": "007", "score": None, "passed": True}


def test_absent_column_is_null():
    """A known column that the file has not is null."""
    made = layout(["ID"], KNOWN)

    assert [column.name for column in made.absent_columns] == ["score", "passed"]
    assert made.row_converter()(["007"]) == {"id": "007", "score": None, "passed": None}


def test_column_absent_and_unannounced_is_omitted():
    """A known column that neither the file nor a SCHEMA has is omitted."""
    assert record(["ID"], ["007"], KNOWN, schema_columns=["id"]) == {"id": "007"}


def test_new_column_stays():
    """An unknown column is kept as a text."""
    made = layout(["ID", "Shift"], KNOWN)

    assert [(column.name, column.type) for column in made.new_columns] == [("shift", "string")]
    assert made.row_converter()(["007", "01"])["shift"] == "01"


def test_known_column_not_announced_is_new():
    """A column that earlier runs learned, but no SCHEMA of this run has, is new."""
    made = layout(["ID", "Score"], KNOWN, schema_columns=["id"])

    assert [column.name for column in made.new_columns] == ["score"]


def test_new_column_with_ignore_is_omitted():
    """An unknown column is omitted on request, and the others stay in their places."""
    made = layout(["Shift", "ID", "Score"], KNOWN, keep_unknown_columns=False)

    assert made.new_columns == ()
    assert made.row_converter()(["01", "007", "5"]) == {"id": "007", "score": 5, "passed": None}


def test_column_omitted_is_not_read():
    """What is omitted cannot be a misfit."""
    known = [column for column in KNOWN if column.name == "id"]
    made = record(
        ["ID", "Score"], ["007", "many"], known, schema_columns=["id"], keep_unknown_columns=False
    )

    assert made == {"id": "007"}


def test_constants():
    """Every record carries the constants."""
    assert record(["ID"], ["1"], KNOWN[:1], constants={"_window_end": "x"}) == {
        "id": "1",
        "_window_end": "x",
    }


def test_records_are_independent():
    """Changing a record leaves the next one alone."""
    make = layout(["ID"], KNOWN[:1], constants={"_window_end": "x"}).row_converter()
    make(["1"]).clear()

    assert make(["2"]) == {"id": "2", "_window_end": "x"}


def test_invalid_cell_names_column_and_type():
    """A cell that is not of its type is a misfit of that column."""
    with pytest.raises(ConversionError, match=r"score.*number") as raised:
        record(["ID", "Score", "Passed"], ["1", "many", "yes"], KNOWN)

    assert raised.value.column == KNOWN[1]


@pytest.mark.promise("no-secrets")
def test_invalid_cell_does_not_show_its_value():
    """Personal data is in no message, nor in its cause."""
    with pytest.raises(ConversionError) as raised:
        record(["Score"], ["Jane Doe"], KNOWN)

    assert "Jane" not in str(raised.value)
    assert raised.value.__suppress_context__


def test_missing_key_column():
    """A file without a key column is refused; the message names it and shows the header."""
    with pytest.raises(DriftError) as raised:
        layout(["Score", "Shift Name"], KNOWN, key_columns=["id", "score", "passed"])

    assert "id, passed" in str(raised.value)
    assert "Score, Shift Name" in str(raised.value)


def test_constant_as_key():
    """A constant may be part of the key."""
    made = record(["ID"], ["1"], KNOWN[:1], key_columns=["id", "_at"], constants={"_at": "x"})

    assert made == {"id": "1", "_at": "x"}


@pytest.mark.parametrize("cell", ["", "  "], ids=["empty", "blank"])
@pytest.mark.parametrize("key", ["id", "score"])
def test_row_with_a_blank_key_is_invalid(cell, key):
    """A row whose key is blank, of any type, cannot be told from others; its column is named."""
    cells = {"id": "1", "score": "5", key: cell}

    with pytest.raises(ConversionError, match=r"^incomplete key$") as raised:
        record(["ID", "Score"], list(cells.values()), KNOWN, key_columns=["id", "score"])

    assert raised.value.column.name == key


@pytest.mark.parametrize("cell", ["", "  "], ids=["empty", "blank"])
def test_group_with_a_blank_key_is_kept(cell):
    """A group without a value is a group: its key is an empty text, as a key is never null."""
    found = record(["ID", "Score"], [cell, "5"], KNOWN, key_columns=["id"], null_keys=True)

    assert found["id"] == ""


def test_group_with_a_blank_key_that_is_no_text_is_invalid():
    """A blank key of another type than text cannot be written, and is a misfit."""
    with pytest.raises(ConversionError, match="score"):
        record(["ID", "Score"], ["1", ""], KNOWN, key_columns=["score"], null_keys=True)


# Digest


def row_digest(header, cells, known=KNOWN, **changes):
    return record(header, cells, known, key_columns=["_row_hash"], **changes)["_row_hash"]


def test_digest_is_sha_256():
    """A row without a natural key is identified by 64 hexadecimal digits."""
    assert int(row_digest(["ID"], ["1"]), 16) >= 0
    assert len(row_digest(["ID"], ["1"])) == 64


@many
@given(st.permutations(list(zip(["ID", "Score", "Shift", "Note"], ["1", "2", "a", ""]))))  # noqa: B905
def test_digest_ignores_order(pairs):
    """The order of a file's columns does not change the digest."""
    header, cells = zip(*pairs, strict=True)

    assert row_digest(header, cells) == row_digest(
        ["ID", "Score", "Shift", "Note"], ["1", "2", "a", ""]
    )


@pytest.mark.parametrize("cell", ["", " "], ids=["empty", "blank"])
def test_digest_ignores_a_new_blank_column(cell):
    """A column that appears and is blank does not change the digest."""
    assert row_digest(["ID", "Shift"], ["1", cell]) == row_digest(["ID"], ["1"])


def test_digest_does_not_depend_on_the_window():
    """The same row of another window has the same digest."""
    one, other = (row_digest(["ID"], ["1"], constants={"_window_end": end}) for end in "ab")

    assert one == other


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        (["ID", "Shift"], ["1", "b"]),
        (["ID", "Shift"], ["a", "1"]),
        (["ID", "Team"], ["1", "a"]),
        (["ID"], ["1"]),
        (["ID", "Shift"], ["1", "a "]),
    ],
    ids=["value", "exchanged", "column", "missing", "blank behind"],
)
def test_digest_tells_rows_apart(header, cells):
    """Another value, or the same under another column, is another row."""
    assert row_digest(header, cells) != row_digest(["ID", "Shift"], ["1", "a"])


def test_digest_is_of_the_source():
    """The digest is that of the file's values, not of the converted ones."""
    as_text, as_number = KNOWN[:1], (Column("id", "number"),)

    assert row_digest(["ID"], ["007"], as_text) == row_digest(["ID"], ["007"], as_number)


@many
@given(st.lists(st.text(max_size=6), min_size=2, max_size=2))
def test_digest_has_no_seams(cells):
    """Values that run into one another do not make the same digest."""
    moved = [cells[0] + cells[1], ""]

    assert (row_digest(["ID", "Note"], cells) == row_digest(["ID", "Note"], moved)) == (
        [cell if cell.strip() else "" for cell in cells]
        == [cell if cell.strip() else "" for cell in moved]
    )


@many
@given(st.lists(st.text(max_size=10), min_size=3, max_size=3))
def test_record_is_json(cells):
    """A record of texts can be written as JSON and holds what the file held."""
    made = record(["a", "b", "c"], cells)

    assert json.loads(json.dumps(made)) == {
        name: cell if cell.strip() else None for name, cell in zip("abc", cells, strict=True)
    }


# Required titles


@pytest.mark.parametrize("title", ["Upd %", "upd %", "UPD%"], ids=["exact", "case", "blank"])
def test_required_title_is_not_the_column_of_its_letters(title):
    """A file with `Upd` alone lacks the required `Upd %`."""
    with pytest.raises(DriftError, match="no column Upd %"):
        layout(["ID", "Upd"], KNOWN, required=["Upd %"])

    assert layout(["ID", title], KNOWN, required=["Upd %"]).new_columns


def test_required_title_of_a_known_column_is_that_column():
    """The title of a column that has a suffix is required there."""
    known = (Column("upd"), Column("upd_2", source_title="Upd %"))

    assert layout(["ID", "Upd %"], known, required=["Upd %"]).spec.mandatory_columns == {"upd_2"}
