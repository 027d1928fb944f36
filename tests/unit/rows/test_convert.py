from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_cxone.errors import DriftError
from tap_cxone.rows.columns import Column
from tap_cxone.rows.convert import TEXT_CONVERTERS, ConversionError
from tap_cxone.rows.layout import FileLayout, RecordSpec
from tap_cxone.types import COLUMN_TYPES

many = settings(max_examples=60, deadline=None)

MOMENT = "2026-01-31T17:04:00+00:00"
ids = st.from_regex(r"0{0,3}[0-9]{1,30}", fullmatch=True)
decimals = st.from_regex(r"-?[0-9]{1,25}(\.[0-9]{1,25})?", fullmatch=True)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(
    datetime(1971, 1, 1),  # noqa: DTZ001 (hypothesis adds the zone)
    datetime(2199, 1, 1),  # noqa: DTZ001
    timezones=offsets,
).map(lambda moment: moment.replace(microsecond=0))
date_like = st.text("0123456789 -/:.,+TZWAPMapmJanFebUTCEST", max_size=24)
stamps = st.from_regex(
    r"(0001|2026|9999)-(01-01|12-31)T(00:00:00|23:59:59)(Z|[+-](00|05|14):[0-5]0)", fullmatch=True
)


def convert(kind, text):
    return TEXT_CONVERTERS[kind](text)


def layout(header, known=(), **changes):
    """Match a header with columns that the target has been told of."""
    changes.setdefault("schema_columns", [column.name for column in known])
    shape = RecordSpec(**{"columns": known, "key_columns": (), "constants": {}, **changes})
    return FileLayout.from_header(header, shape)


def record(header, cells, known=(), **changes):
    return layout(header, known, **changes).row_converter()(cells)


# Converters


def test_every_type_has_a_converter():
    """Each type that a setting may name can be read."""
    assert set(TEXT_CONVERTERS) == set(COLUMN_TYPES)


@pytest.mark.parametrize("kind", COLUMN_TYPES)
@pytest.mark.parametrize("text", ["", " ", "\t \n"], ids=["empty", "blank", "white space"])
def test_blank_is_none(kind, text):
    """A blank cell is null, whatever its column's type."""
    assert convert(kind, text) is None


@pytest.mark.parametrize("kind", COLUMN_TYPES)
@many
@given(text=st.text(max_size=30) | date_like | stamps | ids | decimals)
def test_any_text_is_a_value_or_a_value_error(kind, text):
    """A text is converted or refused with a ValueError; nothing else happens."""
    try:
        convert(kind, text)
    except ValueError:
        assert kind != "string"


@many
@given(st.text(min_size=1).filter(str.strip))
def test_string_is_kept_to_the_letter(text):
    """A text comes out as it is, blanks around it and zeros before it included."""
    assert convert("string", text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("42", 42),
        ("-7", -7),
        ("+7", 7),
        ("0042", 42),
        (" 42 ", 42),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("9223372036854775808", Decimal(2**63)),
        ("12345678901234567890", Decimal(12345678901234567890)),
    ],
)
def test_integer(text, value):
    """An integer is exact; one that JSON writers refuse is a Decimal."""
    found = convert("integer", text)

    assert found == value
    assert type(found) is type(value)


@many
@given(ids)
def test_no_integer_loses_a_digit(text):
    """Every digit of an identifier that is declared an integer is kept."""
    assert str(convert("integer", text)) == (text.lstrip("0") or "0")


@pytest.mark.parametrize(
    "text",
    ["1.0", "1,000", "1e3", "0x10", "1_000", "\u0661\u0662", "twelve", "--1", "1 2", "NaN", "true"],
)
def test_no_integer(text):
    """What is not written in ASCII digits alone is no integer."""
    with pytest.raises(ValueError):  # noqa: PT011 (the class is the promise)
        convert("integer", text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.5", 1.5),
        ("-0.25", -0.25),
        ("+1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("0.1", 0.1),
        ("42", 42),
        ("1e3", Decimal("1e3")),
        ("1.5E-3", Decimal("0.0015")),
        ("0.30000000000000004", Decimal("0.30000000000000004")),
        ("12345678901234567890.5", Decimal("12345678901234567890.5")),
        ("12345678901234567890", Decimal(12345678901234567890)),
    ],
)
def test_number(text, value):
    """A number is exact."""
    assert convert("number", text) == value


@many
@given(decimals)
def test_no_number_loses_a_digit(text):
    """A number's value, as it is written out again, is that of the text."""
    value = convert("number", text)

    assert not isinstance(value, bool)
    assert Decimal(repr(value) if isinstance(value, float) else value) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    ["NaN", "inf", "-Infinity", "1,5", "1.2.3", "1e", "e5", ".", "50%", "$5", "1_0", "\u0661"],
)
def test_no_number(text):
    """What JSON cannot write as a number, or means something else elsewhere, is refused."""
    with pytest.raises(ValueError):  # noqa: PT011
        convert("number", text)


