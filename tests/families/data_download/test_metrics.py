"""Data download: which metrics are requested, and the schema of the rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tap_cxone.errors import ConfigError
from tap_cxone.simulator.metrics import PUBLISHED
from tests.support.data_download import (
    BASKET,
    DOWNLOAD,
    IDS,
    NEW,
    SCORE,
    STREAM,
    download_settings,
    expected_interactions,
    page_bodies,
    properties,
    run_downloads,
    run_next_day,
)
from tests.support.expectations import failure
from tests.support.ids import readable
from tests.support.requests import requests_to


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["*"], IDS),
        ([BASKET], (BASKET,)),
        (["Basket Value", SCORE], (BASKET, SCORE)),
        (["Basket Value", BASKET, "Basket Value"], (BASKET,)),
        ([BASKET, "*"], (BASKET, *(i for i in IDS if i != BASKET))),
        ([], ()),
    ],
    ids=readable,
)
def test_by_id_or_name(sim, clock, wanted, found):
    """Metrics are named by ID, by display name or all at once; each is requested once, by ID."""
    out = run_downloads(download_settings(sim, entry={"custom_metrics": wanted}), clock)

    assert out.error is None
    assert page_bodies(sim)[0]["customMetrics"] == list(found)
    assert {name for name in properties(out) if name.startswith("cm_")} == set(found)


def test_metric_name_of_two_metrics_lists_both_ids(sim, clock):
    """A name that two metrics have is an error that lists both IDs."""
    sim.publish_metrics((*PUBLISHED, replace(NEW, name="Basket Value")))

    out = run_downloads(download_settings(sim, entry={"custom_metrics": ["Basket Value"]}), clock)

    assert isinstance(failure(out), ConfigError)
    assert all(part in str(failure(out)) for part in (BASKET, NEW.id, "Basket Value"))
    assert requests_to(sim, DOWNLOAD) == []


def test_metric_id_is_preferred_to_an_equal_name(sim, clock):
    """An ID means the metric that has it, also if another is called so."""
    sim.publish_metrics((*PUBLISHED, replace(NEW, name=BASKET)))

    out = run_downloads(download_settings(sim, entry={"custom_metrics": [BASKET]}), clock)

    assert out.error is None
    assert page_bodies(sim)[0]["customMetrics"] == [BASKET]


@pytest.mark.parametrize(
    ("name", "near"), [("Basket Valeu", "Basket Value"), (f"{BASKET}0", BASKET), ("Wind", "")]
)
def test_metric_name_that_is_unknown_suggests_a_near_one(sim, clock, name, near):
    """An unknown name is an error with a near one, and with all problems at once."""
    out = run_downloads(download_settings(sim, entry={"custom_metrics": [name, "qqq"]}), clock)

    assert isinstance(failure(out), ConfigError)
    assert all(part in str(failure(out)) for part in (f"'{name}'", "'qqq'", near))
    assert requests_to(sim, DOWNLOAD) == []


@pytest.mark.parametrize("mode", ["evolve", "ignore", "fail"])
def test_metric_name_that_is_unknown_fails_every_run(sim, clock, mode):
    """An unknown name is an error in every run, with every drift policy."""
    first = run_downloads(download_settings(sim), clock)

    second = run_next_day(
        sim, clock, first, entry={"custom_metrics": ["Basket Valeu"]}, schema_drift=mode
    )

    assert isinstance(failure(second), ConfigError)
    assert "'Basket Value'" in str(failure(second))
    assert second.records(STREAM) == []


def test_metric_columns_have_title_type_and_limits(sim, clock):
    """A column is named by ID and titled by name, with type, description and limits."""
    out = run_downloads(download_settings(sim), clock)

    shown = properties(out)
    for metric in PUBLISHED:
        found = shown[metric.id]
        assert found["type"] == [metric.type, "null"]
        assert found["title"] == metric.name
        assert found.get("minimum") == metric.minimum
        assert found.get("maximum") == metric.maximum
        assert found.get("enum") == ([*metric.enum, None] if metric.enum else None)
        assert metric.description is None or found["description"] == metric.description
        assert found["description"]


def test_download_key_is_the_grouping_and_window(sim, clock):
    """A row's key is what it is grouped by, and its window."""
    out = run_downloads(download_settings(sim), clock)

    schema = out.of("SCHEMA", STREAM)[-1]
    assert schema["key_properties"] == ["interaction_id", "agent_id", "_window_start"]
    for key in schema["key_properties"]:
        assert schema["schema"]["properties"][key]["type"] == "string"


def test_key_of_sums_without_grouping_is_the_window(sim, clock):
    """Without a grouping the window alone is the key: a row sums up all of it."""
    entry = {"group_by": [], "custom_metrics": [], "metrics": ["interactions"]}

    out = run_downloads(download_settings(sim, 2, entry=entry), clock)

    assert out.of("SCHEMA", STREAM)[-1]["key_properties"] == ["_window_start"]
    first, both = len(expected_interactions(sim)), len(expected_interactions(sim, 2))
    assert [record["interactions"] for record in out.records(STREAM)] == [first, both - first]
