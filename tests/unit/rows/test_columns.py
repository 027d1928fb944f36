from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_cxone.rows.column_map import ColumnMap
from tap_cxone.rows.columns import (
    Column,
    declared_columns,
    find_index,
    match_titles,
    source_column,
)
from tap_cxone.rows.titles import Title, fold, snake_case
from tests.support.properties import many

titles = st.text(max_size=12) | st.sampled_from(
    ["Segment ID", "segmentId", "SEGMENT_ID", "a", "A", "a_2", "", " ", "!!", "column_1"]
)
headers = st.lists(titles, max_size=8)
plain_names = st.from_regex(r"[a-z]{1,6}(_[a-z]{1,6}){0,3}", fullmatch=True)


def assign_columns(header, known):
    """Return the columns of the first file of a stream."""
    return ColumnMap().assign(header, known)


def column_names(header, known=()):
    return [column.name for column in assign_columns(header, known)]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Segment ID", "segment_id"),
        ("segmentId", "segment_id"),
        ("SegmentID", "segment_id"),
        ("segment_id", "segment_id"),
        ("SEGMENT ID", "segment_id"),
        ("Segment-ID", "segment_id"),
        ("  Segment  ID ", "segment_id"),
        ("botId", "bot_id"),
        ("WorkflowInstance ID", "workflow_instance_id"),
        ("ACDId", "acd_id"),
        ("HTTPServer", "http_server"),
        ("Score (%)", "score"),
        ("Form v2 name", "form_v2_name"),
        ("_window_end", "window_end"),
        ("ÜBER Zeit", "über_zeit"),
        ("***", ""),
    ],
)
def test_snake_case(title, name):
    """A column is named after its title, in snake_case."""
    assert snake_case(title) == name


@pytest.mark.parametrize(
    "title", ["Segment ID", "SEGMENT_ID", "segment-id", " segmentid ", "Segment.Id:", "segmentID"]
)
def test_fold(title):
    """Case, blanks and punctuation make no difference between titles."""
    assert fold(title) == "segmentid"


@many
@given(headers, st.lists(plain_names, max_size=4, unique=True))
def test_titles_get_unique_names(header, known):
    """However odd the titles are, every cell of a row has a name, and no two the same."""
    assigned = column_names(header, [Column(name) for name in known])

    assert len(assigned) == len(header)
    assert len(set(assigned)) == len(assigned)


@many
@given(headers)
def test_names_of_the_tap_are_reserved(header):
    """No title takes the name of a column that the tap adds; these begin with `_`."""
    assert not any(name.startswith("_") or not name for name in column_names(header))


@many
@given(headers)
def test_names_are_small(header):
    """Names hold neither capitals nor blanks nor punctuation."""
    assert not any(re.search(r"[A-Z\s.,:;/()-]", name) for name in column_names(header))


@many
@given(
    st.lists(plain_names, min_size=1, max_size=5, unique_by=fold),
    st.randoms(use_true_random=False),
)
def test_known_columns_are_found(known, random):
    """A known column is found whatever the case, blanks and punctuation of its title."""

    def spelled(name):
        letters = [c.upper() if random.random() < 0.5 else c for c in name.replace("_", "")]
        return " " + "".join(c + random.choice(["", "", " ", "-", "_", "."]) for c in letters)

    columns = [Column(name, "integer", "Known.") for name in known]
    order = random.sample(columns, len(columns))

    assert assign_columns([spelled(column.name) for column in order], columns) == order


@many
@given(headers, titles)
def test_index_of_one_title_is_the_first_of_its_matches(header, title):
    """A title alone means the column that it means in a list of titles."""
    columns = [source_column(text, "") for text in header]

    assert find_index(title, columns) == next(iter(match_titles(columns, [title])), None)


def test_unknown_title_is_a_new_text_column():
    """An undeclared title becomes a string column; its description shows the title."""
    (column,) = assign_columns([" Brand New "], [Column("old", "integer")])

    assert (column.name, column.type) == ("brand_new", "string")
    assert "'Brand New'" in column.description


