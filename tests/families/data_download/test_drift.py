"""Data download: metrics that appear, vanish or change."""

from __future__ import annotations

import itertools
import json
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
    again,
    asked,
    bare,
    bodies,
    days,
    exactly,
    failure,
    page,
    properties,
    row,
    run,
    serve,
    truth,
    version,
)
from tests.support.run import select

if TYPE_CHECKING:
    from pathlib import Path

    from tap_cxone.simulator import Simulator

KINDS = {
    "added": ((*PUBLISHED, NEW), NEW.id),
    "removed": (PUBLISHED[1:], SCORE),
    "retyped": ((*PUBLISHED[:-1], replace(BY[SURVEY], minimum=-5)), SURVEY),
    "renamed": ((replace(BY[SCORE], name="Mood"), *PUBLISHED[1:]), SCORE),
}
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)
SELECTED = pytest.mark.parametrize("wanted", [["*"], [*IDS]], ids=["all", "by ID"])


@pytest.fixture
def audit(tmp_path: Path) -> Path:
    """Return where the audit log is written."""
    return tmp_path / "audit.jsonl"


def drifts(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings about the catalogue so far."""
    found = (r.getMessage() for r in caplog.records if r.levelno == logging.WARNING)
    return [text for text in found if "ustom metrics" in text]


def audited(path: Path, event: str) -> list[dict[str, Any]]:
    """Return the lines of an event in an audit log."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [line for line in lines if line["event"] == event]


def told(sim: Simulator, day: int = 0) -> dict[str, dict[str, Any]]:
    """Return the custom values of the truth by interaction, one day of several."""
    rows = truth(sim, day + 1)
    return {one["interactionId"]: one["customMetrics"] for one in rows}


def test_the_first_run_is_no_drift(sim, clock, caplog, audit):
    """What the first run finds is version 1 and no drift."""
    out = run(days(sim, audit_log_path=str(audit)), clock, CATALOGUE, STREAM)

    assert out.error is None
    assert version(out) == version(out, CATALOGUE) == 1
    assert drifts(caplog) == []
    assert audited(audit, "schema_changed") == []


@pytest.mark.parametrize("published", [PUBLISHED, ()])
def test_no_change_is_no_drift(simulate, clock, caplog, published):
    """A catalogue that is the same, an empty one too, is the same version and no drift."""
    sim = simulate(catalogue=published)
    first = run(days(sim), clock)

    second = again(sim, clock, first)
    third = again(sim, clock, second, number=3)

    assert third.error is None
    assert version(third) == 1
    assert drifts(caplog) == []


@pytest.mark.some(5)
@pytest.mark.parametrize(
    "case", [*itertools.product(KINDS, ["evolve", "ignore", "fail"])], ids=" ".join
)
def test_a_change_is_told(sim, clock, caplog, audit, case):
    """Whatever changes in the catalogue is a warning and in the audit log, with kind and ID."""
    kind, mode = case
    first = run(days(sim), clock)
    changed, metric = KINDS[kind]
    sim.publish_metrics(changed)

    again(sim, clock, first, schema_drift=mode, audit_log_path=str(audit))

    (warning,) = drifts(caplog)
    (line,) = audited(audit, "schema_changed")
    assert kind in warning
    assert metric in warning
    assert line["columns"] == [f"{kind}: {metric}"]


@EVERY_KIND
def test_a_change_is_a_version(sim, clock, caplog, kind):
    """A change counts the version up, once: the next run knows it."""
    first = run(days(sim), clock)
    sim.publish_metrics(KINDS[kind][0])

    second = again(sim, clock, first)
    caplog.clear()
    third = again(sim, clock, second, number=3)

    assert third.error is None
    assert (version(second), version(third)) == (2, 2)
    assert drifts(caplog) == []


def test_the_first_metric_of_all(simulate, clock, caplog):
    """A metric that is published where there was none is drift."""
    sim = simulate(catalogue=())
    first = run(days(sim), clock)
    sim.publish_metrics((NEW,))

    second = again(sim, clock, first)

    (warning,) = drifts(caplog)
    assert NEW.id in warning
    assert (version(first), version(second)) == (1, 2)


def test_added(sim, clock):
    """A new metric is in a SCHEMA before the first row, is asked for, and has its values."""
    first = run(days(sim), clock)
    sim.publish_metrics((*PUBLISHED, NEW))

    second = again(sim, clock, first)

    before = itertools.takewhile(lambda m: m["type"] != "RECORD", second.messages)
    schemas = [m for m in before if m["type"] == "SCHEMA" and m["stream"] == STREAM]
    assert schemas[-1]["schema"]["properties"][NEW.id]["title"] == NEW.name
    assert bodies(sim)[-1]["customMetrics"] == [*IDS, NEW.id]
    values = {r["interaction_id"]: r[NEW.id] for r in second.records(STREAM)}
    assert len(values) > 1
    assert values == {i: told(sim, 1)[i].get(NEW.id) for i in values}
    assert any(values.values())


@SELECTED
@pytest.mark.parametrize("mode", ["evolve", "ignore"])
def test_removed(sim, clock, wanted, mode):
    """A metric that is gone keeps its column, which is null, and is not asked for."""
    entry = {"custom_metrics": wanted}
    first = run(days(sim, entry=entry), clock)
    sim.publish_metrics(PUBLISHED[1:])

    second = again(sim, clock, first, entry=entry, schema_drift=mode)
    third = again(sim, clock, second, number=3, entry=entry, schema_drift=mode)

    for out in (second, third):
        assert out.error is None
        assert properties(out)[SCORE]["type"] == ["number", "null"]
        assert {record[SCORE] for record in out.records(STREAM)} == {None}
        assert len(out.records(STREAM)) > 1
    assert [body["customMetrics"] for body in bodies(sim)[1:]] == [list(IDS[1:])] * 2


@SELECTED
def test_back_again(sim, clock, caplog, wanted):
    """A metric that comes back fills its old column again, and that is told."""
    entry = {"custom_metrics": wanted}
    first = run(days(sim, entry=entry), clock)
    sim.publish_metrics(PUBLISHED[1:])
    second = again(sim, clock, first, entry=entry)
    sim.publish_metrics(PUBLISHED)
    caplog.clear()

    third = again(sim, clock, second, number=3, entry=entry)

    assert third.error is None
    assert SCORE in bodies(sim)[-1]["customMetrics"]
    assert any(record[SCORE] is not None for record in third.records(STREAM))
    assert any("added" in text and SCORE in text for text in drifts(caplog))


def test_retyped(sim, clock):
    """A metric of another type has a SCHEMA that says so before its first row."""
    first = run(days(sim), clock)
    sim.publish_metrics((*PUBLISHED[:-1], replace(BY[SURVEY], type="string")))

    second = again(sim, clock, first)

    assert second.error is None
    assert properties(first)[SURVEY]["type"] == ["integer", "null"]
    assert properties(second)[SURVEY]["type"] == ["string", "null"]
    assert "maximum" not in properties(second)[SURVEY]
    values = {r["interaction_id"]: r[SURVEY] for r in second.records(STREAM)}
    assert values == {i: told(sim, 1)[i].get(SURVEY) for i in values}


def test_a_rule_that_widens(sim, clock):
    """A wider limit lets a value pass that broke the old one."""
    first = run(days(sim), clock)
    sim.publish_metrics((replace(BY[SCORE], maximum=2), *PUBLISHED[1:]))
    serve(sim, page(row(0, customMetrics={SCORE: 1.7})))

    second = again(sim, clock, first)

    assert second.error is None
    assert [record[SCORE] for record in second.records(STREAM)] == [Decimal("1.7")]
    assert properties(second)[SCORE]["maximum"] == 2


@SELECTED
def test_renamed(sim, clock, wanted):
    """A new name is a new title, and moves no data: not even if two metrics exchange names."""
    entry = {"custom_metrics": wanted}
    first = run(days(sim, entry=entry), clock)
    names = {BASKET: BY[ORDER].name, ORDER: BY[BASKET].name}
    sim.publish_metrics(
        replace(metric, name=names.get(metric.id, metric.name)) for metric in PUBLISHED
    )

    second = again(sim, clock, first, entry=entry)

    assert second.error is None
    assert properties(second).keys() == properties(first).keys()
    assert properties(second)[BASKET]["title"] == BY[ORDER].name
    assert properties(second)[BASKET]["type"] == ["number", "null"]
    assert bodies(sim)[1]["customMetrics"] == bodies(sim)[0]["customMetrics"]
    for record in second.records(STREAM):
        wanted_values = told(sim, 1)[record["interaction_id"]]
        assert record[ORDER] == wanted_values.get(ORDER)
        assert record[BASKET] == exactly(wanted_values.get(BASKET))


@pytest.mark.parametrize("kind", ["added", "renamed"])
def test_ignored(sim, clock, kind):
    """With ignore everything is as before: what is new is not asked for, also the time after."""
    first = run(days(sim), clock)
    sim.publish_metrics(KINDS[kind][0])

    second = again(sim, clock, first, schema_drift="ignore")
    third = again(sim, clock, second, number=3, schema_drift="ignore")

    for out in (second, third):
        assert out.error is None
        assert len(out.records(STREAM)) > 1
        assert properties(out) == properties(first)
        assert all(NEW.id not in record for record in out.records(STREAM))
    assert [body["customMetrics"] for body in bodies(sim)] == [list(IDS)] * 3


def test_a_rule_that_is_ignored(sim, clock):
    """With ignore the rule of before holds too."""
    first = run(days(sim), clock)
    sim.publish_metrics((replace(BY[SCORE], maximum=2), *PUBLISHED[1:]))
    serve(sim, page(row(0), row(1, customMetrics={SCORE: 1.7})))

    second = again(sim, clock, first, schema_drift="ignore", **ALL)

    assert second.error is None
    assert properties(second) == properties(first)
    assert [found["field"] for found in second.records(QUARANTINE)] == [SCORE]


def test_ignored_until_named(sim, clock):
    """With ignore a new metric comes as soon as a user asks for it by its name."""
    first = run(days(sim), clock)
    sim.publish_metrics((*PUBLISHED, NEW))

    second = again(
        sim, clock, first, schema_drift="ignore", entry={"custom_metrics": [NEW.name, BASKET]}
    )

    assert second.error is None
    assert set(bodies(sim)[-1]["customMetrics"]) == {NEW.id, BASKET}
    assert NEW.id in properties(second)


def test_a_catalog_from_before(sim, clock, audit):
    """A catalog that shows no metrics yet is good for every run: SCHEMA has them all the same."""
    catalog = select(days(sim), STREAM, QUARANTINE)
    first = run(days(sim), clock, catalog=catalog)
    sim.publish_metrics(PUBLISHED[1:])
    second = run(days(sim, 2), clock, catalog=catalog, state=first.state)
    third = run(days(sim, 3, audit_log_path=str(audit)), clock, catalog=catalog, state=second.state)

    for out in (first, second, third):
        assert out.error is None
        assert set(IDS) < properties(out).keys()
        assert all(set(IDS) < record.keys() for record in out.records(STREAM))
    assert audited(audit, "schema_changed") == []


@pytest.mark.some(3)
@EVERY_KIND
@pytest.mark.parametrize("streams", [(STREAM, QUARANTINE), (CATALOGUE, STREAM)])
def test_refused(sim, clock, kind, streams):
    """With fail a change fails the stream, run after run, until somebody accepts it."""
    config = days(sim)
    out = run(config, clock, *streams)
    changed, metric = KINDS[kind]
    sim.publish_metrics(changed)

    for _ in range(2):
        out = run(days(sim, 2, schema_drift="fail"), clock, *streams, state=out.state)
        assert isinstance(failure(out), DriftError)
        assert metric in str(failure(out))
        assert "schema_drift" in str(failure(out))
        assert out.records(STREAM) == []
    assert len(asked(sim, DOWNLOAD)) == 1
    accepted = run(days(sim, 2), clock, *streams, state=out.state)
    refusing = run(days(sim, 3, schema_drift="fail"), clock, *streams, state=accepted.state)

    assert accepted.error is None
    assert refusing.error is None
    assert version(refusing) == 2
    assert len(asked(sim, DOWNLOAD)) == 3


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
    """Two downloads of a run see one catalogue, and its changes are told once."""
    own = {"downloads": TWO}
    before = run(days(sim, own=own), clock, "first", "second")
    sim.publish_metrics((*PUBLISHED, NEW))

    after = run(days(sim, 2, own=own), clock, "first", "second", state=before.state)

    assert after.error is None
    assert len(asked(sim, METRICS)) == 2
    assert len(drifts(caplog)) == 1
    assert bare(after.records("first")) == bare(after.records("second"))
    assert {name: version(after, name) for name in ("first", "second")} == {
        "first": 2,
        "second": 2,
    }


@pytest.mark.parametrize("only", ["first", "second"])
def test_one_of_two_downloads(sim, clock, caplog, only):
    """What one download has seen is known to the other, which was not read that time."""
    own = {"downloads": TWO}
    before = run(days(sim, own=own), clock, "first", "second")
    sim.publish_metrics((*PUBLISHED, NEW))
    between = run(days(sim, 2, own=own), clock, only, state=before.state)
    caplog.clear()

    after = run(days(sim, 3, own=own), clock, "first", "second", state=between.state)

    assert after.error is None
    assert drifts(caplog) == []
    for name in ("first", "second"):
        assert version(after, name) == 2
        assert NEW.id in properties(after, name)


def test_a_metric_nobody_announced(simulate, clock, audit):
    """A metric in the data that the catalogue does not have is drift: a nullable text."""
    sim = simulate(undefined_metric="cm_ghost")

    first = run(days(sim, audit_log_path=str(audit)), clock)
    told_first = len(audited(audit, "schema_changed"))
    second = again(sim, clock, first, audit_log_path=str(audit))

    assert told_first == 1
    assert len(audited(audit, "schema_changed")) == 1  # the second run knew it
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
    assert all("cm_ghost" not in body["customMetrics"] for body in bodies(sim))
    assert version(second) == 1


@pytest.mark.parametrize("mode", ["ignore", "fail"])
def test_a_metric_nobody_announced_and_nobody_wants(simulate, clock, mode):
    """With ignore such a metric is left out, with fail the window fails."""
    sim = simulate(undefined_metric="cm_ghost")

    out = run(days(sim, schema_drift=mode), clock)

    if mode == "ignore":
        assert out.error is None
        assert len(out.records(STREAM)) == len(truth(sim))
        assert all("cm_ghost" not in record for record in out.records(STREAM))
    else:
        assert isinstance(failure(out), DriftError)
        assert out.records(STREAM) == []


def test_published_later(simulate, clock):
    """A metric that was in the data first and is published later is one column, then typed."""
    sim = simulate(undefined_metric="cm_ghost")
    first = run(days(sim), clock)
    ghost = replace(NEW, id="cm_ghost", name="Ghost")
    sim.publish_metrics((*PUBLISHED, ghost))

    second = again(sim, clock, first)

    assert second.error is None
    assert properties(second)["cm_ghost"]["title"] == "Ghost"
    assert not any(name.startswith("cm_ghost_") for name in properties(second))
