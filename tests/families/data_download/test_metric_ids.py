"""Data download: metric IDs that resemble each other."""

from __future__ import annotations

import hashlib
import json

import pytest

from tap_cxone.simulator.metrics import CustomMetric
from tests.support.data_download import (
    STREAM,
    download_settings,
    interaction,
    page,
    properties,
    run_downloads,
    serve_pages,
)

PAIRS = [("cm_11_1", "cm_1_11"), ("cm_12", "cm_1_2"), ("CM_1", "cm_1"), ("cm_1", "CM_1")]
EVERY_PAIR = pytest.mark.parametrize("ids", PAIRS, ids="-".join)


def publish_ids(sim, *ids):
    """Publish number metrics with these IDs."""
    sim.publish_metrics([CustomMetric(id=i, name=f"Metric {i}", type="number") for i in ids])


def run_metrics(sim, clock, *days, state=None):
    """Run one window a day; a day is the custom metrics of its one row."""
    serve_pages(sim, *(page(interaction(customMetrics=metrics)) for metrics in days))
    first = 1 if state else 0
    config = download_settings(
        sim, first + len(days), entry={"custom_metrics": ["*"]}, own={"window_days": 1}
    )
    return run_downloads(config, clock, state=state)


def columns_of(out):
    """Return the column of each value of the custom metrics, by record."""
    plain = {"interaction_id", "agent_id", "duration", "talk_time"}
    return [
        {int(v): n for n, v in record.items() if n not in plain and n[0] != "_" and v is not None}
        for record in out.records(STREAM)
    ]


@EVERY_PAIR
def test_ids_that_resemble_each_other_keep_their_columns(simulate, clock, ids):
    """Each metric has its own column, in whatever order the keys of a record come."""
    sim, (first, second) = simulate(), ids
    publish_ids(sim, *ids)

    out = run_metrics(
        sim, clock, {first: 1, second: 2}, {second: 2, first: 1}, {second: 2}, {first: 1}
    )

    one, other = columns_of(out)[0][1], columns_of(out)[0][2]
    assert columns_of(out) == [{1: one, 2: other}] * 2 + [{2: other}, {1: one}]
    assert properties(out)[one]["title"] == f"Metric {first}"
    assert properties(out)[other]["title"] == f"Metric {second}"


@EVERY_PAIR
def test_id_published_later_leaves_the_first_its_column(simulate, clock, ids):
    """A metric keeps its column when another with a like ID is published before the next run."""
    sim, (first, second) = simulate(), ids
    publish_ids(sim, first)
    run = run_metrics(sim, clock, {first: 1})
    publish_ids(sim, second, first)

    out = run_metrics(sim, clock, {second: 2, first: 1}, state=run.state)

    (before,), (after,) = columns_of(run), columns_of(out)
    assert after[1] == before[1]
    assert after[2] != before[1]


def test_metrics_take_no_room_in_the_map_of_titles(simulate, clock):
    """A metric whose ID alone decides its column needs no entry in STATE."""
    sim = simulate()
    publish_ids(sim, "cm_11_1", "CM_2", "6B29FC40-CA47-1067")

    out = run_metrics(sim, clock, {"cm_11_1": 1, "CM_2": 2, "6B29FC40-CA47-1067": 3})

    state = out.state["bookmarks"][STREAM]
    stored = json.dumps([state["columns"], state["column_types"]])
    assert set(columns_of(out)[0]) == {1, 2, 3}
    assert not [text for text in ("cm_11_1", "CM_2", "cm_2", "6B29", "6b29") if text in stored]


def test_metrics_of_one_name_are_in_the_map_of_titles(simulate, clock):
    """Of two IDs that only case tells apart, the one with another column has an entry."""
    sim = simulate()
    publish_ids(sim, "CM_2", "cm_2")

    out = run_metrics(sim, clock, {"CM_2": 1, "cm_2": 2})

    (columns,) = columns_of(out)
    assert columns == {1: "cm_2_2", 2: "cm_2"}
    assert out.state["bookmarks"][STREAM]["columns"]["CM_2"] == ["cm_2_2"]


@pytest.mark.ci
@EVERY_PAIR
def test_ids_of_a_catalogue_that_is_not_stored_keep_their_columns(simulate, clock, ids):
    """A catalogue that is too large for STATE leaves the columns of its metrics there."""
    sim, (first, second) = simulate(), ids
    many = [f"cm_{hashlib.sha256(str(n).encode()).hexdigest()}" for n in range(400)]
    publish_ids(sim, first, *many)
    run = run_metrics(sim, clock, {first: 1})
    publish_ids(sim, second, first, *many)

    out = run_metrics(sim, clock, {second: 2, first: 1}, state=run.state)

    (before,), (after,) = columns_of(run), columns_of(out)
    assert after[1] == before[1]
    assert after[2] != before[1]


@pytest.mark.parametrize("ids", PAIRS[2:], ids="-".join)
def test_id_requested_in_place_of_a_like_one_gets_another_column(simulate, clock, ids):
    """A metric has no value in the column of a former one that only case tells apart."""
    sim, outs, state = simulate(), [], None
    publish_ids(sim, *ids)

    for number, metric_id in enumerate(ids, start=1):
        serve_pages(sim, page(interaction(customMetrics={metric_id: number})))
        config = download_settings(sim, number, entry={"custom_metrics": [metric_id]})
        outs.append(run_downloads(config, clock, state=state))
        state = outs[-1].state

    (before,), (after,) = map(columns_of, outs)
    assert before == {1: "cm_1"}
    assert after.keys() == {2}
    assert after[2] != "cm_1"
