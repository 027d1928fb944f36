"""Data download: the catalogue of custom metrics, its drift, and what becomes of values."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import logging
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from tap_cxone.errors import ApiError, ConfigError, DriftError, InvalidRecords
from tap_cxone.simulator import Fault
from tap_cxone.simulator.metrics import PUBLISHED, CustomMetric
from tap_cxone.tap import TapCXone
from tests.support.data_download import (
    BASKET,
    CALLBACK,
    CATALOGUE,
    DOWNLOAD,
    FLAG,
    IDS,
    METRICS,
    ORDER,
    QUARANTINE,
    SCORE,
    STREAM,
    SURVEY,
    asked,
    bodies,
    days,
    exactly,
    failure,
    ids,
    page,
    publish,
    row,
    run,
    serve,
    truth,
)
from tests.support.run import select

if TYPE_CHECKING:
    from pathlib import Path

    from tap_cxone.simulator import Simulator
    from tests.support.run import FakeClock, Output

NEW = CustomMetric(id="cm_5555555555555555", name="Greeting", type="string")
BY = {metric.id: metric for metric in PUBLISHED}
ALL: dict[str, Any] = {"max_invalid_ratio": 1}
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


def bare(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return records without what the tap adds to them."""
    return [{k: v for k, v in record.items() if not k.startswith("_")} for record in records]