def test_second_of_a_name_gets_a_number():
    """Titles that differ only in spelling are distinguished by numbers."""
    assert column_names(["Team ID", "teamId", "TEAM_ID"]) == ["team_id", "team_id_2", "team_id_3"]


def test_number_that_is_taken():
    """A number is omitted where a title has that name already."""
    header = ["a", "a_2", "A"]

    assert column_names(header) == ["a", "a_2", "a_3"]


def test_known_column_matches_once():
    """The second of two titles for one known column is a new column."""
    known = Column("team_id", "integer")
    first, second = assign_columns(["Team ID", "TEAM-ID"], [known])

    assert first == known
    assert (second.name, second.type) == ("team_id_2", "string")


def test_new_column_does_not_take_a_known_name():
    """A new column in front of a known one gets out of its way."""
    known = Column("form_name", "integer", match="inside")
    new, found = assign_columns(["Form name!", "formname"], [Column("formname_x"), known])

    assert found.name != new.name
    assert {new.name, found.name} > {"form_name"}


@pytest.mark.parametrize("title", ["", "  ", "***", "—"], ids=["empty", "blanks", "stars", "dash"])
def test_title_without_a_letter(title):
    """A title without a letter or digit has a name of its own, wherever it stands."""
    (_, name), (moved_name, _) = column_names(["a", title]), column_names([title, "a"])

    assert name == moved_name
    assert re.fullmatch(r"column_[0-9a-f]{8}", name)


def test_column_found_by_its_beginning():
    """A title may extend the name of a column that allows it."""
    known = Column("score", match="beginning")

    assert assign_columns(["The Score", "Score (of 100)"], [known])[1] == known


def test_column_found_inside():
    """A title may hold the name of a column that says so anywhere."""
    known = Column("segment_id", match="inside")

    assert assign_columns(["Contact Segment ID (v2)"], [known]) == [known]


@pytest.mark.parametrize("title", ["Scores", "The score", "sco re x"])
def test_column_found_only_by_the_same_title(title):
    """An ordinary column is not found by a longer title."""
    assert assign_columns([title], [Column("score", "number")])[0].type == "string"


@pytest.mark.parametrize("found", ["beginning", "inside"])
def test_same_title_comes_first(found):
    """A title that is the name itself wins over one that only holds it, wherever they stand."""
    known = Column("score", "number", match=found)

    assert assign_columns(["Score of all", "Score"], [known])[1] == known


def test_exact_column_is_not_robbed():
    """A title that is one column's name is not given to another that is only part of it."""
    part = Column("segment", "integer", match="inside")
    whole = Column("segment_id", "number")

    assert assign_columns(["Segment ID"], [part, whole]) == [whole]


def test_title_of_the_map_is_claimed_by_no_other_column():
    """Of two titles with one column the second gets a new one, not one that it only extends."""
    spellings = ["Record ID", "RECORD_ID"]
    column_map = ColumnMap(dict.fromkeys(map(Title, spellings), "record_id"))
    columns = [Column("record", match="beginning"), Column("record_id")]

    assigned = column_map.assign(spellings, columns)

    assert [column.name for column in assigned] == ["record_id", "record_id_2"]


@pytest.mark.parametrize(
    "columns", [(), declared_columns({"Skill": "number"})], ids=["unknown", "declared"]
)
def test_retired_column_is_that_of_no_new_title(columns):
    """Its values in the target are of another title or type."""
    column_map = ColumnMap(retired=frozenset({"skill"}))

    (assigned,) = column_map.assign(["Skill"], column_map.name_columns(columns))

    assert assigned.name == "skill_2"


def test_empty_header():
    """A file without titles has no columns."""
    assert assign_columns([], [Column("a")]) == []


def test_title_that_a_warehouse_reserves_gets_a_suffix():
    """`system_user` is a keyword of PostgreSQL 16 that its targets do not quote."""
    assert source_column("systemUser", "A user.").name == "system_user_value"


@pytest.mark.parametrize("title", ["ctid", "XMIN", "xmax", "cmin", "cmax", "tableoid"])
def test_title_of_a_system_column_gets_a_suffix(title):
    """PostgreSQL adds no column of these names to a table."""
    assert source_column(title, "A number.").name == f"{title.lower()}_value"
