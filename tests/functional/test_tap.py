"""The tap as a whole: what it offers before anything runs, and how a run ends."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from singer_sdk.helpers.capabilities import PluginCapabilities

from tap_cxone.errors import ConfigError, StateError, StreamsFailed
from tap_cxone.families.registry import FAMILIES
from tap_cxone.simulator import Fault
from tap_cxone.tap import TapCXone
from tests.conftest import settings_for
from tests.support.examples import csv_jobs, paged_rows, quota_jobs, report_runs
from tests.support.facts import FACTS
from tests.support.ids import readable
from tests.support.run import run_tap, select, whole_catalog

EXTRACTION = sorted(FACTS[csv_jobs.FAMILY].streams)
AUXILIARY = ["extraction_log", "quarantine"]
BUILT_IN = [stream for facts in FACTS.values() for stream in facts.streams]
WHOLE = [*AUXILIARY, *(stream for facts in FACTS.values() for stream in facts.full_tables)]


def short(config: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return settings for one window of one day."""
    days = {"start_date": "2026-03-18T00:00:00Z", "end_date": "2026-03-19T00:00:00Z"}
    return config | days | changes


def discovered_streams(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the catalog's streams by name, as --discover shows them."""
    catalog = TapCXone(config=config, validate_config=False).catalog_dict
    return {stream["tap_stream_id"]: stream for stream in catalog["streams"]}


def root(stream: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata of a whole stream."""
    (found,) = (item["metadata"] for item in stream["metadata"] if not item["breadcrumb"])
    return dict(found)


# Discovery


@pytest.mark.promise("offline-discovery")
def test_discovery_needs_nothing():
    """The catalog needs neither credentials nor settings."""
    assert sorted(discovered_streams({})) == sorted([*BUILT_IN, *AUXILIARY])


@pytest.mark.promise("offline-discovery")
def test_discovery_sends_no_request(sim, config):
    """Making the catalog sends no request."""
    discovered_streams(config)
    TapCXone(config=config)

    assert sim.requests == []


@pytest.mark.ci
def test_streams_are_selected_with_credentials(config):
    """With credentials a family's streams are selected by default, without they are not."""
    with_key = discovered_streams(config)
    without = [
        root(stream).get("selected-by-default") for stream in discovered_streams({}).values()
    ]

    selected = [name for name, s in with_key.items() if root(s).get("selected-by-default")]
    assert sorted(selected) == sorted([*EXTRACTION, "quarantine"])
    assert without.count(True) == 1  # the quarantine, which has no metrics


@pytest.mark.ci
def test_family_without_credentials_is_deselected(config, clock, caplog):
    """Where everything is selected, as Meltano does, what cannot run is omitted with a warning."""
    catalog = select(config, *quota_jobs.PATHS, *EXTRACTION)
    out = run_tap(config, clock=clock, catalog=catalog)

    warnings = [r.message for r in caplog.records if r.levelname == "WARNING"]
    assert out.error is None
    assert sorted(out.counts()) == EXTRACTION
    assert [text for text in warnings if "Streams deselected" in text] == [
        f"Streams deselected: {quota_jobs.FAMILY} needs client_id, client_secret; set them, or "
        "TAP_CXONE_CLIENT_ID, TAP_CXONE_CLIENT_SECRET, or deselect them to hide this message"
    ]


def test_only_streams_without_credentials(config):
    """To run nothing for want of credentials is a configuration error."""
    catalog = select(config, "copilot_auto_summaries")

    with pytest.raises(ConfigError, match=f"{quota_jobs.FAMILY} needs client_id"):
        TapCXone(config=config, catalog=catalog)


def test_streams_are_incremental(config):
    """Every stream of windows is incremental by their end, and cannot lose its keys."""
    streams = discovered_streams(config)
    assert {streams.pop(name)["replication_method"] for name in WHOLE} == {"FULL_TABLE"}
    for stream in streams.values():
        assert stream["replication_method"] == "INCREMENTAL"
        assert stream["replication_key"] == "_window_end"
        assert "_window_end" in stream["schema"]["properties"]
        assert set(stream["key_properties"]) <= set(stream["schema"]["properties"])


def test_columns_that_are_never_null(config):
    """Keys and the window's bounds are required and not nullable; everything else is nullable."""
    for stream in discovered_streams(config).values():
        never = {*stream["key_properties"], "_window_start", "_window_end"}
        assert never - {"_window_start", "_window_end"} <= set(stream["schema"]["required"])
        for name, column in stream["schema"]["properties"].items():
            if name in stream["key_properties"]:
                assert "null" not in column["type"]
            elif name not in never:
                assert "null" in column["type"]


@pytest.mark.promise("documented")
def test_every_column_has_a_description_in_the_catalog(config):
    """The catalog states what each column contains."""
    for stream in discovered_streams(config).values():
        for column in stream["schema"]["properties"].values():
            assert column["description"]


def test_batch():
    """Batches are offered: selection and stream maps apply to them (see test_batch_writer)."""
    assert PluginCapabilities.BATCH in TapCXone.capabilities


# Settings


@pytest.mark.parametrize(
    "mistake",
    [
        {"start_dat": "2026-01-01"},
        {csv_jobs.FAMILY: {"window_day": 3}},
        {csv_jobs.FAMILY: {"entities": [{"name": "qm_workflows", "key": []}]}},
        {"endpoints": {"data_extractoin": "https://example.com"}},
    ],
    ids=readable,
)
def test_unknown_settings(config, mistake):
    """A setting that does not exist is an error that names it."""
    with pytest.raises(ConfigError, match="unknown setting"):
        TapCXone(config=config | mistake)


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        ({"region": "Narnia"}, "region"),
        ({csv_jobs.FAMILY: {"window_days": 15}}, "at most 14"),
        ({csv_jobs.FAMILY: {"mode": "fast"}}, "auto, sync, async"),
        ({"start_date": "last week"}, "start_date"),
        ({"end_date": "2026-01-01T00:00:00Z"}, "end_date"),
        ({"base_url": "http://cxone.example.com"}, "https"),
        ({"endpoints": {csv_jobs.FAMILY: "http://cxone.example.com"}}, "https"),
        ({"max_retries": -1}, "max_retries"),
        ({"job_timeout_minutes": 0}, "more than 0"),
        ({"schema_drift": "panic"}, "evolve, ignore, fail"),
        ({"access_key_secret": None}, "access_key_secret"),
    ],
    ids=readable,
)
def test_tap_setting_wrong_is_refused(config, mistake, words):
    """A setting that cannot be used is an error that names the remedy."""
    with pytest.raises(ConfigError, match=words):
        TapCXone(config=config | mistake)


