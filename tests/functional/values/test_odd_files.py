"""Files that Excel and other programs have saved: their first line, headers, encoding, extremes."""

from __future__ import annotations

import unicodedata

import pytest

from tests.support.examples import csv_jobs
from tests.support.expectations import failure, warnings_logged
from tests.support.payroll import PAYROLL, column_values, payroll_csv

CSV_SETTING = f"{csv_jobs.FAMILY}.entities, entry 'payroll', csv"
PATHS = pytest.mark.parametrize(
    "core", [{}, {"stream_maps": {PAYROLL: {"more": "'1'"}}}], ids=["lines", "records"]
)


# The first line


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "marked"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("quote", ["", '"'], ids=["bare", "quoted"])
def test_first_line_of_excel_names_the_delimiter(payroll, mark, delimiter, quote):
    """`sep=;` is no header; it says what stands between two cells."""
    rows = [f"{quote}sep={delimiter}{quote}", "Record ID|Note|Hours", "1|a|7", "2|b|8"]
    first, *others = rows

    out = payroll.run(mark + "\r\n".join([first, *(r.replace("|", delimiter) for r in others)]))

    assert column_values(out, "note") == ["a", "b"]
    assert column_values(out, "hours") == ["7", "8"]


def test_first_line_of_excel_may_have_blanks(payroll):
    """`sep = ;` is the same line."""
    out = payroll.run("sep = ;\nRecord ID;Note\n1;a\n")

    assert column_values(out, "note") == ["a"]


def test_first_line_of_excel_keeps_the_numbers_of_lines(payroll):
    """The quarantine names the line as an editor counts it."""
    text = "sep=;\nRecord ID;Hours\n1;7\n2;x\n3;8\n"

    out = payroll.run(text, columns={"Hours": "number"})

    assert [row["location"] for row in out.records("quarantine")] == ["line 4"]


def test_first_line_of_excel_does_not_change_the_setting(payroll):
    """`delimiter` is used, and the line is no header either."""
    out = payroll.run("sep=,\nRecord ID;Note\n1;a,b\n", csv={"delimiter": ";"})

    assert column_values(out, "note") == ["a,b"]


@PATHS
def test_first_line_of_excel_in_a_later_part_is_no_row(payroll, core):
    """In a file that is joined from parts it comes again, and is no record and no invalid row."""
    out = payroll.run("sep=;\nRecord ID;Note\n1;a\nsep=;\nRecord ID;Note\n2;b\n", core=core)

    assert column_values(out, "record_id") == ["1", "2"]
    assert out.records("quarantine") == []


def test_row_that_looks_like_the_first_line_of_excel_is_a_row(payroll):
    """Only the first line names the delimiter."""
    out = payroll.run("Record ID\n1\nsep=;\n")

    assert column_values(out, "record_id") == ["1", "sep=;"]


# The header


@pytest.mark.parametrize("titles", ["Record ID,Résumé", "Numéro,Record ID"], ids=["last", "first"])
def test_repeated_header_in_decomposed_form_is_no_row(payroll, titles):
    """An accent may be part of its letter or a character of its own: the title is the same."""
    again = unicodedata.normalize("NFD", titles)

    out = payroll.run(f"{titles}\n1,2\n{again}\n3,4\n")

    assert len(out.records(PAYROLL)) == 2


@PATHS
@pytest.mark.parametrize(
    "repeated",
    ["RECORD ID,NOTE", " Record ID , Note ", "record  id,note", '"Record ID","NOTE"'],
    ids=["capitals", "blanks around", "blanks inside", "quotes"],
)
def test_repeated_header_of_another_spelling_is_no_row(payroll, core, repeated):
    """Parts of a file may come from different writers."""
    out = payroll.run(f"Record ID,Note\n1,a\n{repeated}\n2,b\n", core=core)

    assert column_values(out, "record_id") == ["1", "2"]