@pytest.mark.parametrize("text", ["true", "True", "TRUE", " true ", "yes", "Y", "t", "1"])
def test_true(text):
    """A yes in the usual spellings is True."""
    assert convert("boolean", text) is True


@pytest.mark.parametrize("text", ["false", "False", "FALSE", " false ", "no", "N", "f", "0"])
def test_false(text):
    """A no in the usual spellings is False, the text "false" not being empty notwithstanding."""
    assert convert("boolean", text) is False


@pytest.mark.parametrize("text", ["2", "maybe", "truefalse", "on?", "0.0", "-1", "null"])
def test_no_boolean(text):
    """Any other text is no boolean."""
    with pytest.raises(ValueError):  # noqa: PT011
        convert("boolean", text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31",
        " 2026-01-31 ",
        "20260131",
        "2026-01-31T00:00:00",
        "2026-01-31T00:00:00Z",
        "2026-01-31 00:00:00.000",
        "01/31/2026",
        "1/31/2026",
        "01-31-2026",
        "Jan 31, 2026",
        "January 31 2026",
        "31 January 2026",
        "31-Jan-2026",
        "01/31/2026 12:00:00 AM",
    ],
)
def test_date(text):
    """A date in many spellings is an ISO date."""
    assert convert("date", text) == "2026-01-31"


def test_month_comes_first():
    """Between slashes the month comes first, as the vendor writes it."""
    assert convert("date", "02/01/2026") == "2026-02-01"


@pytest.mark.parametrize("text", ["2026-01-31T17:04:00Z", "01/31/2026 5:04 PM", "2026-01-31 00:01"])
def test_no_date(text):
    """A time of day is not dropped: it is no date."""
    with pytest.raises(ValueError):  # noqa: PT011
        convert("date", text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T17:04:00Z",
        "2026-01-31T17:04:00",
        "2026-01-31T17:04",
        "2026-01-31 17:04:00",
        "2026-01-31T19:04:00+02:00",
        "2026-01-31T19:04:00+0200",
        "2026-01-31T12:04:00-05:00",
        "2026-01-31T17:04:00.000Z",
        "2026-01-31T17:04:00.0000000Z",
        "01/31/2026 5:04 PM",
        "1/31/2026 5:04:00 PM",
        "01/31/2026 17:04:00",
        "Jan 31, 2026 5:04:00 PM",
        "Sat, 31 Jan 2026 17:04:00 GMT",
        "2026-01-31 17:04:00 UTC",
        "Sat Jan 31 2026 17:04:00 +0000",
    ],
)
def test_date_time(text):
    """An instant in many spellings is ISO 8601 in UTC; without an offset it is UTC."""
    assert convert("date-time", text) == MOMENT


def test_date_as_date_time():
    """A date alone is its midnight."""
    assert convert("date-time", "2026-01-31") == "2026-01-31T00:00:00+00:00"


def test_fraction_of_a_second_is_kept():
    """Milliseconds are not rounded away."""
    assert convert("date-time", "2026-01-31T17:04:00.123Z") == "2026-01-31T17:04:00.123000+00:00"


@many
@given(moments, st.sampled_from(["%Y-%m-%dT%H:%M:%S%z", "%m/%d/%Y %I:%M:%S %p %z"]))
def test_no_instant_is_moved(moment, spelling):
    """Every instant with an offset comes out as itself, in UTC."""
    found = datetime.fromisoformat(convert("date-time", moment.strftime(spelling)))

    assert found == moment
    assert found.utcoffset() == timedelta(0)


@many
@given(moments, st.sampled_from(["%Y-%m-%d %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%d %b %Y %H:%M:%S"]))
def test_wall_time_is_utc(moment, spelling):
    """Every time without an offset is taken as UTC."""
    found = datetime.fromisoformat(convert("date-time", moment.strftime(spelling)))

    assert found == moment.replace(tzinfo=UTC)


@pytest.mark.parametrize("kind", ["date", "date-time"])
@pytest.mark.parametrize(
    "text",
    [
        "2026",
        "2026-01",
        "01/2026",
        "January 2026",
        "Jan 31",
        "01/31",
        "31",
        "Monday",
        "17:04",
        "5 PM",
        "Saturday 17:04",
    ],
)
def test_incomplete_date(kind, text):
    """What is missing from a date is not made up."""
    with pytest.raises(ValueError):  # noqa: PT011
        convert(kind, text)


@pytest.mark.parametrize("kind", ["date", "date-time"])
@pytest.mark.parametrize(
    "text", ["soon", "2026-02-30", "02/30/2026", "13/32/2026", "2026-01-31T25:00:00", "null", "-"]
)
def test_no_date_at_all(kind, text):
    """What is no date is refused."""
    with pytest.raises(ValueError):  # noqa: PT011
        convert(kind, text)


@pytest.mark.parametrize("zone", ["EST", "PST", "CET", "IST", "XYZ"])
def test_unknown_zone(zone):
    """The name of a zone that means no certain offset is refused, not left out."""
    with pytest.raises(ValueError):  # noqa: PT011
        convert("date-time", f"01/31/2026 5:04 PM {zone}")


