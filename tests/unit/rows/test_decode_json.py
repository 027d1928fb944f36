from __future__ import annotations

import gzip
import io
import json
import tracemalloc
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_cxone.errors import DecodeError
from tap_cxone.rows.decode import FileExpectation, Format, open_table
from tap_cxone.rows.decode.json_text import read_values
from tap_cxone.rows.text_format import TextFormat
from tap_cxone.spool import spool_chunks
from tests.support.properties import many

JSON: tuple[Format, ...] = ("json",)
CSV: tuple[Format, ...] = ("csv",)
BOTH = JSON + CSV

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=10) | st.sampled_from(
    ["", '"', "\\", "a\nb", "ü€😀", "\ufeff", "\x00", "\u2028", "[1,", "}", '"}{"', "\\u00e9"]
)
NUMBERS = st.integers() | st.decimals(allow_nan=False, allow_infinity=False, places=3)
VALUES = st.recursive(
    st.none() | st.booleans() | TEXTS | NUMBERS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.lists(st.dictionaries(TEXTS, VALUES, max_size=4), max_size=5)
BLANKS = st.text(" \t\r\n", max_size=3)


def json_text(value):
    """Write a value as JSON, decimals digit by digit."""
    match value:
        case Decimal():
            return str(value)
        case dict():
            pairs = (f"{json.dumps(key)}: {json_text(item)}" for key, item in value.items())
            return f"{{{', '.join(pairs)}}}"
        case list():
            return f"[{', '.join(map(json_text, value))}]"
        case _:
            return json.dumps(value)


def array(elements, blank=""):
    return f"[{blank}{f'{blank},{blank}'.join(elements)}{blank}]{blank}"


def json_lines(elements, blank=""):
    return "".join(f"{blank}{element}\n" for element in elements)


class Dripping(io.StringIO):
    """A text that gives fewer characters than are requested."""

    def __init__(self, text, most):
        """Give at most so many characters at once."""
        super().__init__(text, newline="")
        self.most = most

    def read(self, size=-1, /):
        return super().read(self.most if size < 0 else min(size, self.most))


AS_IT_IS = TextFormat(null_characters="keep")


def json_rows_of(data, *, required=(), name="f"):
    """Return the rows of a JSON file, and its header at the end."""
    data = data.encode() if isinstance(data, str) else data
    with spool_chunks([data], expected_size=None, description=name) as spool:
        table = open_table(spool, name, FileExpectation(BOTH, required, text_format=AS_IT_IS))
        found = list(table.rows())
        return found, table.header


def json_objects(data):
    """Return the rows of a JSON file as objects of the keys that were known by then."""
    found, header = json_rows_of(data)
    return [dict(zip(header, row.cells, strict=False)) for row in found]


# What comes back


@many
@given(OBJECTS, st.sampled_from([array, json_lines]), BLANKS, st.integers(1, 40))
@example([{"a": 1}, {"b": 2}], array, "\n  ", 3)
@example([{"a": Decimal("1.500")}, {}], json_lines, " ", 1)
def test_objects_come_back(wanted, layout, blank, most):
    """Any objects, in an array or one a line, indented or not, come back however they are cut."""
    text = layout([json_text(value) for value in wanted], blank)

    found = list(read_values(Dripping(text, most), "f"))

    assert [value for _, value in found] == wanted
    assert [part for part, _ in found] == [json_text(value) for value in wanted]


@pytest.mark.ci
@many
@given(
    st.lists(st.dictionaries(TEXTS.filter(bool), VALUES, min_size=1, max_size=4), min_size=1),
    st.sampled_from([array, json_lines]),
    BLANKS,
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.integers(0, 2),
)
def test_files_come_back(wanted, layout, blank, encoding, times):
    """The same of files: with any byte order mark, packed once, twice or not."""
    data = layout([json_text(value) for value in wanted], blank).encode(encoding)
    for _ in range(times):
        data = gzip.compress(data)

    found = json_objects(data)

    assert [[v for v in row.values() if v is not None] for row in found] == [
        sorted_as(wanted, row) for row in wanted
    ]


def sorted_as(wanted, row):
    """Return the values of an object in the order in which the file shows its keys first."""
    order = dict.fromkeys(key for each in wanted for key in each)
    return [row[key] for key in order if row.get(key) is not None]


def test_json_dumps_comes_back():
    """Blanks after the commas, as most writers set them, are no fault."""
    assert json_objects(json.dumps([{"a": 1}, {"a": 2}, {"a": 3}])) == [
        {"a": 1},
        {"a": 2},
        {"a": 3},
    ]


@pytest.mark.parametrize(
    "text",
    ["3.10", "0.1", "12345678901234567890.123456789", "1.0", "-0.0", "1.5e300"],
)
def test_fractions_are_exact(text):
    """A fraction is the decimal that stands in the file, its last zeros kept."""
    ((row,), _) = json_rows_of(f'[{{"n":{text}}}]')

    assert isinstance(row.cells[0], Decimal)
    assert row.cells[0].as_tuple() == Decimal(text).as_tuple()


def test_big_integers_are_exact():
    """An integer of any length keeps its digits."""
    assert json_objects('[{"n":123456789012345678901234567890}]') == [
        {"n": 123456789012345678901234567890}
    ]


def test_empty_array_has_no_rows():
    """`[]`, blanks around it or not, is a file without rows."""
    assert json_rows_of("[]") == ([], ())
    assert json_rows_of(" [ ]\n") == ([], ())


def test_header_grows_with_late_keys():
    """Keys that come late are columns; those before them have as many cells as were known."""
    found, header = json_rows_of('[{"a":1},{"b":2,"a":3},{"c":4}]')

    assert header == ("a", "b", "c")
    assert [list(row.cells) for row in found] == [[1], [3, 2], [None, None, 4]]


def test_header_is_complete_the_second_time():
    """Read again, a table has all its columns from the first row on."""
    with spool_chunks([b'[{"a":1},{"b":2}]'], expected_size=None, description="f") as spool:
        table = open_table(spool, "f", FileExpectation(JSON))
        list(table.rows())

        assert [list(row.cells) for row in table.rows()] == [[1, None], [None, 2]]


def test_value_longer_than_the_buffer_is_read_whole():
    """An object of megabytes comes whole."""
    (found,) = json_objects(json.dumps([{"a": "x" * 3_000_000, "b": ["ü"] * 100_000}]))

    assert (len(found["a"]), len(found["b"])) == (3_000_000, 100_000)


@pytest.mark.parametrize(
    "tail", ["7.5", "1e5", "-2", "12", "true", "null", '"ab"', '"\\ud83d\\ude00"']
)
def test_element_at_the_edge_of_the_buffer_is_read_whole(tail):
    """Wherever the text is cut while it is read, an element is what stands in the file."""
    for most in range(1, len(tail) + 9):
        found = list(read_values(Dripping(f'[{{"a":1}},{tail},{{"a":2}}]', most), "f"))

        assert [part for part, _ in found] == ['{"a":1}', tail, '{"a":2}']


@pytest.mark.promise("constant-memory")
def test_decoding_long_json_takes_constant_memory():
    """Ten times the file takes no more memory."""
    peaks = []
    for number in (400, 4000):
        object_ = json.dumps({"id": "x" * 900, "n": 1.25})
        parts = (f"{object_},".encode() for _ in range(number))
        data = gzip.compress(b"[" + b"".join(parts) + object_.encode() + b"]", 1)
        with spool_chunks([data], expected_size=None, description="f") as spool:
            table = open_table(spool, "f", FileExpectation(JSON))
            tracemalloc.start()
            assert sum(1 for _ in table.rows()) == number + 1
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()

    assert peaks[1] < peaks[0] * 1.3
    assert peaks[1] < 4_000_000  # a megabyte of it unpacks the file


# Elements that are no rows


@pytest.mark.parametrize("text", ['"text"', "null", "7", "1.50", "true", "[]", '[{"id": 1}]'])
def test_no_object(text):
    """An element that is no object is a row with a fault, kept to the letter."""
    (first, row, last), header = json_rows_of(f'[{{"id":1}},{text},{{"id":2}}]')

    assert (first.invalid_reason, last.invalid_reason) == ("", "")
    assert row.invalid_reason == "is not an object"
    assert row.raw_text == text
    assert (first.number, row.number, last.number) == (1, 2, 3)
    assert header == ("id",)


def test_missing_field_is_named():
    """An object that lacks a field names it; one in which it is null lacks nothing."""
    found, _ = json_rows_of('[{"id":1,"botId":null},{"id":2}]', required=("id", "botId"))

    assert [(row.invalid_reason, row.field) for row in found] == [
        ("", None),
        ("lacks the required botId", "botId"),
    ]


def test_several_missing_fields():
    """All that is missing is named, one of it as the field."""
    ((row,), _) = json_rows_of('[{"x":1}]', required=("id", "botId"))

    assert row.invalid_reason == "lacks the required botId, id"
    assert row.field == "botId"


@pytest.mark.parametrize("spelled", ["botId", "bot_id", "BotID", "bot id"])
def test_field_in_another_spelling_is_found(spelled):
    """A required field is known by its letters and digits."""
    found, _ = json_rows_of(json.dumps([{spelled: 1}]), required=("bot_id",))

    assert [row.invalid_reason for row in found] == [""]


def test_fields_spelled_in_two_ways():
    """Objects of one file need not spell alike."""
    found, _ = json_rows_of('[{"botId":1},{"bot_id":2},{"botId":3}]', required=("botId",))

    assert [row.invalid_reason for row in found] == ["", "", ""]


@pytest.mark.parametrize("half", ["\\ud83d", "\\uDE00", "\\ud83dx", "\\ude00\\ud83d"])
@pytest.mark.parametrize("place", ['{{"a":"{}"}}', '{{"{}":1}}', '{{"a":[{{"b":"{}"}}]}}'])
def test_json_lone_surrogate_is_an_invalid_row(half, place):
    """A lone surrogate, in a value or a key, however deep, is a fault of its object alone."""
    text = place.format(half)

    (good, bad), _ = json_rows_of(f'[{{"a":"ok"}},{text}]')

    assert good.invalid_reason == ""
    assert "lone surrogate" in bad.invalid_reason
    assert bad.raw_text == text


def test_both_halves_of_a_character():
    """A pair of escapes is one character, and a double backslash is none."""
    assert json_objects('[{"a":"\\ud83d\\ude00"},{"a":"\\\\ud83d"}]') == [
        {"a": "😀"},
        {"a": "\\ud83d"},
    ]


def test_quarantined_object_adds_no_columns():
    """The keys of an object with a fault are no columns."""
    _, header = json_rows_of('[{"id":1},{"other":2},{"id":3,"more":"\\ud800"}]', required=("id",))

    assert header == ("id",)


# Damage


@many
@given(st.binary(max_size=60) | st.text('[]{}",:\\u0d8 1e.-tnrf\n', max_size=40).map(str.encode))
@example(b"[")
@example(b"{")
@example(b'[{"a":1},]')
@example(b"[1e99999999]")
@example(b'{"a":' + b"9" * 5000 + b"}")
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
@example(b"[NaN]")
def test_any_bytes_as_json_are_rows_or_refused(data):
    """Whatever comes gives rows or a DecodeError, and comes to an end."""
    try:
        found, _ = json_rows_of(data)
    except DecodeError:
        return
    assert len(found) <= len(data)


@many
@given(st.lists(st.dictionaries(TEXTS, VALUES, max_size=3), min_size=1, max_size=3), st.data())
def test_array_that_ends_early_is_damaged(wanted, draw):
    """Whatever its last part is, an array without an end is damaged."""
    text = array([json_text(value) for value in wanted])
    cut = draw.draw(st.integers(1, len(text) - 1))

    with pytest.raises(DecodeError):
        json_rows_of(text[:cut])


def test_line_that_ends_early_is_damaged():
    """A file of lines whose last object has no end is damaged; those before it came."""
    with spool_chunks([b'{"a":1}\n{"a":2}\n{"a":'], expected_size=None, description="f") as spool:
        reader = open_table(spool, "f", FileExpectation(JSON)).rows()

        assert [list(next(reader).cells), list(next(reader).cells)] == [[1], [2]]
        with pytest.raises(DecodeError, match="after record 2"):
            next(reader)


@pytest.mark.parametrize(
    "text",
    [
        '[{"a":1} {"a":2}]',
        '[{"a":1},]',
        '[,{"a":1}]',
        '[{"a":1}]]',
        '[{"a":1}]{"a":2}',
        '[{"a":1}] x',
        '{"a":1},{"a":2}',
        '{"a":1}]',
        '[{"a":01}]',
        '[{"a":1.}]',
        "[{'a':1}]",
        '[{"a":"\\x"}]',
        '[{"a":tru}]',
        '[{"a" 1}]',
    ],
)
def test_no_json(text):
    """What is no JSON is refused, with the number of the record before."""
    with pytest.raises(DecodeError, match=r"^f: after record \d+ the text is not JSON: "):
        json_rows_of(text)


@pytest.mark.parametrize("depth", [50, 900])
def test_nested_deep(depth):
    """A value of many levels comes back, or is refused; it is no crash."""
    text = "[" * depth + "]" * depth
    try:
        ((row,), _) = json_rows_of(f'[{{"a":{text}}}]')
    except DecodeError:
        assert depth > 50
    else:
        assert row.raw_text == f'{{"a":{text}}}'


def test_nested_without_end():
    """A value of more levels than can be read is a damaged file."""
    with pytest.raises(DecodeError, match="after record 1"):
        json_rows_of('[{"a":1},{"a":' + "[" * 100_000 + "]" * 100_000 + "}]")


@pytest.mark.slow
def test_thousands_of_keys():
    """Objects whose keys are data would be thousands of columns: they are refused."""
    with pytest.raises(DecodeError, match="more than 5000 different keys"):
        json_rows_of(json.dumps([{f"key{number}": 1} for number in range(5001)]))


@pytest.mark.parametrize("place", [10, 40, -5])
def test_changed_byte_of_gzip_is_damaged(place):
    """A byte that is wrong inside of a packed file is damage."""
    data = bytearray(gzip.compress(array([json_text({"a": n}) for n in range(500)]).encode()))
    data[place] ^= 0xFF

    with pytest.raises(DecodeError, match=r"gzip|not JSON|not UTF-8"):
        json_rows_of(bytes(data))


def test_half_a_character_of_utf_8():
    """Bytes that are no text are damage, and say where."""
    rest = ",".join(f'{{"a":{number}}}' for number in range(2000))

    with pytest.raises(DecodeError, match=r"after record \d+ the text is not UTF-8"):
        json_rows_of(f"[{rest},".encode() + b'{"a":"\xff"}]')


def test_json_where_it_is_not_expected():
    """A stream of CSV takes no JSON."""
    with (
        spool_chunks([b'[{"a":1}]'], expected_size=None, description="f") as spool,
        pytest.raises(DecodeError, match="JSON instead of CSV"),
    ):
        open_table(spool, "f", FileExpectation(CSV))


def test_text_where_json_is_expected():
    """A stream of JSON alone takes no other text."""
    with (
        spool_chunks([b"Service unavailable"], expected_size=None, description="f") as spool,
        pytest.raises(DecodeError, match="other text instead of JSON"),
    ):
        open_table(spool, "f", FileExpectation(JSON))


@pytest.mark.promise("no-secrets")
@pytest.mark.parametrize(
    "text",
    ['[{"a":"SECRET"},{"a":"SECRET]', '{"SECRET":1}SECRET', '[{"a":SECRET}]', '["SECRET" 1]'],
)
def test_json_error_contains_no_data(text):
    """What is wrong is said without the words of the file."""
    with pytest.raises(DecodeError) as caught:
        json_rows_of(text)

    assert "SECRET" not in str(caught.value)
    assert "SECRET" not in repr(caught.value.__cause__)