def test_tap_reports_all_problems_together(config):
    """All problems of the settings are reported together."""
    mistakes = {"region": "Narnia", "start_dat": 1, csv_jobs.FAMILY: {"mode": "fast"}}

    with pytest.raises(ConfigError) as caught:
        TapCXone(config=config | mistakes)

    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    "nulls",
    [
        {paged_rows.FAMILY: None},
        {quota_jobs.FAMILY: {"filters": None, "exports_per_day": None}},
        {report_runs.FAMILY: {"reports": None, "scopes": None}},
    ],
    ids=["section", "object", "list"],
)
def test_settings_stay_as_they_were_given(config, nulls):
    """Defaults are not written into the caller's settings, and a null may stand at any depth."""
    given = config | nulls
    before = copy.deepcopy(given)

    TapCXone(config=given)

    assert given == before


def test_missing_credentials():
    """A run without credentials names the settings and their variables."""
    with pytest.raises(ConfigError) as caught:
        TapCXone(config={})

    assert "access_key_id" in str(caught.value)
    assert "TAP_CXONE_ACCESS_KEY_SECRET" in str(caught.value)


@pytest.mark.parametrize(
    "secret", [{"access_key_secret": ["hunter2"]}, {"hunter2": "x"}], ids=readable
)
def test_secrets_in_the_wrong_setting_are_masked(config, secret):
    """A value in the wrong setting is not repeated in the error, as it may be a secret."""
    with pytest.raises(ConfigError) as caught:
        TapCXone(config=config | secret)

    if "hunter2" not in secret:
        assert "hunter2" not in str(caught.value)


def test_settings_from_the_environment(sim, monkeypatch):
    """A variable replaces a setting."""
    monkeypatch.setenv("TAP_CXONE_BASE_URL", sim.url)
    monkeypatch.setenv("TAP_CXONE_DATA_EXTRACTION", '{"mode": "async"}')
    key = {"access_key_id": "a", "access_key_secret": "b", csv_jobs.FAMILY: {"mode": "sync"}}

    tap = TapCXone(config=key, parse_env_config=True)

    assert tap.settings.base_url == sim.url
    own: Any = tap.settings.section(FAMILIES[0].settings)
    assert own.mode == "async"


# State