def drifts(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings about the catalogue so far."""
    found = (r.getMessage() for r in caplog.records if r.levelno == logging.WARNING)
    return [text for text in found if "ustom metrics" in text]


def audited(path: Path, event: str) -> list[dict[str, Any]]:
    """Return the lines of an event in an audit log."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [line for line in lines if line["event"] == event]


def version(out: Output, stream: str = STREAM) -> Any:
    """Return the version of the catalogue in a state."""
    tenant_info = out.state["bookmarks"][stream]["tenant_info"]
    return tenant_info["data_download"]["catalogue"]["version"]


def properties(out: Output, stream: str = STREAM) -> dict[str, Any]:
    """Return the columns of the last SCHEMA of a stream."""
    found: dict[str, Any] = out.of("SCHEMA", stream)[-1]["schema"]["properties"]
    return found


def discover(config: dict[str, Any], state: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the columns that a catalog shows of the download."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        tap = TapCXone(config=config, state=state, validate_config=False)
        text = tap.run_discovery()
    streams = json.loads(text or shown.getvalue())["streams"]
    (found,) = (s["schema"]["properties"] for s in streams if s["tap_stream_id"] == STREAM)
    return dict(found)


def again(
    sim: Simulator, clock: FakeClock, first: Output, *, number: int = 2, **changes: Any
) -> Output:
    """Run once more, with one day more to read."""
    return run(days(sim, number, **changes), clock, state=first.state)


def told(sim: Simulator, day: int = 0) -> dict[str, dict[str, Any]]:
    """Return the custom values of the truth by interaction, one day of several."""
    rows = truth(sim, day + 1)
    return {one["interactionId"]: one["customMetrics"] for one in rows}


def serve_bytes(sim: Simulator, *bodies: bytes) -> None:
    """Make these the next answers to a download."""
    headers = (("Content-Type", "application/json"),)
    for body in bodies:
        sim.faults.add(Fault("page", "status", status=200, headers=headers, body=body))


# The catalogue


def test_the_stream(sim, clock):
    """The catalogue is a stream by ID, with everything that is published of a metric."""
    out = run(days(sim), clock, CATALOGUE)

    (schema,) = out.of("SCHEMA", CATALOGUE)
    assert out.error is None
    assert schema["key_properties"] == ["id"]
    assert bare(out.records(CATALOGUE)) == [
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
    first = run(days(sim), clock, CATALOGUE)
    sim.publish_metrics((*PUBLISHED[1:], NEW))

    second = run(days(sim), clock, CATALOGUE, state=first.state)

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

    out = run(days(sim, entry={"custom_metrics": ["Basket Value", "Regulatory Flag"]}), clock)

    assert out.error is None
    assert bodies(sim)[0]["customMetrics"] == [BASKET, FLAG]
    assert properties(out)[BASKET]["type"] == ["number", "null"]
    assert properties(out)[BASKET]["title"] == "Basket Value"
    assert properties(out)[FLAG]["enum"] == [*BY[FLAG].enum, None]


@pytest.mark.parametrize("answer", [{}, {"items": []}, {"data": {}}, "none", 5])
def test_no_catalogue(sim, clock, answer):
    """An answer that is no list of metrics is an error, not an empty catalogue."""
    publish(sim, answer)

    out = run(days(sim), clock)

    assert isinstance(failure(out), ApiError)
    assert asked(sim, DOWNLOAD) == []


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
def test_a_type_nobody_knows(sim, clock, word, kind):
    """A type is read by its usual words; any other is a text; and so it is in the next run."""
    entry = {"id": "cm_x", "name": "X", "type": word}
    publish(sim, [entry, {"name": "without an ID"}, None])
    serve(sim, page(row(0)))

    first = run(days(sim), clock)
    publish(sim, [entry])
    serve(sim, page(row(1)))
    second = again(sim, clock, first)

    for out in (first, second):
        assert out.error is None
        assert properties(out)["cm_x"]["type"] == [kind, "null"]
    assert version(second) == 1


def test_values_of_a_type_nobody_knows(sim, clock):
    """A metric without a known type takes any value, as a text."""
    publish(sim, [{"id": "cm_x", "name": "X"}])
    values = ["004", 5, True, None]
    serve(sim, page(*(row(n, customMetrics={"cm_x": v}) for n, v in enumerate(values))))

    out = run(days(sim), clock)

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
def test_an_odd_entry(sim, clock, odd):
    """What nobody has documented may look odd; it never ends in a fault of the tap."""
    entry = {"id": "cm_x", "name": "X", "type": "string", **odd}
    outs: list[Output] = []
    for _ in range(2):
        publish(sim, [entry])
        serve(sim, page(row(0)))
        state = outs[-1].state if outs else None
        outs.append(run(days(sim, len(outs) + 1), clock, CATALOGUE, STREAM, state=state))

    for out in outs:
        assert out.error is None
        assert [record["id"] for record in out.records(CATALOGUE)] == ["cm_x"]
        assert out.records(STREAM)[0]["cm_x"] is None
    assert version(outs[1]) == 1


def test_values_allowed_as_objects(sim, clock):
    """Allowed values that are objects are taken for what their value says."""
    publish(sim, [{"id": "cm_x", "name": "X", "type": "enum", "enum": [{"value": "A"}]}])
    serve(sim, page(*(row(n, customMetrics={"cm_x": v}) for n, v in enumerate("AB"))))

    out = run(days(sim, **ALL), clock)

    assert [record["cm_x"] for record in out.records(STREAM)] == ["A"]
    assert [record["field"] for record in out.records(QUARANTINE)] == ["cm_x"]


# What is asked for


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
)
def test_by_id_or_name(sim, clock, wanted, found):
    """Metrics are named by ID, by display name or all at once; each is asked for once, by ID."""
    out = run(days(sim, entry={"custom_metrics": wanted}), clock)

    assert out.error is None
    assert bodies(sim)[0]["customMetrics"] == list(found)
    assert {name for name in properties(out) if name.startswith("cm_")} == set(found)


def test_a_name_of_two(sim, clock):
    """A name that two metrics have is an error that lists both IDs."""
    sim.publish_metrics((*PUBLISHED, replace(NEW, name="Basket Value")))

    out = run(days(sim, entry={"custom_metrics": ["Basket Value"]}), clock)

    assert isinstance(failure(out), ConfigError)
    assert all(part in str(failure(out)) for part in (BASKET, NEW.id, "Basket Value"))
    assert asked(sim, DOWNLOAD) == []


def test_an_id_is_no_name(sim, clock):
    """An ID means the metric that has it, also if another is called so."""
    sim.publish_metrics((*PUBLISHED, replace(NEW, name=BASKET)))

    out = run(days(sim, entry={"custom_metrics": [BASKET]}), clock)

    assert out.error is None
    assert bodies(sim)[0]["customMetrics"] == [BASKET]


@pytest.mark.parametrize(
    ("name", "near"), [("Basket Valeu", "Basket Value"), (f"{BASKET}0", BASKET), ("Wind", "")]
)
def test_an_unknown_name(sim, clock, name, near):
    """A name that nobody has is an error with a near one, and with all problems at once."""
    out = run(days(sim, entry={"custom_metrics": [name, "qqq"]}), clock)

    assert isinstance(failure(out), ConfigError)
    assert all(part in str(failure(out)) for part in (f"'{name}'", "'qqq'", near))
    assert asked(sim, DOWNLOAD) == []


@pytest.mark.parametrize("mode", ["evolve", "ignore", "fail"])
def test_an_unknown_name_in_a_second_run(sim, clock, mode):
    """A name that nobody has is an error in every run, whatever is to be done about drift."""
    first = run(days(sim), clock)

    second = again(sim, clock, first, entry={"custom_metrics": ["Basket Valeu"]}, schema_drift=mode)

    assert isinstance(failure(second), ConfigError)
    assert "'Basket Value'" in str(failure(second))
    assert second.records(STREAM) == []


def test_the_schema(sim, clock):
    """A column is named by ID and titled by name, with type, description and limits."""
    out = run(days(sim), clock)

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


def test_the_key(sim, clock):
    """A row's key is what it is grouped by, and its window."""
    out = run(days(sim), clock)

    schema = out.of("SCHEMA", STREAM)[-1]
    assert schema["key_properties"] == ["interaction_id", "agent_id", "_window_start"]
    for key in schema["key_properties"]:
        assert schema["schema"]["properties"][key]["type"] == "string"


def test_the_key_of_sums(sim, clock):
    """Without a grouping the window alone is the key: a row sums up all of it."""
    entry = {"group_by": [], "custom_metrics": [], "metrics": ["interactions"]}

    out = run(days(sim, 2, entry=entry), clock)

    assert out.of("SCHEMA", STREAM)[-1]["key_properties"] == ["_window_start"]
    assert [record["interactions"] for record in out.records(STREAM)] == [
        len(truth(sim)), len(truth(sim, 2)) - len(truth(sim)),
    ]  # fmt: skip


# Discovery


def test_discovery_asks_nothing(sim):
    """Without a state the catalog shows the report's columns, and nobody is asked."""
    shown = discover(days(sim))

    assert {"interaction_id", "agent_id", "duration", "talk_time"} < shown.keys()
    assert not shown.keys() & set(IDS)
    assert sim.requests == []


def test_discovery_shows_what_was_learned(sim, clock):
    """With a state the catalog shows the metrics of the last run, and nobody is asked."""
    first = run(days(sim), clock)
    requests = len(sim.requests)
    sim.publish_metrics(PUBLISHED[1:])

    shown = discover(days(sim), first.state)

    assert {i: shown[i] for i in IDS} == {i: properties(first)[i] for i in IDS}
    assert len(sim.requests) == requests


def test_live_discovery(sim):
    """With live_discovery the catalog shows what is published now."""
    shown = discover(days(sim, own={"live_discovery": True}))

    assert set(IDS) < shown.keys()
    assert shown[SCORE]["title"] == "Sentiment Confidence Score"
    assert shown[SCORE]["maximum"] == 1
    assert len(asked(sim, METRICS)) == 1
    assert asked(sim, DOWNLOAD) == []


def test_live_discovery_without_credentials(sim):
    """Without credentials live_discovery asks nobody and shows what is known."""
    config = days(sim, own={"live_discovery": True})
    del config["client_id"], config["client_secret"]

    assert "duration" in discover(config)
    assert sim.requests == []


def test_live_discovery_of_an_unknown_name(sim):
    """A name that nobody has shows when it is discovered."""
    config = days(sim, own={"live_discovery": True}, entry={"custom_metrics": ["Basket"]})

    with pytest.raises(ConfigError, match="Basket Value"):
        discover(config)


def test_a_run_does_not_discover(sim, clock):
    """With live_discovery a run asks for the catalogue no more than without."""
    out = run(days(sim, own={"live_discovery": True}), clock)

    assert out.error is None
    assert len(asked(sim, METRICS)) == 1


# Drift


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


# Values


@pytest.mark.parametrize("size", [7, 10_000])
def test_values(simulate, clock, size):
    """Every value is what it was: numbers to the last digit, texts and booleans as they are."""
    sim = simulate(rows_per_day=120)

    out = run(days(sim, 2, own={"page_size": size}), clock)

    rows = {one["interactionId"]: one for one in truth(sim, 2)}
    records = out.records(STREAM)
    assert out.error is None
    assert ids(records) == sorted(rows)
    for record in records:
        wanted = rows[record["interaction_id"]]
        custom = wanted["customMetrics"]
        assert record["agent_id"] == wanted["agentId"]
        assert record["duration"] == exactly(wanted["duration"])
        assert record["talk_time"] == exactly(wanted["talkTime"])
        for name in (SCORE, BASKET, SURVEY):
            assert record[name] == exactly(custom.get(name))
        for name in (ORDER, FLAG, CALLBACK):
            assert record[name] == custom.get(name)
            assert type(record[name]) is type(custom.get(name))
    baskets = [r[BASKET] for r in records if r[BASKET] is not None]
    assert any(len(Decimal(value).as_tuple().digits) > 17 for value in baskets)
    assert any((r[ORDER] or "").startswith("0") for r in records)
    assert {r[CALLBACK] for r in records} == {True, False, None}


@pytest.mark.some(3)
@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"1234567890123456.789"', "1234567890123456.789"),
        ('"0.1"', "0.1"),
        ('"-12"', "-12"),
        ('"1e3"', "1000"),
        ('" 12.50 "', "12.5"),
        ("1234567890123456.789", "1234567890123456.789"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ('"123456789012345678901234567890"', "123456789012345678901234567890"),
        ("0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"),
        ("1.10", "1.1"),
        ("-0.5", "-0.5"),
        ("1E+2", "100"),
        ("0", "0"),
    ],
)
@pytest.mark.parametrize("column", [BASKET, "duration"])
def test_numbers(sim, clock, written, value, column):
    """A number is exact, whether it comes as one or as a text."""
    text = json.dumps(page(row(0, duration=1, customMetrics={BASKET: 1})))
    name = f'"{column}": '
    serve(sim, text.replace(f"{name}1", f"{name}{written}"))

    out = run(days(sim), clock)

    assert out.error is None
    (record,) = out.records(STREAM)
    assert Decimal(record[column]) == Decimal(value)


@pytest.mark.some(4)
@pytest.mark.parametrize(
    "text", ["004210", " 7 ", "", "1e5", "NaN", "true", "null", "Ü, \u2028", "1.50"]
)
def test_texts(sim, clock, text):
    """A text stays as it is, to the blank, also if it looks like something else."""
    serve(sim, page(row(0, customMetrics={ORDER: text})))

    out = run(days(sim), clock)

    assert [record[ORDER] for record in out.records(STREAM)] == [text]


@pytest.mark.parametrize(
    "custom", [{}, None, dict.fromkeys(IDS), "absent"], ids=["{}", "null", "nulls", "-"]
)
def test_nothing(sim, clock, custom):
    """Null is fine everywhere but in keys, and so is what is not there; neither is drift."""
    empty = row(1, duration=None, talkTime=None, customMetrics=custom)
    if custom == "absent":
        del empty["customMetrics"], empty["duration"]
    serve(sim, page(row(0), empty))

    out = run(days(sim), clock)

    assert out.error is None
    assert out.records(QUARANTINE) == []
    assert properties(out).keys() == {
        "interaction_id", "agent_id", "duration", "talk_time", *IDS, "_window_start", "_window_end",
    }  # fmt: skip
    record = out.records(STREAM)[1]
    assert {record.get(name) for name in (*IDS, "duration", "talk_time")} == {None}


def test_a_null_in_a_key(sim, clock):
    """A key is never null: a row without an agent has an empty one, and is no other's repeat."""
    serve(sim, page(row(0, agentId=None), row(1)))

    out = run(days(sim), clock)

    assert out.error is None
    assert [record["agent_id"] for record in out.records(STREAM)] == ["", "007"]


def test_a_key_that_is_missing(sim, clock):
    """A row without a field of its key goes to the quarantine."""
    lacking = row(1)
    del lacking["agentId"]
    serve(sim, page(row(0), lacking))

    out = run(days(sim, **ALL), clock)

    (found,) = out.records(QUARANTINE)
    assert found["field"] in {"agent_id", "agentId"}
    assert "required" in found["reason"]
    assert ids(out.records(STREAM)) == ["i0"]


def test_a_row_that_comes_twice(sim, clock, caplog):
    """A row that stands twice on a page leaves once."""
    serve(sim, page(row(0), row(1), row(0)))

    out = run(days(sim), clock)

    assert out.error is None
    assert ids(out.records(STREAM)) == ["i0", "i1"]
    assert len(asked(sim, DOWNLOAD)) == 1
    assert any("left out" in r.getMessage() for r in caplog.records)


def test_keys_as_texts(sim, clock):
    """What rows are grouped by is text, also an hour that is a number."""
    entry = {"group_by": ["date", "hour"], "custom_metrics": [], "metrics": ["interactions"]}

    out = run(days(sim, entry=entry), clock)

    assert out.error is None
    assert out.records(STREAM)
    assert all(isinstance(record["hour"], str) for record in out.records(STREAM))
    assert sum(record["interactions"] for record in out.records(STREAM)) == len(truth(sim))


@pytest.mark.some(3)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        (SCORE, 0),
        (SCORE, 1),
        (SCORE, "1"),
        (SCORE, "0.5"),
        (SURVEY, 0),
        (SURVEY, 100),
        (SURVEY, "100"),
        (SURVEY, 7.0),
        (FLAG, "UNDETERMINED"),
        (CALLBACK, False),
    ],
)
def test_values_that_just_fit(sim, clock, name, value):
    """The ends of a range belong to it."""
    serve(sim, page(row(0, customMetrics={name: value})))

    out = run(days(sim), clock)

    (record,) = out.records(STREAM)
    assert record[name] == (Decimal(value) if isinstance(value, str) and name != FLAG else value)


