"""The columns of titles over windows and runs, whatever the headers are."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_cxone.rows.columns import declared_columns
from tap_cxone.rows.layout import FileLayout, RecordSpec
from tap_cxone.rows.titles import MAX_NAME_BYTES, Title, normalise, number_titles, spelling
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

titles = st.sampled_from(RESEMBLING) | st.text(max_size=5)
headers = st.lists(titles, max_size=7)
runs = st.lists(st.lists(headers, min_size=1, max_size=3), min_size=1, max_size=3)


def declaration(types):
    """Return a stream with a key and these column types."""
    return Declaration("s", declared_columns(types), (KEY,), "", "keys", "columns")


def assign_windows(stream, state):
    """Return the function that gives the columns of a header, as a window of the stream does."""

    def assign(header):
        known = stream.known
        spec = RecordSpec(
            known.columns, known.names, known.key_names, {}, column_map=known.column_map
        )
        layout = FileLayout.from_header([KEY, *header], spec)
        stream.learn(layout.column_names)
        stream.store(state)
        return [column.name for column in layout.columns if column]

    return assign


def columns_of_runs(runs, types):
    """Yield the titles and the columns of each window; a run knows the others by its state."""
    state = StreamState("s", {})
    for windows in runs:
        state = StreamState("s", json.loads(json.dumps(state.raw)))
        assign = assign_windows(StreamColumns(declaration(types), state, "alter"), state)
        for header in windows:
            yield number_titles([KEY, *header]), assign(header)


def assert_one_column_each(runs, types):
    """Assert that each title has one column for good, and no column two titles."""
    columns: dict[Title, str] = {}
    for header, names in columns_of_runs(runs, types):
        assert len(set(names)) == len(names)
        assert all(0 < len(name.encode()) <= MAX_NAME_BYTES for name in names)
        for title, name in zip(header, names, strict=True):
            assert columns.setdefault(title, name) == name
    assert len(set(columns.values())) == len(columns)


@many
@given(runs)
@example([[["Skill", "Skill", "Skill 2"]] * 2])
@example([[["Adherence", "Adherence %"]], [["Adherence %"], ["Adherence %", "Adherence"]]])
def test_title_has_one_column_over_windows_and_runs(runs):
    """A title's values always land in one column, and no two titles share one."""
    assert_one_column_each(runs, {})


@many
@given(
    st.lists(
        st.lists(st.lists(st.sampled_from(OF_ONE_SPELLING), max_size=6), min_size=1, max_size=3),
        min_size=1,
        max_size=3,
    ),
    st.lists(st.sampled_from(OF_ONE_SPELLING), max_size=3, unique_by=normalise),
)
@example([[["Skill %"], ["Skill 2", "Skill %"]]], ["Skill 2"])
@example([[["Record ID #"], []]], ["Record ID #"])
def test_title_has_one_column_beside_declared_ones(runs, declared):
    """The same with declared columns, where no two titles differ only in case and spacing."""
    assert_one_column_each(runs, dict.fromkeys(declared, "number"))


@pytest.mark.parametrize("later", [["Skill"], ["skill", "Skill"]], ids=["alone", "both"])
def test_declared_column_goes_back_to_its_first_spelling(later):
    """Of two spellings in one file the first one known has the declared column."""
    windows = [["Skill"], ["skill"], later]

    found = list(columns_of_runs([windows], {"Skill": "number"}))

    columns = [dict(zip((t.text for t in header), names, strict=True)) for header, names in found]
    assert [columns[0]["Skill"], columns[1]["skill"], columns[2]["Skill"]] == ["skill"] * 3