@pytest.mark.parametrize(
    ("machine", "name"), [("America/New_York", "EST"), ("Asia/Shanghai", "CST")]
)
def test_zone_of_the_machine(monkeypatch, machine, name):
    """What a zone's name means does not depend on where the tap runs."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", machine)
        time.tzset()
        try:
            with pytest.raises(ValueError):  # noqa: PT011
                convert("date-time", f"01/30/2026 5:04 PM {name}")
        finally:
            patch.undo()
            time.tzset()


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


def test_unannounced_absent_column_is_left_out():
    """A known column that neither the file has nor the target was told of is not made up."""
    assert record(["ID"], ["007"], KNOWN, schema_columns=["id"]) == {"id": "007"}


def test_new_column_stays():
    """A column nobody announced is kept as a text."""
    made = layout(["ID", "Shift"], KNOWN)

    assert [(column.name, column.type) for column in made.new_columns] == [("shift", "string")]
    assert made.row_converter()(["007", "01"])["shift"] == "01"


def test_known_column_not_announced_is_new():
    """A column that earlier runs learned, but this run's target was not told of, is new."""
    made = layout(["ID", "Score"], KNOWN, schema_columns=["id"])

    assert [column.name for column in made.new_columns] == ["score"]


def test_new_column_left_out():
    """A column nobody knows is left out on request, and the others stay in their places."""
    made = layout(["Shift", "ID", "Score"], KNOWN, keep_unknown_columns=False)

    assert made.new_columns == ()
    assert made.row_converter()(["01", "007", "5"]) == {"id": "007", "score": 5, "passed": None}


def test_column_left_out_is_not_read():
    """What is left out cannot be a misfit."""
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


def test_misfit_names_column_and_type():
    """A cell that is not of its type is a misfit of that column."""
    with pytest.raises(ConversionError, match=r"score.*number") as raised:
        record(["ID", "Score", "Passed"], ["1", "many", "yes"], KNOWN)

    assert raised.value.column == KNOWN[1]


def test_misfit_keeps_the_value_to_itself():
    """Somebody's data does not stand in a message, nor behind it."""
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
def test_blank_key(cell):
    """A row whose key is blank is kept: a key is never null."""
    assert record(["ID", "Score"], [cell, "5"], KNOWN, key_columns=["id"])["id"] == ""


def test_blank_key_that_is_no_text():
    """A blank key of another type than text cannot be written, and is a misfit."""
    with pytest.raises(ConversionError, match="score"):
        record(["ID", "Score"], ["1", ""], KNOWN, key_columns=["score"])


# Digest


def digest(header, cells, known=KNOWN, **changes):
    return record(header, cells, known, key_columns=["_row_hash"], **changes)["_row_hash"]


def test_digest_is_sha_256():
    """A row without a natural key is identified by 64 hexadecimal digits."""
    assert int(digest(["ID"], ["1"]), 16) >= 0
    assert len(digest(["ID"], ["1"])) == 64


@many
@given(st.permutations(list(zip(["ID", "Score", "Shift", "Note"], ["1", "2", "a", ""]))))  # noqa: B905
def test_digest_ignores_order(pairs):
    """The order of a file's columns does not change the digest."""
    header, cells = zip(*pairs, strict=True)

    assert digest(header, cells) == digest(["ID", "Score", "Shift", "Note"], ["1", "2", "a", ""])


@pytest.mark.parametrize("cell", ["", " "], ids=["empty", "blank"])
def test_digest_ignores_a_new_blank_column(cell):
    """A column that appears and is blank does not change the digest."""
    assert digest(["ID", "Shift"], ["1", cell]) == digest(["ID"], ["1"])


def test_digest_does_not_depend_on_the_window():
    """The same row of another window has the same digest."""
    one, other = (digest(["ID"], ["1"], constants={"_window_end": end}) for end in "ab")

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
    assert digest(header, cells) != digest(["ID", "Shift"], ["1", "a"])


def test_digest_is_of_the_source():
    """The digest is that of the file's values, not of the converted ones."""
    as_text, as_number = KNOWN[:1], (Column("id", "number"),)

    assert digest(["ID"], ["007"], as_text) == digest(["ID"], ["007"], as_number)


@many
@given(st.lists(st.text(max_size=6), min_size=2, max_size=2))
def test_digest_has_no_seams(cells):
    """Values that run into one another do not make the same digest."""
    moved = [cells[0] + cells[1], ""]

    assert (digest(["ID", "Note"], cells) == digest(["ID", "Note"], moved)) == (
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


@pytest.mark.parametrize("text", ["31/01/2026", "13.02.2026 10:00", "25-12-2026"])
def test_a_day_in_the_place_of_the_month_is_refused(text):
    """A date that can only be day first is no date here: its neighbours would be read wrongly."""
    with pytest.raises(ValueError, match=text.split(" ")[0]):
        TEXT_CONVERTERS["date-time"](text)
