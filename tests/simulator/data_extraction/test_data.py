from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_cxone.simulator import Options
from tap_cxone.simulator.data_extraction.entities import ENTITIES
from tap_cxone.simulator.data_extraction.entity_rows import EntityRows
from tests.support.properties import examples

START = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2027, 1, 1, tzinfo=UTC)
KEYS = {
    "qm-workflows": ("Workflow ID",),
    "qm-questions": ("WorkflowInstance ID", "Question ID"),
    "recording-interaction-metadata": ("Segment ID",),
}
instants = st.integers(0, 72 * 3600).map(lambda seconds: START + timedelta(seconds=seconds))


def entity_rows(entity, start, end, seen_at=LATER, **options):
    return list(EntityRows(Options(rows_per_day=24, **options)).rows(entity, start, end, seen_at))


@examples(30)
@given(st.sampled_from(sorted(ENTITIES)), st.lists(instants, min_size=3, max_size=3).map(sorted))
def test_splitting_a_window_changes_nothing(entity, bounds):
    """The rows of two neighbouring windows are those of the whole."""
    start, middle, end = bounds

    assert entity_rows(entity, start, middle) + entity_rows(entity, middle, end) == entity_rows(
        entity, start, end
    )


@examples(20)
@given(instants, instants)
def test_nothing_seen_disappears(first, second):
    """A row that may be seen stays; the past is seen whole 30 minutes later."""
    early, late = sorted([first, second])
    before = entity_rows("qm-workflows", START, early, early)

    assert [
        row for row in entity_rows("qm-workflows", START, early, late) if row in before
    ] == before
    assert entity_rows("qm-workflows", START, early, early + timedelta(minutes=30)) == entity_rows(
        "qm-workflows", START, early
    )


def test_future_does_not_exist():
    """No row is visible before it happened."""
    assert entity_rows("qm-workflows", START, LATER, START) == []


def test_entity_rows_depend_on_the_seed():
    """The seed decides the data."""
    window = "qm-workflows", START, START + timedelta(days=1)

    assert entity_rows(*window, seed=1) == entity_rows(*window, seed=1)
    assert entity_rows(*window, seed=1) != entity_rows(*window, seed=2)


@pytest.mark.parametrize("entity", KEYS)
def test_simulator_keys_are_unique(entity):
    """No two rows share a key, which is never blank."""
    keys = [
        tuple(row[column] for column in KEYS[entity])
        for row in entity_rows(entity, START, START + timedelta(days=30))
    ]

    assert len(keys) == len(set(keys)) == 720
    assert all(all(key) for key in keys)


@pytest.mark.parametrize(
    ("entity", "count"),
    [("qm-workflows", 38), ("qm-questions", 34), ("recording-interaction-metadata", 15)],
)
def test_header(entity, count):
    """Each entity has its columns, and every row has them all."""
    data = EntityRows(Options(rows_per_day=4))

    assert len(data.columns(entity)) == count
    for row in data.file_rows(entity, date(2026, 1, 1), date(2026, 1, 3), LATER):
        assert tuple(row) == data.columns(entity)


def test_entity_values_are_awkward():
    """Texts keep what a careless reader loses: zeros at the front, long ids, blanks."""
    found = entity_rows("qm-workflows", START, START + timedelta(days=10))

    assert {len(row["Team ID"]) for row in found} == {4}
    assert any(row["Team ID"].startswith("0") for row in found)
    assert {len(row["ACD ID"]) for row in found} == {20}
    assert {row["Auto Acknowledged"] for row in found} == {"true", "false"}
    assert {bool(row["Submission Date"]) for row in found} == {True, False}
    assert all(row["Last Updated"].endswith("Z") for row in found)


def test_rows_are_spread_over_the_day():
    """Each hour of a day with 24 rows has one."""
    found = entity_rows("qm-workflows", START, START + timedelta(days=1))

    assert [int(row["Last Updated"][11:13]) for row in found] == list(range(24))