@pytest.mark.parametrize(
    "state",
    [
        {"bookmarks": []},
        {"bookmarks": {"qm_workflows": []}},
        {"bookmarks": {"qm_workflows": {"replication_key_value": "yesterday"}}},
        {"bookmarks": {"qm_workflows": {"replication_key_value": 5}}},
        {"bookmarks": {"qm_workflows": {"pending_jobs": [{"id": "x"}]}}},
        {"bookmarks": {"qm_workflows": {"pending_jobs": 3}}},
        {"bookmarks": {"qm_workflows": {"submits": {csv_jobs.FAMILY: ["soon"]}}}},
        {"bookmarks": {"qm_workflows": {"submits": 7}}},
        {"bookmarks": {"qm_workflows": {"tenant_info": [1]}}},
        {"bookmarks": {"qm_workflows": {"columns": ["plan"]}}},
    ],
    ids=readable,
)
def test_states_that_cannot_be_read(sim, config, state):
    """A state that cannot be understood is refused before anything runs."""
    with pytest.raises(StateError):
        TapCXone(config=config, state=state)

    assert sim.requests == []


def test_state_of_removed_streams_is_kept(sim, clock, config):
    """The state of a stream that no longer exists stays as it is."""
    old = {"replication_key": "_window_end", "replication_key_value": "2026-01-01T00:00:00+00:00"}

    out = run_tap(short(config), clock=clock, state={"bookmarks": {"retired": old}})

    assert out.error is None
    assert out.state["bookmarks"]["retired"] == old


def test_bookmark_of_another_writer_is_understood(sim, clock, config):
    """A bookmark with another offset is understood; a run starts a day before it."""
    state = {"bookmarks": {"qm_workflows": {"replication_key_value": "2026-03-17T22:00:00-05:00"}}}

    run_tap(config, clock=clock, only="qm_workflows", state=state)

    assert b'"startDate":"2026-03-17"' in sim.requests[2].body


# Runs


def test_run_writes_schema_first_and_state_last(sim, clock, config):
    """A run writes SCHEMA before rows for every stream, and ends with a STATE."""
    out = run_tap(short(config), clock=clock)

    kinds = [(m["type"], m.get("stream")) for m in out.messages]
    assert out.error is None
    assert out.counts() == dict.fromkeys(EXTRACTION, 12)
    for stream in EXTRACTION:
        assert kinds.index(("SCHEMA", stream)) < kinds.index(("RECORD", stream))
    assert kinds[-1][0] == "STATE"


def test_last_state_has_every_stream(sim, clock, config):
    """The last STATE holds every stream's bookmark, and no progress that could not be resumed."""
    out = run_tap(short(config), clock=clock)

    bookmarks = out.state["bookmarks"]
    assert bookmarks.pop("quarantine") == {}
    assert sorted(bookmarks) == EXTRACTION
    for state in bookmarks.values():
        assert state["replication_key_value"] == "2026-03-19T00:00:00+00:00"
        assert "progress_markers" not in state
        assert "pending_jobs" not in state


def test_selected_streams_only(sim, clock, config):
    """Only the streams that a catalog selects are requested."""
    catalog = whole_catalog(config, "qm_questions")

    out = run_tap(short(config), clock=clock, catalog=catalog)

    assert out.counts().keys() == {"qm_questions"}
    assert len(sim.jobs) == 1


def test_no_stream_selected(sim, clock, config):
    """With no stream selected no request is sent and the run succeeds."""
    out = run_tap(config, clock=clock, catalog=whole_catalog(config))

    assert out.error is None
    assert sim.requests == []


def test_unexpected_error_fails_its_stream_alone(sim, clock, config, monkeypatch):
    """An unexpected error ends its stream, not the others, and the run fails."""
    tap = TapCXone(config=short(config), clock=clock)
    monkeypatch.setattr(type(tap.streams["qm_workflows"]), "_report_committed", _broken)

    with pytest.raises(StreamsFailed) as caught:
        tap.sync_all()

    assert caught.value.failures.keys() == {"qm_workflows"}
    assert len(sim.jobs) == 3


def _broken(stream: Any, *_: object, **__: object) -> None:
    if stream.name == "qm_workflows":
        raise ZeroDivisionError


@pytest.mark.parametrize("place", ["token", "sync", "download"])
def test_run_without_an_api_fails_every_stream(sim, clock, config, place):
    """Whatever is broken for good, every stream says so and the run ends with an error."""
    sim.faults.add(Fault(place, "status", status=418, times=9999))

    out = run_tap(short(config, max_retries=0), clock=clock)

    assert isinstance(out.error, StreamsFailed)
    assert sorted(out.error.failures) == EXTRACTION
    assert out.counts() == {}


def test_two_taps_in_one_process(simulate, clock):
    """Two tenants in one process share neither tokens nor limits."""
    one, two = simulate(seed=1), simulate(seed=2)
    for sim in (one, two):
        out = run_tap(short(settings_for(sim)), clock=clock, only="qm_workflows")
        assert out.error is None

    assert [len(sim.jobs) for sim in (one, two)] == [1, 1]
    assert clock.slept == []
