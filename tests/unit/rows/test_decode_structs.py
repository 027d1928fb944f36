"""Objects whose keys are known beforehand are read by columns, and are the same as one by one."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_cxone.rows.decode import FileExpectation, open_table
from tap_cxone.rows.decode.json_structs import ObjectFields
from tap_cxone.spool import spool_chunks
from tests.support.ids import readable
from tests.support.properties import examples

LIFTED = "metrics"
KEYS = ObjectFields(("id", "b", "a"), frozenset({"id"}), LIFTED, frozenset({"a", "b"}))
PLAIN = ObjectFields(("a", "id"), frozenset({"id"}), "", frozenset())

VALUES = st.sampled_from(
    [
        *("null", "true", "7", "-0", "-0.0", "1.50", "1E5", "123456789012345678901", "[1.0]"),
        *('""', '"ü"', '"},{"', '"\\ud83d"', '"\\ud83d\\ude00"', "{}", '{"a": 2.50}'),
    ]
)
NAMES = st.sampled_from(["id", "a", "b", "a b", '"', "ü", LIFTED])


def pairs(values):
    return st.lists(st.tuples(NAMES, values), max_size=4).map(
        lambda found: "{" + ",".join(f"{json.dumps(key)}:{value}" for key, value in found) + "}"
    )


OBJECTS = pairs(VALUES | pairs(VALUES)) | pairs(VALUES).map('{{"id":1,"metrics":{}}}'.format)


def opened_table(spool, *, required=(), lifted=LIFTED):
    return open_table(spool, "f", FileExpectation(("json",), required, lifted))


def row_facts(rows, titles):
    """Return all there is to know of rows, with a cell per title."""
    return [
        (
            row.number,
            repr([*row.cells, *[None] * (titles - len(row.cells))]),
            row.invalid_reason,
            row.raw_text,
        )
        for row in rows
        if not row.invalid_reason
    ] + [
        (row.number, row.invalid_reason, row.field, row.raw_text)
        for row in rows
        if row.invalid_reason
    ]


@examples(200)
@given(
    st.lists(OBJECTS, min_size=1, max_size=5),
    st.sampled_from(["[{}]", "{}"]),
    st.sampled_from([(), ("id",)]),
    st.sampled_from([LIFTED, ""]),
)
@example(['{"id":1,"metrics":{"a":1}}', '{"id":2,"metrics":null}'], "[{}]", ("id",), LIFTED)
@example(['{"id":1,"metrics":{"a":1}}', '{"a":2,"id":2}'], "[{}]", ("id",), LIFTED)
@example(['{"id":1,"metrics":{"metrics":1}}', '{"id":2,"metrics":2}'], "{}", (), LIFTED)
@example(['{"id":1,"a":1}', '{"id":2,"a":3,"a":4}'], "[{}]", ("id",), "")
def test_read_again(written, layout, required, lifted):
    """When its keys are known a file reads as it did when they were not."""
    data = layout.format((",\n" if "[" in layout else "\n").join(written)).encode()

    with spool_chunks([data], expected_size=None, description="f") as spool:
        file = opened_table(spool, required=required, lifted=lifted)
        first = list(file.rows())
        header = file.header
        again = list(file.rows())

    assert file.header == header
    assert row_facts(again, len(header)) == row_facts(first, len(header))


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ('{"id":1,"metrics":{"a":2,"b":3}}', [1, 3, 2]),
        ('{"metrics":{"b":3.50,"a":2},"id":1}', [1, Decimal("3.50"), 2]),
        ('{"id":1,"metrics":{}}', [1, None, None]),
        ('{"id":1,"metrics":null}', [1, None, None]),
        ('{"id":1}', [1, None, None]),
        ('{"id":1,"metrics":{"a":[1.5]},"id":4}', [4, None, [Decimal("1.5")]]),
    ],
    ids=readable,
)
@pytest.mark.parametrize("lines", [True, False])
def test_known(written, wanted, lines):
    """Objects of known keys are read by columns, in whichever order they come."""
    read = KEYS.column_reader()

    assert read
    found = read(("\n" if lines else ",").join([written, '{"id":"x"}']), lines)
    assert found is not None
    assert list(zip(*found, strict=True)) == [tuple(wanted), ("x", None, None)]


@pytest.mark.parametrize(
    "written",
    [
        '{"metrics":{"a":2}}',
        '{"id":1,"c":2}',
        '{"id":1,"a":2}',
        '{"id":1,"metrics":{"c":2}}',
        '{"id":1,"metrics":2}',
        '{"id":1,"metrics":{"a":"\\ud83d"}}',
        '{"id":1,"metrics":{"a":NaN}}',
        "[1]",
        "null",
    ],
)
@pytest.mark.parametrize("lines", [True, False])
def test_unknown(written, lines):
    """Objects that show anything else, or are none, are left to be looked at one by one."""
    read = KEYS.column_reader()

    assert read
    assert read(("\n" if lines else ",").join(['{"id":1}', written]), lines) is None


def test_blank_lines():
    """Blank lines are odd."""
    read = PLAIN.column_reader()

    assert read
    assert read('{"id":1}\n\n{"id":2}', True) is None


def test_required_key_of_an_inner_object_must_exist():
    """What is required of the object inside must be there, and so must that object."""
    keys = ObjectFields(("id", "a"), frozenset({"id", "a"}), LIFTED, frozenset({"a"}))
    read = keys.column_reader()

    assert read
    assert read('{"id":1,"metrics":{"a":2}}', False) == [(1,), (2,)]
    assert read('{"id":1,"metrics":{}}', False) is None
    assert read('{"id":1}', False) is None


@pytest.mark.parametrize(
    "keys",
    [
        ObjectFields((), frozenset(), "", frozenset()),
        ObjectFields(("a",), frozenset({"id"}), "", frozenset()),
        ObjectFields(('a"b',), frozenset(), "", frozenset()),
        ObjectFields(("id", LIFTED), frozenset(), LIFTED, frozenset({"a"})),
        ObjectFields(tuple(map(str, range(301))), frozenset(), "", frozenset()),
    ],
    ids=readable,
)
def test_keys_that_nothing_reads(keys):
    """Where keys are not known well enough, or too many, nothing is read by columns."""
    assert keys.column_reader() is None


@pytest.mark.ci
@pytest.mark.parametrize("odd", ['{"id":1,"metrics":5}', '{"id":1,"metrics":{"a":1},"a":2}', "7"])
def test_never_alike(odd):
    """A long file in which every part has something odd is read whole."""
    part = [f'{{"id":"{"x" * 100}","metrics":{{"a":1}}}}'] * 1500
    data = ",".join([*part, odd] * 8)

    with spool_chunks([f"[{data}]".encode()], expected_size=None, description="f") as spool:
        rows = list(opened_table(spool).rows())

    assert [row.number for row in rows] == list(range(1, 8 * 1501 + 1))
    assert sum(row.cells[:1] == ["x" * 100] for row in rows) == 8 * 1500
