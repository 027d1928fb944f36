"""Texts of cells to typed values."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_cxone.config.types import COLUMN_TYPES
from tap_cxone.rows.column_converters import column_converter
from tap_cxone.rows.columns import Column
from tap_cxone.rows.convert import text_converter
from tests.support.ids import readable
from tests.support.properties import many

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
    return text_converter(kind)(text)


def test_every_type_has_a_converter():
    """Each type that a setting may name can be read."""
    assert all(text_converter(kind)("") is None for kind in COLUMN_TYPES)


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
    ids=readable,
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
    ids=readable,
)
def test_number(text, value):
    """A number is exact."""
    assert convert("number", text) == value


@pytest.mark.parametrize("text", ["-0", "-0.0", "-0e0", "-0.000000000000000000"])
def test_zero_has_no_sign(text):
    """A zero is the same number in every target, by cells and by columns."""
    by_column = column_converter(Column("n", "number"), cells_are_text=True)([text, "1"])

    assert [str(convert("number", text))[0], str(by_column[0])[0]] == ["0", "0"]


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


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-20 10:00:00 GMT-0500", "2026-11-20T15:00:00+00:00"),
        ("2026-11-20 10:00 UTC+2", "2026-11-20T08:00:00+00:00"),
        ("2026-11-20 10:00 utc +02:00", "2026-11-20T08:00:00+00:00"),
        ("20 Nov 2026 10:00 UTC+05:30", "2026-11-20T04:30:00+00:00"),
        ("11/20/2026 10:00 AM GMT-0500", "2026-11-20T15:00:00+00:00"),
        ("11/20/2026 10:00 AM-0500", "2026-11-20T15:00:00+00:00"),
        ("20-Nov-2026 10:00 -0500", "2026-11-20T15:00:00+00:00"),
    ],
    ids=readable,
)
def test_offset_behind_utc_keeps_its_sign(text, instant):
    """`UTC+2` is two hours ahead of UTC, as `+02:00` is."""
    assert convert("date-time", text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "31.01.2026 17.04",
        "31.1.26 17.04.00",
        "01/31/2026 17.04",
        "01/31/2026 5.04 PM",
        "2026-01-31 17.04",
        "2026-01-31T17.04.00",
        "2026/01/31 17.04",
        "31 Jan 2026, 17.04",
        "Sat 31.01.2026 17.04",
    ],
)
def test_dots_of_a_time_are_colons(text):
    """`17.04` is no 17 hours and a fraction of a second."""
    assert convert("date-time", text) == MOMENT


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31 17.5",
        "2026-01-31 17,04",
        "31.01.2026 17:04.5",
        "01/31/2026 17.61",
        "31 Jan 2026 17.5",
    ],
)
def test_fraction_of_an_hour_or_a_minute_is_no_time(text):
    """It may be meant as minutes or seconds."""
    with pytest.raises(ValueError):  # noqa: PT011
        convert("date-time", text)


@pytest.mark.parametrize("kind", ["date", "date-time"])
@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31-05:00",
        "2026-01-31+05:30",
        "2026-01-31 -0500",
        "2026-01-31+05",
        "20260131-0500",
        "2026-W05-6+01:00",
        "01/31/2026-05:00",
        "31.01.2026 -0500",
        "31 Jan 2026 -0500",
        "31 Jan 2026+05:30",
    ],
)
def test_date_with_an_offset_is_no_time(kind, text):
    """The offset is not read as the time of day."""
    with pytest.raises(ValueError):  # noqa: PT011
        convert(kind, text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T12:04-05:00",
        "20260131T120400-0500",
        "20260131T1204-05:00",
        "Sat Jan 31 12:04:00 2026 -0500",
        "31-Jan-2026 12:04 -05:00",
        "Jan-31-2026 12.04 -0500",
    ],
)
def test_offset_behind_a_time_is_that_of_the_instant(text):
    """Whatever the form of the date is."""
    assert convert("date-time", text) == MOMENT


@pytest.mark.parametrize("zone", ["EST-5", "EST -0500", "EST", "PST", "CET", "IST", "XYZ"])
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
