"""Data download: the stream of custom metrics."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

import pytest

from tap_cxone.errors import ApiError
from tap_cxone.simulator.metrics import PUBLISHED
from tests.support.data_download import (
    ALL,
    BASKET,
    BY,
    CATALOGUE,
    DOWNLOAD,
    FLAG,
    IDS,
    METRICS,
    NEW,
    QUARANTINE,
    STREAM,
    download_settings,
    interaction,
    page,
    page_bodies,
    properties,
    publish,
    run_downloads,
    run_next_day,
    serve_pages,
    version,
)
from tests.support.expectations import failure, without_metadata
from tests.support.ids import readable
from tests.support.requests import requests_to

if TYPE_CHECKING:
    from tests.support.run import Output


def test_catalogue_stream_has_each_published_metric(sim, clock):
    """The catalogue is a stream by ID, with everything that is published of a metric."""
    out = run_downloads(download_settings(sim), clock, CATALOGUE)

    (schema,) = out.of("SCHEMA", CATALOGUE)
    assert out.error is None
    assert schema["key_properties"] == ["id"]
    assert without_metadata(out.records(CATALOGUE)) == [
        {
            "id": metric.id,
            "name": metric.name,
            "type": metric.type,
            "description": metric.description,
            "minimum": metric.minimum,
            "maximum": metric.maximum,
            "allowed_values": json.dumps(metric.enum) if metric.enum else None,
        }
        for metric in PUBLISHED
    ]


def test_read_whole_each_time(sim, clock):
    """A second run reads the catalogue whole again; it has no bookmark."""
    first = run_downloads(download_settings(sim), clock, CATALOGUE)
    sim.publish_metrics((*PUBLISHED[1:], NEW))

    second = run_downloads(download_settings(sim), clock, CATALOGUE, state=first.state)

    assert second.error is None
    assert [record["id"] for record in second.records(CATALOGUE)] == [*IDS[1:], NEW.id]
    assert second.bookmark(CATALOGUE) is None


@pytest.mark.some(5)
@pytest.mark.parametrize("shape", ["list", "customMetrics", "entities", "data"])
@pytest.mark.parametrize(
    "words",
    [*itertools.product(["name", "displayName"], ["type", "dataType"], ["enum", "allowedValues"])],
    ids=" ".join,
)
def test_every_shape(simulate, clock, shape, words):
    """However the list is laid out, it is understood, and the values are read by it."""
    options = dict(zip(("names", "types", "enum"), words, strict=True))
    sim = simulate(
        catalogue_shape=shape, **{f"catalogue_{what}": word for what, word in options.items()}
    )

    out = run_downloads(
        download_settings(sim, entry={"custom_metrics": ["Basket Value", "Regulatory Flag"]}), clock
    )

    assert out.error is None
    assert page_bodies(sim)[0]["customMetrics"] == [BASKET, FLAG]
    assert properties(out)[BASKET]["type"] == ["number", "null"]
    assert properties(out)[BASKET]["title"] == "Basket Value"
    assert properties(out)[FLAG]["enum"] == [*BY[FLAG].enum, None]


@pytest.mark.parametrize("answer", [{}, {"items": []}, {"data": {}}, "none", 5], ids=readable)
def test_no_catalogue(sim, clock, answer):
    """An answer that is no list of metrics is an error, not an empty catalogue."""
    publish(sim, answer)

    out = run_downloads(download_settings(sim), clock)

    assert isinstance(failure(out), ApiError)
    assert requests_to(sim, DOWNLOAD) == []


@pytest.mark.some(3)
@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Number", "number"),
        ("DECIMAL", "number"),
        ("double", "number"),
        ("Int", "integer"),
        ("long", "integer"),
        ("Bool", "boolean"),
        ("Text", "string"),
        ("enum", "string"),
        ("duration", "string"),
        ("", "string"),
        (None, "string"),
        (7, "string"),
    ],
)
def test_metric_of_unknown_type_is_text(sim, clock, word, kind):
    """A type is read by its usual words; any other is a text; and so it is in the next run."""
    entry = {"id": "cm_x", "name": "X", "type": word}
    publish(sim, [entry, {"name": "without an ID"}, None])
    serve_pages(sim, page(interaction(0)))

    first = run_downloads(download_settings(sim), clock)
    publish(sim, [entry])
    serve_pages(sim, page(interaction(1)))
    second = run_next_day(sim, clock, first)

    for out in (first, second):
        assert out.error is None
        assert properties(out)["cm_x"]["type"] == [kind, "null"]
    assert version(second) == 1


def test_value_of_unknown_type_is_text(sim, clock):
    """A metric without a known type takes any value, as a text."""
    publish(sim, [{"id": "cm_x", "name": "X"}])
    values = ["004", 5, True, None]
    serve_pages(
        sim, page(*(interaction(n, customMetrics={"cm_x": v}) for n, v in enumerate(values)))
    )

    out = run_downloads(download_settings(sim), clock)

    assert out.error is None
    assert [record["cm_x"] for record in out.records(STREAM)] == ["004", "5", "true", None]


@pytest.mark.some(3)
@pytest.mark.parametrize(
    "odd",
    [
        {"enum": [{"value": "A", "label": "First"}, {"value": "B"}]},
        {"enum": [["A"]]},
        {"enum": "A"},
        {"enum": []},
        {"enum": [None, 1, 1.5, True]},
        {"type": "number", "minimum": "NaN", "maximum": "Infinity"},
        {"type": "number", "minimum": "low", "maximum": {}},
        {"type": "number", "minimum": None, "maximum": True},
        {"type": "number", "minimum": [], "maximum": 1e300},
        {"type": "integer", "minimum": 0.5, "maximum": "10"},
        {"description": 5, "name": None},
        {"description": None, "name": {"en": "X"}},
    ],
    ids=str,
)
def test_odd_entry_causes_no_unexpected_error(sim, clock, odd):
    """Undocumented values may be odd; they never cause an unexpected error."""
    entry = {"id": "cm_x", "name": "X", "type": "string", **odd}
    outs: list[Output] = []
    for _ in range(2):
        publish(sim, [entry])
        serve_pages(sim, page(interaction(0)))
        state = outs[-1].state if outs else None
        outs.append(
            run_downloads(
                download_settings(sim, len(outs) + 1), clock, CATALOGUE, STREAM, state=state
            )
        )

    for out in outs:
        assert out.error is None
        assert [record["id"] for record in out.records(CATALOGUE)] == ["cm_x"]
        assert out.records(STREAM)[0]["cm_x"] is None
    assert version(outs[1]) == 1


def test_values_allowed_as_objects(sim, clock):
    """Allowed values that are objects are taken for what their value says."""
    publish(sim, [{"id": "cm_x", "name": "X", "type": "enum", "enum": [{"value": "A"}]}])
    serve_pages(sim, page(*(interaction(n, customMetrics={"cm_x": v}) for n, v in enumerate("AB"))))

    out = run_downloads(download_settings(sim, **ALL), clock)

    assert [record["cm_x"] for record in out.records(STREAM)] == ["A"]
    assert [record["field"] for record in out.records(QUARANTINE)] == ["cm_x"]


@pytest.mark.parametrize("pages", ["token", "number", "page count"])
def test_catalogue_in_pages_is_read_whole(simulate, clock, pages):
    """All pages of the list are read, whether they name a token or a number and a total."""
    sim = simulate(catalogue_shape="entities", list_page_size=2, list_pages=pages)

    out = run_downloads(download_settings(sim), clock, CATALOGUE)

    assert [record["id"] for record in out.records(CATALOGUE)] == [m.id for m in PUBLISHED]
    assert len(requests_to(sim, METRICS)) == -(-len(PUBLISHED) // 2)