@pytest.mark.some(4)
@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        (SCORE, 1.7, "maximum 1"),
        (SCORE, 1.0000000000000000001, None),
        (SCORE, -0.1, "minimum 0"),
        (SCORE, "1.7", "maximum 1"),
        (SCORE, "1.00000000000000000001", "maximum 1"),
        (SCORE, "high", "number"),
        (SCORE, True, "number"),
        (SCORE, [], "number"),
        (SCORE, {}, "number"),
        (FLAG, "MAYBE", "COMPLIANCE_PASS, COMPLIANCE_FAIL, UNDETERMINED"),
        (FLAG, "compliance_pass", "COMPLIANCE_PASS"),
        (FLAG, "", "COMPLIANCE_PASS"),
        (FLAG, 5, "string"),
        (ORDER, 4210, "string"),
        (ORDER, 42.5, "string"),
        (ORDER, True, "string"),
        (ORDER, ["004210"], "string"),
        (CALLBACK, "yes", "boolean"),
        (CALLBACK, "true", "boolean"),
        (CALLBACK, 1, "boolean"),
        (CALLBACK, 0, "boolean"),
        (BASKET, "12abc", "number"),
        (BASKET, "NaN", "number"),
        (BASKET, "Infinity", "number"),
        (BASKET, "1,5", "number"),
        (BASKET, "١٢", "number"),
        (BASKET, False, "number"),
        (SURVEY, 101, "maximum 100"),
        (SURVEY, -1, "minimum 0"),
        (SURVEY, 1.5, "integer"),
        (SURVEY, "1.5", "integer"),
        (SURVEY, True, "integer"),
    ],
    ids=str,
)
def test_values_that_do_not_fit(sim, clock, name, value, rule):
    """A value that breaks its metric's rule sends its row to the quarantine, as it came."""
    odd = row(1, agentId="0012", customMetrics={ORDER: "0042", name: value})
    serve(sim, page(row(0), odd, row(2)))

    out = run(days(sim, **ALL), clock)

    assert out.error is None
    if rule is None:  # a float is what it is: this one is 1
        assert out.records(QUARANTINE) == []
        return
    (found,) = out.records(QUARANTINE)
    assert ids(out.records(STREAM)) == ["i0", "i2"]
    assert found["stream"] == STREAM
    assert found["field"] == name
    assert rule in found["reason"]
    assert json.loads(found["record"]) == odd
    assert found["window_start"] == "2026-03-15T04:00:00+00:00"
    assert found["window_end"] == "2026-03-16T04:00:00+00:00"


