"""JSON with objects that cannot be read, among others that can; and the text of numbers."""

from __future__ import annotations

import pytest

from tap_cxone.errors import DecodeError
from tests.unit.rows.test_decode_json import array, json_lines, json_rows_of

NUMBERS_OF_NO_COLUMN = {
    "NaN": "NaN",
    "infinity": "-Infinity",
    "exponent": "1e999999999999999999999",
    "digits": "9" * 5000,
}


@pytest.mark.parametrize("layout", [array, json_lines])
@pytest.mark.parametrize(
    "number", list(NUMBERS_OF_NO_COLUMN.values()), ids=list(NUMBERS_OF_NO_COLUMN)
)
def test_number_of_no_column_is_an_invalid_row(number, layout):
    """A number that no column can hold is a fault of its object alone, kept to the letter."""
    odd = f'{{"a":{{"b":[{number}]}}}}'

    (first, row, last), header = json_rows_of(layout(['{"a":1}', odd, '{"a":2}']))

    assert row.invalid_reason == "holds NaN, infinity or a number out of range"
    assert (row.raw_text, row.number) == (odd, 2)
    assert [list(first.cells), list(last.cells)] == [[1], [2]]
    assert header == ("a",)


BROKEN_OBJECTS = {
    "word": '{"a":tru}',
    "no value": '{"a":}',
    "half": '{"a":5,',
    "open": '{"a":5',
    "half of a text": '{"a":"x}',
    "quotes": "{'a':1}",
    "zero": '{"a":01}',
    "escape": '{"a":"\\x"}',
    "bracket": '{"a":[1}',
}


@pytest.mark.ci
@pytest.mark.parametrize("number", [1, pytest.param(20_000, marks=pytest.mark.some(4))])
@pytest.mark.parametrize("broken", list(BROKEN_OBJECTS.values()), ids=list(BROKEN_OBJECTS))
def test_broken_line_is_an_invalid_row(broken, number):
    """A line that is not JSON is a fault of its object alone; all others come."""
    texts = [f'{{"a":{n}}}' for n in range(2 * number)]
    texts[number:number] = [broken]

    found, _ = json_rows_of(json_lines(texts))

    (odd,) = (row for row in found if row.invalid_reason)
    assert (odd.invalid_reason, odd.raw_text, odd.number) == ("is not JSON", broken, number + 1)
    assert [row.cells[0] for row in found if not row.invalid_reason] == list(range(2 * number))


@pytest.mark.ci
@pytest.mark.parametrize("number", [1, pytest.param(20_000, marks=pytest.mark.some(3))])
@pytest.mark.parametrize(
    "broken", [text for text in BROKEN_OBJECTS.values() if text.count('"') % 2 == 0]
)
def test_broken_element_is_an_invalid_row(broken, number):
    """An element of an array that is not JSON is a fault of its object alone; all others come."""
    texts = [f'{{"a":{n}}}' for n in range(2 * number)]
    texts[number:number] = [broken]

    found, _ = json_rows_of(array(texts))

    (odd,) = (row for row in found if row.invalid_reason)
    assert (odd.invalid_reason, odd.number) == ("is not JSON", number + 1)
    assert odd.raw_text == broken
    assert [row.cells[0] for row in found if not row.invalid_reason] == list(range(2 * number))


@pytest.mark.promise("whole-files")
@pytest.mark.parametrize(
    "text",
    [
        '{"a":1}\n{"a":\n',
        '{"a":1}\n{"a":"x\n\n',
        '{"a":1}\n{\n"a":tru,\n"b":2}\n{"a":3}\n',
        '{"a":1}\nsome text\n{"a":3}\n',
        '[{"a":1},{"a":[{"b":tru},{"b":1}]},{"a":2}]',
        '[{"a":1},{"a":tru}]',
    ],
    ids=["last line", "last text", "several lines", "text", "nested", "last element"],
)
def test_broken_object_without_a_certain_end_is_damage(text):
    """Where the next object begins must be certain; the end of a file may be lost."""
    with pytest.raises(DecodeError, match="the text is not JSON"):
        json_rows_of(text)


@pytest.mark.parametrize(
    "text",
    ["0.00000010", "1e5", "1E-7", "-0.0000000", "1.50", "-0.0", "-0", "12.5e1", "0.1E+02"],
)
def test_number_keeps_its_text(text):
    """A number is the text of the file, whichever decoder reads it."""
    objects = [f'{{"a":{text}}}' for _ in range(3)]

    for data in (array(objects), json_lines(objects)):
        found, _ = json_rows_of(data)
        assert [str(row.cells[0]) for row in found] == [text] * 3
