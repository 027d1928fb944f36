"""The columns of titles over windows and runs, whatever the headers are."""

from __future__ import annotations

import json
import unicodedata
from collections import defaultdict

from hypothesis import example, given
from hypothesis import strategies as st

from tap_cxone.rows.columns import declared_columns, vendor_column
from tap_cxone.rows.layout import FileLayout, RecordSpec
from tap_cxone.rows.titles import (
    MAX_NAME_BYTES,
    Title,
    default_name,
    normalise,
    number_titles,
    spelling,
)
from tap_cxone.streams.schema import Declaration
from tap_cxone.streams.state import StreamState
from tap_cxone.streams.stream_columns import StreamColumns
from tests.support.properties import many

KEY = "Record ID"
RESEMBLING = [
    *(
        "Skill",
        "Skill 2",
        "Skill 2 2",
        "skill",
        "Skill %",
        "skill_2",
        "%",
        "#",
        "",
        "botId",
        "bot_id",
    ),
    *("na!e", "na%e", "मात्रा", "मित्र", "通話" * 16, "column_1", "Share of the " * 9, "Record ID #"),
    *(unicodedata.normalize(form, "Résumé") for form in ("NFC", "NFD")),
]
OF_ONE_SPELLING = list({spelling(normalise(title)): title for title in RESEMBLING}.values())
NO_NAMES = [t for t in RESEMBLING if t and default_name(t) not in {normalise(t), default_name(KEY)}]
BUILT_IN = ("Skill", "botId", "na!e", "Résumé", "%")


@st.composite
def draw_runs(draw, titles):
    """Return headers of windows of runs: titles of a few, in any order, repeated and missing."""
    few = draw(st.lists(titles, min_size=1, max_size=5))
    header = st.lists(st.sampled_from(few), max_size=7)
    return draw(st.lists(st.lists(header, min_size=1, max_size=3), min_size=1, max_size=3))


runs_of_any = draw_runs(st.sampled_from(RESEMBLING) | st.text(max_size=5))
runs_of_one_spelling = draw_runs(st.sampled_from(OF_ONE_SPELLING))


def declaration(columns):
    """Return a stream with a key and these columns."""
    return Declaration("s", tuple(columns), (KEY,), "", "keys", "columns")


def assign_windows(stream, state):
    """Return the function that gives the record of a window's only row."""

    def assign(header, cells):
        known = stream.known
        spec = RecordSpec(
            known.columns, known.names, known.key_names, {}, column_map=known.column_map
        )
        layout = FileLayout.from_header(header, spec)
        record = layout.row_converter()(cells)
        stream.learn(layout.column_names)
        stream.store(state)
        return record

    return assign


def records_of_runs(runs, columns):
    """Yield the titles and the record of each window; a run knows the others by its state.

    The cells of a title have one number in all windows, which no other title has.
    """
    state = StreamState("s", {})
    numbers: defaultdict[Title, str] = defaultdict(lambda: str(len(numbers) + 1))
    for windows in runs:
        state = StreamState("s", json.loads(json.dumps(state.raw)))
        assign = assign_windows(StreamColumns(declaration(columns), state, "alter"), state)
        for header in windows:
            titles = number_titles([KEY, *header])
            record = assign([KEY, *header], [numbers[title] for title in titles])
            yield titles, {str(v): name for name, v in record.items() if v is not None}


def assert_one_column_each(runs, columns):
    """Assert that each title has one column for good, and no column two titles."""
    columns_by_value: dict[str, str] = {}
    for titles, names in records_of_runs(runs, columns):
        assert len(names) == len(titles)  # no value is lost, no column has two
        assert all(0 < len(name.encode()) <= MAX_NAME_BYTES for name in names.values())
        for value, name in names.items():
            assert columns_by_value.setdefault(value, name) == name
    assert len(set(columns_by_value.values())) == len(columns_by_value)


@many
@given(runs_of_any)
@example([[["Skill", "Skill", "Skill 2"]] * 2])
@example([[["Adherence", "Adherence %"]], [["Adherence %"], ["Adherence %", "Adherence"]]])
def test_title_has_one_column_over_windows_and_runs(runs):
    """A title's values always land in one column, and no two titles share one."""
    assert_one_column_each(runs, [])


@many
@given(
    runs_of_any,
    st.lists(st.sampled_from(RESEMBLING), max_size=3, unique_by=normalise),
)
@example([[["Skill %"], ["Skill 2", "Skill %"]]], ["Skill 2"])
@example([[["Record ID #"], []]], ["Record ID #"])
@example([[["skill"], ["Skill"], ["skill", "Skill"]]], ["Skill"])
@example([[["Skill"], ["skill"], ["Skill", "skill"]]], ["skill"])
def test_title_has_one_column_beside_declared_ones(runs, declared):
    """The same with declared columns, whether by a title or by a name."""
    assert_one_column_each(runs, declared_columns(dict.fromkeys(declared, "number")))


@many
@given(runs_of_any, st.sampled_from(NO_NAMES))
@example([[["skill"], ["skill", "Skill"]], [["Skill", "skill"]]], "Skill")
def test_declared_title_has_its_column(runs, declared):
    """Whatever titles came before, the declared one has its column and no other title has."""
    (column,) = declared_columns({declared: "number"})

    for titles, names in records_of_runs(runs, [column]):
        for title, name in zip(titles, names.values(), strict=True):
            assert (title == Title(normalise(declared))) == (name == column.name)


@many
@given(runs_of_one_spelling, st.sets(st.sampled_from(BUILT_IN)))
@example([[["Skill %"], ["Skill", "Skill %"]]], {"Skill"})
@example([[["Skill", "Skill 2"]], [["Skill", "Skill"]]], {"Skill"})
def test_title_has_one_column_beside_built_in_ones(runs, titles):
    """The same beside built-in columns, each of which always has the title of the vendor."""
    columns = [vendor_column(title, "number") for title in sorted(titles)]

    assert_one_column_each(runs, columns)


@many
@given(runs_of_any, st.sets(st.sampled_from(BUILT_IN), min_size=1))
@example([[["bot_id"], ["bot_id", "botId"]]], {"botId"})
@example([[["bot_id"]], [["botId"]]], {"botId"})
def test_built_in_column_has_the_title_of_the_vendor(runs, titles):
    """Whatever titles came before, the vendor's one has its column, and none the column of two."""
    built_in = [vendor_column(title, "number") for title in sorted(titles)]
    columns = {column.exact_title: column.name for column in built_in}

    for header, names in records_of_runs(runs, built_in):
        assert len(names) == len(header)
        for title, name in zip(header, names.values(), strict=True):
            if title.ordinal == 1 and title.text in columns:
                assert name == columns[title.text]
