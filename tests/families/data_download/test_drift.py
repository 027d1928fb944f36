"""Data download: metrics that appear, vanish or change."""

from __future__ import annotations

import itertools
import logging
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.errors import DriftError
from tap_cxone.simulator.metrics import PUBLISHED
from tests.support.data_download import (
    ALL,
    BASKET,
    BY,
    CATALOGUE,
    DOWNLOAD,
    IDS,
    METRICS,
    NEW,
    ORDER,
    QUARANTINE,
    SCORE,
    STREAM,
    SURVEY,
    download_settings,
    exact_value,
    expected_interactions,
    interaction,
    page,
    page_bodies,
    properties,
    run_downloads,
    run_next_day,
    serve_pages,
    version,
)
from tests.support.expectations import audit_events, failure, without_metadata
from tests.support.ids import readable
from tests.support.requests import requests_to
from tests.support.run import select

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator

KINDS = {
    "added": ((*PUBLISHED, NEW), NEW.id),
    "removed": (PUBLISHED[1:], SCORE),
    "retyped": ((*PUBLISHED[:-1], replace(BY[SURVEY], minimum=-5)), SURVEY),
    "renamed": ((replace(BY[SCORE], name="Mood"), *PUBLISHED[1:]), SCORE),
}
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)
SELECTED = pytest.mark.parametrize("wanted", [["*"], [*IDS]], ids=["all", "by ID"])