def test_no_value_in_a_reason(sim, clock, caplog):
    """The reason names the rule and not the value, which is somebody's data."""
    serve(sim, page(row(0, customMetrics={FLAG: "SECRETVALUE"})))

    out = run(days(sim, **ALL), clock)

    (found,) = out.records(QUARANTINE)
    assert "SECRETVALUE" in found["record"]
    assert "SECRETVALUE" not in found["reason"]
    assert "SECRETVALUE" not in caplog.text


def test_bad_values(simulate, clock):
    """Of a day with bad values the rows that hold one are set aside, and the others leave."""
    sim = simulate(rows_per_day=100, bad_values=10, tenant_zone="UTC")
    zone = ZoneInfo("UTC")

    out = run(days(sim, zone=zone, **ALL), clock)

    rows = truth(sim, zone=zone)
    bad = {one["interactionId"] for one in rows if one.get("_bad")}
    aside = [json.loads(found["record"], parse_float=Decimal) for found in out.records(QUARANTINE)]
    assert len(bad) == 10
    assert {one["interactionId"] for one in aside} == bad
    assert set(ids(out.records(STREAM))) == {one["interactionId"] for one in rows} - bad
    assert {found["field"] for found in out.records(QUARANTINE)} == {*IDS} - {ORDER}
    customs = {one["interactionId"]: one["customMetrics"] for one in rows}
    assert all(one["customMetrics"] == customs[one["interactionId"]] for one in aside)


