"""Files of other kinds than UTF-8, commas and plain numbers; NUL characters."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_cxone.errors import ConfigError, DecodeError, InvalidRecords
from tap_cxone.rows.decode.null_characters import NullCharacterFilter
from tap_cxone.rows.text_format import TextFormat
from tap_cxone.simulator import Fault
from tests.support.examples import csv_jobs, json_jobs, quota_jobs
from tests.support.expectations import audit_events, failure, warnings_logged
from tests.support.payroll import PAYROLL, column_values, payroll_csv
from tests.support.properties import many

SINGLE_RECORDS = {"stream_maps": {PAYROLL: {"more": "'1'"}}}
HOURS = {"columns": {"Hours": "number"}}
PATHS = pytest.mark.parametrize("core", [{}, SINGLE_RECORDS], ids=["lines", "records"])


# NUL characters


@PATHS
def test_null_character_is_replaced_and_counted_in_one_warning(payroll, caplog, core):
    """A text that PostgreSQL would refuse has U+FFFD in its place."""
    out = payroll.run(payroll_csv("Note", "a\0b", "c\0\0", "d"), core=core)

    assert column_values(out, "note") == ["a\ufffdb", "c\ufffd\ufffd", "d"]
    (warning,) = [text for text in warnings_logged(caplog) if "NUL" in text]
    assert "3 NUL characters" in warning
    assert f"{csv_jobs.FAMILY}.entities, entry 'payroll', csv.null_characters" in warning


def test_null_characters_are_in_the_audit_log(payroll, audit_log):
    """The event of the validation has their number."""
    payroll.run(payroll_csv("Note", "a\0b"), core={"audit_log_path": str(audit_log)})

    assert [e["null_characters"] for e in audit_events(audit_log, "window_validated")] == [1]


def test_null_character_is_kept_if_set(payroll, caplog):
    """`keep` leaves texts as they came, for targets that take them."""
    out = payroll.run(payroll_csv("Note", "a\0b"), family={"csv": {"null_characters": "keep"}})

    assert column_values(out, "note") == ["a\0b"]
    assert not [text for text in warnings_logged(caplog) if "NUL" in text]


def test_null_character_fails_the_window_if_set(payroll):
    """`fail` emits nothing and downloads no second time."""
    out = payroll.run(payroll_csv("Note", "a\0b"), csv={"null_characters": "fail"})

    assert isinstance(failure(out), InvalidRecords)
    assert "csv.null_characters is 'fail'" in str(failure(out))
    assert out.records(PAYROLL) == []


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (r"a\u0000b", "a\ufffdb"),
        ("a\0b", "a\ufffdb"),
        (r"a\\u0000b", r"a\u0000b"),
        (r"a\\\u0000b", "a\\\ufffdb"),
    ],
    ids=["escape", "raw", "escaped backslash", "backslash and escape"],
)
def test_null_character_of_json_is_replaced(sim, clock, written, value):
    """An escaped NUL is one too; an escaped backslash before `u0000` is none."""
    sim.faults.add(Fault("download", "bytes", body=f'[{{"id": "1", "note": "{written}"}}]'))
    config = json_jobs.changed_export_settings(sim, required_fields=["id"])

    out = json_jobs.run_exports(config, clock)

    assert [r["note"] for r in out.records(json_jobs.STREAM)] == [value]


@many
@given(
    st.lists(st.sampled_from(["\\", "u0000", "\\u0000", "u00", "00", "x", "\0", "\\u0041"])),
    st.integers(1, 9),
)
def test_null_characters_of_json_do_not_depend_on_chunks(parts, size):
    """However a text is cut, the same characters are replaced and counted."""
    text = "".join(parts)
    whole, cut = (NullCharacterFilter(TextFormat(), "f") for _ in range(2))
    reader = cut.json_reader(io.StringIO(text))

    chunks = list(iter(lambda: reader.read(size), ""))

    assert "".join(chunks) == whole.filter_json(text)
    assert cut.count == whole.count


# Encodings


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("quote", ["", '"'], ids=["plain", "quoted"])
def test_utf_16_without_byte_order_mark_is_recognised(payroll, encoding, quote):
    """The zero bytes of the titles show it."""
    text = f"{quote}Record ID{quote},Note\n1,Zoë ✓\n"

    out = payroll.run(text.encode(encoding))

    assert column_values(out, "note") == ["Zoë ✓"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("start", ["% of ", "\r\n#", "# "], ids=["sign", "blank line", "hash"])
def test_utf_16_without_byte_order_mark_may_begin_with_signs(payroll, encoding, start):
    """Up to four signs and line ends may stand before the first letter."""
    out = payroll.run(f"{start}Hours,Record ID,Note\n7,1,Zoë\n".encode(encoding))

    assert column_values(out, "note") == ["Zoë"]


def test_latin_1_is_read_with_the_setting(payroll):
    """`encoding` names it, for one entity or for the family."""
    out = payroll.run(payroll_csv("Note", "Zoë").encode("latin-1"), csv={"encoding": "latin-1"})

    assert column_values(out, "note") == ["Zoë"]


def test_text_of_another_encoding_names_the_setting(payroll):
    """Without the setting the file is refused, and the message says what to set."""
    out = payroll.run(payroll_csv("Note", "Zoë").encode("latin-1"))

    assert isinstance(failure(out), DecodeError)
    assert f"set {csv_jobs.FAMILY}.entities, entry 'payroll', csv.encoding" in str(failure(out))


@pytest.mark.parametrize("own", ["", "latin-1", "utf-16"], ids=["detected", "latin-1", "utf-16"])
@pytest.mark.parametrize("mark", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("note", ["Zoë", "Zoëë"], ids=["odd", "even"])
def test_byte_order_mark_of_another_encoding_names_the_setting(payroll, mark, own, note):
    """The text behind the mark is latin-1; nothing of it is guessed."""
    text = "\ufeff".encode(mark) + payroll_csv("Note", note).encode("latin-1")

    out = payroll.run(text, csv={"encoding": own} if own else {})

    assert isinstance(failure(out), DecodeError)
    assert f"{csv_jobs.FAMILY}.entities, entry 'payroll', csv.encoding" in str(failure(out))
    assert out.records(PAYROLL) == []


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "marked"])
@pytest.mark.parametrize("own", ["utf-8", "utf-16-le", "utf-16-be"])
def test_encoding_of_the_setting_reads_a_byte_order_mark_as_none_of_the_text(payroll, own, mark):
    """The first title has no mark in front, so a declared column has it."""
    text = f"{mark}Hours %,Record ID\n7,1\n".encode(own)

    out = payroll.run(text, csv={"encoding": own}, columns={"Hours %": "number"})

    assert column_values(out, "hours") == [7]


def test_text_that_is_not_of_the_set_encoding_names_the_setting(payroll):
    """UTF-16 needs a byte order mark; without one the setting names the order of bytes."""
    out = payroll.run(payroll_csv("Note", "a"), csv={"encoding": "utf-16"})

    assert isinstance(failure(out), DecodeError)
    assert "the text is not UTF-16; if it has another encoding, set " in str(failure(out))


@pytest.mark.parametrize("encoding", ["klingon", "rot13", "base64"])
def test_encoding_that_does_not_exist_is_a_problem_of_the_settings(payroll, encoding):
    """The path of the setting is named before any request."""
    with pytest.raises(ConfigError, match=rf"{csv_jobs.FAMILY}\.csv\.encoding is '{encoding}'"):
        payroll.run("", family={"csv": {"encoding": encoding}})


# Delimiters


@pytest.mark.parametrize("delimiter", [";", "\t", "|"], ids=["semicolon", "tab", "vertical bar"])
@pytest.mark.parametrize("quote", ["", '"'], ids=["plain", "quoted"])
def test_delimiter_is_recognised_by_a_known_column(payroll, delimiter, quote):
    """A header of one cell that has a known column between other delimiters."""
    lines = (["Record ID", "Note"], ["1", "a, b"])
    text = "\n".join(delimiter.join(f"{quote}{c}{quote}" for c in cells) for cells in lines)

    out = payroll.run(text)

    assert column_values(out, "record_id") == ["1"]
    assert column_values(out, "note") == ["a, b"]


def test_delimiter_of_a_table_without_known_columns_names_the_setting(sim, clock):
    """Nothing shows that a semicolon is one, so the message says what to set."""
    sim.faults.add(Fault("download", "bytes", body="Agent;Note\n1;x\n", times=9))

    out = quota_jobs.run_tables(quota_jobs.table_settings(sim), clock)

    assert f"set {quota_jobs.FAMILY}.stream_csv.{quota_jobs.KB}.delimiter" in str(
        failure(out, quota_jobs.KB)
    )


def test_delimiter_of_a_stream_is_used(sim, clock):
    """A table has settings of its own, and those of the family where it sets none."""
    sim.faults.add(Fault("download", "bytes", body="Agent;Note\n1;N/A\n"))
    own = {"stream_csv": {quota_jobs.KB: {"delimiter": ";"}}, "csv": {"null_values": ["N/A"]}}

    out = quota_jobs.run_tables(quota_jobs.table_settings(sim, **own), clock)

    assert [(r["agent"], r["note"]) for r in out.records(quota_jobs.KB)] == [("1", None)]


def test_delimiter_of_several_characters_is_a_problem_of_the_settings(payroll):
    """The path of the setting is named before any request."""
    with pytest.raises(ConfigError, match=r"entry 'payroll', csv\.delimiter must be one character"):
        payroll.run("", csv={"delimiter": ";;"})


# Numbers and nulls


@PATHS
@pytest.mark.parametrize(
    ("number_format", "text", "value"),
    [
        ("1.234,5", "1.234.567,25", 1234567.25),
        ("1.234,5", "-7,5", -7.5),
        ("1.234,5", "1.234", 1234),
        ("1,234.5", "1,234.5", 1234.5),
        ("1 234,5", "1\u202f234,5", 1234.5),
        ("1 234,5", "1 234\u00a0567", 1234567),
        ("1'234.5", "1\u2019234.5", 1234.5),
        ("1.234,5", "42", 42),
    ],
)
def test_number_format_of_the_setting_is_used(payroll, core, number_format, text, value):
    """Decimal commas and separators of thousands give the number that they mean."""
    out = payroll.run(
        payroll_csv("Hours", f'"{text}"'), csv={"number_format": number_format}, core=core, **HOURS
    )

    assert column_values(out, "hours") == [value]


@pytest.mark.parametrize(
    ("number_format", "text"),
    [("1.234,5", "1.23"), ("1,234.5", "1,23"), ("1,234.5", "12,34.5"), ("1234.5", "1,234.5")],
)
def test_number_of_another_format_is_invalid(payroll, number_format, text):
    """A separator in the wrong position is no number, and none is guessed."""
    strict = {"invalid_records": "fail"}

    out = payroll.run(
        payroll_csv("Hours", f'"{text}"'),
        csv={"number_format": number_format},
        core=strict,
        **HOURS,
    )

    assert "column hours has a value that is not of type number" in str(failure(out))


@PATHS
def test_words_for_null_are_null_in_columns_of_any_type(payroll, core):
    """`null_values` are compared with the whole cell, blanks around it apart."""
    cells = ("N/A,N/A,N/A", " - ,1.5,2026-11-01", "N/A?,2.5,")
    kinds = {"Hours": "number", "When": "date"}
    words = {"csv": {"null_values": ["N/A", "-"]}}

    out = payroll.run(payroll_csv("Note,Hours,When", *cells), columns=kinds, core=core, **words)

    assert column_values(out, "note") == [None, None, "N/A?"]
    assert column_values(out, "hours") == [None, 1.5, 2.5]
    assert column_values(out, "when") == [None, "2026-11-01", None]


def test_settings_of_a_stream_complete_those_of_its_family(payroll):
    """An entity that sets one of them keeps the others of the family."""
    family = {"csv": {"delimiter": ";", "number_format": "1.234,5"}}

    out = payroll.run(
        "Record ID;Hours\n1;1,5\n2;N/A\n", family=family, csv={"null_values": ["N/A"]}, **HOURS
    )

    assert column_values(out, "hours") == [1.5, None]
