"""States of earlier and later layouts."""

from __future__ import annotations

import json

import pytest

from tap_cxone.errors import StateError
from tap_cxone.rows.titles import Title
from tap_cxone.streams.state import StreamState, read_state
from tests.support.examples import csv_jobs


def test_state_of_layout_0_is_upgraded():
    """A state without a version keeps all it holds; the tenant info has its new name."""
    old = {"replication_key_value": "2026-01-31", "traits": {csv_jobs.FAMILY: {"a": 1}}}

    (raw,) = read_state({"bookmarks": {"s": old}})["bookmarks"].values()

    assert raw == {
        "replication_key_value": "2026-01-31",
        "tenant_info": {csv_jobs.FAMILY: {"a": 1}},
        "version": 3,
    }


def upgraded_columns(*learned):
    """Return the map of a state of layout 1 with columns of a name and a title."""
    found = [{"name": n, "description": f"'{t}', found in the data."} for n, t in learned]
    raw = {"version": 1, "columns": found}
    (upgraded,) = read_state({"bookmarks": {"s": raw}})["bookmarks"].values()
    return StreamState("s", upgraded).column_map()


def test_column_of_layout_1_keeps_its_title():
    """A column that only one title could match keeps that title."""
    column_map = upgraded_columns(
        ("coaching_plan", "Coaching Plan"), ("re_sume", "Re\u0301sume\u0301")
    )

    assert column_map.names == {
        Title("Coaching Plan"): "coaching_plan",
        Title("R\u00e9sum\u00e9"): "re_sume",
    }
    assert not column_map.retired


@pytest.mark.parametrize(
    ("learned", "certain"),
    [
        ([("skill", "Skill"), ("skill_2", "Skill"), ("skill_2_2", "Skill 2")], {"skill"}),
        ([("adherence", "Adherence"), ("adherence_2", "Adherence %")], set()),
        ([("column_3", "#"), ("agent", "Agent")], {"agent"}),
        ([("bot_id", "botId"), ("bot_id_2", "bot_id")], set()),
        ([("a" * 64, "A" * 64), ("b" * 63, "B" * 63)], {"b" * 63}),
    ],
    ids=["repeats", "signs", "places", "spellings", "more than 63 bytes"],
)
def test_uncertain_column_of_layout_1_is_retired(learned, certain):
    """A column that may hold the values of two titles receives no more, and keeps its name."""
    column_map = upgraded_columns(*learned)

    assert set(column_map.names.values()) == certain
    assert column_map.retired == {name for name, _ in learned} - certain


def test_state_of_the_present_layout_is_unchanged():
    """A state that this version wrote comes back as it is, keys of other programs included."""
    state = {"bookmarks": {"s": {"version": 3, "failed": True, "of_others": 1}}, "more": 1}

    assert read_state(state) == state


@pytest.mark.parametrize("version", [4, 99, "1", None, True, [1]], ids=json.dumps)
def test_state_of_an_unknown_layout_is_refused(version):
    """A state of a later or unreadable layout is refused; the message states what to install."""
    raw = {"replication_key_value": "2026-01-31", "version": version}

    with pytest.raises(StateError, match=r"'s' has layout version .* Install the version that"):
        read_state({"bookmarks": {"s": raw}})