@pytest.mark.parametrize(
    "changes", [{"invalid_records": "fail", **ALL}, {"max_invalid_ratio": 0.3}], ids=str
)
def test_bad_values_that_fail_the_window(sim, clock, changes):
    """If bad values are not to be set aside, or are too many, nothing of the window leaves."""
    serve(sim, page(row(0), row(1), row(2, customMetrics={SCORE: 2})))

    out = run(days(sim, **changes), clock)

    assert isinstance(failure(out), InvalidRecords)
    assert SCORE in str(failure(out))
    assert out.counts() == {}
    assert len(asked(sim, DOWNLOAD)) == 1


def test_bad_values_and_nobody_to_receive_them(sim, clock):
    """Without the quarantine the window fails: nothing disappears."""
    serve(sim, page(row(0), row(1, customMetrics={SCORE: 2})))

    out = run(days(sim, **ALL), clock, STREAM)

    assert isinstance(failure(out), InvalidRecords)
    assert out.records(STREAM) == []


@pytest.mark.some(5)
@pytest.mark.parametrize("odd", [5, "text", None, [1], [], True], ids=str)
@pytest.mark.parametrize("place", [0, 1])
def test_a_row_that_is_none(sim, clock, odd, place):
    """An element that is no object goes to the quarantine, wherever it stands."""
    rows = [row(0), row(1)]
    rows.insert(place, odd)
    serve(sim, page(*rows))

    out = run(days(sim, **ALL), clock)

    assert out.error is None
    assert ids(out.records(STREAM)) == ["i0", "i1"]
    assert [json.loads(found["record"]) for found in out.records(QUARANTINE)] == [odd]


