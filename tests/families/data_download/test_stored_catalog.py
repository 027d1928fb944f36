"""Data download: the catalogue in STATE, accepted changes, and what a change shows."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.errors import DriftError
from tap_cxone.simulator.metrics import PUBLISHED, CustomMetric
from tests.support.data_download import (
    BASKET,
    BY,
    FIRST,
    IDS,
    NEW,
    SCORE,
    STREAM,
    SURVEY,
    download_settings,
    properties,
    run_downloads,
    run_next_day,
    version,
)
from tests.support.expectations import audit_events, failure, warnings_logged

if TYPE_CHECKING:
    from tests.support.run import Output


def digests(text: str) -> str:
    """Return a text of 640 characters that compression cannot shorten to less than half."""
    return "".join(hashlib.sha256(f"{text}{n}".encode()).hexdigest() for n in range(10))


CAUSES = ("chat", "mail", "phone", "social")


def metrics(number: int, form: str = "cm_{:016x}") -> tuple[CustomMetric, ...]:
    """Return so many metrics, each with a name, a text and limits or values of its own."""
    return tuple(
        CustomMetric(
            id=form.format(index * 2654435761 % 2**64),
            name=f"{CAUSES[index % 4].title()} metric {index * 7919}",
            type=("number", "string")[index % 2],
            description=f"Share of {CAUSES[index % 3]} contacts with cause {index}",
            **({"enum": CAUSES} if index % 2 else {"minimum": 0, "maximum": index}),
        )
        for index in range(number)
    )


FEW = {"custom_metrics": [metrics(1)[0].id]}


@pytest.mark.ci
@pytest.mark.parametrize(
    ("number", "entry"),
    [
        pytest.param(300, {}, id="many"),
        pytest.param(3000, FEW, id="too many"),
        pytest.param(3000, {}, id="too many, all selected", marks=pytest.mark.slow),
    ],
)
def test_state_of_five_downloads_of_many_metrics_is_small(simulate, clock, number, entry):
    """STATE stays under 20 kB, however many streams and metrics there are."""
    sim = simulate(catalogue=metrics(number))
    config = download_settings(sim, 2, entry=entry)
    (download,) = config["data_download"]["downloads"]
    names = [f"download_{index}" for index in range(5)]
    config["data_download"]["downloads"] = [{**download, "name": name} for name in names]

    out = run_downloads(config, clock, *names)

    assert out.error is None
    assert max(len(json.dumps(state)) for state in out.states) < 20_000


@pytest.mark.slow
def test_state_of_sixty_downloads_over_thirty_days_is_small_and_continued(simulate, clock):
    """STATE stays under 20 kB in each message, and the next run reads no window of it again."""
    sim = simulate(catalogue=metrics(300), rows_per_day=1)
    entry = {"group_by": ["interactionId", "agentId"]}
    config = download_settings(sim, 30, first=FIRST - timedelta(days=30), entry=entry)
    (download,) = config["data_download"]["downloads"]
    names = [f"download_{index}" for index in range(60)]
    own = {"downloads": [{**download, "name": name} for name in names], "window_days": 10}
    config["data_download"] = own

    first = run_downloads(config, clock, *names)
    second = run_downloads(config, clock, *names, state=first.state)

    assert first.error is None
    assert "packed" in first.state
    assert max(len(json.dumps(state)) for state in first.states) < 20_000
    assert version(first) == version(second) == 1
    assert second.counts() == {}


@pytest.mark.ci
@pytest.mark.parametrize("form", ["CM_{:016X}", "{:08x}-0000-4000"])
def test_state_is_small_whatever_the_form_of_the_ids(simulate, clock, form):
    """IDs that are no names of columns take no more room in STATE than others."""
    sim = simulate(catalogue=metrics(300, form))
    config = download_settings(sim, 2)
    (download,) = config["data_download"]["downloads"]
    names = [f"download_{index}" for index in range(5)]
    config["data_download"]["downloads"] = [{**download, "name": name} for name in names]

    out = run_downloads(config, clock, *names)

    assert out.error is None
    assert max(len(json.dumps(state)) for state in out.states) < 20_000


def test_catalog_with_long_descriptions_reports_changes_by_metric(simulate, clock, caplog):
    """Descriptions that are too long for STATE are left out; a change still names its metric."""
    described = [replace(m, description=digests(m.id)) for m in metrics(30)]
    sim = simulate(catalogue=described)
    first = run_downloads(download_settings(sim), clock)
    sim.publish_metrics((*described, NEW))

    run_next_day(sim, clock, first)

    assert f"Custom metrics added: {NEW.id}" in warnings_logged(caplog)
    assert len(json.dumps(first.state)) < 20_000


@pytest.mark.ci
def test_catalog_of_too_many_metrics_is_reported_as_such(simulate, clock, caplog):
    """A catalogue that is too large for STATE is a warning, and a new version if it changes."""
    sim = simulate(catalogue=metrics(3000))
    first = run_downloads(download_settings(sim, entry=FEW), clock)
    sim.publish_metrics(metrics(3001))

    second = run_next_day(sim, clock, first, entry=FEW)

    assert [w for w in warnings_logged(caplog) if "3000 custom metrics are too many" in w]
    assert (version(first), version(second)) == (1, 2)


def test_requested_metric_of_too_many_is_reported_if_it_changes(simulate, clock, audit_log):
    """STATE has the requested metrics of a catalogue that is too large for it."""
    published = metrics(3000)
    sim = simulate(catalogue=published)
    first = run_downloads(download_settings(sim, entry=FEW), clock)
    sim.publish_metrics((replace(published[0], type="string"), *published[2:], NEW))

    second = run_next_day(sim, clock, first, entry=FEW, audit_log_path=str(audit_log))

    (line,) = audit_events(audit_log, "schema_changed")
    assert [text.split(" (type")[0] for text in line["columns"]] == [f"retyped: {published[0].id}"]
    assert (version(first), version(second)) == (1, 2)


def test_requested_metric_of_too_many_fails_if_it_changes(simulate, clock):
    """With fail a change of a requested metric fails, however many metrics there are."""
    published = metrics(3000)
    sim = simulate(catalogue=published)
    first = run_downloads(download_settings(sim, entry=FEW), clock)
    sim.publish_metrics((replace(published[0], type="string"), *published[1:]))

    second = run_next_day(sim, clock, first, entry=FEW, schema_drift="fail")

    assert isinstance(failure(second), DriftError)
    assert version(second) == 1


def test_metric_of_too_many_that_is_requested_later_is_known_from_then_on(simulate, clock):
    """A metric that is added to the settings is no change; a later change of it is one."""
    published = metrics(3000)
    sim = simulate(catalogue=published)
    more = {"custom_metrics": [published[0].id, published[1].id]}
    first = run_downloads(download_settings(sim, entry=FEW), clock)
    second = run_next_day(sim, clock, first, entry=more, schema_drift="fail")
    sim.publish_metrics((published[0], replace(published[1], type="number"), *published[2:]))

    third = run_next_day(sim, clock, second, number=3, entry=more, schema_drift="fail")

    assert second.error is None
    assert isinstance(failure(third), DriftError)


def test_catalog_is_stored_by_one_stream_only(sim, clock):
    """Of two streams of the family one has the catalogue, the one that wrote STATE last."""
    first = run_downloads(download_settings(sim), clock, "custom_metrics", STREAM)

    holders = [n for n, raw in first.state["bookmarks"].items() if "tenant_info" in raw]
    assert holders == [STREAM]


def test_retyped_metric_shows_old_and_new(sim, clock, audit_log):
    """A metric with other limits or another type is audited with both."""
    first = run_downloads(download_settings(sim), clock)
    sim.publish_metrics((*PUBLISHED[:-1], replace(BY[SURVEY], type="string")))

    run_next_day(sim, clock, first, audit_log_path=str(audit_log))

    (line,) = audit_events(audit_log, "schema_changed")
    assert line["columns"] == [f"retyped: {SURVEY} (type integer → string)"]


def test_renamed_metric_shows_old_and_new(sim, clock, audit_log):
    """A metric with another name is audited with both names."""
    first = run_downloads(download_settings(sim), clock)
    sim.publish_metrics((replace(BY[SCORE], name="Mood"), *PUBLISHED[1:]))

    run_next_day(sim, clock, first, audit_log_path=str(audit_log))

    (line,) = audit_events(audit_log, "schema_changed")
    assert line["columns"] == [f"renamed: {SCORE} (name {BY[SCORE].name} → Mood)"]


def test_change_of_a_metric_that_no_download_selects_does_not_fail(sim, clock):
    """With fail only the metrics that a download selects are judged, and the others accepted."""
    entry = {"custom_metrics": [BASKET]}
    first = run_downloads(download_settings(sim, entry=entry), clock)
    sim.publish_metrics((*PUBLISHED, NEW))

    second = run_next_day(sim, clock, first, entry=entry, schema_drift="fail")

    assert second.error is None
    assert version(second) == 2


def test_change_of_a_selected_metric_fails_by_its_name(sim, clock):
    """With fail a metric that a download selects by its display name is judged."""
    entry = {"custom_metrics": [BY[SURVEY].name]}
    first = run_downloads(download_settings(sim, entry=entry), clock)
    sim.publish_metrics((*PUBLISHED[:-1], replace(BY[SURVEY], minimum=-5)))

    second = run_next_day(sim, clock, first, entry=entry, schema_drift="fail")

    assert isinstance(failure(second), DriftError)
    assert "data_download.accept_drift: 2" in str(failure(second))
    assert version(second) == 1


def test_accepted_version_of_the_catalog_does_not_fail(sim, clock):
    """With fail the version in accept_drift is accepted, and stored."""
    first = run_downloads(download_settings(sim), clock)
    sim.publish_metrics((*PUBLISHED, NEW))

    second = run_next_day(sim, clock, first, schema_drift="fail", own={"accept_drift": 2})

    assert second.error is None
    assert NEW.id in properties(second)
    assert version(second) == 2


def test_later_change_than_the_accepted_one_fails(sim, clock):
    """The version in accept_drift accepts no later change."""
    first = run_downloads(download_settings(sim), clock)
    sim.publish_metrics((*PUBLISHED, NEW))
    own = {"accept_drift": 2}
    second = run_next_day(sim, clock, first, schema_drift="fail", own=own)
    sim.publish_metrics(PUBLISHED)

    third = run_next_day(sim, clock, second, number=3, schema_drift="fail", own=own)

    assert isinstance(failure(third), DriftError)


def changes(out: Output) -> list[tuple[Any, ...]]:
    """Return version, metric and kind of the changes that a run emitted."""
    records = out.records("custom_metric_versions")
    return [(r["version"], r["metric_id"], r["change"]) for r in records]


def test_versions_of_the_first_run_have_every_metric(sim, clock):
    """The first run emits each published metric as added by version 1."""
    out = run_downloads(download_settings(sim), clock, "custom_metric_versions", STREAM)

    assert out.error is None
    assert changes(out) == [(1, metric_id, "added") for metric_id in sorted(IDS)]


def test_versions_of_a_later_run_have_its_changes(sim, clock):
    """A later run emits what changed, with the metric before and since then."""
    streams = ("custom_metric_versions", STREAM)
    first = run_downloads(download_settings(sim), clock, *streams)
    sim.publish_metrics((*PUBLISHED[:-1], replace(BY[SURVEY], type="string"), NEW))

    config = download_settings(sim, 2)
    second = run_downloads(config, clock, *streams, state=first.state)
    third = run_downloads(config, clock, *streams, state=second.state)

    retyped = second.records("custom_metric_versions")[-1]
    assert changes(second) == [(2, NEW.id, "added"), (2, SURVEY, "retyped")]
    assert json.loads(retyped["old"])["type"] == "integer"
    assert json.loads(retyped["new"])["type"] == "string"
    assert changes(third) == []


def test_versions_have_no_change_that_is_refused(sim, clock):
    """A change that schema_drift refuses is emitted once it is accepted."""
    streams = ("custom_metric_versions", STREAM)
    first = run_downloads(download_settings(sim), clock, *streams)
    sim.publish_metrics((*PUBLISHED, NEW))

    config = download_settings(sim, 2, schema_drift="fail")
    refused = run_downloads(config, clock, *streams, state=first.state)
    accepted = run_downloads(download_settings(sim, 2), clock, *streams, state=refused.state)

    assert changes(refused) == []
    assert changes(accepted) == [(2, NEW.id, "added")]