@pytest.mark.parametrize("row", ["Record ID,Notes", "Record ID,", "x,Note"])
def test_row_with_one_title_is_a_row(payroll, row):
    """Each cell of a repeated header is its title."""
    out = payroll.run(f"Record ID,Note\n1,a\n{row}\n")

    assert len(out.records(PAYROLL)) == 2


def test_cell_that_spells_the_only_title_otherwise_is_a_row(payroll):
    """In a file of one column only the same text is a repeated header."""
    out = payroll.run("Record ID\n1\nrecord id\nRecord ID\n")

    assert column_values(out, "record_id") == ["1", "record id"]


def test_comma_in_a_title_does_not_hide_the_delimiter(payroll):
    """A header whose cells between commas are unknown is tried with the other delimiters."""
    out = payroll.run("Record ID;Hours, paid;Note\n1;7,5;a\n")

    assert column_values(out, "hours_paid") == ["7,5"]
    assert column_values(out, "note") == ["a"]


def test_comma_between_unknown_titles_names_the_delimiter(payroll):
    """A header without the key, but with another delimiter, may need that setting."""
    out = payroll.run("Number;Hours, paid;Note\n1;7,5;a\n")

    assert "no column record_id in the header" in str(failure(out))
    assert f"{CSV_SETTING}.delimiter" in str(failure(out))


# UTF-16


HEADERS = {
    "Hindi": "मात्रा,मित्र",
    "Japanese": "通話後の処理,なまえ",
    "kana": "なまえ,とし",
    "Russian": "Навык,Агент",
    "Thai": "ทักษะ,ตัวแทน",
    "Arabic": "مهارة,وكيل",
    "Hebrew": "מיומנות,סוכן",
    "Greek": "Δεξιότητα,Όνομα",
    "Korean": "기술,상담원",
    "Chinese": "技能,坐席",
}


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_utf_16_without_a_latin_title_is_recognised(payroll, encoding, header):
    """The zero bytes of commas and line ends show it."""
    key, _ = header.split(",")

    out = payroll.run(f"{header}\n1,é\n2,{key}\n".encode(encoding), primary_keys=[key])

    assert [list(record.values())[1] for record in out.records(PAYROLL)] == ["é", key]


@pytest.mark.parametrize("note", ["a\0b", "\0", "a\0", "\0\0\0", "a\0,\0b"])
@pytest.mark.parametrize("header", ["Record ID,Note", "Record IDs,Note"], ids=["even", "odd"])
def test_null_character_does_not_make_utf_16(payroll, header, note):
    """Zero bytes of single cells leave a file UTF-8."""
    key = header.split(",")[0]

    out = payroll.run(f'{header}\n1,"{note}"\n', primary_keys=[key])

    assert column_values(out, "note") == [note.replace("\0", "\ufffd")]


# Extremes


@PATHS
@pytest.mark.parametrize(
    "text",
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "9999-12-31 23:59", "1e400"],
)
def test_value_out_of_range_is_an_invalid_row(payroll, core, text):
    """A value that no column holds is quarantined, and the other rows are emitted."""
    kind = "number" if text == "1e400" else "date-time"
    good = "7" if kind == "number" else "2026-11-01T00:00:00"

    out = payroll.run(
        payroll_csv("Value", good, text, good),
        columns={"Value": kind},
        timezone="America/New_York",
        core=core,
    )

    assert out.error is None
    assert column_values(out, "record_id") == ["1", "3"]
    assert [row["field"] for row in out.records("quarantine")] == ["value"]


# A single column


@PATHS
@pytest.mark.parametrize("title", ["ID", "No.", "M"])
def test_value_that_ends_with_a_short_only_title_is_warned_of(payroll, caplog, core, title):
    """Such a title is too short to show that two parts were joined, so the value is emitted."""
    out = payroll.run(f"{title}\n1\n2{title}\n3\n", primary_keys=[title], core=core)

    (warning,) = [text for text in warnings_logged(caplog) if "as if parts" in text]
    assert out.error is None
    assert len(out.records(PAYROLL)) == 3
    assert f"1 values end with their title '{title}'" in warning