def test_half_a_character(sim, clock):
    """A row with half a character goes to the quarantine; nothing else can be written of it."""
    serve(sim, page(row(0), row(1, agentId="x\ud800"), row(2)))

    out = run(days(sim, **ALL), clock)

    assert out.error is None
    assert ids(out.records(STREAM)) == ["i0", "i2"]
    (found,) = out.records(QUARANTINE)
    assert "character" in found["reason"]
    assert "\\ud800" in found["record"]


@pytest.mark.parametrize("name", ["agentId", "duration"])
def test_a_metric_called_like_a_column(sim, clock, name):
    """A custom metric never takes the place of a row's own column."""
    serve(sim, page(row(0), row(1, customMetrics={name: "other"})))

    out = run(days(sim, **ALL), clock)

    assert out.error is None
    for record in out.records(STREAM):
        assert record["agent_id"] == "007"
        assert record["duration"] == 10
    assert len(out.records(STREAM)) + len(out.records(QUARANTINE)) == 2


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "ascii"])
def test_texts_of_every_coding(sim, clock, coding):
    """However a page is encoded, its texts are what they say, and its numbers stay exact."""
    number = "123456789.123456789123456789"
    text = json.dumps(
        page(row(0, agentId="ümlaut \U0001f600", talkTime=1)), ensure_ascii=coding == "ascii"
    )
    text = text.replace('"talkTime": 1', f'"talkTime": {number}')
    serve_bytes(sim, text.encode(coding))

    out = run(days(sim, **ALL), clock)

    assert out.error is None
    (record,) = out.records(STREAM)
    assert record["agent_id"] == "ümlaut \U0001f600"
    assert str(record["talk_time"]) == number


def test_bytes_that_are_no_text(sim, clock):
    """A page with a byte that is no text is asked for again, and never guessed at."""
    whole = json.dumps(page(row(0, agentId="Z"))).encode()
    serve_bytes(sim, whole.replace(b"Z", b"\xff"), whole)

    out = run(days(sim, **ALL), clock)

    assert out.error is None
    assert [record["agent_id"] for record in out.records(STREAM)] == ["Z"]
    assert len(asked(sim, DOWNLOAD)) == 2