def drifts(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings about the catalogue so far."""
    found = (r.getMessage() for r in caplog.records if r.levelno == logging.WARNING)
    return [text for text in found if "ustom metrics" in text]


def metrics_of_truth(sim: Simulator, day: int = 0) -> dict[str, dict[str, Any]]:
    """Return the custom values of the truth by interaction, one day of several."""
    rows = expected_interactions(sim, day + 1)
    return {one["interactionId"]: one["customMetrics"] for one in rows}


def test_first_run_reports_no_drift(sim, clock, caplog, audit_log):
    """What the first run finds is version 1 and no drift."""
    out = run_downloads(
        download_settings(sim, audit_log_path=str(audit_log)), clock, CATALOGUE, STREAM
    )

    assert out.error is None
    assert version(out) == 1
    assert drifts(caplog) == []
    assert audit_events(audit_log, "schema_changed") == []


@pytest.mark.parametrize("published", [PUBLISHED, ()], ids=readable)
def test_no_change_is_no_drift(simulate, clock, caplog, published):
    """A catalogue that is the same, an empty one too, is the same version and no drift."""
    sim = simulate(catalogue=published)
    first = run_downloads(download_settings(sim), clock)

    second = run_next_day(sim, clock, first)
    third = run_next_day(sim, clock, second, number=3)

    assert third.error is None
    assert version(third) == 1
    assert drifts(caplog) == []


@pytest.mark.some(5)
@pytest.mark.parametrize(
    "case", [*itertools.product(KINDS, ["evolve", "ignore", "fail"])], ids=" ".join
)
def test_catalogue_change_is_logged_and_audited(sim, clock, caplog, audit_log, case):
    """Whatever changes in the catalogue is a warning and in the audit log, with kind and ID."""
    kind, mode = case
    first = run_downloads(download_settings(sim), clock)
    changed, metric = KINDS[kind]
    sim.publish_metrics(changed)

    run_next_day(sim, clock, first, schema_drift=mode, audit_log_path=str(audit_log))

    (warning,) = drifts(caplog)
    (line,) = audit_events(audit_log, "schema_changed")
    assert kind in warning
    assert metric in warning
    assert [text.split(" (")[0] for text in line["columns"]] == [f"{kind}: {metric}"]


@pytest.mark.ci
@EVERY_KIND
def test_change_of_the_catalogue_raises_its_version_once(sim, clock, caplog, kind):
    """A change counts the version up, once: the next run knows it."""
    first = run_downloads(download_settings(sim), clock)
    sim.publish_metrics(KINDS[kind][0])

    second = run_next_day(sim, clock, first)
    caplog.clear()
    third = run_next_day(sim, clock, second, number=3)

    assert third.error is None
    assert (version(second), version(third)) == (2, 2)
    assert drifts(caplog) == []


def test_first_metric_of_all_is_drift(simulate, clock, caplog):
    """A metric that is published where there was none is drift."""
    sim = simulate(catalogue=())
    first = run_downloads(download_settings(sim), clock)
    sim.publish_metrics((NEW,))

    second = run_next_day(sim, clock, first)

    (warning,) = drifts(caplog)
    assert NEW.id in warning
    assert (version(first), version(second)) == (1, 2)


def test_added(sim, clock):
    """A new metric is in a SCHEMA before the first row, is requested, and has its values."""
    first = run_downloads(download_settings(sim), clock)
    sim.publish_metrics((*PUBLISHED, NEW))

    second = run_next_day(sim, clock, first)

    before = itertools.takewhile(lambda m: m["type"] != "RECORD", second.messages)
    schemas = [m for m in before if m["type"] == "SCHEMA" and m["stream"] == STREAM]
    assert schemas[-1]["schema"]["properties"][NEW.id]["title"] == NEW.name
    assert page_bodies(sim)[-1]["customMetrics"] == [*IDS, NEW.id]
    values = {r["interaction_id"]: r[NEW.id] for r in second.records(STREAM)}
    assert len(values) > 1
    assert values == {i: metrics_of_truth(sim, 1)[i].get(NEW.id) for i in values}
    assert any(values.values())


@SELECTED
@pytest.mark.parametrize("mode", ["evolve", "ignore"])
def test_removed(sim, clock, wanted, mode):
    """A metric that is gone keeps its column, which is null, and is not requested."""
    entry = {"custom_metrics": wanted}
    first = run_downloads(download_settings(sim, entry=entry), clock)
    sim.publish_metrics(PUBLISHED[1:])

    second = run_next_day(sim, clock, first, entry=entry, schema_drift=mode)
    third = run_next_day(sim, clock, second, number=3, entry=entry, schema_drift=mode)

    for out in (second, third):
        assert out.error is None
        assert properties(out)[SCORE]["type"] == ["number", "null"]
        assert {record[SCORE] for record in out.records(STREAM)} == {None}
        assert len(out.records(STREAM)) > 1
    assert [body["customMetrics"] for body in page_bodies(sim)[1:]] == [list(IDS[1:])] * 2


@SELECTED
def test_back_again(sim, clock, caplog, wanted):
    """A metric that comes back fills its old column again, and that is logged."""
    entry = {"custom_metrics": wanted}
    first = run_downloads(download_settings(sim, entry=entry), clock)
    sim.publish_metrics(PUBLISHED[1:])
    second = run_next_day(sim, clock, first, entry=entry)
    sim.publish_metrics(PUBLISHED)
    caplog.clear()

    third = run_next_day(sim, clock, second, number=3, entry=entry)

    assert third.error is None
    assert SCORE in page_bodies(sim)[-1]["customMetrics"]
    assert any(record[SCORE] is not None for record in third.records(STREAM))
    assert any("added" in text and SCORE in text for text in drifts(caplog))


def test_retyped(sim, clock):
    """A metric of another type has a SCHEMA that says so before its first row."""
    first = run_downloads(download_settings(sim), clock)
    sim.publish_metrics((*PUBLISHED[:-1], replace(BY[SURVEY], type="string")))

    second = run_next_day(sim, clock, first)

    assert second.error is None
    assert properties(first)[SURVEY]["type"] == ["integer", "null"]
    assert properties(second)[SURVEY]["type"] == ["string", "null"]
    assert "maximum" not in properties(second)[SURVEY]
    values = {r["interaction_id"]: r[SURVEY] for r in second.records(STREAM)}
    assert values == {i: metrics_of_truth(sim, 1)[i].get(SURVEY) for i in values}


def test_rule_that_widens_accepts_the_value(sim, clock):
    """A wider limit lets a value pass that broke the old one."""
    first = run_downloads(download_settings(sim), clock)
    sim.publish_metrics((replace(BY[SCORE], maximum=2), *PUBLISHED[1:]))
    serve_pages(sim, page(interaction(0, customMetrics={SCORE: 1.7})))

    second = run_next_day(sim, clock, first)

    assert second.error is None
    assert [record[SCORE] for record in second.records(STREAM)] == [Decimal("1.7")]
    assert properties(second)[SCORE]["maximum"] == 2


@SELECTED
def test_renamed(sim, clock, wanted):
    """A new name is a new title, and moves no data: not even if two metrics exchange names."""
    entry = {"custom_metrics": wanted}
    first = run_downloads(download_settings(sim, entry=entry), clock)
    names = {BASKET: BY[ORDER].name, ORDER: BY[BASKET].name}
    sim.publish_metrics(
        replace(metric, name=names.get(metric.id, metric.name)) for metric in PUBLISHED
    )

    second = run_next_day(sim, clock, first, entry=entry)

    assert second.error is None
    assert properties(second).keys() == properties(first).keys()
    assert properties(second)[BASKET]["title"] == BY[ORDER].name
    assert properties(second)[BASKET]["type"] == ["number", "null"]
    assert page_bodies(sim)[1]["customMetrics"] == page_bodies(sim)[0]["customMetrics"]
    for record in second.records(STREAM):
        wanted_values = metrics_of_truth(sim, 1)[record["interaction_id"]]
        assert record[ORDER] == wanted_values.get(ORDER)
        assert record[BASKET] == exact_value(wanted_values.get(BASKET))


@pytest.mark.parametrize("kind", ["added", "renamed"])
def test_ignored(sim, clock, kind):
    """With ignore everything is as before: what is new is not requested, also the time after."""
    first = run_downloads(download_settings(sim), clock)
    sim.publish_metrics(KINDS[kind][0])

    second = run_next_day(sim, clock, first, schema_drift="ignore")
    third = run_next_day(sim, clock, second, number=3, schema_drift="ignore")

    for out in (second, third):
        assert out.error is None
        assert len(out.records(STREAM)) > 1
        assert properties(out) == properties(first)
        assert all(NEW.id not in record for record in out.records(STREAM))
    assert [body["customMetrics"] for body in page_bodies(sim)] == [list(IDS)] * 3


def test_rule_that_changed_is_ignored_with_ignore(sim, clock):
    """With ignore the rule of before holds too."""
    first = run_downloads(download_settings(sim), clock)
    sim.publish_metrics((replace(BY[SCORE], maximum=2), *PUBLISHED[1:]))
    serve_pages(sim, page(interaction(0), interaction(1, customMetrics={SCORE: 1.7})))

    second = run_next_day(sim, clock, first, schema_drift="ignore", **ALL)

    assert second.error is None
    assert properties(second) == properties(first)
    assert [found["field"] for found in second.records(QUARANTINE)] == [SCORE]


def test_ignored_until_named(sim, clock):
    """With ignore a new metric comes as soon as a user requests it by its name."""
    first = run_downloads(download_settings(sim), clock)
    sim.publish_metrics((*PUBLISHED, NEW))

    second = run_next_day(
        sim, clock, first, schema_drift="ignore", entry={"custom_metrics": [NEW.name, BASKET]}
    )

    assert second.error is None
    assert set(page_bodies(sim)[-1]["customMetrics"]) == {NEW.id, BASKET}
    assert NEW.id in properties(second)


def test_catalog_without_metrics_gives_all_in_schema(sim, clock, audit_log):
    """A catalog that shows no metrics yet is good for every run: SCHEMA has them all the same."""
    catalog = select(download_settings(sim), STREAM, QUARANTINE)
    first = run_downloads(download_settings(sim), clock, catalog=catalog)
    sim.publish_metrics(PUBLISHED[1:])
    second = run_downloads(download_settings(sim, 2), clock, catalog=catalog, state=first.state)
    third = run_downloads(
        download_settings(sim, 3, audit_log_path=str(audit_log)),
        clock,
        catalog=catalog,
        state=second.state,
    )

    for out in (first, second, third):
        assert out.error is None
        assert set(IDS) < properties(out).keys()
        assert all(set(IDS) < record.keys() for record in out.records(STREAM))
    assert audit_events(audit_log, "schema_changed") == []


@pytest.mark.ci
@pytest.mark.some(3)
@EVERY_KIND
@pytest.mark.parametrize("streams", [(STREAM, QUARANTINE), (CATALOGUE, STREAM)], ids=readable)
def test_refused(sim, clock, kind, streams):
    """With fail a change fails the stream, run after run, until the settings accept it."""
    config = download_settings(sim)
    out = run_downloads(config, clock, *streams)
    changed, metric = KINDS[kind]
    sim.publish_metrics(changed)

    for _ in range(2):
        out = run_downloads(
            download_settings(sim, 2, schema_drift="fail"), clock, *streams, state=out.state
        )
        assert isinstance(failure(out), DriftError)
        assert metric in str(failure(out))
        assert "schema_drift" in str(failure(out))
        assert out.records(STREAM) == []
    assert len(requests_to(sim, DOWNLOAD)) == 1
    accepted = run_downloads(download_settings(sim, 2), clock, *streams, state=out.state)
    refusing = run_downloads(
        download_settings(sim, 3, schema_drift="fail"), clock, *streams, state=accepted.state
    )

    assert accepted.error is None
    assert refusing.error is None
    assert version(refusing) == 2
    assert len(requests_to(sim, DOWNLOAD)) == 3


TWO = [
    {
        "name": name,
        "report": "Interaction/Call",
        "metrics": ["duration"],
        "custom_metrics": ["*"],
        "group_by": ["interactionId"],
    }
    for name in ("first", "second")
]


def test_two_downloads_see_the_same(sim, clock, caplog):
    """Two downloads of a run see one catalogue, and its changes are logged once."""
    own = {"downloads": TWO}
    before = run_downloads(download_settings(sim, own=own), clock, "first", "second")
    sim.publish_metrics((*PUBLISHED, NEW))

    after = run_downloads(
        download_settings(sim, 2, own=own), clock, "first", "second", state=before.state
    )

    assert after.error is None
    assert len(requests_to(sim, METRICS)) == 2
    assert len(drifts(caplog)) == 1
    assert without_metadata(after.records("first")) == without_metadata(after.records("second"))
    assert version(after) == 2


@pytest.mark.ci
@pytest.mark.parametrize("only", ["first", "second"])
def test_one_of_two_downloads(sim, clock, caplog, only):
    """What one download has seen is known to the other, which was not read that time."""
    own = {"downloads": TWO}
    before = run_downloads(download_settings(sim, own=own), clock, "first", "second")
    sim.publish_metrics((*PUBLISHED, NEW))
    between = run_downloads(download_settings(sim, 2, own=own), clock, only, state=before.state)
    caplog.clear()

    after = run_downloads(
        download_settings(sim, 3, own=own), clock, "first", "second", state=between.state
    )

    assert after.error is None
    assert drifts(caplog) == []
    assert version(after) == 2
    for name in ("first", "second"):
        assert NEW.id in properties(after, name)


def test_metric_missing_from_the_catalogue_is_drift(simulate, clock, audit_log):
    """A metric in the data that the catalogue does not have is drift: a nullable text."""
    sim = simulate(undefined_metric="cm_ghost")

    first = run_downloads(download_settings(sim, audit_log_path=str(audit_log)), clock)
    told_first = len(audit_events(audit_log, "schema_changed"))
    second = run_next_day(sim, clock, first, audit_log_path=str(audit_log))

    assert told_first == 1
    assert len(audit_events(audit_log, "schema_changed")) == 1  # the second run knew it
    for out in (first, second):
        assert out.error is None
        assert properties(out)["cm_ghost"]["type"] == ["string", "null"]
        assert {record["cm_ghost"] for record in out.records(STREAM)} == {"not announced"}
        schema = next(
            index
            for index, message in enumerate(out.messages)
            if "cm_ghost" in message.get("schema", {}).get("properties", {})
        )
        assert schema < next(i for i, m in enumerate(out.messages) if m["type"] == "RECORD")
    assert all("cm_ghost" not in body["customMetrics"] for body in page_bodies(sim))
    assert version(second) == 1


@pytest.mark.parametrize("mode", ["ignore", "fail"])
def test_metric_missing_from_the_catalogue_is_ignored_or_fails(simulate, clock, mode):
    """With ignore such a metric is omitted, with fail the window fails."""
    sim = simulate(undefined_metric="cm_ghost")

    out = run_downloads(download_settings(sim, schema_drift=mode), clock)

    if mode == "ignore":
        assert out.error is None
        assert len(out.records(STREAM)) == len(expected_interactions(sim))
        assert all("cm_ghost" not in record for record in out.records(STREAM))
    else:
        assert isinstance(failure(out), DriftError)
        assert out.records(STREAM) == []


def test_metric_that_a_download_does_not_request_is_no_failure(simulate, clock, caplog):
    """With fail a metric that comes unrequested is dropped, and one warning names it."""
    sim = simulate(undefined_metric="cm_ghost")
    entry = {"custom_metrics": [BASKET]}

    out = run_downloads(download_settings(sim, 2, entry=entry, schema_drift="fail"), clock)

    (warning,) = (r.getMessage() for r in caplog.records if "cm_ghost" in r.getMessage())
    assert out.error is None
    assert len(out.records(STREAM)) == len(expected_interactions(sim, 2))
    assert all("cm_ghost" not in record for record in out.records(STREAM))
    assert "not requested, so dropped, because schema_drift is fail" in warning


def test_published_later(simulate, clock):
    """A metric that was in the data first and is published later is one column, then typed."""
    sim = simulate(undefined_metric="cm_ghost")
    first = run_downloads(download_settings(sim), clock)
    ghost = replace(NEW, id="cm_ghost", name="Ghost")
    sim.publish_metrics((*PUBLISHED, ghost))

    second = run_next_day(sim, clock, first)

    assert second.error is None
    assert properties(second)["cm_ghost"]["title"] == "Ghost"
    assert not any(name.startswith("cm_ghost_") for name in properties(second))
